//! What the language means, one claim a line: an expression, and its value as JSON or its error.
//!
//! An error reads `code line:column-column text`, where the text is part of the message or the mend.

mod cycles;
mod engine;
mod expressions;
mod formats;
mod library;
mod limits;
mod notation;
mod types;
mod world;

use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Diagnostic, parse_module};

use crate::{Arena, Evaluator, Host, NoHost, ScopeId};

/// The value of an expression as JSON, or all its errors, a line each.
fn evaluate(text: &str, host: Box<dyn Host + '_>) -> String {
    evaluate_with("", text, host)
}

/// The same, below a prelude of `let`s and `type`s.
fn evaluate_with(prelude: &str, text: &str, host: Box<dyn Host + '_>) -> String {
    let arena = Arena::new();
    let mut evaluator = Evaluator::new(&arena, SourceMap::default(), Interner::default(), host);
    if !prelude.is_empty() {
        let source = evaluator.sources.add("prelude.cairn", prelude);
        let parsed = parse_module(&evaluator.sources, source, &mut evaluator.names);
        assert_eq!(parsed.errors, [], "the prelude reads");
        let scope = evaluator.module_scope(&parsed.tree, ScopeId::BUILTINS, &[]);
        let errors = evaluator.take_errors();
        if !errors.is_empty() {
            return lines(&evaluator, &errors);
        }
        evaluator.set_prelude(scope);
    }
    let value = match evaluator.evaluate_source("test.cairn", text) {
        Ok(value) => value,
        Err(errors) => return lines(&evaluator, &errors),
    };
    let source = cairn_syntax::span::SourceId(u32::from(!prelude.is_empty()));
    let span = cairn_syntax::span::Span::new(source, 0, text.len());
    match evaluator.data(value, span) {
        Ok(data) => data.to_json().to_string(),
        Err(errors) => lines(&evaluator, &errors),
    }
}

fn lines(evaluator: &Evaluator<'_>, errors: &[Diagnostic]) -> String {
    let lines: Vec<String> = errors.iter().map(|error| line(evaluator, error)).collect();
    lines.join("\n")
}

/// `code line:column-column message; help`.
fn line(evaluator: &Evaluator<'_>, error: &Diagnostic) -> String {
    let span = error.primary.span;
    let (line, column) = evaluator.sources.line_column(span);
    let width = evaluator.sources.slice(span).chars().count();
    let help = error
        .help
        .as_ref()
        .map(|help| format!("; {help}"))
        .unwrap_or_default();
    format!(
        "{} {line}:{column}-{} {}{help}",
        error.code,
        column + width,
        error.message
    )
}

/// Checks the value of an expression, or that its errors contain the words (`…` leaves words out).
#[track_caller]
fn check(text: &str, expect: &str) {
    compare(text, &evaluate(text, Box::new(NoHost)), expect);
}

#[track_caller]
fn check_with(prelude: &str, text: &str, expect: &str) {
    compare(
        text,
        &evaluate_with(prelude, text, Box::new(NoHost)),
        expect,
    );
}

#[track_caller]
fn compare(text: &str, actual: &str, expect: &str) {
    let mut rest = actual;
    let mut fits = true;
    for (index, part) in expect.split('…').enumerate() {
        match rest.find(part) {
            Some(0) => rest = &rest[part.len()..],
            Some(at) if index > 0 => rest = &rest[at + part.len()..],
            _ => fits = false,
        }
    }
    assert!(
        fits && (rest.is_empty() || expect.ends_with('…')),
        "{text}\n  gives   {actual}\n  expects {expect}"
    );
}
