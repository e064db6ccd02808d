//! Operators: arithmetic that never wraps, comparison, equality.
//!
//! In: two computed values. Out: one. No coercion but from whole to floating point numbers in arithmetic.

use std::cmp::Ordering;

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::BinaryOp;
use cairn_syntax::span::Span;

use crate::evaluator::{Error, Evaluator, Result};
use crate::limits;
use crate::value::{Origin, Value};

type Operand<'a> = (Value<'a>, Span);

impl<'a> Evaluator<'a> {
    pub(crate) fn binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: Operand<'a>,
        right: Operand<'a>,
        span: Span,
    ) -> Result<Value<'a>> {
        match op {
            BinaryOp::Equal => Ok(Value::Bool(self.equal(left.0, right.0, span)?)),
            BinaryOp::NotEqual => Ok(Value::Bool(!self.equal(left.0, right.0, span)?)),
            BinaryOp::Less => Ok(Value::Bool(
                self.compare(left, right, op_span)? == Ordering::Less,
            )),
            BinaryOp::LessEqual => Ok(Value::Bool(
                self.compare(left, right, op_span)? != Ordering::Greater,
            )),
            BinaryOp::Greater => Ok(Value::Bool(
                self.compare(left, right, op_span)? == Ordering::Greater,
            )),
            BinaryOp::GreaterEqual => Ok(Value::Bool(
                self.compare(left, right, op_span)? != Ordering::Less,
            )),
            BinaryOp::Concat => self.concat(left, right),
            _ => self.arithmetic(op, op_span, left, right, span),
        }
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: Operand<'a>,
        right: Operand<'a>,
        span: Span,
    ) -> Result<Value<'a>> {
        match (left.0, right.0) {
            (Value::Int(a), Value::Int(b)) => {
                let result = match op {
                    BinaryOp::Add => a.checked_add(b),
                    BinaryOp::Subtract => a.checked_sub(b),
                    BinaryOp::Multiply => a.checked_mul(b),
                    BinaryOp::Divide | BinaryOp::Remainder if b == 0 => return Err(zero(right.1)),
                    BinaryOp::Divide => a.checked_div(b),
                    _ => a.checked_rem(b),
                };
                result.map(Value::Int).ok_or_else(|| overflow(span))
            }
            (Value::Float(_) | Value::Int(_), Value::Float(_) | Value::Int(_)) => {
                let (a, b) = (as_float(left.0), as_float(right.0));
                let result = match op {
                    BinaryOp::Add => a + b,
                    BinaryOp::Subtract => a - b,
                    BinaryOp::Multiply => a * b,
                    BinaryOp::Divide | BinaryOp::Remainder if b == 0.0 => {
                        return Err(zero(right.1));
                    }
                    BinaryOp::Divide => a / b,
                    _ => a % b,
                };
                if result.is_finite() {
                    Ok(Value::Float(result))
                } else {
                    Err(overflow(span))
                }
            }
            (Value::Str(a), Value::Str(b)) if op == BinaryOp::Add => {
                self.room((a.text.len() + b.text.len()) * 2, span)?;
                let mut text = String::with_capacity(a.text.len() + b.text.len());
                text.push_str(a.text);
                text.push_str(b.text);
                let mut context = [a.context, b.context].concat();
                context.sort_unstable();
                context.dedup();
                Ok(self.string_with(&text, &context))
            }
            _ => Err(self.no_operation(op, op_span, left, right)),
        }
    }

    #[cold]
    fn no_operation(
        &self,
        op: BinaryOp,
        op_span: Span,
        left: Operand<'a>,
        right: Operand<'a>,
    ) -> Error {
        for (value, span) in [left, right] {
            if let Value::Annotated(_) = value {
                return self.expected("an operand", "a plain value", value, span);
            }
        }
        let symbol = symbol(op);
        let (a, b) = (self.describe(left.0), self.describe(right.0));
        let error = Diagnostic::error(
            "eval::operands",
            op_span,
            format!("`{symbol}` can't take {a} and {b}"),
        )
        .also(left.1, a)
        .also(right.1, b);
        Box::new(match (op, left.0, right.0) {
            (BinaryOp::Add, Value::List(_), Value::List(_)) => error.help("`++` joins lists"),
            (BinaryOp::Add, Value::Record(_), Value::Record(_)) => {
                error.help("write `{ ...a, ...b }`")
            }
            (BinaryOp::Add, Value::Str(_), _) | (BinaryOp::Add, _, Value::Str(_)) => {
                error.help("put the value into the string: \"${…}\"")
            }
            _ => error,
        })
    }

    pub(crate) fn negate(&self, value: Value<'a>, operand: Span, span: Span) -> Result<Value<'a>> {
        match value {
            Value::Int(number) => number
                .checked_neg()
                .map(Value::Int)
                .ok_or_else(|| overflow(span)),
            Value::Float(number) => Ok(Value::Float(-number)),
            other => Err(self.expected("the operand of `-`", "a number", other, operand)),
        }
    }

    fn concat(&mut self, left: Operand<'a>, right: Operand<'a>) -> Result<Value<'a>> {
        let mut items = Vec::new();
        let mut origins: Vec<Origin> = Vec::new();
        for (value, span) in [left, right] {
            let list = match value {
                Value::List(list) => list,
                other => return Err(self.expected("what `++` joins", "a list", other, span)),
            };
            self.room(size_of_val(list.items) * 2, span)?;
            items.extend_from_slice(list.items);
            origins.extend((0..list.items.len()).map(|index| list.origin(index)));
        }
        Ok(self.list(&items, &origins))
    }

    pub(crate) fn compare(
        &mut self,
        left: Operand<'a>,
        right: Operand<'a>,
        span: Span,
    ) -> Result<Ordering> {
        match (left.0, right.0) {
            (Value::Int(a), Value::Int(b)) => Ok(a.cmp(&b)),
            (Value::Float(_) | Value::Int(_), Value::Float(_) | Value::Int(_)) => {
                Ok(by_size(left.0, right.0))
            }
            (Value::Str(a), Value::Str(b)) => Ok(a.text.cmp(b.text)),
            _ => {
                let (a, b) = (self.describe(left.0), self.describe(right.0));
                let message = format!("{a} and {b} have no order");
                let error = Diagnostic::error("eval::order", span, message)
                    .also(left.1, a)
                    .also(right.1, b);
                Err(Box::new(error.help("two numbers or two strings do")))
            }
        }
    }

    /// Whether two values are equal; computes them as far as needed. Errors: functions have no equality.
    pub fn equal(&mut self, left: Value<'a>, right: Value<'a>, span: Span) -> Result<bool> {
        self.equal_at(0, left, right, span)
    }

    fn equal_at(
        &mut self,
        level: usize,
        left: Value<'a>,
        right: Value<'a>,
        span: Span,
    ) -> Result<bool> {
        self.guard(span)?;
        limits::level(level, span)?;
        let (left, right) = (self.force(left, span)?, self.force(right, span)?);
        Ok(match (left, right) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float(_) | Value::Int(_), Value::Float(_) | Value::Int(_)) => {
                by_size(left, right) == Ordering::Equal
            }
            (Value::Str(a), Value::Str(b)) => a.text == b.text,
            (Value::Path(a), Value::Path(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => a.kind == b.kind && a.text == b.text,
            (Value::Type(a), Value::Type(b)) => std::ptr::eq(a, b),
            (Value::List(a), Value::List(b)) => {
                if a.items.len() != b.items.len() {
                    return Ok(false);
                }
                for (a, b) in a.items.iter().zip(b.items) {
                    if !self.equal_at(level + 1, *a, *b, span)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Record(a), Value::Record(b)) => {
                if a.fields.len() != b.fields.len() {
                    return Ok(false);
                }
                for (a, b) in a.fields.iter().zip(b.fields) {
                    if a.name != b.name || !self.equal_at(level + 1, a.value, b.value, span)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Closure(_) | Value::Native(_), Value::Closure(_) | Value::Native(_)) => {
                return Err(Box::new(Diagnostic::error(
                    "eval::function_equality",
                    span,
                    "functions can't be compared",
                )));
            }
            (Value::Annotated(_), other) | (other, Value::Annotated(_)) => {
                let annotated = if matches!(left, Value::Annotated(_)) {
                    left
                } else {
                    other
                };
                return Err(self.expected("what is compared", "a plain value", annotated, span));
            }
            _ => false,
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "arithmetic with a float is float arithmetic"
)]
fn as_float(value: Value<'_>) -> f64 {
    match value {
        Value::Int(number) => number as f64,
        Value::Float(number) => number,
        _ => f64::NAN,
    }
}

/// The order of two numbers of any kind, exact: no whole number is rounded to a float for it.
fn by_size(left: Value<'_>, right: Value<'_>) -> Ordering {
    match (left, right) {
        (Value::Int(whole), Value::Float(float)) => whole_by_size(whole, float),
        (Value::Float(float), Value::Int(whole)) => whole_by_size(whole, float).reverse(),
        _ => {
            let (left, right) = (as_float(left), as_float(right));
            // Only what is no number has no order; it comes after all numbers, so that sorting has an end.
            left.partial_cmp(&right)
                .unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
        }
    }
}

fn whole_by_size(whole: i64, float: f64) -> Ordering {
    /// 2 to the power of 63: one more than the largest whole number.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() || float >= BEYOND {
        return Ordering::Less;
    }
    if float < -BEYOND {
        return Ordering::Greater;
    }
    let part = float.trunc();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and within the bounds"
    )]
    let same = whole.cmp(&(part as i64));
    same.then(part.partial_cmp(&float).unwrap_or(Ordering::Equal))
}

#[cold]
fn overflow(span: Span) -> Error {
    Box::new(Diagnostic::error(
        "eval::overflow",
        span,
        "the result is too large for a number",
    ))
}

#[cold]
fn zero(span: Span) -> Error {
    Box::new(
        Diagnostic::error("eval::division_by_zero", span, "division by zero").label("this is zero"),
    )
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
        BinaryOp::Concat => "++",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::Default => "??",
        BinaryOp::Pipe => "|>",
    }
}
