//! Whatever tree is printed reads back as the same tree; whatever text is read, reading ends, and soon.

mod generate;

use cairn_syntax::ast::{Expr, ExprKind, Module};
use cairn_syntax::printer::{print_expression, print_module};
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Parsed, parse_expression, parse_module};
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn read_module(text: &str, names: &mut Interner) -> Parsed<Module> {
    let mut sources = SourceMap::default();
    let id = sources.add("test.cairn", text);
    parse_module(&sources, id, names)
}

fn read_expression(text: &str, names: &mut Interner) -> Parsed<Expr> {
    let mut sources = SourceMap::default();
    let id = sources.add("test.cairn", text);
    parse_expression(&sources, id, names)
}

/// A tree's debug text without its spans.
fn without_spans(tree: &impl std::fmt::Debug) -> String {
    let text = format!("{tree:?}");
    let mut pieces = text.split("Span { ");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(piece.split_once('}').map_or("", |(_, after)| after));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_module_reads_back(items in generate::items()) {
        let mut names = generate::names();
        let module = Module { items };
        let text = print_module(&module, &names);
        let parsed = read_module(&text, &mut names);
        prop_assert!(parsed.errors.is_empty(), "{text}\n{:?}", parsed.errors);
        prop_assert_eq!(without_spans(&parsed.tree), without_spans(&module), "{}", text);
        prop_assert_eq!(print_module(&parsed.tree, &names), text);
    }

    #[test]
    fn a_printed_expression_reads_back(expr in generate::expr()) {
        let mut names = generate::names();
        let text = print_expression(&expr, &names);
        let parsed = read_expression(&text, &mut names);
        prop_assert!(parsed.errors.is_empty(), "{text}\n{:?}", parsed.errors);
        prop_assert_eq!(without_spans(&parsed.tree), without_spans(&expr), "{}", text);
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}") {
        read_both(&text);
    }

    #[test]
    fn any_run_of_tokens_is_read(pieces in proptest::collection::vec(generate::piece(), 0..120)) {
        read_both(&pieces.concat());
    }
}

#[test]
fn a_condition_that_ends_in_a_word_of_its_own_keeps_its_block() {
    for condition in ["type", "-type", "not type", "a-type", "1 - assert"] {
        let mut names = Interner::default();
        let parsed = read_module(&format!("when ({condition}) {{}}"), &mut names);
        assert!(parsed.errors.is_empty(), "{condition} {:?}", parsed.errors);
        let text = print_module(&parsed.tree, &names);
        let again = read_module(&text, &mut names);
        assert!(again.errors.is_empty(), "{text} {:?}", again.errors);
        assert_eq!(without_spans(&again.tree), without_spans(&parsed.tree));
    }
}

/// Every span of every error must lie in the text.
fn read_both(text: &str) {
    let start = Instant::now();
    let errors = read_module(text, &mut Interner::default()).errors;
    let more = read_expression(text, &mut Interner::default()).errors;
    for error in errors.iter().chain(&more) {
        let labels = std::iter::once(&error.primary).chain(&error.secondary);
        for Span { start, end, .. } in labels.map(|label| label.span) {
            assert!(start <= end, "{error:?}");
            assert!(
                text.get(start as usize..end as usize).is_some(),
                "{error:?}"
            );
        }
    }
    assert!(
        start.elapsed() < Duration::from_mins(1),
        "{:?} {text:?}",
        start.elapsed()
    );
}

/// Reads `count` times `open` and then as often `close`; gives the codes of the errors.
fn nest(open: &str, middle: &str, close: &str, count: usize) -> Vec<&'static str> {
    let text = format!("{}{middle}{}", open.repeat(count), close.repeat(count));
    let start = Instant::now();
    let parsed = read_expression(&text, &mut Interner::default());
    let module = read_module(&format!("a = {text}"), &mut Interner::default());
    let codes = parsed.errors.iter().map(|error| error.code).collect();
    drop((parsed, module));
    assert!(
        start.elapsed() < Duration::from_mins(1),
        "{open} {:?}",
        start.elapsed()
    );
    codes
}

#[test]
fn deep_nesting_ends_in_an_error() {
    let deep = [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{ a = ", "1", "}"),
        ("f(", "1", ")"),
        ("\"${", "1", "}\""),
        ("x => ", "1", ""),
        ("not ", "1", ""),
        ("-", "1", ""),
        ("if ", "a", " then b else c"),
        ("let a = ", "1", " in b"),
        ("a + (", "1", ")"),
        ("type { a: A = ", "1", "}"),
        ("1 + ", "1", ""),
        ("a.", "b", ""),
        ("", "f", "(1)"),
        ("", "type A", "?"),
        ("type A where (", "b", ")"),
        ("(x: A where (", "b", ")) => c"),
        ("", "a", " has b"),
    ];
    for (open, middle, close) in deep {
        let codes = nest(open, middle, close, 100_000);
        assert!(
            codes.contains(&"syntax::too_deep"),
            "{open}{middle}{close} {:?}",
            codes.first()
        );
        let codes = nest(open, middle, close, 60);
        assert!(
            !codes.contains(&"syntax::too_deep"),
            "{open}{middle}{close} {codes:?}"
        );
    }
}

#[test]
fn unbalanced_nesting_ends_too() {
    for open in [
        "(",
        "[",
        "{",
        "\"${",
        "a = {\n",
        "when x {\n",
        "f(",
        "]",
        "}",
        "([",
        "([)",
    ] {
        nest(open, "", "", 100_000);
        nest("", "", open, 100_000);
    }
    nest("(", "", "]", 100_000);
}

#[test]
fn an_unread_expression_is_an_error_node() {
    let parsed = read_expression("", &mut Interner::default());
    assert_eq!(parsed.tree.kind, ExprKind::Error);
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.tree.span, Span::new(SourceId(0), 0, 0));
}
