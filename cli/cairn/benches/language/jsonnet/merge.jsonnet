local n = 3000;
std.length(std.foldl(function(a, i) a + { ['k' + i]: i }, std.range(0, n - 1), {}))
