//! `toml.`: TOML 1.0. Its times become strings; nothing else of it has no place in the language.

use super::super::{Arguments, Native, needed};
use super::{open_data, printed, unprintable, unreadable};
use crate::data::{Data, DataKind};
use crate::evaluator::{Evaluator, Result};
use crate::host::ContextId;
use crate::value::{Field, Origin, Value};

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "toml.parse",
        parameters: &[needed("text", "Str")],
        gives: "Map(Any)",
        doc: "The value of a TOML 1.0 text; times become strings.",
        example: r#"toml.parse("a = 1\nb.c = true")   # => {"a":1,"b":{"c":true}}"#,
        run: parse,
    },
    Native {
        name: "toml.print",
        parameters: &[needed("record", "Map(Any)")],
        gives: "Str",
        doc: "A record as TOML; null fields are left out.",
        example: r#"toml.print({ a = 1, b.c = true })   # => "a = 1\n\n[b]\nc = true\n""#,
        run: print,
    },
];

fn parse<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let table: toml_1_0::Table = text.text.parse().map_err(|error: toml_1_0::de::Error| {
        let before = error.span().map_or(0, |span| span.start);
        let line = text
            .text
            .bytes()
            .take(before)
            .filter(|b| *b == b'\n')
            .count()
            + 1;
        let cause = error.message().trim_end().replace('\n', ", ");
        let cause = match cause.as_str() {
            "" => "something is missing or can't stand there,",
            cause => cause,
        };
        unreadable("TOML", format!("{cause} at line {line}"), arguments)
    })?;
    Ok(record(evaluator, &table, text.context))
}

fn record<'a>(
    evaluator: &mut Evaluator<'a>,
    table: &toml_1_0::Table,
    context: &[ContextId],
) -> Value<'a> {
    let mut fields = Vec::with_capacity(table.len());
    for (key, value) in table {
        let name = evaluator.names.intern(key);
        fields.push(Field {
            name,
            origin: Origin::NONE,
            value: value_of(evaluator, value, context),
        });
    }
    evaluator.record(fields)
}

fn value_of<'a>(
    evaluator: &mut Evaluator<'a>,
    value: &toml_1_0::Value,
    context: &[ContextId],
) -> Value<'a> {
    match value {
        toml_1_0::Value::String(text) => evaluator.string_with(text, context),
        toml_1_0::Value::Integer(number) => Value::Int(*number),
        toml_1_0::Value::Float(number) => Value::Float(*number),
        toml_1_0::Value::Boolean(value) => Value::Bool(*value),
        toml_1_0::Value::Datetime(time) => evaluator.string_with(&time.to_string(), context),
        toml_1_0::Value::Array(items) => {
            let items: Vec<Value<'a>> = items
                .iter()
                .map(|item| value_of(evaluator, item, context))
                .collect();
            evaluator.list(&items, &[])
        }
        toml_1_0::Value::Table(table) => record(evaluator, table, context),
    }
}

fn print<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    arguments.record(evaluator, 0)?;
    let data = open_data(evaluator, arguments)?;
    let text = to_toml(&data)
        .and_then(|value| toml_1_0::to_string(&value).map_err(|error| error.to_string()))
        .map_err(|cause| unprintable("TOML", cause, arguments))?;
    Ok(printed(evaluator, &text, &data))
}

fn to_toml(data: &Data) -> Result<toml_1_0::Value, String> {
    Ok(match &data.kind {
        DataKind::Null => return Err("TOML has no null".to_owned()),
        DataKind::Bool(value) => toml_1_0::Value::Boolean(*value),
        DataKind::Int(number) => toml_1_0::Value::Integer(*number),
        DataKind::Float(number) => toml_1_0::Value::Float(*number),
        DataKind::Str { text, .. } | DataKind::Secret(text) => {
            toml_1_0::Value::String(text.clone())
        }
        DataKind::List(items) => {
            let items: Result<Vec<toml_1_0::Value>, String> = items.iter().map(to_toml).collect();
            toml_1_0::Value::Array(items?)
        }
        DataKind::Map(fields) => {
            let mut table = toml_1_0::Table::new();
            for (name, value) in fields {
                if value.kind != DataKind::Null {
                    table.insert(name.clone(), to_toml(value)?);
                }
            }
            toml_1_0::Value::Table(table)
        }
    })
}
