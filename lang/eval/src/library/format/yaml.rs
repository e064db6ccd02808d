//! `yaml.`: YAML 1.2 with its core schema.
//!
//! Keys are strings: what is written as a key is its text. Aliases count as what they stand for, and that has a limit.

mod print;
mod read;

use super::super::{Arguments, Native, needed};
use super::{open_data, printed, unreadable};
use crate::evaluator::{Evaluator, Result};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "yaml.parse",
        parameters: &[needed("text", "Str")],
        gives: "Any",
        doc: "The value of a YAML 1.2 text with one document.",
        example: r#"yaml.parse("a: [1, x]\nb: null")   # => {"a":[1,"x"],"b":null}"#,
        run: parse,
    },
    Native {
        name: "yaml.parse_all",
        parameters: &[needed("text", "Str")],
        gives: "List(Any)",
        doc: "The values of all documents of a YAML 1.2 text.",
        example: r#"yaml.parse_all("a: 1\n---\nb: 2")   # => [{"a":1},{"b":2}]"#,
        run: parse_all,
    },
    Native {
        name: "yaml.print",
        parameters: &[needed("value", "Any")],
        gives: "Str",
        doc: "A value as YAML.",
        example: r#"yaml.print({ a = [1, "x y"], b = null })   # => "a:\n  - 1\n  - \"x y\"\nb: null\n""#,
        run: print,
    },
];

fn documents<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Vec<Value<'a>>> {
    let text = arguments.text(evaluator, 0)?;
    read::documents(evaluator, text.text, text.context)
        .map_err(|cause| unreadable("YAML", cause, arguments))
}

fn parse<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    match documents(evaluator, arguments)?.as_slice() {
        [] => Ok(Value::Null),
        [value] => Ok(*value),
        more => {
            let cause = format!("it has {} documents", more.len());
            let error = unreadable("one YAML document", cause, arguments);
            Err(Box::new(
                error.help("`yaml.parse_all` gives a list of all documents"),
            ))
        }
    }
}

fn parse_all<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let values = documents(evaluator, arguments)?;
    Ok(evaluator.list(&values, &[]))
}

fn print<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let data = open_data(evaluator, arguments)?;
    Ok(printed(evaluator, &print::document(&data), &data))
}
