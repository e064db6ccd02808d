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
    let rows: Vec<_> = functions.chain(types).collect();
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
    for (code, gives) in functions.chain(types) {
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
fn formats() {
    check(
        "json.parse(\"{\\\"a\\\": [1, 2.5, null]}\").a",
        "[1,2.5,null]",
    );
    check(
        "json.print({ b = [1], a = \"x\" })",
        r#""{\"a\":\"x\",\"b\":[1]}""#,
    );
    check(
        "json.parse(\"{\")",
        "eval::unreadable_text 1:12-15 this is no JSON: …",
    );
    check(
        "toml.parse(\"a = 1\\n[b]\\nc = \\\"x\\\"\")",
        r#"{"a":1,"b":{"c":"x"}}"#,
    );
    check(
        "toml.print({ a = 1, b.c = \"x\" })",
        r#""a = 1\n\n[b]\nc = \"x\"\n""#,
    );
    check("json.print(x => x)", "eval::not_data …");
}

#[test]
fn globals() {
    check("error(\"no ${1}\")", "eval::error 1:1-17 no 1");
    check("trace(\"seen\", 5)", "5");
    check("regex.match(\"a\")", "eval::unknown_name 1:1-6 …");
}
