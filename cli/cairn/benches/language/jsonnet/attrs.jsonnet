local n = 200000;
local s = { ['k' + i]: i for i in std.range(0, n - 1) };
local m = std.mapWithKey(function(k, v) v + 1, s);
std.foldl(function(a, k) a + m[k], std.objectFields(m), 0)
