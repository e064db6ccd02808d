//! `number.`: functions over numbers.

use std::cmp::Ordering;

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed};
use crate::evaluator::{Evaluator, Result};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "number.min",
        parameters: &[
            needed("first", "Int | Float"),
            needed("second", "Int | Float"),
        ],
        gives: "Int | Float",
        doc: "The smaller one.",
        example: "number.min(1, 2.5)   # => 1",
        run: min,
    },
    Native {
        name: "number.max",
        parameters: &[
            needed("first", "Int | Float"),
            needed("second", "Int | Float"),
        ],
        gives: "Int | Float",
        doc: "The larger one.",
        example: "number.max(1, 2.5)   # => 2.5",
        run: max,
    },
    Native {
        name: "number.abs",
        parameters: &[needed("number", "Int | Float")],
        gives: "Int | Float",
        doc: "Without its sign.",
        example: "number.abs(-3)   # => 3",
        run: abs,
    },
    Native {
        name: "number.to_string",
        parameters: &[needed("number", "Int | Float")],
        gives: "Str",
        doc: "As it is written.",
        example: r#"number.to_string(1.5)   # => "1.5""#,
        run: to_string,
    },
];

fn least<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
    wanted: Ordering,
) -> Result<Value<'a>> {
    let first = (arguments.value(evaluator, 0)?, arguments.at(0));
    let second = (arguments.value(evaluator, 1)?, arguments.at(1));
    for (value, span) in [first, second] {
        if !matches!(value, Value::Int(_) | Value::Float(_)) {
            return Err(evaluator.expected("each argument", "a number", value, span));
        }
    }
    let ordering = evaluator.compare(first, second, arguments.span)?;
    Ok(if ordering == wanted {
        first.0
    } else {
        second.0
    })
}

fn min<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    least(evaluator, arguments, Ordering::Less)
}

fn max<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    least(evaluator, arguments, Ordering::Greater)
}

fn abs<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    match arguments.value(evaluator, 0)? {
        Value::Int(number) => number.checked_abs().map(Value::Int).ok_or_else(|| {
            Box::new(Diagnostic::error(
                "eval::overflow",
                arguments.at(0),
                "the result is too large for a number",
            ))
        }),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        other => Err(evaluator.expected(
            "the argument of `number.abs`",
            "a number",
            other,
            arguments.at(0),
        )),
    }
}

fn to_string<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    match arguments.value(evaluator, 0)? {
        number @ (Value::Int(_) | Value::Float(_)) => Ok(evaluator.string(&evaluator.show(number))),
        other => Err(evaluator.expected(
            "the argument of `number.to_string`",
            "a number",
            other,
            arguments.at(0),
        )),
    }
}
