//! `json.` and `toml.`: texts of other formats to values and back.
//!
//! In: texts and plain values. Out: values and texts; what is printed keeps the contexts of what is in it.

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed, optional};
use crate::data::{Data, DataKind};
use crate::evaluator::{Error, Evaluator, Result};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "json.parse",
        parameters: &[needed("text", "Str")],
        gives: "Any",
        doc: "The value of a JSON text.",
        example: r#"json.parse("{ \"a\": [1, 2.5] }")   # => {"a":[1,2.5]}"#,
        run: parse_json,
    },
    Native {
        name: "json.print",
        parameters: &[needed("value", "Any"), optional("indent", "Bool")],
        gives: "Str",
        doc: "A value as JSON: on one line, or indented where `indent = true`.",
        example: r#"json.print({ a = [1, null] })   # => "{\"a\":[1,null]}""#,
        run: print_json,
    },
    Native {
        name: "toml.parse",
        parameters: &[needed("text", "Str")],
        gives: "Map(Any)",
        doc: "The value of a TOML text; times become strings.",
        example: r#"toml.parse("a = 1\nb.c = true")   # => {"a":1,"b":{"c":true}}"#,
        run: parse_toml,
    },
    Native {
        name: "toml.print",
        parameters: &[needed("record", "Map(Any)")],
        gives: "Str",
        doc: "A record as TOML; null fields are left out.",
        example: r#"toml.print({ a = 1, b.c = true })   # => "a = 1\n\n[b]\nc = true\n""#,
        run: print_toml,
    },
];

fn data(kind: DataKind) -> Data {
    Data { kind, span: None }
}

fn unreadable(format: &str, cause: &str, arguments: &Arguments<'_, '_>) -> Error {
    let cause = cause.trim_end().lines().last().unwrap_or_default();
    let message = format!("this is no {format}: {cause}");
    Box::new(Diagnostic::error(
        "eval::unreadable_text",
        arguments.at(0),
        message,
    ))
}

fn parse_json<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let json: serde_json::Value = serde_json::from_str(text.text)
        .map_err(|error| unreadable("JSON", &error.to_string(), arguments))?;
    let data =
        from_json(&json, text.context).map_err(|cause| unreadable("JSON", &cause, arguments))?;
    Ok(evaluator.value_of(&data))
}

fn from_json(json: &serde_json::Value, context: &[crate::ContextId]) -> Result<Data, String> {
    use serde_json::Value as Json;
    Ok(data(match json {
        Json::Null => DataKind::Null,
        Json::Bool(value) => DataKind::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => DataKind::Int(number),
            (None, Some(float)) if !number.is_u64() => DataKind::Float(float),
            _ => return Err(format!("{number} is too large for a number")),
        },
        Json::String(text) => DataKind::Str {
            text: text.clone(),
            context: context.to_vec(),
        },
        Json::Array(items) => {
            let items: Result<Vec<Data>, String> =
                items.iter().map(|item| from_json(item, context)).collect();
            DataKind::List(items?)
        }
        Json::Object(fields) => {
            let fields: Result<Vec<(String, Data)>, String> = fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), from_json(value, context)?)))
                .collect();
            DataKind::Map(fields?)
        }
    }))
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

fn print_json<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let data = open_data(evaluator, arguments)?;
    let json = data.to_json();
    let text = match arguments.value(evaluator, 1)? {
        Value::Null | Value::Bool(false) => json.to_string(),
        Value::Bool(true) => format!("{json:#}"),
        other => {
            return Err(evaluator.expected("`indent`", "true or false", other, arguments.at(1)));
        }
    };
    Ok(printed(evaluator, &text, &data))
}

fn parse_toml<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let table: toml::Table = text
        .text
        .parse()
        .map_err(|error: toml::de::Error| unreadable("TOML", error.message(), arguments))?;
    let data = from_toml(&toml::Value::Table(table), text.context);
    Ok(evaluator.value_of(&data))
}

fn from_toml(value: &toml::Value, context: &[crate::ContextId]) -> Data {
    data(match value {
        toml::Value::String(text) => DataKind::Str {
            text: text.clone(),
            context: context.to_vec(),
        },
        toml::Value::Integer(number) => DataKind::Int(*number),
        toml::Value::Float(number) => DataKind::Float(*number),
        toml::Value::Boolean(value) => DataKind::Bool(*value),
        toml::Value::Datetime(time) => DataKind::Str {
            text: time.to_string(),
            context: context.to_vec(),
        },
        toml::Value::Array(items) => {
            DataKind::List(items.iter().map(|item| from_toml(item, context)).collect())
        }
        toml::Value::Table(fields) => DataKind::Map(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), from_toml(value, context)))
                .collect(),
        ),
    })
}

fn print_toml<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    arguments.record(evaluator, 0)?;
    let data = open_data(evaluator, arguments)?;
    let text = to_toml(&data)
        .and_then(|value| toml::to_string(&value).map_err(|error| error.to_string()))
        .map_err(|cause| {
            Box::new(Diagnostic::error(
                "eval::unprintable",
                arguments.at(0),
                format!("this can't be TOML: {cause}"),
            ))
        })?;
    Ok(printed(evaluator, &text, &data))
}

fn to_toml(data: &Data) -> Result<toml::Value, String> {
    Ok(match &data.kind {
        DataKind::Null => return Err("TOML has no null".to_owned()),
        DataKind::Bool(value) => toml::Value::Boolean(*value),
        DataKind::Int(number) => toml::Value::Integer(*number),
        DataKind::Float(number) => toml::Value::Float(*number),
        DataKind::Str { text, .. } | DataKind::Secret(text) => toml::Value::String(text.clone()),
        DataKind::List(items) => {
            let items: Result<Vec<toml::Value>, String> = items.iter().map(to_toml).collect();
            toml::Value::Array(items?)
        }
        DataKind::Map(fields) => {
            let mut table = toml::Table::new();
            for (name, value) in fields {
                if value.kind != DataKind::Null {
                    table.insert(name.clone(), to_toml(value)?);
                }
            }
            toml::Value::Table(table)
        }
    })
}
