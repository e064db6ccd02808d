//! Whole values as text: what is printed reads back as the same value.

use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;

use crate::{Arena, Evaluator, NoHost};

/// A value's notation, or the codes of all errors.
fn print(text: &str) -> String {
    let arena = Arena::new();
    let host = Box::new(NoHost);
    let mut evaluator = Evaluator::new(&arena, SourceMap::default(), Interner::default(), host);
    let scope = evaluator.prelude();
    let printed = evaluator
        .evaluate_in(scope, "test.cairn", text)
        .and_then(|(value, span)| evaluator.print(value, span));
    printed.unwrap_or_else(|errors| {
        let codes: Vec<&str> = errors.iter().map(|error| error.code).collect();
        codes.join(" ")
    })
}

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(print(text), expect, "{text}");
}

#[test]
fn data_is_written_as_it_is_read() {
    for text in [
        "null",
        "-5",
        "1.0",
        "1e300",
        "0.1",
        r#""a\n\"b\" \${c} $d ü""#,
        "./a/b",
        "[]",
        "{}",
        r#"{ "a b" = [1, [2]], c = { d = true }, for = null }"#,
        r#"{ "a key of more than sixty characters, as long as many a sentence" = 1 }"#,
        r#"{ "a-" = 1 }"#,
        "list.map",
        "-9223372036854775807 - 1",
    ] {
        check(text, text);
    }
}

#[test]
fn what_cannot_be_read_back_stands_in_angle_brackets() {
    check(
        r#"[x => x, type Int, toml.parse("a = [inf, -inf, nan]").a]"#,
        "[<function>, <type Int>, [<inf>, <-inf>, <nan>]]",
    );
}

#[test]
fn long_records_have_a_line_for_each_field_and_read_back() {
    let text = print("{ a = list.range(1, 41), b = { c = [{ d = \"x\" }] } }");
    assert_eq!(text.lines().count(), 45, "{text}");
    assert!(
        text.ends_with("    40\n  ]\n  b = { c = [{ d = \"x\" }] }\n}"),
        "{text}"
    );
    check(&text, &text);
}

#[test]
fn what_is_computed_whole_first_is_written_alike() {
    let arena = Arena::new();
    let host = Box::new(NoHost);
    let mut evaluator = Evaluator::new(&arena, SourceMap::default(), Interner::default(), host);
    let mut check = |text: &str| {
        let scope = evaluator.prelude();
        let (value, span) = evaluator.evaluate_in(scope, "test.cairn", text).unwrap();
        let printed = evaluator.print(value, span).unwrap();
        let data = evaluator.data(value, span).unwrap();
        assert_eq!(data.print(), printed, "{text}");
        printed.contains('\n')
    };
    let mut broken = Vec::new();
    // Around the width of a line, by the length of the elements and by their number.
    for width in 0..100 {
        for count in 1..4 {
            let element = "x".repeat(width / count);
            let last = format!("\"{}\"", "x".repeat(width % count) + &element);
            let elements = format!("\"{element}\", ").repeat(count - 1) + &last;
            let fields = format!("{{ a = [{elements}], b = {{ c = {last}, d = {{}} }} }}");
            broken.push(check(&format!("[{elements}]")));
            broken.push(check(&fields));
        }
    }
    for count in 0..40 {
        broken.push(check(&format!("[{}]", "1, ".repeat(count))));
        broken.push(check(&format!("[{}]", "[], ".repeat(count))));
        broken.push(check(&format!(
            "[[{}], [{{}}, null]]",
            "-5, ".repeat(count)
        )));
    }
    assert!(broken.contains(&true) && broken.contains(&false));
}

#[test]
fn annotations_are_kept() {
    check("{ a = force [after 1] }", "{ a = force [after 1] }");
}

#[test]
fn all_errors_are_given_and_a_record_without_end_ends() {
    check(
        "[1 / 0, {}.a]",
        "eval::division_by_zero eval::missing_field",
    );
    check("let r = { a = r, b = r } in r", "eval::too_deep");
}

#[test]
fn json_has_every_number_exactly_and_refuses_those_it_has_not() {
    let arena = Arena::new();
    let host = Box::new(NoHost);
    let mut evaluator = Evaluator::new(&arena, SourceMap::default(), Interner::default(), host);
    let mut json = |text: &str| {
        let scope = evaluator.prelude();
        evaluator
            .evaluate_in(scope, "test.cairn", text)
            .and_then(|(value, span)| Ok(evaluator.data(value, span)?.print_json()))
            .map_err(|errors| errors.iter().map(|error| error.code).collect::<Vec<_>>())
    };
    let numbers = "[9007199254740993, -9223372036854775807 - 1, 0.1, 1e300, 5e-324, 2.0]";
    let text = json(numbers).unwrap();
    assert!(
        text.starts_with("[9007199254740993,-9223372036854775808,0.1,"),
        "{text}"
    );
    let back: Vec<f64> = serde_json::from_str(&text).unwrap();
    assert_eq!(back[3..].to_vec(), [1e300, 5e-324, 2.0]);
    assert_eq!(
        json("{ \"a\\n\" = null, b = [\"\\u{1}\"] }").unwrap(),
        r#"{"a\n":null,"b":["\u0001"]}"#
    );
    assert_eq!(json("toml.parse(\"a = nan\")"), Err(vec!["eval::not_data"]));
    assert_eq!(
        json("let r = { a = r, b = r } in r"),
        Err(vec!["eval::too_deep"])
    );
}
