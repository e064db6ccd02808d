//! Types: what they admit, what they say, how lazy they are.

use super::{check, check_with};

const SITE: &str = "type Port = Int where (p => p > 0 and p < 65536)\n\
    type Site = { root: Str, tls: Bool = true, port: Port = if self.tls then 443 else 80 }\n\
    type Tree = { value: Int, children: List(Tree) = [] }\n\
    type Level = \"debug\" | \"info\" | \"warn\"\n\
    type Named = { label: Str = name }";

#[track_caller]
fn types(text: &str, expect: &str) {
    check_with(SITE, text, expect);
}

#[test]
fn scalars_are_told_apart_and_mended() {
    types("check(80, Int)", "80");
    types(
        "check(\"80\", Int)",
        "types::mismatch 1:7-11 expected a whole number, found the string \"80\"; remove the quotes: 80",
    );
    types(
        "check(\"true\", Bool)",
        "types::mismatch … remove the quotes: true",
    );
    types(
        "check(80, Str)",
        "types::mismatch … put it in quotes: \"80\"",
    );
    types("check(80, Float)", "types::mismatch … write 80.0");
    types(
        "check(\"./www\", Path)",
        "types::mismatch … remove the quotes: ./www",
    );
    types("check(null, Int)", "types::mismatch … found null");
    types("check(x => x, Fn)", "eval::not_data …");
}

#[test]
fn a_bad_element_of_a_list_is_blamed_itself() {
    types(
        "check([1, \"2\", 3], List(Int))",
        "types::mismatch 1:11-14 …",
    );
    types(
        "check([1, \"2\", \"x\"], List(Int))",
        "types::mismatch 1:11-14 …\ntypes::mismatch 1:16-19 …",
    );
    types("list.head(check([1, \"2\"], List(Int)))", "1");
    types(
        "check(1, List(Int))",
        "types::mismatch … put it in brackets: [1]",
    );
}

#[test]
fn enumerations_show_what_is_allowed() {
    types("check(\"info\", Level)", "\"info\"");
    types(
        "check(\"wran\", Level)",
        "types::not_allowed 1:7-13 \"wran\" is not allowed here; did you mean \"warn\"? allowed: \"debug\", \"info\", \"warn\"",
    );
    types(
        "check(5, Level)",
        "types::mismatch … expected a `Level`, found the number 5",
    );
}

#[test]
fn records_are_closed_and_fill_defaults() {
    types(
        "check({ root = \"w\" }, Site)",
        r#"{"port":443,"root":"w","tls":true}"#,
    );
    types("check({ root = \"w\", tls = false }, Site).port", "80");
    types(
        "check({ root = \"w\", prot = 1 }, Site)",
        "types::unknown_field 1:21-25 a `Site` has no field `prot`; did you mean `port`?",
    );
    types(
        "check({}, Site)",
        "types::missing_field 1:7-9 the field `root` is missing",
    );
    types("check({ root = \"w\", port = \"80\" }, Site).root", "\"w\"");
    types(
        "check({ root = \"w\", port = \"80\" }, Site).port",
        "types::mismatch 1:28-32 …",
    );
}

#[test]
fn conditions_name_the_type() {
    types(
        "check(70000, Port)",
        "types::condition 1:7-12 the number 70000 is not a `Port`…",
    );
    types(
        "check({ root = \"w\", port = 0 }, Site).port",
        "types::condition 1:28-29 the number 0 is not a `Port`…",
    );
}

#[test]
fn maps_know_their_keys() {
    types(
        "check({ a = {}, b = { label = \"c\" } }, Map(Named))",
        r#"{"a":{"label":"a"},"b":{"label":"c"}}"#,
    );
    types("check({ a = 1 }, Map(Str))", "types::mismatch 1:13-14 …");
    types("check({}, Named)", "eval::no_key …");
}

#[test]
fn types_may_be_recursive() {
    types(
        "check({ value = 1, children = [{ value = 2 }] }, Tree).children",
        r#"[{"children":[],"value":2}]"#,
    );
    types(
        "check({ value = 1, children = [{ valeu = 2 }] }, Tree)",
        "types::unknown_field 1:34-39 … did you mean `value`?",
    );
    check_with("type A = B\ntype B = A", "1", "types::endless…");
}

#[test]
fn unions_choose_the_meant_member() {
    check_with(
        "type T = Int | List(Str) | { kind: \"a\", x: Int } | { kind: \"b\", y: Int }",
        "check({ kind = \"b\", y = 2 }, T)",
        r#"{"kind":"b","y":2}"#,
    );
    check_with(
        "type T = Int | List(Str)",
        "check([1], T)",
        "types::mismatch 1:8-9 …",
    );
    check_with(
        "type T = Int | Str",
        "check(true, T)",
        "types::mismatch … expected a `T`, found true; put it in quotes: \"true\"",
    );
    check_with("type T = { a: Int? }", "check({}, T)", r#"{"a":null}"#);
    check_with(
        "type T = { a: Int, .. }",
        "check({ a = 1, b = 2 }, T)",
        r#"{"a":1,"b":2}"#,
    );
}

#[test]
fn parameters_are_checked_when_they_are_needed() {
    check("((x: Int) => x + 1)(1)", "2");
    check("((x: Int) => 5)(\"a\")", "5");
    check(
        "((x: Int) => x + 1)(\"2\")",
        "types::mismatch 1:21-24 … remove the quotes: 2",
    );
}

#[test]
fn unknown_types_are_found_where_nothing_runs() {
    check_with(
        "type A = { x: Prot }\ntype Port = Int",
        "1",
        "types::unknown 1:15-19 there is no type `Prot`; did you mean `Port`?",
    );
}
