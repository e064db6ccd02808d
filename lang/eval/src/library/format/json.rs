//! `json.`: RFC 8259, read strictly.
//!
//! Of keys that are there twice the last one stays. Numbers keep their value exactly, or are refused.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::super::{Arguments, Native, needed, optional};
use super::{DEPTH_LIMIT, open_data, printed, unreadable};
use crate::evaluator::{Evaluator, Result};
use crate::host::ContextId;
use crate::value::{Field, Origin, Value};

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "json.parse",
        parameters: &[needed("text", "Str")],
        gives: "Any",
        doc: "The value of a JSON text.",
        example: r#"json.parse("{ \"a\": [1, 2.5] }")   # => {"a":[1,2.5]}"#,
        run: parse,
    },
    Native {
        name: "json.print",
        parameters: &[needed("value", "Any"), optional("indent", "Bool")],
        gives: "Str",
        doc: "A value as JSON: on one line, or indented where `indent = true`.",
        example: r#"json.print({ a = [1, null] })   # => "{\"a\":[1,null]}""#,
        run: print,
    },
];

fn parse<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    let mut source = serde_json::Deserializer::from_str(text.text);
    // The reader counts levels itself: the limit is the same for all formats.
    source.disable_recursion_limit();
    let mut reader = Reader {
        evaluator,
        context: text.context,
        depth: 0,
        large: false,
    };
    let read = (&mut reader).deserialize(&mut source);
    let large = reader.large;
    let value = read
        .and_then(|value| source.end().map(|()| value))
        .map_err(|error| unreadable("JSON", error, arguments))?;
    match large.then(|| oversized(text.text)).flatten() {
        Some(number) => Err(unreadable("JSON", too_large(number), arguments)),
        None => Ok(value),
    }
}

fn too_large(number: impl fmt::Display) -> String {
    format!("{number} needs more than the 64 bits of a whole number")
}

/// The first whole number of a valid JSON text that 64 bits can't hold: the parser gives such ones rounded.
fn oversized(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find(['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    {
        rest = &rest[start..];
        let length = if rest.starts_with('"') {
            string_length(rest)
        } else {
            let outside = |next: char| !matches!(next, '0'..='9' | '.' | 'e' | 'E' | '+' | '-');
            let length = rest.find(outside).unwrap_or(rest.len());
            let number = &rest[..length];
            if !number.contains(['.', 'e', 'E']) && number.parse::<i64>().is_err() {
                return Some(number);
            }
            length
        };
        rest = &rest[length..];
    }
    None
}

/// The bytes of the string that a text begins with.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// Makes values while it reads; nothing is kept in between.
struct Reader<'e, 'a> {
    evaluator: &'e mut Evaluator<'a>,
    /// What the text depends on, and so every string in it.
    context: &'a [ContextId],
    depth: usize,
    /// Whether a number came that may be a rounded whole one.
    large: bool,
}

impl Reader<'_, '_> {
    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(E::custom(format!("more than {DEPTH_LIMIT} levels")));
        }
        Ok(())
    }
}

impl<'de, 'a> DeserializeSeed<'de> for &mut Reader<'_, 'a> {
    type Value = Value<'a>;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value<'a>, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de, 'a> Visitor<'de> for &mut Reader<'_, 'a> {
    type Value = Value<'a>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'a>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'a>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'a>, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value<'a>, E> {
        i64::try_from(number)
            .map(Value::Int)
            .map_err(|_| E::custom(too_large(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value<'a>, E> {
        const BEYOND: f64 = 9e18;
        self.large |= number.abs() > BEYOND;
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'a>, E> {
        Ok(self.evaluator.string_with(text, self.context))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value<'a>, A::Error> {
        self.enter()?;
        let mut items = Vec::new();
        while let Some(item) = source.next_element_seed(&mut *self)? {
            items.push(item);
        }
        self.depth -= 1;
        Ok(self.evaluator.list(&items, &[]))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value<'a>, A::Error> {
        self.enter()?;
        let mut fields = Vec::new();
        while let Some(key) = source.next_key::<std::borrow::Cow<'_, str>>()? {
            let name = self.evaluator.names.intern(&key);
            let value = source.next_value_seed(&mut *self)?;
            fields.push(Field {
                name,
                origin: Origin::NONE,
                value,
            });
        }
        self.depth -= 1;
        Ok(self.evaluator.record(fields))
    }
}

fn print<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let data = open_data(evaluator, arguments)?;
    let indent = arguments.flag(evaluator, 1, "indent")?;
    let json = data.to_json();
    let text = if indent {
        format!("{json:#}")
    } else {
        json.to_string()
    };
    Ok(printed(evaluator, &text, &data))
}
