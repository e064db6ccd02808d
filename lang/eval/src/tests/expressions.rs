//! Literals, operators, records, lists, functions, scopes.

use super::{check, check_with};

#[test]
fn arithmetic_never_wraps() {
    check("1 + 2 * 3 - 4 / 2 % 3", "5");
    check("-7 / 2", "-3");
    check("1.5 + 1", "2.5");
    check("9223372036854775807 + 1", "eval::overflow 1:1-24 …");
    check(
        "(0 - 9223372036854775807 - 1) / (0 - 1)",
        "eval::overflow …",
    );
    check(
        "1 / (2 - 2)",
        "eval::division_by_zero 1:6-11 division by zero",
    );
    check("5 % 0", "eval::division_by_zero 1:5-6 …");
    check(
        "1 + \"a\"",
        "eval::operands 1:3-4 `+` can't take the number 1 and the string \"a\"; put …",
    );
    check("[1] + [2]", "eval::operands 1:5-6 … `++` joins lists");
}

#[test]
fn comparison_and_logic() {
    check(
        "[1 < 2, 2 <= 2, \"b\" > \"a\", 3 >= 4, 1 == 1.0, 1 != 2]",
        "[true,true,true,false,true,true]",
    );
    check("true or error(\"never\")", "true");
    check("false and error(\"never\")", "false");
    check("not (true and false)", "true");
    check("[1, { a = [2] }] == [1, { a = [1 + 1] }]", "true");
    check("{ a = 1 } == { a = 1, b = 2 }", "false");
    check("1 < \"a\"", "eval::order 1:3-4 …");
    check(
        "1 and true",
        "eval::wrong_kind 1:1-2 the left of `and` must be true or false, not the number 1",
    );
    check("(x => x) == (x => x)", "eval::function_equality …");
}

#[test]
fn strings_join_and_interpolate() {
    check(r#""a" + "b""#, r#""ab""#);
    check(r#""${1 + 1} of ${"x"}""#, r#""2 of x""#);
    check(
        r#""${true}""#,
        "eval::interpolation 1:4-8 true can't become part of a string; write `if … then \"yes\" else \"no\"` …",
    );
    check(
        r#""${1.5}""#,
        "eval::interpolation 1:4-7 … write `number.to_string(…)`",
    );
    check(
        r#""${[1]}""#,
        "eval::interpolation … `string.join(…, \" \")`",
    );
}

#[test]
fn lists_spread_and_join() {
    check("[1, ...[2, 3], 4] ++ [5]", "[1,2,3,4,5]");
    check(
        "[...1]",
        "eval::wrong_kind 1:5-6 what `...` spreads must be a list, not the number 1",
    );
    check("let xs = [1, error(\"never\")] in list.head(xs)", "1");
}

#[test]
fn comprehensions_map_and_filter() {
    check("[x * x for x in [1, 2, 3, 4] if x % 2 == 0]", "[4,16]");
    check(
        "[\"${i}${x}\" for i, x in [\"a\", \"b\"]]",
        r#"["0a","1b"]"#,
    );
    check(
        "[\"${k}=${v}\" for k, v in { b = 1, a = 2 }]",
        r#"["a=2","b=1"]"#,
    );
    check(
        "{ \"${k}x\" = v + 1 for k, v in { a = 1, b = 2 } if v > 1 }",
        r#"{"bx":3}"#,
    );
    check(
        "{ \"k\" = v for v in [1, 2] }",
        "eval::duplicate_field 1:3-6 `k` is set twice",
    );
    check("[x for x in { a = 1 }]", "eval::for_record 1:13-22 …");
    check("[x for x in 5]", "eval::wrong_kind …");
    check("[f(2) for f in [x => x + n for n in [1, 2]]]", "[3,4]");
}

#[test]
fn records_nest_spread_and_compute_keys() {
    check(
        "{ a.b = 1, a.c = 2, d = 3 }",
        r#"{"a":{"b":1,"c":2},"d":3}"#,
    );
    check("let a = 1 in { a, \"x y\" = 2 }", r#"{"a":1,"x y":2}"#);
    check(
        "let k = \"z\" in { \"${k}\" = 1, \"${k}2\".b = 2 }",
        r#"{"z":1,"z2":{"b":2}}"#,
    );
    check(
        "let base = { a = 1, b = { c = 1 } } in { ...base, b = { d = 2 } }",
        r#"{"a":1,"b":{"d":2}}"#,
    );
    check("{ a = 1, ...{ a = 2 }, b = 3 }", r#"{"a":2,"b":3}"#);
    check(
        "{ a = 1, a = 2 }",
        "eval::duplicate_field 1:10-11 `a` is set twice",
    );
    check(
        "{ a.b = 1, a = 2 }",
        "eval::duplicate_field 1:12-13 `a` is set twice",
    );
    check(
        "{ a.b = 1, a.b = 2 }",
        "eval::duplicate_field 1:14-15 `b` is set twice",
    );
    check(
        "let k = \"a\" in { \"${k}\" = 1, \"${k}\" = 2 }",
        "eval::duplicate_field 1:30-36 `a` is set twice",
    );
    check("let name = \"x\" in { name = name }", r#"{"name":"x"}"#);
}

#[test]
fn selection_defaults_and_has() {
    check("{ a.b = 1 }.a.b", "1");
    check("{ \"x y\" = 1 }.\"x y\"", "1");
    check("let k = \"a\" in { a = 1 }.[k]", "1");
    check("{ a = null }.a ?? 5", "5");
    check("{ b = 1 }.a?.b", "null");
    check("{ a = null }.a?.b ?? 3", "3");
    check("{ a.b = 2 }.a?.b", "2");
    check(
        "[{ a.b = 1 } has a.b, { a = 1 } has b, { a = null } has a.b]",
        "[true,false,false]",
    );
    check(
        "let user = { name = 1 } in user.nmae",
        "eval::missing_field 1:33-37 there is no field `nmae` here; did you mean `name`?",
    );
    check(
        "{ a = null }.a.b",
        "eval::field_of_null 1:16-17 null has no field `b`; write `?.b` …",
    );
    check(
        "let x = 1 in x.y",
        "eval::wrong_kind 1:14-15 what `.y` is taken from must be a record, not the number 1",
    );
}

#[test]
fn functions_take_positional_named_and_default_arguments() {
    check("((x, y = x + 1) => x * y)(2)", "6");
    check(
        "let f = (x, port = 80) => [x, port] in [f(1), f(1, 2), f(1, port = 3), f(port = 4, x = 5)]",
        "[[1,80],[1,2],[1,3],[5,4]]",
    );
    check("({ a, b = a, .. }) => 1", "eval::not_data …");
    check(
        "(({ a, b = 5, .. } as all) => [a, b, all.c])({ a = 1, c = 2 })",
        "[1,5,2]",
    );
    check(
        "(({ a }) => a)({ a = 1, b = 2 })",
        "eval::unknown_field 1:25-26 the function takes no field `b`; …",
    );
    check(
        "(({ name }) => name)({ nmae = 1 })",
        "eval::missing_field …",
    );
    check(
        "let f = (a, b) => a in f(1)",
        "eval::missing_argument 1:24-28 the argument `b` is missing",
    );
    check(
        "let f = a => a in f(1, 2)",
        "eval::too_many_arguments 1:24-25 this function takes 1 argument, not 2",
    );
    check(
        "let f = (value) => value in f(vlaue = 2)",
        "eval::unknown_argument 1:31-36 … did you mean `value`?",
    );
    check(
        "let f = (a) => a in f(1, a = 2)",
        "eval::duplicate_argument 1:26-27 `a` is given twice",
    );
    check("(x, x) => 1", "eval::duplicate_name 1:5-6 …");
    check(
        "5(1)",
        "eval::wrong_kind … must be a function, not the number 5",
    );
    check("(x => 1)(error(\"never\"))", "1");
    check("let add = x => y => x + y in add(1)(2)", "3");
    check("5 |> (x => x + 1)", "6");
    check("[3, 1] |> list.sort |> list.map(x => x + 1)", "[2,4]");
}

#[test]
fn mistakes_in_calls_are_found_where_nothing_runs() {
    check(
        "if true then 1 else (let f = x => x in f())",
        "eval::missing_argument …",
    );
    check(
        "if true then 1 else list.map([1])",
        "eval::missing_argument …`function`…",
    );
    for (function, least, most) in [
        ("list.map", 2, 2),
        ("((a, b = 1) => a)", 1, 2),
        ("known", 1, 3),
        ("((() => 1))", 0, 0),
    ] {
        for given in 0..5 {
            let arguments = vec!["[]"; given].join(", ");
            let call = format!("{function}({arguments})");
            let expect = match given {
                given if given < least => "eval::missing_argument …",
                given if given > most => "eval::too_many_arguments …",
                _ => "1",
            };
            let let_known = "let known = (a, b = 1, c = 2) => a in";
            check(&format!("{let_known} if true then 1 else {call}"), expect);
        }
    }
    check(
        "if true then 1 else list.mpa([1])",
        "eval::missing_field 1:26-29 … did you mean `map`?",
    );
    check(
        "if true then 1 else unknwon",
        "eval::unknown_name 1:21-28 nothing here is called `unknwon`",
    );
    check(
        "let packages = 1 in pakages",
        "eval::unknown_name 1:21-28 … did you mean `packages`?",
    );
    check(
        "let a = 1 b = 2 in a-b",
        "eval::unknown_name … put spaces around the `-`",
    );
    check(
        "[nope1, nope2]",
        "eval::unknown_name 1:2-7 …\neval::unknown_name 1:9-14 …",
    );
}

#[test]
fn let_is_mutually_recursive() {
    check(
        "let even = n => if n == 0 then true else odd(n - 1)  odd = n => if n == 0 then false else even(n - 1) in even(10)",
        "true",
    );
    check("let a = b + 1  b = c  c = 1 in [a, b]", "[2,1]");
    check(
        "let a = 1  a = 2 in a",
        "eval::duplicate_name 1:12-13 `a` is bound twice",
    );
    check(
        "let fib = n => if n < 2 then n else fib(n - 1) + fib(n - 2) in fib(15)",
        "610",
    );
    check("let r = { x = 1, f = () => r.x } in r.f()", "1");
    check("let x = 1 in let x = 2 in x", "2");
    check("let xs = [1, 2]  ys = [...xs, y]  y = 3 in ys", "[1,2,3]");
}

#[test]
fn conditions_and_assertions() {
    check("if 1 < 2 then \"a\" else \"b\"", r#""a""#);
    check(
        "if 1 then 2 else 3",
        "eval::wrong_kind 1:4-5 the condition must be true or false, not the number 1",
    );
    check("assert 1 == 1 else \"no\" in 5", "5");
    check(
        "assert 1 == 2 else \"one is not ${2}\" in 5",
        "eval::assert 1:8-14 one is not 2",
    );
}

#[test]
fn deep_recursion_ends_in_an_error() {
    check(
        "let f = n => 1 + f(n + 1) in f(0)",
        "eval::too_deep … this recursion is too deep; …",
    );
    check(
        "let f = n => { a = f(n) } in json.print(f(0))",
        "eval::too_deep …",
    );
    check("let f = n => [f(n)] in f(0) == f(0)", "eval::too_deep …");
    check(
        "list.fold(list.range(0, 100000), 0, (sum, x) => sum + x)",
        "4999950000",
    );
}

#[test]
fn a_deep_stack_carries_deep_recursion() {
    let count = "let count = n => if n == 0 then 0 else 1 + count(n - 1) in count(100000)";
    let result = crate::with_deep_stack(|| super::evaluate(count, Box::new(crate::NoHost)));
    assert_eq!(result.ok().as_deref(), Some("100000"));
}

#[test]
fn all_errors_are_collected_each_once() {
    check(
        "let bad = 1 / 0 in { a = bad, b = bad, c = [1 + null] }",
        "eval::division_by_zero …\neval::operands …",
    );
}

#[test]
fn annotations_mean_nothing_outside_definitions() {
    check("{ a = force 1 }", "eval::misplaced_annotation 1:7-14 …");
}

#[test]
fn module_lets_are_constants_for_what_is_below() {
    check_with(
        "let base = 10\nlet add = x => x + base + later\nlet later = 1",
        "add(1)",
        "12",
    );
    check_with("let a = 1\nlet a = 2", "a", "eval::duplicate_name 2:5-6 …");
    check_with("let f = (a, b) => a", "f(1)", "eval::missing_argument …");
    check_with("let a = b\nlet b = a", "a", "eval::cycle …");
}

#[test]
fn an_annotated_value_is_kept_for_who_merges() {
    check("list.length([before 1, 2])", "2");
}
