//! The walk over the compact form.
//!
//! In: resolved code and its frame. Out: values, or an error with a span. Computes nothing before it is needed.
//! Refuses to recurse without measuring the stack.

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::BinaryOp;
use cairn_syntax::span::Span;

use crate::evaluator::{Error, Evaluator, Result};
use crate::host::ContextId;
use crate::ir::{Code, Expr, Kind, Layer, Part, Piece, Slot};
use crate::value::{Annotated, Closure, Field, ObjectKind, Origin, State, Thunk, Value};

/// Where running code finds its variables.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) captures: &'a [Value<'a>],
    pub(crate) base: usize,
}

impl<'a> Evaluator<'a> {
    /// Runs code in a new frame.
    pub(crate) fn enter(
        &mut self,
        code: &'a Code<'a>,
        captures: &'a [Value<'a>],
    ) -> Result<Value<'a>> {
        let base = self.stack.len();
        self.stack.resize(base + code.locals as usize, Value::Null);
        let result = self.eval(&code.body, Frame { captures, base });
        self.stack.truncate(base);
        result
    }

    #[inline]
    fn read(&self, slot: Slot, frame: Frame<'a>) -> Value<'a> {
        match slot {
            Slot::Local(index) => self.stack[frame.base + index as usize],
            Slot::Captured(index) => frame.captures[index as usize],
        }
    }

    fn capture(&self, slots: &[Slot], frame: Frame<'a>) -> &'a [Value<'a>] {
        if slots.is_empty() {
            return &[];
        }
        self.arena
            .collect(slots.iter().map(|slot| self.read(*slot, frame)))
    }

    /// The value of an expression for later: a thunk only where the resolver asked for one.
    pub(crate) fn delay(&mut self, expr: &'a Expr<'a>, frame: Frame<'a>) -> Result<Value<'a>> {
        Ok(match &expr.kind {
            Kind::Constant(value) => *value,
            Kind::Variable(slot) => self.read(*slot, frame),
            Kind::Delay(code) => {
                if let Some(number) = self.at_once(code, frame) {
                    return Ok(number);
                }
                let captures = self.capture(code.captures, frame);
                self.suspend(State::Suspended(code, captures))
            }
            Kind::Fail(index) => self.suspend(State::Failed(*index)),
            _ => return self.eval(expr, frame),
        })
    }

    /// Arithmetic on whole numbers that are there already: cheaper than a thunk, and it can't fail.
    fn at_once(&self, code: &Code<'a>, frame: Frame<'a>) -> Option<Value<'a>> {
        let Kind::Binary {
            op, left, right, ..
        } = &code.body.kind
        else {
            return None;
        };
        let number = |operand: &Expr<'a>| {
            let value = match operand.kind {
                Kind::Constant(value) => value,
                Kind::Variable(Slot::Captured(index)) => {
                    self.read(code.captures[index as usize], frame)
                }
                _ => return None,
            };
            match value {
                Value::Int(number) => Some(number),
                Value::Thunk(thunk) => match thunk.done() {
                    Some(Value::Int(number)) => Some(number),
                    _ => None,
                },
                _ => None,
            }
        };
        let (left, right) = (number(left)?, number(right)?);
        let result = match op {
            BinaryOp::Add => left.checked_add(right),
            BinaryOp::Subtract => left.checked_sub(right),
            BinaryOp::Multiply => left.checked_mul(right),
            _ => None,
        };
        result.map(Value::Int)
    }

    /// The value of an expression now; never a thunk.
    pub(crate) fn eval(&mut self, expr: &'a Expr<'a>, frame: Frame<'a>) -> Result<Value<'a>> {
        self.guard(expr.span)?;
        match &expr.kind {
            Kind::Constant(value) => self.force(*value, expr.span),
            Kind::Variable(slot) => {
                let value = self.read(*slot, frame);
                self.force(value, expr.span)
            }
            Kind::Call(call) => self.eval_call(call, expr.span, frame),
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                if self.eval_bool(condition, frame, "the condition")? {
                    self.eval(then, frame)
                } else {
                    self.eval(otherwise, frame)
                }
            }
            Kind::Binary {
                op,
                op_span,
                left,
                right,
            } => {
                let left_value = self.eval(left, frame)?;
                let right_value = self.eval(right, frame)?;
                self.binary(
                    *op,
                    *op_span,
                    (left_value, left.span),
                    (right_value, right.span),
                    expr.span,
                )
            }
            Kind::Select {
                target,
                key,
                optional,
            } => self.select(target, *key, *optional, frame),
            Kind::Interpolate(pieces) => self.interpolate(pieces, frame),
            Kind::List { items, origins } => {
                let mut values = Vec::with_capacity(items.len());
                for item in *items {
                    values.push(self.delay(item, frame)?);
                }
                Ok(self.list(&values, origins))
            }
            Kind::Splice(parts) => self.splice(parts, frame),
            Kind::Record(entries) => {
                let mut fields = Vec::with_capacity(entries.len());
                for entry in *entries {
                    let value = self.delay(&entry.value, frame)?;
                    fields.push(Field {
                        name: entry.name,
                        origin: entry.origin,
                        value,
                    });
                }
                Ok(self.sorted_record(&fields))
            }
            Kind::Overlay(layers) => self.overlay(layers, frame),
            Kind::ListFor { body, clause } => self.list_for(body, clause, frame),
            Kind::RecordFor { key, value, clause } => self.record_for(key, value, clause, frame),
            Kind::Lambda(lambda) => {
                let captures = self.capture(lambda.code.captures, frame);
                Ok(Value::Closure(
                    self.arena.alloc(Closure { lambda, captures }),
                ))
            }
            Kind::Has { target, path } => self.has(target, path, frame),
            Kind::Let {
                first,
                bindings,
                body,
            } => {
                self.bind(*first, bindings, frame)?;
                self.eval(body, frame)
            }
            Kind::Assert {
                condition,
                message,
                body,
            } => {
                if self.eval_bool(condition, frame, "what is asserted")? {
                    return self.eval(body, frame);
                }
                let value = self.eval(message, frame)?;
                let text = self.expect_text(value, message.span)?;
                Err(Box::new(
                    Diagnostic::error("eval::assert", condition.span, text.text)
                        .label("this is false"),
                ))
            }
            Kind::Not(operand) => Ok(Value::Bool(!self.eval_bool(
                operand,
                frame,
                "the operand of `not`",
            )?)),
            Kind::Negate(operand) => {
                let value = self.eval(operand, frame)?;
                self.negate(value, operand.span, expr.span)
            }
            Kind::And(left, right) => Ok(Value::Bool(
                self.eval_bool(left, frame, "the left of `and`")?
                    && self.eval_bool(right, frame, "the right of `and`")?,
            )),
            Kind::Or(left, right) => Ok(Value::Bool(
                self.eval_bool(left, frame, "the left of `or`")?
                    || self.eval_bool(right, frame, "the right of `or`")?,
            )),
            Kind::Default(left, right) => match self.eval(left, frame)? {
                Value::Null => self.eval(right, frame),
                value => Ok(value),
            },
            Kind::Annotated { annotation, value } => {
                let value_span = value.span;
                let value = self.delay(value, frame)?;
                let annotated = Annotated {
                    annotation,
                    value,
                    span: expr.span,
                    value_span,
                };
                Ok(Value::Annotated(self.arena.alloc(annotated)))
            }
            Kind::Delay(code) => {
                let captures = self.capture(code.captures, frame);
                self.enter(code, captures)
            }
            Kind::Fail(index) => Err(Box::new(self.failures[*index as usize].clone())),
        }
    }

    pub(crate) fn eval_bool(
        &mut self,
        expr: &'a Expr<'a>,
        frame: Frame<'a>,
        what: &str,
    ) -> Result<bool> {
        match self.eval(expr, frame)? {
            Value::Bool(value) => Ok(value),
            other => Err(self.expected(what, "true or false", other, expr.span)),
        }
    }

    /// Fills the slots of a recursive `let`.
    fn bind(&mut self, first: u32, bindings: &'a [Expr<'a>], frame: Frame<'a>) -> Result<()> {
        let start = frame.base + first as usize;
        let mut blanks: Vec<Option<&'a Thunk<'a>>> = Vec::with_capacity(bindings.len());
        for (slot, binding) in (start..).zip(bindings) {
            let (value, blank) = if let Kind::Constant(value) = binding.kind {
                (value, None)
            } else {
                let thunk: &'a Thunk<'a> = self.arena.alloc(Thunk::new(State::Blank));
                (Value::Thunk(thunk), Some(thunk))
            };
            self.stack[slot] = value;
            blanks.push(blank);
        }
        for (binding, blank) in bindings.iter().zip(blanks) {
            let Some(thunk) = blank else { continue };
            let state = match &binding.kind {
                Kind::Delay(code) => State::Suspended(code, self.capture(code.captures, frame)),
                Kind::Fail(index) => State::Failed(*index),
                _ => State::Done(self.eval(binding, frame)?),
            };
            thunk.state.set(state);
        }
        Ok(())
    }

    fn interpolate(&mut self, pieces: &'a [Piece<'a>], frame: Frame<'a>) -> Result<Value<'a>> {
        let mut text = String::new();
        let mut context = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Value(expr) => {
                    let value = self.eval(expr, frame)?;
                    self.append(&mut text, &mut context, value, expr.span)?;
                }
            }
        }
        context.sort_unstable();
        context.dedup();
        Ok(self.string_with(&text, &context))
    }

    /// Adds a value to a string, as interpolation does.
    pub(crate) fn append(
        &mut self,
        text: &mut String,
        context: &mut Vec<ContextId>,
        value: Value<'a>,
        span: Span,
    ) -> Result<()> {
        use std::fmt::Write as _;
        let mend = match value {
            Value::Str(piece) => {
                text.push_str(piece.text);
                context.extend_from_slice(piece.context);
                return Ok(());
            }
            Value::Int(number) => {
                let _ = write!(text, "{number}");
                return Ok(());
            }
            Value::Path(path) => {
                let minted = self
                    .host
                    .path(path)
                    .map_err(|error| host_error(error, span))?;
                text.push_str(&minted.text);
                context.push(minted.context);
                return Ok(());
            }
            Value::Object(object) if object.kind != ObjectKind::Secret => {
                text.push_str(object.text);
                context.extend(object.context);
                return Ok(());
            }
            Value::Object(_) => {
                return Err(Box::new(
                    Diagnostic::error("eval::secret_in_string", span, "a secret can't become part of a string")
                        .help("everyone can read the store; give the secret to an option of type `Secret`"),
                ));
            }
            Value::Bool(_) => {
                "write `if … then \"yes\" else \"no\"` with the words that are wanted"
            }
            Value::Float(_) => "write `number.to_string(…)`",
            Value::List(_) => "write `string.join(…, \" \")`",
            Value::Null => "write `… ?? \"\"` where it may be null",
            Value::Record(_) => "write `json.print(…)`, or pick a field",
            Value::Annotated(_) => {
                return Err(self.expected("what is in `${…}`", "a string", value, span));
            }
            _ => "only strings, whole numbers, paths and what was built become part of a string",
        };
        let error = Diagnostic::error(
            "eval::interpolation",
            span,
            format!("{} can't become part of a string", self.describe(value)),
        );
        Err(Box::new(error.help(mend)))
    }

    fn splice(&mut self, parts: &'a [Part<'a>], frame: Frame<'a>) -> Result<Value<'a>> {
        let mut items = Vec::new();
        let mut origins: Vec<Origin> = Vec::new();
        for part in parts {
            match part {
                Part::Item(expr, origin) => {
                    items.push(self.delay(expr, frame)?);
                    origins.push(*origin);
                }
                Part::Spread(expr) => {
                    let value = self.eval(expr, frame)?;
                    let list = match value {
                        Value::List(list) => list,
                        other => {
                            return Err(self.expected(
                                "what `...` spreads",
                                "a list",
                                other,
                                expr.span,
                            ));
                        }
                    };
                    items.extend_from_slice(list.items);
                    origins.extend((0..list.items.len()).map(|index| list.origin(index)));
                }
            }
        }
        Ok(self.list(&items, &origins))
    }

    fn overlay(&mut self, layers: &'a [Layer<'a>], frame: Frame<'a>) -> Result<Value<'a>> {
        let mut below: Vec<Field<'a>> = Vec::new();
        let mut above: Vec<Field<'a>> = Vec::new();
        for layer in layers {
            match layer {
                Layer::Field { key, origin, value } => {
                    let name = self.key_name(*key, frame)?;
                    let value = self.delay(value, frame)?;
                    above.push(Field {
                        name,
                        origin: *origin,
                        value,
                    });
                }
                Layer::Spread(expr) => {
                    let value = self.eval(expr, frame)?;
                    let record = match value {
                        Value::Record(record) => record,
                        other => {
                            return Err(self.expected(
                                "what `...` spreads",
                                "a record",
                                other,
                                expr.span,
                            ));
                        }
                    };
                    self.sort_once(&mut above)?;
                    below = merge_fields(&below, &above);
                    above.clear();
                    below = merge_fields(&below, record.fields);
                }
            }
        }
        self.sort_once(&mut above)?;
        Ok(self.sorted_record(&merge_fields(&below, &above)))
    }

    /// Sorts fields by name. Errors: a name that is there twice.
    pub(crate) fn sort_once(&self, fields: &mut [Field<'a>]) -> Result<()> {
        fields.sort_by_key(|field| field.name);
        for pair in fields.windows(2) {
            if pair[0].name == pair[1].name {
                return Err(self.set_twice(&pair[0], &pair[1]));
            }
        }
        Ok(())
    }

    #[cold]
    fn set_twice(&self, first: &Field<'a>, second: &Field<'a>) -> Error {
        let message = format!("`{}` is set twice", self.names.text(second.name));
        let (first, second) = (self.place(first.origin), self.place(second.origin));
        let Some(span) = second.or(first).map(|place| place.key) else {
            return Box::new(Diagnostic::error(
                "eval::duplicate_field",
                Span::new(cairn_syntax::span::SourceId(0), 0, 0),
                message,
            ));
        };
        let error = Diagnostic::error("eval::duplicate_field", span, message);
        Box::new(match first {
            Some(first) if first.key != span => {
                error.label("again here").also(first.key, "first here")
            }
            _ => error,
        })
    }

    /// The value of an expression file.
    pub(crate) fn import(&mut self, path: &'a str, span: Span) -> Result<Value<'a>> {
        let text = self
            .host
            .load(path)
            .map_err(|error| host_error(error, span))?;
        let source = self.sources.add(path, text);
        let parsed = cairn_syntax::parse_expression(&self.sources, source, &mut self.names);
        if let Some((first, others)) = parsed.errors.split_first() {
            let told = |error: &Diagnostic| error.clone().also(span, "imported here");
            self.static_errors.extend(others.iter().map(told));
            return Err(Box::new(told(first)));
        }
        let before = self.static_errors.len();
        let value = self.thunk(self.prelude, &parsed.tree);
        match self.static_errors.get(before) {
            Some(error) => Err(Box::new(error.clone())),
            None => self.force(value, span),
        }
    }
}

/// Two sorted runs of fields in one; where both have a name, `above` wins.
pub(crate) fn merge_fields<'a>(below: &[Field<'a>], above: &[Field<'a>]) -> Vec<Field<'a>> {
    let mut merged = Vec::with_capacity(below.len() + above.len());
    let (mut left, mut right) = (below.iter().peekable(), above.iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (Some(low), Some(high)) if low.name < high.name => merged.extend(left.next()),
            (Some(low), Some(high)) => {
                if low.name == high.name {
                    left.next();
                }
                merged.extend(right.next());
            }
            (Some(_), None) => merged.extend(left.next()),
            (None, Some(_)) => merged.extend(right.next()),
            (None, None) => return merged,
        }
    }
}

/// What the host said, at the span that asked.
pub(crate) fn host_error(error: crate::host::HostError, span: Span) -> Error {
    let mut diagnostic = Diagnostic::error("eval::host", span, error.message);
    diagnostic.help = error.help;
    Box::new(diagnostic)
}
