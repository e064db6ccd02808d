//! Cycles are reported edge by edge.

use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;

use super::check;
use crate::{Arena, Evaluator, NoHost};

#[test]
fn a_value_that_needs_itself_is_a_cycle() {
    check("let a = a in a", "eval::cycle 1:9-10 this needs itself");
    check("let a = b + 1  b = a in a", "eval::cycle 1:20-21 …");
    check("let r = { x = r.y, y = r.x } in r.x", "eval::cycle …");
}

#[test]
fn the_report_has_every_edge() {
    let arena = Arena::new();
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(NoHost),
    );
    let text = "let a = b + 1  b = c + 1  c = a in a";
    let value = evaluator.evaluate_source("test.cairn", text).unwrap();
    let span = cairn_syntax::span::Span::new(cairn_syntax::span::SourceId(0), 35, 36);
    let error = evaluator.force(value, span).err().unwrap();
    let mut edges = vec![error.primary.span.start];
    edges.extend(error.secondary.iter().map(|label| label.span.start));
    // c needs a, a needs b, b needs c.
    assert_eq!(edges, [30, 8, 19]);
}

#[test]
fn a_long_cycle_stays_readable() {
    let bindings: Vec<String> = (0..200)
        .map(|n| format!("a{n} = a{} + 1", (n + 1) % 200))
        .collect();
    let text = format!("let {} in a0", bindings.join("\n"));
    let arena = Arena::new();
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(NoHost),
    );
    let value = evaluator.evaluate_source("test.cairn", &text).unwrap();
    let span = cairn_syntax::span::Span::new(cairn_syntax::span::SourceId(0), 0, 1);
    let error = evaluator.force(value, span).err().unwrap();
    assert_eq!(error.code, "eval::cycle");
    assert_eq!(error.secondary.len(), 23);
}
