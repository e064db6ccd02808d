//! The library's functions.

use super::check;
use crate::library::{self, functions};

/// The types of a signature, read as types of the language.
fn read_type(text: &str) {
    check(&format!("let t = type {text} in 1"), "1");
}

#[test]
fn every_function_and_type_is_documented_and_named_once() {
    let functions = functions().map(|native| (native.name, native.doc, native.example()));
    let types = library::types().map(|ty| (ty.name, ty.doc, ty.example()));
    let words = library::words().map(|word| (word.name, word.doc, word.example()));
    let rows: Vec<_> = functions.chain(types).chain(words).collect();
    for (name, doc, (code, _)) in &rows {
        assert!(doc.ends_with('.'), "{name}: {doc}");
        assert!(code.contains(name), "the example of {name} shows it");
    }
    let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.0).collect();
    assert_eq!(names.len(), rows.len());
}

#[test]
fn every_signature_reads_as_types_of_the_language() {
    for native in functions() {
        read_type(native.gives);
        let mut optional = false;
        for parameter in native.parameters {
            read_type(parameter.ty);
            assert!(!(optional && parameter.required), "{}", native.name);
            optional |= !parameter.required;
        }
    }
    let range = library::find("list.range").unwrap();
    assert_eq!(
        range.signature(),
        "list.range(start: Int, end: Int, step?: Int) -> List(Int)"
    );
    assert_eq!(library::namespaces()[..2], ["list", "record"]);
}

#[test]
fn every_example_gives_what_it_says() {
    let functions = functions().map(library::Native::example);
    let types = library::types().map(library::BuiltinType::example);
    let words = library::words().filter(|word| !word.in_modules);
    let words = words.map(library::Word::example);
    for (code, gives) in functions.chain(types).chain(words) {
        let found = super::evaluate(code, Box::new(super::world::example_files()));
        let found = match found.split_once(' ') {
            Some((code, _)) if code.contains("::") => format!("error: {code}"),
            _ => found,
        };
        assert_eq!(found, gives, "{code}");
    }
}

#[test]
fn lists() {
    check("list.filter([1, 2, 3], x => x > 1)", "[2,3]");
    check("list.fold([1, 2, 3], 10, (sum, x) => sum + x)", "16");
    check(
        "[list.any([1, 2], x => x == 2), list.all([1, 2], x => x == 2)]",
        "[true,false]",
    );
    check("list.concat([[1], [2, 3]])", "[1,2,3]");
    check("list.flat_map([1, 2], x => [x, x])", "[1,1,2,2]");
    check("list.sort([\"b\", \"a\"])", r#"["a","b"]"#);
    check("list.sort([1, \"a\"])", "eval::order …");
    check(
        "list.sort_by([{ n = 2 }, { n = 1 }], x => x.n)",
        r#"[{"n":1},{"n":2}]"#,
    );
    check("list.unique([1, 2, 1, \"a\", \"a\"])", r#"[1,2,"a"]"#);
    check(
        "[list.contains([1, 2], 2), list.contains([], 2)]",
        "[true,false]",
    );
    check(
        "[list.head([1, 2]), list.last([1, 2]), list.at([1, 2], 1)]",
        "[1,2,2]",
    );
    check("list.head([])", "eval::no_item 1:11-13 the list is empty");
    check(
        "[list.tail([1, 2]), list.take([1, 2, 3], 2), list.drop([1, 2, 3], 2), list.reverse([1, 2])]",
        "[[2],[1,2],[3],[2,1]]",
    );
    check("list.tail([])", "[]");
    check("list.zip([1, 2], [3, 4])", "[[1,3],[2,4]]");
    check(
        "[list.range(0, 3), list.range(3, 0, step = -1), list.range(2, 2)]",
        "[[0,1,2],[3,2,1],[]]",
    );
    check("list.range(0, 1, 0)", "eval::range …");
    check("list.find([1, 2, 3], x => x > 1)", "2");
    check(
        "list.length(5)",
        "eval::wrong_kind 1:13-14 the first argument of `list.length` must be a list, not the number 5",
    );
    check("list.map(function = x => x + 1, list = [1])", "[2]");
    check("list.filter([1], x => x)", "eval::wrong_kind …");
}

#[test]
fn records() {
    check(
        "record.map({ a = 1 }, (k, v) => \"${k}${v}\")",
        r#"{"a":"a1"}"#,
    );
    check(
        "record.filter({ a = 1, b = 2 }, (k, v) => v > 1)",
        r#"{"b":2}"#,
    );
    check(
        "[record.keys({ b = 1, a = 2 }), record.values({ b = 1, a = 2 })]",
        r#"[["a","b"],[2,1]]"#,
    );
    check(
        "{ b = 1, a = 2 } |> record.map_to_list((k, v) => k)",
        r#"["a","b"]"#,
    );
    check("record.from_list(record.to_list({ a = 1 }))", r#"{"a":1}"#);
    check(
        "record.from_list([{ key = \"a\", value = 1 }, { key = \"a\", value = 2 }])",
        "eval::duplicate_field …",
    );
    check(
        "record.merge({ a.b = 1, a.c = 1 }, { a.c = 2, d = 3 })",
        r#"{"a":{"b":1,"c":2},"d":3}"#,
    );
    check(
        "[record.has({ a = 1 }, \"a\"), record.get({ a = 1 }, \"b\", 5), record.get({}, \"b\")]",
        "[true,5,null]",
    );
    check("record.without({ a = 1, b = 2 }, [\"a\"])", r#"{"b":2}"#);
}

#[test]
fn strings() {
    check("string.join([\"a\", \"b\", 1], \", \")", r#""a, b, 1""#);
    check("[\"a\"] |> string.join", r#""a""#);
    check("string.split(\"a,b\", \",\")", r#"["a","b"]"#);
    check("string.split(\"a\", \"\")", "eval::separator …");
    check("string.lines(\"a\\nb\\n\")", r#"["a","b"]"#);
    check("string.trim(\" a \")", r#""a""#);
    check(
        "[string.starts_with(\"ab\", \"a\"), string.ends_with(\"ab\", \"a\"), string.contains(\"ab\", \"b\")]",
        "[true,false,true]",
    );
    check("string.replace(\"aba\", \"a\", \"x\")", r#""xbx""#);
    check("[string.upper(\"ä\"), string.lower(\"Ä\")]", r#"["Ä","ä"]"#);
    check(
        "[string.length(\"äö\"), string.slice(\"äöü\", 1), string.slice(\"äöü\", 0, 1)]",
        r#"[2,"öü","ä"]"#,
    );
    check("string.repeat(\"ab\", 2)", r#""abab""#);
    check("string.repeat(\"ab\", 1000000000000)", "eval::overflow …");
    check(
        "[string.pad(\"7\", 3), string.pad(\"7\", 3, with = \"0\", left = true)]",
        r#"["7  ","007"]"#,
    );
    check("string.to_int(\"42\") + 1", "43");
    check(
        "string.to_int(\"4x\")",
        "eval::not_a_number 1:15-19 the string \"4x\" is not a whole number",
    );
}

#[test]
fn numbers_and_paths() {
    check(
        "[number.min(1, 2), number.max(1, 2.5), number.abs(-3)]",
        "[1,2.5,3]",
    );
    check(
        "[number.to_string(1.5), number.to_string(2.0)]",
        r#"["1.5","2.0"]"#,
    );
    check(
        "[path.name(./a/b.tar.gz), path.extension(./a/b.tar.gz), path.extension(./a)]",
        r#"["b.tar.gz","gz",null]"#,
    );
    check("path.name(path.join(./a, \"b/../c\"))", r#""c""#);
    check("path.join(./a, \"../../x\")", "eval::path_outside …");
}

#[test]
fn lists_are_ordered_and_grouped() {
    check("list.max([])", "eval::no_item 1:10-12 the list is empty");
    check("list.max([{}])", "eval::order …");
    check("list.min([\"b\", \"a\"])", "\"a\"");
    check("[list.sum([]), list.sum([1, 2.5])]", "[0,3.5]");
    check("list.sum([1, \"a\"])", "eval::operands …");
    check("list.index_of([1], 2)", "null");
    check("list.group_by([1], x => x)", "eval::wrong_kind …");
    check("list.group_by([], x => x)", "{}");
}

#[test]
fn keys_that_meet_are_an_error() {
    check(
        "record.map_keys({ a = 1, b = 2 }, (k, v) => \"x\")",
        "eval::duplicate_field …",
    );
}

#[test]
fn numbers_are_rounded_and_measured() {
    check(
        "[number.floor(1.9), number.ceil(-1.9), number.round(-2.5), number.floor(7)]",
        "[1,-1,-3,7]",
    );
    check("number.floor(1e19)", "eval::overflow …");
    check(
        "number.round(-9223372036854775808.0)",
        "-9223372036854775808",
    );
    check("number.round(9223372036854775808.0)", "eval::overflow …");
    check(
        "number.clamp(\"a\", 0, 1)",
        "eval::wrong_kind 1:14-17 the first argument of `number.clamp` must be a number, not the string \"a\"",
    );
    check(
        "[number.clamp(-1, 0, 10), number.clamp(5, 0, 10), number.clamp(11, 0, 10)]",
        "[0,5,10]",
    );
    check(
        "number.bytes(\"512 MiB\")",
        "eval::not_a_number … is not a size such as \"512MiB\"",
    );
    check("number.bytes(\"1MiB1KiB\")", "eval::not_a_number …");
    check("number.bytes(\"99999999999TiB\")", "eval::not_a_number …");
    check(
        "[number.seconds(\"1w2d3h4m5s\"), number.seconds(\"0s\")]",
        "[788645,0]",
    );
    check("number.seconds(\"5m1h\")", "eval::not_a_number …");
    check("number.seconds(\"\")", "eval::not_a_number …");
    check("string.to_float(\"inf\")", "eval::not_a_number …");
}

#[test]
fn words_of_a_shell_are_quoted_only_where_needed() {
    check(
        "[string.shell_quote(\"/a-b.c\"), string.shell_quote(\"\"), string.shell_quote(\"a b\")]",
        r#"["/a-b.c","''","'a b'"]"#,
    );
}

#[test]
fn patterns() {
    check(
        "regex.matches(\"a\", \"(\")",
        "eval::pattern 1:20-23 this pattern can't be read: unclosed group; `regex.escape` …",
    );
    check("regex.matches(\"a\", \"(?=a)\")", "eval::pattern …");
    check("regex.find(\"a\", \"b\")", "null");
    check("regex.captures(\"a\", \"b\")", "null");
    check("regex.captures(\"a\", \"(a)|(b)\")", r#"["a","a",null]"#);
    check("regex.split(\"\", \",\")", r#"[""]"#);
    // A pattern over which backtracking would take for ever.
    check(
        "regex.matches(string.repeat(\"a\", 100000) + \"b\", \"^(a+)+$\")",
        "false",
    );
}

#[test]
fn globals() {
    check("error(\"no ${1}\")", "eval::error 1:1-17 no 1");
    check("trace(\"seen\", 5)", "5");
    check("rgex.matches(\"a\")", "eval::unknown_name 1:1-5 …");
}
