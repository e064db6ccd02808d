//! A file that holds one expression: what it wants to be built.
//!
//! In: the file, and the library's prelude. Out: [`Expression`], names and the texts that stand for results, or every error with its place.
//! Touches no store and no network.

use crate::described::Described;
use crate::description::is_path_alone;
use crate::evaluate::{EvaluateError, Faulty, host_of};
use crate::library::LIBRARY;
use cairn_eval::{Arena, Data, DataKind, Evaluator, Host, Limits, ScopeId};
use cairn_syntax::diagnostic::Diagnostic;
use cairn_syntax::span::{SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{File, begins_as_module, parse_file, parse_module};
use std::path::Path;

/// The library's file of types that expressions see.
const PRELUDE: &str = "prelude.cairn";

/// An expression that was computed whole.
#[derive(Debug)]
pub struct Expression {
    /// What it wants: a name (empty where it is the whole value), and the text of the result.
    pub wanted: Vec<(String, String)>,
    /// What is built and fetched; among its sources are the local files that are wanted themselves.
    pub described: Described,
    /// Lines of `trace(…)`.
    pub traced: Vec<String>,
}

/// An evaluator without a configuration: expressions see the library's functions and types. No module is loaded.
pub fn evaluator<'a>(arena: &'a Arena, host: Box<dyn Host + 'a>) -> Evaluator<'a> {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let prelude = LIBRARY.iter().find(|(name, _)| *name == PRELUDE);
    let prelude = prelude.map(|(name, text)| {
        let id = sources.add(format!("<library>/{name}"), *text);
        parse_module(&sources, id, &mut names).tree
    });
    let mut evaluator = Evaluator::new(arena, sources, names, host);
    if let Some(module) = prelude {
        let scope = evaluator.module_scope(&module, ScopeId::BUILTINS, &[]);
        evaluator.set_prelude(scope);
    }
    evaluator
}

/// Whether a text is that of an expression, and not of a configuration.
pub fn is_expression(name: &str, text: &str) -> bool {
    if begins_as_module(text) {
        return false;
    }
    let mut sources = SourceMap::default();
    let id = sources.add(name, text);
    let parsed = parse_file(&sources, id, &mut Interner::default());
    matches!(parsed.tree, File::Expression(_))
}

/// Computes the expression of a file, within limits; nothing where the file holds a configuration, or can't be read.
///
/// Errors: [`EvaluateError::Faulty`], also where its value is nothing that can be built.
pub fn evaluate(file: &Path, limits: Limits) -> Result<Option<Expression>, EvaluateError> {
    Ok(cairn_eval::with_deep_stack(|| {
        evaluate_here(file, limits).map_err(Box::new)
    })??)
}

fn evaluate_here(file: &Path, limits: Limits) -> Result<Option<Expression>, Faulty> {
    let (mut host, entry) = host_of(file);
    let seen = host.sources();
    let text = match host.load(&entry) {
        Ok(text) if is_expression(&entry, &text) => text,
        _ => return Ok(None),
    };
    let arena = Arena::with_limits(limits);
    let mut evaluator = evaluator(&arena, Box::new(host));
    let scope = evaluator.prelude();
    let computed = evaluator
        .evaluate_in(scope, &entry, &text)
        .and_then(|(value, span)| Ok((evaluator.data(value, span)?, span)));
    let texts = evaluator.sources.clone();
    let faulty = |errors| Faulty { errors, texts };
    let (data, span) = match computed {
        Ok(computed) => computed,
        Err(errors) => return Err(faulty(errors)),
    };
    let mut seen = seen.borrow_mut();
    let mut wanted = Vec::new();
    let mut errors = Vec::new();
    collect(&data, String::new(), span, &mut wanted, &mut errors);
    if wanted.is_empty() && errors.is_empty() {
        errors.push(no_build(span, "", "nothing"));
    }
    if !errors.is_empty() {
        return Err(faulty(errors));
    }
    let mut ids = Vec::new();
    data.collect_context(&mut ids);
    let (direct, mut described) = Described::of(&seen, ids);
    described.add_sources(direct);
    Ok(Some(Expression {
        wanted,
        described,
        traced: std::mem::take(&mut seen.traced),
    }))
}

/// Walks records and lists down to what is built.
fn collect(
    data: &Data,
    name: String,
    around: Span,
    wanted: &mut Vec<(String, String)>,
    errors: &mut Vec<Diagnostic>,
) {
    let span = data.span.unwrap_or(around);
    let below = |inner: &str| {
        if name.is_empty() {
            inner.to_owned()
        } else {
            format!("{name}.{inner}")
        }
    };
    match &data.kind {
        DataKind::Map(fields) => {
            for (field, value) in fields {
                collect(value, below(field), span, wanted, errors);
            }
        }
        DataKind::List(items) => {
            for (number, item) in items.iter().enumerate() {
                collect(item, below(&number.to_string()), span, wanted, errors);
            }
        }
        DataKind::Str { text, context } if !context.is_empty() && is_path_alone(text) => {
            wanted.push((name, text.clone()));
        }
        other => errors.push(no_build(span, &name, kind(other))),
    }
}

fn kind(kind: &DataKind) -> &'static str {
    match kind {
        DataKind::Null => "null",
        DataKind::Bool(_) => "a boolean",
        DataKind::Int(_) | DataKind::Float(_) => "a number",
        DataKind::Str { .. } => "a string",
        DataKind::Secret(_) => "a secret",
        DataKind::List(_) | DataKind::Map(_) => "nothing",
    }
}

fn no_build(span: Span, name: &str, what: &str) -> Diagnostic {
    let subject = if name.is_empty() {
        "the value of this file".to_owned()
    } else {
        format!("`{name}`")
    };
    Diagnostic::error("build::nothing", span, format!("{subject} is {what}, which can't be built"))
        .label("here")
        .help("`cairn build` makes `build({…})` and `fetch({…})`, a record or list of them, or a whole configuration")
}
