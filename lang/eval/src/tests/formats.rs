//! `json.`, `toml.`, `yaml.`: what tests/lang/formats does not hold.

use proptest::prelude::*;

use super::check;
use crate::{Arena, Data, DataKind, Evaluator, NoHost};
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;

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
fn what_is_read_depends_on_what_its_text_does() {
    super::world::check_context("json.parse(\"\\\"${./a}\\\"\")", &[0]);
    super::world::check_context("toml.parse(\"a = \\\"${./a}\\\"\").a", &[0]);
    super::world::check_context("yaml.parse(\"- ${./a}\") |> list.head", &[0]);
    super::world::check_context("hash.sha256(\"${./a}\")", &[0]);
    super::world::check_context("regex.replace(\"a\", \"a\", \"${./a}\")", &[0]);
}

#[test]
fn whole_numbers_are_exact_or_refused() {
    check(
        "json.parse(\"[9223372036854775807, -9223372036854775808]\")",
        "[9223372036854775807,-9223372036854775808]",
    );
    for number in [
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "123456789012345678901234567890",
    ] {
        for text in [
            format!("json.parse(\"[1.5, \\\"9\\\\\\\"\\\", {number}]\")"),
            format!("yaml.parse(\"- {number}\")"),
        ] {
            check(
                &text,
                &format!(
                    "eval::unreadable_text …{number} needs more than the 64 bits of a whole number…"
                ),
            );
        }
    }
    check("json.parse(\"1e400\")", "eval::unreadable_text …");
    check("json.parse(\"1e19\")", "1e+19");
}

#[test]
fn yaml_is_1_2_with_its_core_schema() {
    check(
        "yaml.parse(\"[~, null, yes, true, 0o17, 0x1f, 017, 1_0, +1, .5, 1., 1e3, 1.5, '1', a b]\")",
        r#"[null,null,"yes",true,15,31,17,"1_0",1,0.5,1.0,1000.0,1.5,"1","a b"]"#,
    );
    check("yaml.parse(\"\")", "null");
    check(
        "yaml.parse(\"a: &x [1]\\nb: *x\\n\")",
        r#"{"a":[1],"b":[1]}"#,
    );
    check(
        "yaml.parse(\"80: a\\ntrue: b\")",
        r#"{"80":"a","true":"b"}"#,
    );
    check("yaml.parse(\"!!str 1\") + yaml.parse(\"! 2\")", r#""12""#);
    check("yaml.parse(\"!!float 1\")", "1.0");
    check("yaml.parse(\"a: |\\n  x\\n  y\\n\")", r#"{"a":"x\ny\n"}"#);
    for wrong in [
        "!!int a",
        "!mine 1",
        "? [a]\\n: 1",
        "a: 1\\na: 2",
        "&x [*x]",
        "[1",
        "a: b: c",
        "1e999",
    ] {
        check(
            &format!("yaml.parse(\"{wrong}\")"),
            "eval::unreadable_text 1:12-…",
        );
    }
    check(
        "yaml.parse(\"1\\n---\\n2\")",
        "eval::unreadable_text … it has 2 documents; `yaml.parse_all` gives a list of all documents",
    );
    check("yaml.parse(\".inf\")", "eval::not_data …");
    check("yaml.parse(\"-.inf\") < 0", "true");
}

#[test]
fn aliases_and_levels_are_bounded() {
    // A thousand million items in nine lines.
    let lines = (1..9).map(|level| {
        let below = vec![format!("*a{}", level - 1); 10].join(",");
        format!("a{level}: &a{level} [{below}]\\n")
    });
    let bomb = format!("a0: &a0 [x,x,x,x,x]\\n{}", lines.collect::<String>());
    check(
        &format!("yaml.parse(\"{bomb}\")"),
        "eval::unreadable_text … its aliases stand for too much …",
    );
    for (format, open) in [("json", "["), ("yaml", "[")] {
        check(
            &format!("{format}.parse(string.repeat(\"{open}\", 100000))"),
            "eval::unreadable_text …",
        );
    }
    check(
        "toml.parse(\"a = \" + string.repeat(\"[\", 100000))",
        "eval::unreadable_text …",
    );
}

/// Plain data without floats that YAML would round.
fn plain() -> impl Strategy<Value = Data> {
    let of = |kind| Data { kind, span: None };
    let text = || {
        prop_oneof![
            "\\PC*",
            "[ -~]{0,8}",
            "[a-z:#\\-0-9 ]{0,6}",
            "[\\x00-\\x20\\x7f-\\u{a0}\u{feff}\u{2028}]{0,3}"
        ]
    };
    let leaf = prop_oneof![
        Just(DataKind::Null),
        any::<bool>().prop_map(DataKind::Bool),
        any::<i64>().prop_map(DataKind::Int),
        any::<f64>()
            .prop_filter("data", |number| number.is_finite())
            .prop_map(DataKind::Float),
        text().prop_map(|text| DataKind::Str {
            text,
            context: Vec::new()
        }),
    ]
    .prop_map(of);
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(DataKind::List),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|map| DataKind::Map(map.into_iter().collect())),
        ]
        .prop_map(of)
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_it_was(data in plain()) {
        let arena = Arena::new();
        let mut evaluator = Evaluator::new(&arena, SourceMap::default(), Interner::default(), Box::new(NoHost));
        for format in ["yaml", "json"] {
            let code = format!("x => {format}.parse({format}.print(x))");
            let function = evaluator.evaluate_source("test.cairn", &code).unwrap();
            let span = Span::new(SourceId(0), 0, 0);
            let value = evaluator.value_of(&data);
            prop_assert_eq!(evaluator.print(value, span), Ok(data.print()));
            let found = evaluator.call(function, &[value], span).and_then(|value| {
                evaluator.data(value, span).map_err(|mut errors| Box::new(errors.swap_remove(0)))
            });
            let found = found.map_err(|error| error.message);
            prop_assert_eq!(found.as_ref(), Ok(&data), "{}", format);
        }
    }
}
