//! What is said when a value does not fit: both spans, and the exact mend where there is one.
//!
//! In: the value, the type, whom to blame. Out: an error.

use cairn_syntax::span::Span;
use cairn_syntax::{Diagnostic, nearest};

use crate::evaluator::{Error, Evaluator, Result};
use crate::types::{Blame, RecordType, Type, TypeField, TypeKind};
use crate::value::{Field, Value};

impl<'a> Evaluator<'a> {
    #[cold]
    pub(super) fn mismatch(
        &self,
        value: Value<'a>,
        ty: &'a Type<'a>,
        shown: &'a Type<'a>,
        blame: Blame<'a>,
    ) -> Error {
        let allowed = enumeration(ty);
        if let (Some(allowed), Value::Str(given)) = (&allowed, value) {
            let mend = self.mend(value, ty);
            return self.not_allowed(given.text, allowed, mend, blame);
        }
        let expected = match shown.kind {
            TypeKind::Named(_) => format!("a `{}`", self.show_type(shown)),
            _ => self.show_expected(shown),
        };
        let subject = self.subject(value, blame);
        let error = match blame.what {
            Some(what) => {
                let what = named(what, blame);
                let message = format!("{what} must be {expected}, not {}", self.describe(value));
                Diagnostic::error("types::mismatch", blame.span, message)
            }
            None => Diagnostic::error(
                "types::mismatch",
                blame.span,
                format!("expected {expected}, found {subject}"),
            ),
        };
        let error = match blame.declared {
            Some(declared) => error.also(declared, "declared here"),
            None => error,
        };
        // Quotes around a number are no mend where only some strings are admitted.
        let refined = matches!(shown.structure().kind, TypeKind::Where(_));
        let mend = match value {
            Value::Int(_) | Value::Float(_) | Value::Bool(_) if refined => None,
            _ => self.mend(value, ty),
        };
        Box::new(match mend.or_else(|| self.explanation(shown)) {
            Some(help) => error.help(help),
            None => error,
        })
    }

    /// Of records that a field with one literal tells apart, the one that a record is meant for, so that the
    /// error is about that. Errors: its literal is none of theirs.
    pub(super) fn tagged(
        &mut self,
        value: Value<'a>,
        members: &[&'a Type<'a>],
        blame: Blame<'a>,
    ) -> Result<Option<&'a Type<'a>>> {
        let Value::Record(record) = value else {
            return Ok(None);
        };
        let records: Vec<(&'a Type<'a>, &'a RecordType<'a>)> = members
            .iter()
            .filter_map(|member| match member.structure().kind {
                TypeKind::Record(record) => Some((*member, record)),
                _ => None,
            })
            .collect();
        let literals = |name| -> Option<Vec<&'a Type<'a>>> {
            let field = |(_, record): &(_, &'a RecordType<'a>)| {
                let field = record.get(name)?;
                super::is_literal(field.ty).then_some(field.ty)
            };
            records.iter().map(field).collect()
        };
        let tag = records.first().and_then(|(_, first)| {
            let named = |field: &TypeField<'a>| Some((field.name, literals(field.name)?));
            first.fields.iter().find_map(named)
        });
        let Some((name, literals)) = tag else {
            return Ok(None);
        };
        let Some(given) = record.get(name) else {
            return Ok(None);
        };
        let blame = self.inside(blame, name, given.origin);
        let value = self.force(given.value, blame.span)?;
        let meant = records
            .iter()
            .zip(&literals)
            .find(|(_, literal)| super::has_outline(value, literal));
        if let Some(((member, _), _)) = meant {
            return Ok(Some(member));
        }
        let allowed = self.arena.alloc(Type {
            kind: TypeKind::Union(self.arena.slice(&literals)),
            span: None,
        });
        Err(self.mismatch(value, allowed, allowed, blame))
    }

    /// What a named type says of itself: the first line of its documentation.
    pub(super) fn explanation(&self, ty: &'a Type<'a>) -> Option<String> {
        let TypeKind::Named(named) = ty.kind else {
            return None;
        };
        let doc = named.doc?.lines().next()?;
        Some(format!("{}: {doc}", self.names.text(named.name)))
    }

    /// The value, with what it is for where that is known.
    pub(super) fn subject(&self, value: Value<'a>, blame: Blame<'a>) -> String {
        match blame.what {
            Some(what) => format!("{} for {}", self.describe(value), named(what, blame)),
            None => self.describe(value),
        }
    }

    fn not_allowed(
        &self,
        given: &str,
        allowed: &[Value<'a>],
        mend: Option<String>,
        blame: Blame<'a>,
    ) -> Error {
        let subject = match blame.what {
            Some(what) => format!("{} can't be \"{given}\"", named(what, blame)),
            None => format!("\"{given}\" is not allowed here"),
        };
        let error = Diagnostic::error("types::not_allowed", blame.span, subject);
        let texts = allowed.iter().filter_map(|value| match value {
            Value::Str(text) => Some(text.text),
            _ => None,
        });
        let near = nearest(given, texts);
        let shown: Vec<String> = allowed.iter().map(|value| self.show(*value)).collect();
        let list = format!("allowed: {}", shown.join(", "));
        let error = match blame.declared {
            Some(declared) => error.also(declared, "declared here"),
            None => error,
        };
        Box::new(match (mend, near) {
            (Some(mend), _) => error.help(mend),
            (None, Some(near)) => error.help(format!("did you mean \"{near}\"? {list}")),
            (None, None) => error.help(list),
        })
    }

    fn mend(&self, value: Value<'a>, ty: &'a Type<'a>) -> Option<String> {
        let fits = |value: Value<'a>| super::has_outline(value, ty);
        match value {
            Value::Str(text) => {
                let bare = text.text.trim();
                let number = bare
                    .parse::<i64>()
                    .is_ok_and(|number| fits(Value::Int(number)));
                let float = bare
                    .parse::<f64>()
                    .is_ok_and(|number| fits(Value::Float(number)));
                let boolean = bare
                    .parse::<bool>()
                    .is_ok_and(|value| fits(Value::Bool(value)));
                if number || float || boolean {
                    return Some(format!("remove the quotes: {bare}"));
                }
                if wants(ty, |kind| matches!(kind, TypeKind::Path)) {
                    let relative = bare.starts_with("./") || bare.starts_with("../");
                    let path = if relative {
                        bare.to_owned()
                    } else {
                        format!("./{}", bare.trim_start_matches('/'))
                    };
                    return Some(if relative {
                        format!("remove the quotes: {path}")
                    } else {
                        format!("a path is written without quotes, relative to this file: {path}")
                    });
                }
                self.mend_list(value, ty)
            }
            Value::Int(number) if wants(ty, |kind| matches!(kind, TypeKind::Float)) => {
                Some(format!("write {number}.0"))
            }
            Value::Int(_) | Value::Float(_) | Value::Bool(_)
                if wants(ty, |kind| matches!(kind, TypeKind::Str)) =>
            {
                Some(format!("put it in quotes: \"{}\"", self.show(value)))
            }
            Value::Path(path) if wants(ty, |kind| matches!(kind, TypeKind::Str)) => Some(format!(
                "\"${{./{path}}}\" is its place in the store; `read_file` gives what it holds"
            )),
            Value::List(_) | Value::Record(_) | Value::Null => None,
            Value::Closure(_) | Value::Native(_) => {
                Some("call the function, or leave out the `=>`".to_owned())
            }
            other => self.mend_list(other, ty),
        }
    }

    fn mend_list(&self, value: Value<'a>, ty: &'a Type<'a>) -> Option<String> {
        let inner = match ty.structure().kind {
            TypeKind::List(inner) => inner,
            TypeKind::Nullable(inner) => match inner.structure().kind {
                TypeKind::List(inner) => inner,
                _ => return None,
            },
            _ => return None,
        };
        super::has_outline(value, inner)
            .then(|| format!("put it in brackets: [{}]", self.show(value)))
    }

    #[cold]
    pub(super) fn unknown_field(
        &self,
        field: &Field<'a>,
        ty: &'a RecordType<'a>,
        shown: &'a Type<'a>,
        blame: Blame<'a>,
    ) -> Error {
        let text = self.names.text(field.name);
        let span: Span = self
            .place(field.origin)
            .map_or(blame.span, |place| place.key);
        let holder = match (shown.kind, blame.what) {
            (TypeKind::Named(named), _) => format!("a `{}`", self.names.text(named.name)),
            (_, Some(what)) => format!("`{what}`"),
            _ => "this record".to_owned(),
        };
        let error = Diagnostic::error(
            "types::unknown_field",
            span,
            format!("{holder} has no field `{text}`"),
        );
        let error = match shown.span.or(blame.declared) {
            Some(declared) => error.also(declared, "declared here"),
            None => error,
        };
        let known: Vec<&str> = ty
            .fields
            .iter()
            .map(|field| self.names.text(field.name))
            .collect();
        Box::new(match nearest(text, known.iter().copied()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("the fields are: {}", known.join(", "))),
        })
    }
}

/// What a value is for, in words.
fn named(what: &str, blame: Blame<'_>) -> String {
    if blame.item {
        format!("an item of `{what}`")
    } else {
        format!("`{what}`")
    }
}

/// The allowed values, if a type is nothing but literals (and null).
fn enumeration<'a>(ty: &'a Type<'a>) -> Option<Vec<Value<'a>>> {
    match ty.structure().kind {
        TypeKind::Literal(value) => Some(vec![value]),
        TypeKind::Null => Some(vec![Value::Null]),
        TypeKind::Union(members) => {
            let members: Option<Vec<Vec<Value<'a>>>> =
                members.iter().map(|member| enumeration(member)).collect();
            members.map(|members| members.concat())
        }
        _ => None,
    }
}

/// Whether some alternative of a type is of a kind.
fn wants<'a>(ty: &'a Type<'a>, is: fn(&TypeKind<'a>) -> bool) -> bool {
    let structure = ty.structure();
    match structure.kind {
        TypeKind::Union(members) => members.iter().any(|member| wants(member, is)),
        TypeKind::Nullable(inner) => wants(inner, is),
        TypeKind::Where(refined) => wants(refined.base, is),
        ref kind => is(kind),
    }
}
