//! Values and types as text, for messages.
//!
//! In: values, computed or not. Out: one short line. Computes nothing.

use std::fmt::Write as _;

use cairn_syntax::Diagnostic;
use cairn_syntax::printer::escape;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::evaluator::{Error, Evaluator, Result};
use crate::types::{Type, TypeKind};
use crate::value::{ObjectKind, Text, Value};

/// How many characters of a string, and how many items, a message shows.
const SHOWN_CHARACTERS: usize = 60;
const SHOWN_ITEMS: usize = 4;

impl<'a> Evaluator<'a> {
    /// A value in a few words on one line, as it would be written; `…` for what is not computed yet.
    pub fn show(&self, value: Value<'a>) -> String {
        let mut out = String::new();
        self.show_into(&mut out, value, 2);
        out
    }

    fn show_into(&self, out: &mut String, value: Value<'a>, depth: usize) {
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
            Value::Int(number) => {
                let _ = write!(out, "{number}");
            }
            Value::Float(number) => out.push_str(&show_float(number)),
            Value::Str(text) => show_string(out, text.text),
            Value::Path(path) => {
                let _ = write!(out, "./{path}");
            }
            Value::List(list) if list.items.is_empty() => out.push_str("[]"),
            Value::Record(record) if record.fields.is_empty() => out.push_str("{}"),
            Value::List(_) if depth == 0 => out.push_str("[…]"),
            Value::Record(_) if depth == 0 => out.push_str("{ … }"),
            Value::List(list) => {
                out.push('[');
                for (index, item) in list.items.iter().take(SHOWN_ITEMS).enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    self.show_into(out, *item, depth - 1);
                }
                out.push_str(if list.items.len() > SHOWN_ITEMS {
                    ", …]"
                } else {
                    "]"
                });
            }
            Value::Record(record) => {
                out.push_str("{ ");
                for (index, field) in self
                    .by_text(record)
                    .into_iter()
                    .take(SHOWN_ITEMS)
                    .enumerate()
                {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    let _ = write!(out, "{} = ", self.show_key(field.name));
                    self.show_into(out, field.value, depth - 1);
                }
                out.push_str(if record.fields.len() > SHOWN_ITEMS {
                    ", … }"
                } else {
                    " }"
                });
            }
            Value::Closure(_) => out.push_str("<function>"),
            Value::Native(native) => out.push_str(native.name),
            Value::Type(ty) => out.push_str(&self.show_type(ty)),
            Value::Object(object) => {
                let kind = match object.kind {
                    ObjectKind::Build => "build",
                    ObjectKind::Fetch => "fetch",
                    ObjectKind::Secret => "secret",
                };
                let _ = write!(out, "<{kind} {}>", object.text);
            }
            Value::Annotated(annotated) => self.show_into(out, annotated.value, depth),
            Value::Thunk(thunk) => match thunk.done() {
                Some(value) => self.show_into(out, value, depth),
                None => out.push('…'),
            },
        }
    }

    /// A key as it would be written: quoted where it is not a name.
    pub fn show_key(&self, name: Symbol) -> String {
        let text = self.names.text(name);
        let mut characters = text.chars();
        let starts = characters
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if starts
            && characters.all(|next| next.is_ascii_alphanumeric() || next == '_' || next == '-')
        {
            return text.to_owned();
        }
        let mut out = String::new();
        show_string(&mut out, text);
        out
    }

    /// A computed value with its kind: `the string "80"`, `a list`.
    pub(crate) fn describe(&self, value: Value<'a>) -> String {
        match value {
            Value::Null | Value::Bool(_) => self.show(value),
            Value::Int(_) | Value::Float(_) => format!("the number {}", self.show(value)),
            Value::Str(_) => format!("the string {}", self.show(value)),
            Value::Path(_) => format!("the path {}", self.show(value)),
            Value::List(_) => "a list".to_owned(),
            Value::Record(_) => "a record".to_owned(),
            Value::Closure(_) => "a function".to_owned(),
            Value::Native(native) => format!("the function `{}`", native.name),
            Value::Type(_) => format!("the type {}", self.show(value)),
            Value::Object(object) => match object.kind {
                ObjectKind::Build => "what `build` gives".to_owned(),
                ObjectKind::Fetch => "what `fetch` gives".to_owned(),
                ObjectKind::Secret => "a secret".to_owned(),
            },
            Value::Annotated(annotated) => self.describe(annotated.value),
            Value::Thunk(thunk) => match thunk.done() {
                Some(value) => self.describe(value),
                None => "a value".to_owned(),
            },
        }
    }

    /// The error of a value that is of the wrong kind for an operation.
    #[cold]
    pub(crate) fn expected(
        &self,
        what: &str,
        expected: &str,
        value: Value<'a>,
        span: Span,
    ) -> Error {
        if let Value::Annotated(annotated) = value {
            return misplaced(annotated.span);
        }
        let message = format!("{what} must be {expected}, not {}", self.describe(value));
        Box::new(Diagnostic::error("eval::wrong_kind", span, message))
    }

    /// The string that a computed value must be.
    pub(crate) fn expect_text(&self, value: Value<'a>, span: Span) -> Result<&'a Text<'a>> {
        match value {
            Value::Str(text) => Ok(text),
            other => Err(self.expected("this", "a string", other, span)),
        }
    }

    /// A type as it would be written, on one line.
    pub fn show_type(&self, ty: &Type<'a>) -> String {
        match ty.kind {
            TypeKind::Any | TypeKind::Unknown => "Any".to_owned(),
            TypeKind::Null => "null".to_owned(),
            TypeKind::Bool => "Bool".to_owned(),
            TypeKind::Int => "Int".to_owned(),
            TypeKind::Float => "Float".to_owned(),
            TypeKind::Str => "Str".to_owned(),
            TypeKind::Path => "Path".to_owned(),
            TypeKind::Fn => "Fn".to_owned(),
            TypeKind::Type => "Type".to_owned(),
            TypeKind::Secret => "Secret".to_owned(),
            TypeKind::Literal(value) => self.show(value),
            TypeKind::Union(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|member| self.show_type(member))
                    .collect();
                members.join(" | ")
            }
            TypeKind::Nullable(inner) => match inner.kind {
                TypeKind::Union(_) => format!("({})?", self.show_type(inner)),
                _ => format!("{}?", self.show_type(inner)),
            },
            TypeKind::List(inner) => format!("List({})", self.show_type(inner)),
            TypeKind::Map(inner) => format!("Map({})", self.show_type(inner)),
            TypeKind::Record(record) => {
                let mut fields: Vec<String> = record
                    .fields
                    .iter()
                    .map(|field| format!("{}: …", self.show_key(field.name)))
                    .collect();
                if record.open {
                    fields.push("..".to_owned());
                }
                if fields.is_empty() {
                    "{}".to_owned()
                } else {
                    format!("{{ {} }}", fields.join(", "))
                }
            }
            TypeKind::Where(refined) => format!("{} where …", self.show_type(refined.base)),
            TypeKind::Named(named) => self.names.text(named.name).to_owned(),
        }
    }

    /// A type as a message says it.
    pub(crate) fn show_expected(&self, ty: &Type<'a>) -> String {
        match ty.kind {
            TypeKind::Bool => "true or false".to_owned(),
            TypeKind::Int => "a whole number".to_owned(),
            TypeKind::Float => "a number with a point".to_owned(),
            TypeKind::Str => "a string".to_owned(),
            TypeKind::Path => "a path".to_owned(),
            TypeKind::Fn => "a function".to_owned(),
            TypeKind::Type => "a type".to_owned(),
            TypeKind::Secret => "a secret".to_owned(),
            TypeKind::List(inner) => match inner.kind {
                TypeKind::Bool => "a list of booleans".to_owned(),
                TypeKind::Int => "a list of whole numbers".to_owned(),
                TypeKind::Str => "a list of strings".to_owned(),
                TypeKind::Path => "a list of paths".to_owned(),
                _ => format!("a list ({})", self.show_type(ty)),
            },
            TypeKind::Map(_) | TypeKind::Record(_) => "a record".to_owned(),
            _ => self.show_type(ty),
        }
    }
}

/// The error of `force`, `before` and their like where they mean nothing.
#[cold]
pub(crate) fn misplaced(span: Span) -> Error {
    Box::new(
        Diagnostic::error(
            "eval::misplaced_annotation",
            span,
            "this only means something in a definition",
        )
        .help("write it right after the `=` of an option, or before an item of its list"),
    )
}

/// A float as it would be written: always with a point or an exponent.
pub(crate) fn show_float(number: f64) -> String {
    format!("{number:?}")
}

fn show_string(out: &mut String, text: &str) {
    out.push('"');
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => {
            escape(&text[..end], out);
            out.push('…');
        }
        None => escape(text, out),
    }
    out.push('"');
}
