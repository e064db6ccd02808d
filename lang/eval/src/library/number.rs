//! `number.`: functions over numbers.

use std::cmp::Ordering;

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed};
use crate::evaluator::{Error, Evaluator, Result};
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
    Native {
        name: "number.floor",
        parameters: &[needed("number", "Int | Float")],
        gives: "Int",
        doc: "The next whole number at or below it.",
        example: "number.floor(-1.5)   # => -2",
        run: |evaluator, arguments| whole(evaluator, arguments, f64::floor),
    },
    Native {
        name: "number.ceil",
        parameters: &[needed("number", "Int | Float")],
        gives: "Int",
        doc: "The next whole number at or above it.",
        example: "number.ceil(1.2)   # => 2",
        run: |evaluator, arguments| whole(evaluator, arguments, f64::ceil),
    },
    Native {
        name: "number.round",
        parameters: &[needed("number", "Int | Float")],
        gives: "Int",
        doc: "The nearest whole number; halves go away from zero.",
        example: "number.round(2.5)   # => 3",
        run: |evaluator, arguments| whole(evaluator, arguments, f64::round),
    },
    Native {
        name: "number.to_float",
        parameters: &[needed("number", "Int | Float")],
        gives: "Float",
        doc: "The same number with a point.",
        example: "number.to_float(3) / 2   # => 1.5",
        run: to_float,
    },
    Native {
        name: "number.clamp",
        parameters: &[
            needed("number", "Int | Float"),
            needed("least", "Int | Float"),
            needed("most", "Int | Float"),
        ],
        gives: "Int | Float",
        doc: "It, but not below the least nor above the most.",
        example: "number.clamp(12, 0, 10)   # => 10",
        run: clamp,
    },
    Native {
        name: "number.bytes",
        parameters: &[needed("size", "Str")],
        gives: "Int",
        doc: "The bytes of a size: `B`, `kB MB GB TB` in thousands, `KiB MiB GiB TiB` in steps of 1024.",
        example: r#"number.bytes("512MiB")   # => 536870912"#,
        run: |evaluator, arguments| {
            measure(evaluator, arguments, &SIZES, "a size such as \"512MiB\"")
        },
    },
    Native {
        name: "number.seconds",
        parameters: &[needed("duration", "Str")],
        gives: "Int",
        doc: "The seconds of a duration of `w d h m s`, each at most once.",
        example: r#"number.seconds("1h30m")   # => 5400"#,
        run: |evaluator, arguments| {
            measure(evaluator, arguments, &SPANS, "a duration such as \"1h30m\"")
        },
    },
];

/// Units of sizes with their bytes; one alone makes a size.
const SIZES: Units = Units {
    several: false,
    units: &[
        ("B", 1),
        ("kB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ],
};

/// Units of time with their seconds, largest first: a duration has them in this order.
const SPANS: Units = Units {
    several: true,
    units: &[
        ("w", 604_800),
        ("d", 86_400),
        ("h", 3600),
        ("m", 60),
        ("s", 1),
    ],
};

struct Units {
    several: bool,
    units: &'static [(&'static str, i64)],
}

impl Units {
    /// What a text such as `1h30m` comes to.
    fn read(&self, text: &str) -> Option<i64> {
        let mut sum: i64 = 0;
        let mut units = self.units;
        let mut rest = text;
        while !rest.is_empty() {
            let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
            let end = after
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(after.len());
            let (unit, after) = after.split_at(end);
            let place = units.iter().position(|(name, _)| *name == unit)?;
            let part = number.parse::<i64>().ok()?.checked_mul(units[place].1)?;
            sum = sum.checked_add(part)?;
            units = if self.several {
                &units[place + 1..]
            } else {
                &[]
            };
            rest = after;
        }
        (!text.is_empty()).then_some(sum)
    }
}

fn measure<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
    units: &Units,
    form: &str,
) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    match units.read(text.text) {
        Some(number) => Ok(Value::Int(number)),
        None => Err(arguments.no_number(evaluator, form)),
    }
}

fn too_large(arguments: &Arguments<'_, '_>) -> Error {
    Box::new(Diagnostic::error(
        "eval::overflow",
        arguments.at(0),
        "the result is too large for a number",
    ))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "who asks for a float gets the nearest one"
)]
fn float<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<f64> {
    match arguments.value(evaluator, 0)? {
        Value::Int(number) => Ok(number as f64),
        Value::Float(number) => Ok(number),
        other => Err(arguments.no_kind(evaluator, "a number", other)),
    }
}

fn whole<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
    round: fn(f64) -> f64,
) -> Result<Value<'a>> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if let number @ Value::Int(_) = arguments.value(evaluator, 0)? {
        return Ok(number);
    }
    let number = round(float(evaluator, arguments)?);
    if (-BEYOND..BEYOND).contains(&number) {
        Ok(Value::Int(number as i64))
    } else {
        Err(too_large(arguments))
    }
}

fn to_float<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    Ok(Value::Float(float(evaluator, arguments)?))
}

fn clamp<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    float(evaluator, arguments)?;
    let [number, least, most] = [0, 1, 2].map(|index| arguments.later(index));
    let mut result = (evaluator.force(number, arguments.at(0))?, arguments.at(0));
    for (bound, index, wrong) in [(most, 2, Ordering::Greater), (least, 1, Ordering::Less)] {
        let bound = (
            evaluator.force(bound, arguments.at(index))?,
            arguments.at(index),
        );
        if evaluator.compare(result, bound, arguments.span)? == wrong {
            result = bound;
        }
    }
    Ok(result.0)
}

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
        Value::Int(number) => number
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| too_large(arguments)),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        other => Err(arguments.no_kind(evaluator, "a number", other)),
    }
}

fn to_string<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    match arguments.value(evaluator, 0)? {
        number @ (Value::Int(_) | Value::Float(_)) => Ok(evaluator.string(&evaluator.show(number))),
        other => Err(arguments.no_kind(evaluator, "a number", other)),
    }
}
