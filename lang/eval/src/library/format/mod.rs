//! `json.`, `toml.` and `yaml.`: texts of other formats to values and back.
//!
//! In: texts and plain values. Out: values and texts; what is printed keeps the contexts of what is in it. One rule for
//! all three: a whole number beyond 64 bits is refused and never rounded, and nesting has a limit.

mod json;
mod toml;
mod yaml;

use std::fmt::Display;

use cairn_syntax::Diagnostic;

use super::{Arguments, Native};
use crate::data::{Data, DataKind};
use crate::evaluator::{Error, Evaluator, Result};
use crate::value::Value;

pub(super) static TABLES: [&[Native]; 3] = [json::FUNCTIONS, toml::FUNCTIONS, yaml::FUNCTIONS];

/// How deep lists and records may lie in each other in a text that is read.
const DEPTH_LIMIT: usize = 512;

/// The error of a text that does not follow its format.
fn unreadable(format: &str, cause: impl Display, arguments: &Arguments<'_, '_>) -> Error {
    let message = format!("this is no {format}: {cause}");
    Box::new(Diagnostic::error(
        "eval::unreadable_text",
        arguments.at(0),
        message,
    ))
}

/// The error of a value that a format has no form for.
fn unprintable(format: &str, cause: impl Display, arguments: &Arguments<'_, '_>) -> Error {
    let message = format!("this can't be {format}: {cause}");
    Box::new(Diagnostic::error(
        "eval::unprintable",
        arguments.at(0),
        message,
    ))
}

/// A printed text with the contexts of everything in it.
fn printed<'a>(evaluator: &Evaluator<'a>, text: &str, data: &Data) -> Value<'a> {
    let mut context = Vec::new();
    data.collect_context(&mut context);
    context.sort_unstable();
    context.dedup();
    evaluator.string_with(text, &context)
}

/// A value as plain data without secrets: what may become part of a text.
fn open_data<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Data> {
    let data = evaluator.whole(arguments.later(0), arguments.at(0))?;
    if !holds_secret(&data) {
        return Ok(data);
    }
    let message = "a secret can't become part of a string";
    Err(Box::new(Diagnostic::error(
        "eval::secret_in_string",
        arguments.at(0),
        message,
    )))
}

fn holds_secret(data: &Data) -> bool {
    match &data.kind {
        DataKind::Secret(_) => true,
        DataKind::List(items) => items.iter().any(holds_secret),
        DataKind::Map(fields) => fields.iter().any(|(_, value)| holds_secret(value)),
        _ => false,
    }
}
