//! What the parser makes of texts, as claims: the tree as canonical text, or the errors as lines.

use super::{parse_expression, parse_module};
use crate::printer::{print_expression, print_module};
use crate::render::plain;
use crate::span::SourceMap;
use crate::symbol::Interner;

fn expression(input: &str) -> String {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("test.cairn", input);
    let parsed = parse_expression(&sources, id, &mut names);
    let mut out = String::new();
    if parsed.errors.is_empty() {
        out = print_expression(&parsed.tree, &names);
    }
    for error in &parsed.errors {
        out.push_str(&plain(error, &sources));
        out.push('\n');
    }
    out.trim_end().to_owned()
}

fn module(input: &str) -> (String, String) {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("test.cairn", input);
    let parsed = parse_module(&sources, id, &mut names);
    let errors: Vec<String> = parsed
        .errors
        .iter()
        .map(|error| plain(error, &sources))
        .collect();
    (print_module(&parsed.tree, &names), errors.join("\n"))
}

fn check(input: &str, expect: &str) {
    assert_eq!(expression(input), expect, "{input}");
}

fn check_module(input: &str, expect: &str) {
    assert_eq!(module(input), (expect.to_owned(), String::new()), "{input}");
}

#[test]
fn operators_bind_as_the_design_says() {
    check("1 + 2 * 3 - 4", "1 + 2 * 3 - 4");
    check("(1 + 2) * 3", "(1 + 2) * 3");
    check("1 - (2 - 3)", "1 - (2 - 3)");
    check("a or b and c == d", "a or b and c == d");
    check("(a or b) and c", "(a or b) and c");
    check("a ?? b or c", "a ?? b or c");
    check("(a ?? b) or c", "(a ?? b) or c");
    check("xs |> f(1) |> g", "xs |> f(1) |> g");
    check("not a.b and -c.d < 1", "not a.b and -c.d < 1");
    check("not (a == b)", "not (a == b)");
    check("a ++ b + c", "a ++ b + c");
    check("r has a.\"b c\" and x", "r has a.\"b c\" and x");
    check("not r has a", "not r has a");
    check("f(x)(y).a?.b.\"c d\".[k]", "f(x)(y).a?.b.\"c d\".[k]");
}

#[test]
fn reads_every_form() {
    check("x => x + 1", "x => x + 1");
    check("() => 1", "() => 1");
    check("(x, y = 1) => x", "(x, y = 1) => x");
    check(
        "(x: Int, y: Str = \"\") => x",
        "(x: Int, y: Str = \"\") => x",
    );
    check(
        "({ name, port = 80, .. }) => name",
        "({ name, port = 80, .. }) => name",
    );
    check("({ a, .. } as all) => all", "({ a, .. } as all) => all");
    check("f(x, port = 80,)", "f(x, port = 80)");
    check(
        "{ a = 1, b.c = 2, \"${key}\" = 3, ...base, name }",
        "{ a = 1, b.c = 2, \"${key}\" = 3, ...base, name = name }",
    );
    check("[a, ...b, force 1]", "[a, ...b, force 1]");
    check("[f(x) for x in xs if p(x)]", "[f(x) for x in xs if p(x)]");
    check(
        "[\n  f(x)\n  for i, x in xs\n  if p(x)\n]",
        "[f(x) for i, x in xs if p(x)]",
    );
    check(
        "{ \"${k}\" = f(v) for k, v in t if p(k) }",
        "{ \"${k}\" = f(v) for k, v in t if p(k) }",
    );
    check("let a = 1  b = a + 1 in b", "let a = 1, b = a + 1 in b");
    check("let\n  a = 1\n  b = 2\nin a", "let a = 1, b = 2 in a");
    check(
        "if a then b else if c then d else e",
        "if a then b else if c then d else e",
    );
    check("assert a else \"no\" in b", "assert a else \"no\" in b");
    check("1 + if a then 2 else 3", "1 + (if a then 2 else 3)");
    check("check(x, type List(Int)?)", "check(x, type List(Int)?)");
    check("\"a ${b + \"c\"}\"", "\"a ${b + \"c\"}\"");
    check("import(\"./x.cairn\")", "import(\"./x.cairn\")");
    check("import(./x.cairn)", "import(\"./x.cairn\")");
    check("[./a, ../b.c]", "[./a, ../b.c]");
}

#[test]
fn a_line_break_ends_what_could_end() {
    check("[\n  1\n  -2\n  a\n  .b\n  [3]\n]", "[1, -2, a.b, [3]]");
    check("(a\n  - b)", "a - b");
    check("a\n  |> f\n  |> g(1)", "a |> f |> g(1)");
    check("a +\n  b\n  ++ c\n  and d\n  or e", "a + b ++ c and d or e");
    check("if a\nthen b\nelse c", "if a then b else c");
    check_module("a =\n  1\nb = 2", "a = 1\nb = 2\n");
    check_module("a = b\n\"c\" = 2", "a = b\nc = 2\n");
    check(
        "{ a = 1\n or = 2\n and.x = 3 }",
        "{ a = 1, \"or\" = 2, \"and\".x = 3 }",
    );
}

#[test]
fn contextual_words_stay_names() {
    check_module(
        "test.x = 1\norder = 3\ntype = 1\noption.y = 2\nwhen = 1\nwarn = 2\nimport.x = 1\nvariant = 3\nassert = 1",
        "test.x = 1\norder = 3\ntype = 1\noption.y = 2\nwhen = 1\nwarn = 2\nimport.x = 1\nvariant = 3\nassert = 1\n",
    );
    check(
        "{ default = 1, type = 2, after, for = 4 }",
        "{ default = 1, type = 2, after = after, \"for\" = 4 }",
    );
}

#[test]
fn annotations_stand_before_a_value() {
    check_module(
        "a = force 1\nb = priority(5) [x]\nc = default\nd = force",
        "a = force 1\nb = priority(5) [x]\nc = default\nd = force\n",
    );
    check_module(
        "a = default -1\nb = default - 1\nc = default(1)\nd = order(-3) x",
        "a = default -1\nb = default - 1\nc = default(1)\nd = order(-3) x\n",
    );
    check_module(
        "a = [before \"x\", after y, force before z]",
        "a = [before \"x\", after y, force before z]\n",
    );
    check_module(
        "a = remove [1]\nb = default.x",
        "a = remove [1]\nb = default.x\n",
    );
}

#[test]
fn reads_items() {
    check_module(
        "import \"./a.cairn\"\nimport ./b.cairn",
        "import \"./a.cairn\"\nimport \"./b.cairn\"\n",
    );
    check_module(
        "type A = \"x\" | \"y\"\ntype B = A? | { a: Int = 1, .. } where (x => x.a > 0)",
        "type A = \"x\" | \"y\"\ntype B = A? | { a: Int = 1, .. } where (x => x.a > 0)\n",
    );
    check_module(
        "option a.\"b c\": Map(List(Int)) = {}",
        "option a.\"b c\": Map(List(Int)) = {}\n",
    );
    check_module(
        "when a.b { c = 1 }\nvariant \"x\" {\n c = 2\n}",
        "when a.b {\n  c = 1\n}\n\nvariant \"x\" {\n  c = 2\n}\n",
    );
    check_module(
        "assert a else \"b\"\nwarn a else \"b\"\ntest \"c\" 1 == 1",
        "assert a else \"b\"\nwarn a else \"b\"\ntest \"c\" 1 == 1\n",
    );
    check_module(
        "## doc\n## more\noption a: {\n  ## field\n  b: Int\n}",
        "## doc\n## more\noption a: {\n  ## field\n  b: Int\n}\n",
    );
    check_module("a = 1, b = 2", "a = 1\nb = 2\n");
}

/// Where recovery closes brackets inside of what looks like a path, the path ends: to go over them read everything behind them
/// again, at each level.
#[test]
fn brackets_left_open_beside_a_foreign_path_are_read_once() {
    let levels = 14;
    let mut sources = SourceMap::default();
    let id = sources.add("test", "([~x#y\n".repeat(levels));
    let errors = parse_expression(&sources, id, &mut Interner::default()).errors;
    assert!(errors.len() <= 2 * levels, "{} errors", errors.len());
}
