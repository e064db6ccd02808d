//! Fields of records: `r.a`, `r.[key]`, `r.a?.b`, `r has a.b`.
//!
//! In: resolved targets and keys. Out: fields, computed. A missing field names the nearest.

use cairn_syntax::Diagnostic;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::evaluate::Frame;
use crate::evaluator::{Evaluator, Result};
use crate::host::ContextId;
use crate::ir::{Expr, Key, Kind, Select};
use crate::value::{Field, Record, Value};

/// What a name takes besides its text, in bytes, about.
const NAME_BYTES: usize = 64;

impl<'a> Evaluator<'a> {
    pub(crate) fn select(
        &mut self,
        target: &'a Expr<'a>,
        key: Key<'a>,
        optional: bool,
        frame: Frame<'a>,
    ) -> Result<Value<'a>> {
        let found = match &target.kind {
            Kind::Select(Select {
                target: inner,
                key: inner_key,
                optional: false,
            }) if optional => {
                let record = self.eval(inner, frame)?;
                let name = self.key_name(*inner_key, frame)?;
                match self.field(record, name, inner_key.span(), inner.span)? {
                    Some(field) => self.force(field.value, target.span)?,
                    None => return Ok(Value::Null),
                }
            }
            _ => self.eval(target, frame)?,
        };
        if optional && matches!(found, Value::Null) {
            return Ok(Value::Null);
        }
        let name = self.key_name(key, frame)?;
        match self.field(found, name, key.span(), target.span)? {
            Some(field) => self.force(field.value, key.span()),
            None if optional => Ok(Value::Null),
            None => match found {
                Value::Record(record) => {
                    Err(Box::new(self.missing_field(record, name, key.span())))
                }
                _ => Ok(Value::Null),
            },
        }
    }

    /// A field of something that must be a record.
    fn field(
        &self,
        value: Value<'a>,
        name: Symbol,
        key: Span,
        target: Span,
    ) -> Result<Option<&'a Field<'a>>> {
        match value {
            Value::Record(record) => Ok(record.get(name)),
            Value::Null => {
                let name = self.names.text(name);
                let message = format!("null has no field `{name}`");
                Err(Box::new(
                    Diagnostic::error("eval::field_of_null", key, message)
                        .also(target, "this is null")
                        .help(format!("write `?.{name}` where it may be null")),
                ))
            }
            other => {
                let what = format!("what `.{}` is taken from", self.names.text(name));
                Err(self.expected(&what, "a record", other, target))
            }
        }
    }

    pub(crate) fn missing_field(
        &self,
        record: &Record<'a>,
        name: Symbol,
        span: Span,
    ) -> Diagnostic {
        let text = self.names.text(name);
        let error = Diagnostic::error(
            "eval::missing_field",
            span,
            format!("there is no field `{text}` here"),
        );
        let mut known: Vec<&str> = record
            .fields
            .iter()
            .map(|field| self.names.text(field.name))
            .collect();
        known.sort_unstable();
        match cairn_syntax::nearest(text, known.iter().copied()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => error.help("the record is empty"),
            None if known.len() <= 12 => {
                error.help(format!("the fields are: {}", known.join(", ")))
            }
            None => error,
        }
    }

    pub(crate) fn key_name(&mut self, key: Key<'a>, frame: Frame<'a>) -> Result<Symbol> {
        match key {
            Key::Name(name, _) => Ok(name),
            Key::Computed(expr) => self.eval_key(expr, frame),
        }
    }

    pub(crate) fn value_as_key(&mut self, value: Value<'a>, span: Span) -> Result<Symbol> {
        let text = self.expect_text(value, span)?;
        self.text_as_key(text.text, text.context, span)
    }

    pub(crate) fn text_as_key(
        &mut self,
        text: &str,
        context: &[ContextId],
        span: Span,
    ) -> Result<Symbol> {
        if context.is_empty() {
            return Ok(self.intern(text));
        }
        Err(Box::new(Diagnostic::error(
            "eval::key_context",
            span,
            "a key can't depend on something that is built",
        )))
    }

    /// The symbol of a text that was computed; it counts as memory that is used.
    fn intern(&mut self, text: &str) -> Symbol {
        if let Some(known) = self.names.get(text) {
            return known;
        }
        self.took(text.len() + NAME_BYTES);
        self.names.intern(text)
    }

    pub(crate) fn has(
        &mut self,
        target: &'a Expr<'a>,
        path: &'a [Key<'a>],
        frame: Frame<'a>,
    ) -> Result<Value<'a>> {
        let mut value = self.eval(target, frame)?;
        for (index, key) in path.iter().enumerate() {
            let name = self.key_name(*key, frame)?;
            let field = match value {
                Value::Null if index > 0 => None,
                value => self.field(value, name, key.span(), target.span)?,
            };
            let Some(field) = field else {
                return Ok(Value::Bool(false));
            };
            if index + 1 < path.len() {
                value = self.force(field.value, key.span())?;
            }
        }
        Ok(Value::Bool(true))
    }
}
