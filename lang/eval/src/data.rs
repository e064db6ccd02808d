//! Plain data: what is left of a value when everything in it was computed.
//!
//! In: a value. Out: an owned tree with contexts and origins, or all errors that computing it met.
//! Refuses functions and types: they have no plain form.

use std::fmt::Write as _;

use cairn_syntax::Diagnostic;
use cairn_syntax::span::Span;

use crate::depth;
use crate::evaluator::{Evaluator, too_deep};
use crate::host::ContextId;
use crate::limits;
use crate::value::{Field, Object, ObjectKind, Origin, Value};

/// A whole value, owned.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// What it is.
    pub kind: DataKind,
    /// Where it was written, where that is known.
    pub span: Option<Span>,
}

/// The kinds of plain data.
#[derive(Debug, Clone, PartialEq)]
pub enum DataKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A string, a path or a host object, with the sorted ids that it depends on.
    Str {
        /// The characters.
        text: String,
        /// Sorted, without repeats.
        context: Vec<ContextId>,
    },
    /// A reference to a secret: the path of its encrypted file.
    Secret(String),
    /// A list.
    List(Vec<Data>),
    /// A record, its fields sorted by name.
    Map(Vec<(String, Data)>),
}

impl Data {
    /// The field of a map.
    pub fn get(&self, name: &str) -> Option<&Data> {
        match &self.kind {
            DataKind::Map(fields) => fields
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same as JSON, without contexts and spans. A secret becomes `{"secret": path}`.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.kind {
            DataKind::Null => Json::Null,
            DataKind::Bool(value) => Json::Bool(*value),
            DataKind::Int(number) => Json::from(*number),
            DataKind::Float(number) => Json::from(*number),
            DataKind::Str { text, .. } => Json::String(text.clone()),
            DataKind::Secret(path) => serde_json::json!({ "secret": path }),
            DataKind::List(items) => items.iter().map(Self::to_json).collect(),
            DataKind::Map(fields) => Json::Object(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_json()))
                    .collect(),
            ),
        }
    }

    /// The same as one JSON text on one line. Whole numbers are exact, floats read back as the same float.
    pub fn print_json(&self) -> String {
        let mut out = String::new();
        self.json_into(&mut out);
        out
    }

    fn json_into(&self, out: &mut String) {
        match &self.kind {
            DataKind::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.json_into(out);
                }
                out.push(']');
            }
            DataKind::Map(fields) => {
                out.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    json_string(name, out);
                    out.push(':');
                    value.json_into(out);
                }
                out.push('}');
            }
            DataKind::Str { text, .. } => json_string(text, out),
            DataKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            DataKind::Int(number) => {
                let _ = write!(out, "{number}");
            }
            DataKind::Null | DataKind::Float(_) | DataKind::Secret(_) => {
                out.push_str(&self.to_json().to_string());
            }
        }
    }

    /// Adds every id that anything in it depends on; in no order, with repeats.
    pub fn collect_context(&self, into: &mut Vec<ContextId>) {
        match &self.kind {
            DataKind::Str { context, .. } => into.extend_from_slice(context),
            DataKind::List(items) => items.iter().for_each(|item| item.collect_context(into)),
            DataKind::Map(fields) => fields
                .iter()
                .for_each(|(_, value)| value.collect_context(into)),
            _ => {}
        }
    }
}

/// A string of JSON. Most have nothing to escape.
fn json_string(text: &str, out: &mut String) {
    if text
        .bytes()
        .all(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\'))
    {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Whether a value is there already, with nothing in it.
fn is_flat(value: Value<'_>) -> bool {
    matches!(
        value,
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_)
    )
}

/// Whether to go on after an error could take forever: a record without an end has two ways to go on at every depth.
pub(crate) fn ends_all(error: &Diagnostic) -> bool {
    crate::limits::is_of_limits(error)
}

impl<'a> Evaluator<'a> {
    /// Computes everything in a value. Errors: *all* that this met, each once. Paths go through the host,
    /// so that they carry a context like any other string.
    pub fn data(&mut self, value: Value<'a>, span: Span) -> Result<Data, Vec<Diagnostic>> {
        let mut errors: Vec<Diagnostic> = Vec::new();
        // Most values are asked for one by one and have nothing in them: there is one error at most.
        if is_flat(value) && self.static_errors.is_empty() {
            let kind = self.begin(span, 0).and_then(|()| self.flat(value, span));
            match kind {
                Ok(Some(kind)) => return Ok(Data { kind, span: None }),
                Ok(None) => {}
                Err(error) => return Err(vec![*error]),
            }
        }
        let data = self.collect(value, span, None, 0, &mut errors);
        // Mistakes of files that were imported on the way.
        for error in self.take_errors() {
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
        if errors.is_empty() {
            Ok(data)
        } else {
            Err(errors)
        }
    }

    /// Computes everything in a value. Errors: the first that this met.
    pub(crate) fn whole(&mut self, value: Value<'a>, span: Span) -> crate::evaluator::Result<Data> {
        self.data(value, span)
            .map_err(|mut errors| Box::new(errors.swap_remove(0)))
    }

    fn collect(
        &mut self,
        value: Value<'a>,
        span: Span,
        written: Option<Span>,
        level: usize,
        errors: &mut Vec<Diagnostic>,
    ) -> Data {
        let null = |span| Data {
            kind: DataKind::Null,
            span,
        };
        if errors.last().is_some_and(ends_all) {
            return null(written);
        }
        match self.collect_one(value, span, level, errors) {
            Ok(kind) => Data {
                kind,
                span: written,
            },
            Err(error) => {
                if !errors.contains(&error) {
                    errors.push(*error);
                }
                null(written)
            }
        }
    }

    fn collect_one(
        &mut self,
        value: Value<'a>,
        span: Span,
        level: usize,
        errors: &mut Vec<Diagnostic>,
    ) -> crate::evaluator::Result<DataKind> {
        self.begin(span, level)?;
        let value = self.force(value, span)?;
        if let Some(kind) = self.flat(value, span)? {
            return Ok(kind);
        }
        Ok(match value {
            Value::Path(path) => {
                let minted = self
                    .host
                    .path(path)
                    .map_err(|error| crate::evaluate::host_error(error, span))?;
                DataKind::Str {
                    text: minted.text,
                    context: vec![minted.context],
                }
            }
            Value::Object(object) if object.kind == ObjectKind::Secret => {
                DataKind::Secret(object.text.to_owned())
            }
            Value::Object(object) => DataKind::Str {
                text: object.text.to_owned(),
                context: object.context.into_iter().collect(),
            },
            Value::List(list) => {
                self.room(list.items.len() * size_of::<Data>(), span)?;
                let mut items = Vec::with_capacity(list.items.len());
                for (index, item) in list.items.iter().enumerate() {
                    let written = self.place(list.origin(index)).map(|place| place.value);
                    let span = written.unwrap_or(span);
                    items.push(self.collect(*item, span, written, level + 1, errors));
                }
                DataKind::List(items)
            }
            Value::Record(record) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in self.by_text(record) {
                    let written = self.place(field.origin).map(|place| place.value);
                    let name = self.names.text(field.name).to_owned();
                    let span = written.unwrap_or(span);
                    let data = self.collect(field.value, span, written, level + 1, errors);
                    fields.push((name, data));
                }
                DataKind::Map(fields)
            }
            Value::Annotated(annotated) => return Err(crate::show::misplaced(annotated.span)),
            other => {
                let message = format!("{} has no plain form", self.describe(other));
                let error = Diagnostic::error("eval::not_data", span, message);
                let help = match other {
                    Value::Float(_) => {
                        "inf and nan, which TOML and YAML can bring, can only be compared"
                    }
                    _ => "only null, true, false, numbers, strings, lists and records do",
                };
                return Err(Box::new(error.help(help)));
            }
        })
    }

    /// Whether one more value may be computed whole.
    #[inline]
    fn begin(&mut self, span: Span, level: usize) -> crate::evaluator::Result<()> {
        self.guard(span)?;
        limits::level(level, span)?;
        // Whoever prints or drops the data goes as deep once more, unguarded, and by other frames.
        if depth::here() < self.data_floor {
            return Err(too_deep(span));
        }
        // Plain data is written out as often as it is named: a small value may become a large one.
        self.took(size_of::<Data>());
        Ok(())
    }

    /// The plain form of a value with nothing in it, where it has one.
    #[inline]
    fn flat(&mut self, value: Value<'a>, span: Span) -> crate::evaluator::Result<Option<DataKind>> {
        Ok(Some(match value {
            Value::Null => DataKind::Null,
            Value::Bool(value) => DataKind::Bool(value),
            Value::Int(number) => DataKind::Int(number),
            Value::Float(number) if number.is_finite() => DataKind::Float(number),
            Value::Str(text) => DataKind::Str {
                text: self.owned(text.text, span)?,
                context: text.context.to_vec(),
            },
            _ => return Ok(None),
        }))
    }

    /// A text that belongs to nobody here.
    #[inline]
    fn owned(&mut self, text: &str, span: Span) -> crate::evaluator::Result<String> {
        self.room(text.len(), span)?;
        self.took(text.len());
        Ok(text.to_owned())
    }

    /// A value that is nothing but plain data.
    pub fn value_of(&mut self, data: &Data) -> Value<'a> {
        match &data.kind {
            DataKind::Null => Value::Null,
            DataKind::Bool(value) => Value::Bool(*value),
            DataKind::Int(number) => Value::Int(*number),
            DataKind::Float(number) => Value::Float(*number),
            DataKind::Str { text, context } => self.string_with(text, context),
            DataKind::Secret(path) => {
                let text = self.arena.text(path);
                Value::Object(self.arena.alloc(Object {
                    kind: ObjectKind::Secret,
                    text,
                    context: None,
                }))
            }
            DataKind::List(items) => {
                let items: Vec<Value<'a>> = items.iter().map(|item| self.value_of(item)).collect();
                self.list(&items, &[])
            }
            DataKind::Map(map) => {
                let mut fields = Vec::with_capacity(map.len());
                for (name, value) in map {
                    let name = self.names.intern(name);
                    fields.push(Field {
                        name,
                        origin: Origin::NONE,
                        value: self.value_of(value),
                    });
                }
                self.record(fields)
            }
        }
    }
}
