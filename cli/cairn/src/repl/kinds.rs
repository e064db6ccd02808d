//! What a value is, as a type would say it: `:type`.
//!
//! In: a computed value. Out: one line. Looks one level deep, so that a large configuration stays uncomputed.

use cairn_eval::{Evaluator, ObjectKind, Value};
use cairn_syntax::span::Span;

/// How many items or fields are looked at.
const MOST: usize = 50;

/// The kind of a value.
pub fn kind<'a>(evaluator: &mut Evaluator<'a>, value: Value<'a>, reader: Span) -> String {
    match value {
        Value::List(list) if !list.items.is_empty() => {
            let mut kinds: Vec<String> = Vec::new();
            for item in list.items.iter().take(MOST) {
                let kind = inner(evaluator, *item, reader);
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            format!("List({})", kinds.join(" | "))
        }
        Value::Record(record) if !record.fields.is_empty() => {
            let mut fields = Vec::new();
            for field in record.fields.iter().take(MOST) {
                let kind = inner(evaluator, field.value, reader);
                fields.push(format!("{}: {kind}", evaluator.show_key(field.name)));
            }
            fields.sort();
            if record.fields.len() > MOST {
                fields.push("..".to_owned());
            }
            format!("{{ {} }}", fields.join(", "))
        }
        plain => shallow(plain).to_owned(),
    }
}

/// The kind of something in a value; `Any` for what can't be computed.
fn inner<'a>(evaluator: &mut Evaluator<'a>, value: Value<'a>, reader: Span) -> String {
    match evaluator.force(value, reader) {
        Ok(Value::Record(record)) if !record.fields.is_empty() => "{ … }".to_owned(),
        Ok(Value::List(list)) if !list.items.is_empty() => "List(…)".to_owned(),
        Ok(value) => shallow(value).to_owned(),
        Err(_) => "Any".to_owned(),
    }
}

fn shallow(value: Value<'_>) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Bool",
        Value::Int(_) => "Int",
        Value::Float(_) => "Float",
        Value::Str(_) => "Str",
        Value::Path(_) => "Path",
        Value::List(_) => "List(Any)",
        Value::Record(_) => "{}",
        Value::Closure(_) | Value::Native(_) => "Fn",
        Value::Type(_) => "Type",
        Value::Object(object) => match object.kind {
            ObjectKind::Secret => "Secret",
            ObjectKind::Build | ObjectKind::Fetch => "Path",
        },
        Value::Annotated(_) | Value::Thunk(_) => "Any",
    }
}
