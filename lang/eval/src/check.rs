//! Checks of values against types: the outermost layer at once, what lies in it when it is needed.
//!
//! In: a value, a type, whom to blame. Out: the value with defaults filled in, or an error with both spans.
//! Refuses to change anything else: no coercion.

mod mismatch;

use cairn_syntax::Diagnostic;
use cairn_syntax::symbol::Symbol;

use crate::evaluator::{Evaluator, Result};
use crate::types::{Blame, RecordType, Type, TypeKind, WhereType};
use crate::value::{Field, ObjectKind, Origin, Record, State, Thunk, Value};

impl<'a> Evaluator<'a> {
    /// Checks a value against a type: the outermost layer now, what lies in it when it is needed.
    /// Gives the value with defaults filled in; never a thunk. Errors: `types::…`, with both spans.
    pub fn check(
        &mut self,
        value: Value<'a>,
        ty: &'a Type<'a>,
        blame: Blame<'a>,
    ) -> Result<Value<'a>> {
        self.check_as(value, ty, ty, blame)
    }

    /// `shown` is the outermost type: the one that messages name.
    fn check_as(
        &mut self,
        value: Value<'a>,
        ty: &'a Type<'a>,
        shown: &'a Type<'a>,
        blame: Blame<'a>,
    ) -> Result<Value<'a>> {
        self.guard(blame.span)?;
        let value = self.force(value, blame.span)?;
        if let Value::Annotated(annotated) = value {
            return Err(crate::show::misplaced(annotated.span));
        }
        match ty.kind {
            TypeKind::Any | TypeKind::Unknown => Ok(value),
            TypeKind::Named(named) => match named.target() {
                Some(target) => self.check_as(value, target, shown, blame),
                None => Ok(value),
            },
            TypeKind::Nullable(_) if matches!(value, Value::Null) => Ok(value),
            TypeKind::Nullable(inner) => {
                let shown = if std::ptr::eq(shown, ty) {
                    inner
                } else {
                    shown
                };
                self.check_as(value, inner, shown, blame)
            }
            TypeKind::Where(refined) => self.check_where(value, refined, shown, blame),
            TypeKind::Union(members) => match self.choose(value, members, blame)? {
                Some(member) => self.check_as(value, member, shown, blame),
                None => Err(self.mismatch(value, ty, shown, blame)),
            },
            TypeKind::List(inner) => match value {
                Value::List(list) => {
                    let mut items = Vec::with_capacity(list.items.len());
                    for (index, item_value) in list.items.iter().enumerate() {
                        let span = self.value_span(list.origin(index), blame.span);
                        let item = true;
                        let blame = Blame {
                            span,
                            item,
                            ..blame
                        };
                        items.push(self.checked(*item_value, inner, blame));
                    }
                    Ok(self.list(&items, list.origins))
                }
                other => Err(self.mismatch(other, ty, shown, blame)),
            },
            TypeKind::Map(inner) => match value {
                Value::Record(record) => {
                    let mut fields = Vec::with_capacity(record.fields.len());
                    for field in record.fields {
                        let blame = Blame {
                            key: Some(field.name),
                            ..self.inside(blame, field.name, field.origin)
                        };
                        let value = self.checked(field.value, inner, blame);
                        fields.push(Field { value, ..*field });
                    }
                    Ok(self.sorted_record(&fields))
                }
                other => Err(self.mismatch(other, ty, shown, blame)),
            },
            TypeKind::Record(record_type) => match value {
                Value::Record(record) => self.check_record(record, record_type, shown, blame),
                other => Err(self.mismatch(other, ty, shown, blame)),
            },
            _ if has_outline(value, ty) => Ok(value),
            _ => Err(self.mismatch(value, ty, shown, blame)),
        }
    }

    /// Whom to blame for a field.
    fn inside(&self, blame: Blame<'a>, name: Symbol, origin: Origin) -> Blame<'a> {
        let what = blame
            .what
            .map(|what| self.arena.text(&format!("{what}.{}", self.show_key(name))));
        Blame {
            span: self.value_span(origin, blame.span),
            what,
            item: false,
            ..blame
        }
    }

    fn check_where(
        &mut self,
        value: Value<'a>,
        refined: &'a WhereType<'a>,
        shown: &'a Type<'a>,
        blame: Blame<'a>,
    ) -> Result<Value<'a>> {
        let value = self.check_as(value, refined.base, shown, blame)?;
        if self.holds(value, refined)? {
            return Ok(value);
        }
        let subject = self.subject(value, blame);
        let mut error = match shown.kind {
            TypeKind::Named(named) => {
                let message = format!("{subject} is not a `{}`", self.names.text(named.name));
                let error = Diagnostic::error("types::condition", blame.span, message);
                match self.explanation(shown) {
                    Some(words) => error.help(words),
                    None => error,
                }
            }
            _ => Diagnostic::error(
                "types::condition",
                blame.span,
                format!("{subject} does not meet the condition"),
            ),
        };
        error = error.also(refined.predicate_span, "the condition");
        Err(Box::new(match blame.declared {
            Some(declared) => error.also(declared, "declared here"),
            None => error,
        }))
    }

    fn holds(&mut self, value: Value<'a>, refined: &'a WhereType<'a>) -> Result<bool> {
        let span = refined.predicate_span;
        match self.call(refined.predicate, &[value], span)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(self.expected("what `where` gives", "true or false", other, span)),
        }
    }

    /// The member of a union that a value is meant for: one that admits its outermost layer, else the
    /// only one of its kind, so that the error is about that.
    fn choose(
        &mut self,
        value: Value<'a>,
        members: &'a [&'a Type<'a>],
        blame: Blame<'a>,
    ) -> Result<Option<&'a Type<'a>>> {
        for member in members {
            if self.admits(value, member, blame)? {
                return Ok(Some(member));
            }
        }
        if let Some(meant) = self.tagged(value, members, blame)? {
            return Ok(Some(meant));
        }
        let mut similar = members
            .iter()
            .copied()
            .filter(|member| !is_literal(member) && has_outline(value, member));
        Ok(match (similar.next(), similar.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        })
    }

    /// Whether the outermost layer of a value fits a type.
    fn admits(&mut self, value: Value<'a>, ty: &'a Type<'a>, blame: Blame<'a>) -> Result<bool> {
        self.guard(blame.span)?;
        match ty.kind {
            TypeKind::Named(named) => match named.target() {
                Some(target) => self.admits(value, target, blame),
                None => Ok(true),
            },
            TypeKind::Nullable(inner) => {
                Ok(matches!(value, Value::Null) || self.admits(value, inner, blame)?)
            }
            TypeKind::Where(refined) => Ok(self.admits(value, refined.base, blame)? && {
                let value = self.check(value, refined.base, blame)?;
                self.holds(value, refined)?
            }),
            TypeKind::Union(members) => {
                for member in members {
                    if self.admits(value, member, blame)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            TypeKind::Record(record_type) => {
                let Value::Record(record) = value else {
                    return Ok(false);
                };
                let known = record_type.open
                    || record
                        .fields
                        .iter()
                        .all(|field| record_type.get(field.name).is_some());
                let complete = record_type
                    .fields
                    .iter()
                    .all(|field| is_optional(field) || record.get(field.name).is_some());
                if !known || !complete {
                    return Ok(false);
                }
                // A field that can only be one literal tells records apart.
                for field in record_type.fields {
                    let Some(given) = record.get(field.name) else {
                        continue;
                    };
                    if is_literal(field.ty) {
                        let given = self.force(given.value, blame.span)?;
                        if !has_outline(given, field.ty) {
                            return Ok(false);
                        }
                    }
                }
                Ok(true)
            }
            _ => Ok(has_outline(value, ty)),
        }
    }

    fn check_record(
        &mut self,
        record: &'a Record<'a>,
        ty: &'a RecordType<'a>,
        shown: &'a Type<'a>,
        blame: Blame<'a>,
    ) -> Result<Value<'a>> {
        if !ty.open
            && let Some(unknown) = record
                .fields
                .iter()
                .find(|field| ty.get(field.name).is_none())
        {
            return Err(self.unknown_field(unknown, ty, shown, blame));
        }
        let instance = self.arena.alloc(Thunk::new(State::Blank));
        let around = self.around(Value::Thunk(instance), blame.key);
        let mut fields: Vec<Field<'a>> = Vec::with_capacity(ty.fields.len());
        for field in ty.fields {
            let (value, origin, blame) = match (record.get(field.name), field.default) {
                (Some(given), _) => (
                    given.value,
                    given.origin,
                    self.inside(blame, field.name, given.origin),
                ),
                (None, Some(default)) => {
                    let value = self.default_in(default, &around);
                    let inside = self.inside(blame, field.name, Origin::NONE);
                    (
                        value,
                        Origin::NONE,
                        Blame {
                            span: default.span,
                            ..inside
                        },
                    )
                }
                (None, None) if is_optional(field) => (Value::Null, Origin::NONE, blame),
                (None, None) => {
                    let text = self.names.text(field.name);
                    let message = format!("the field `{text}` is missing");
                    let error = Diagnostic::error("types::missing_field", blame.span, message);
                    return Err(Box::new(
                        error.also(field.name_span, "declared here, without a default"),
                    ));
                }
            };
            let blame = Blame {
                declared: Some(field.name_span),
                ..blame
            };
            let value = self.checked(value, field.ty, blame);
            fields.push(Field {
                name: field.name,
                origin,
                value,
            });
        }
        fields.sort_by_key(|field| field.name);
        let checked = self.sorted_record(&crate::evaluate::merge_fields(record.fields, &fields));
        instance.state.set(State::Done(checked));
        Ok(checked)
    }
}

/// Whether it is clear without computing anything that a value fits a type and stays as it is.
pub(crate) fn fits_at_once<'a>(value: Value<'a>, ty: &'a Type<'a>) -> bool {
    let value = match value {
        Value::Thunk(thunk) => match thunk.done() {
            Some(value) => value,
            None => return false,
        },
        value => value,
    };
    match ty.kind {
        TypeKind::Any => !matches!(value, Value::Annotated(_)),
        TypeKind::Named(named) => named
            .target()
            .is_some_and(|target| fits_at_once(value, target)),
        TypeKind::Nullable(inner) => matches!(value, Value::Null) || fits_at_once(value, inner),
        TypeKind::Union(members) => {
            !matches!(value, Value::List(_) | Value::Record(_))
                && members.iter().any(|member| fits_at_once(value, member))
        }
        TypeKind::Where(_)
        | TypeKind::List(_)
        | TypeKind::Map(_)
        | TypeKind::Record(_)
        | TypeKind::Unknown => false,
        _ => has_outline(value, ty),
    }
}

/// Whether a field may be left out without having a default: then it is null.
fn is_optional(field: &crate::types::TypeField<'_>) -> bool {
    field.default.is_some()
        || matches!(
            field.ty.structure().kind,
            TypeKind::Nullable(_) | TypeKind::Null
        )
}

fn is_literal<'a>(ty: &'a Type<'a>) -> bool {
    matches!(ty.structure().kind, TypeKind::Literal(_))
}

/// Whether a computed value is of the kind that a type asks for; conditions and what lies inside do not count.
pub(crate) fn has_outline<'a>(value: Value<'a>, ty: &'a Type<'a>) -> bool {
    match ty.kind {
        TypeKind::Any | TypeKind::Unknown => true,
        TypeKind::Null => matches!(value, Value::Null),
        TypeKind::Bool => matches!(value, Value::Bool(_)),
        TypeKind::Int => matches!(value, Value::Int(_)),
        TypeKind::Float => matches!(value, Value::Float(_)),
        TypeKind::Str => matches!(value, Value::Str(_)),
        TypeKind::Path => match value {
            Value::Path(_) => true,
            Value::Object(object) => object.kind != ObjectKind::Secret,
            _ => false,
        },
        TypeKind::Fn => matches!(value, Value::Closure(_) | Value::Native(_)),
        TypeKind::Type => matches!(value, Value::Type(_)),
        TypeKind::Secret => {
            matches!(value, Value::Object(object) if object.kind == ObjectKind::Secret)
        }
        TypeKind::Literal(literal) => match (literal, value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.total_cmp(&b).is_eq(),
            (Value::Str(a), Value::Str(b)) => a.text == b.text,
            _ => false,
        },
        TypeKind::Union(members) => members.iter().any(|member| has_outline(value, member)),
        TypeKind::Nullable(inner) => matches!(value, Value::Null) || has_outline(value, inner),
        TypeKind::List(_) => matches!(value, Value::List(_)),
        TypeKind::Map(_) | TypeKind::Record(_) => matches!(value, Value::Record(_)),
        TypeKind::Where(refined) => has_outline(value, refined.base),
        TypeKind::Named(named) => named
            .target()
            .is_none_or(|target| has_outline(value, target)),
    }
}
