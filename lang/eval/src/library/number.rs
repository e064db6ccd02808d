//! `number.`: functions over numbers.

use std::cmp::Ordering;

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed};
use crate::evaluator::{Evaluator, Result};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "number.min",
        parameters: &[needed("first"), needed("second")],
        doc: "The smaller one.",
        run: min,
    },
    Native {
        name: "number.max",
        parameters: &[needed("first"), needed("second")],
        doc: "The larger one.",
        run: max,
    },
    Native {
        name: "number.abs",
        parameters: &[needed("number")],
        doc: "Without its sign.",
        run: abs,
    },
    Native {
        name: "number.to_string",
        parameters: &[needed("number")],
        doc: "As it is written.",
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
