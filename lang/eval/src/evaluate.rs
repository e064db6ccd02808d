//! The walk over the compact form.
//!
//! In: resolved code and its frame. Out: values, or an error with a span. Computes nothing before it is needed.
//! Refuses to recurse without measuring the stack.

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::BinaryOp;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::evaluator::{Error, Evaluator, Result};
use crate::host::ContextId;
use crate::ir::{
    Assert, Binary, Code, Expr, Has, If, Items, Kind, Layer, Let, Part, Piece, Select, Slot,
};
use crate::value::{Annotated, Closure, Field, ObjectKind, Origin, State, Value};

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
        let Kind::Binary(Binary {
            op, left, right, ..
        }) = &code.body.kind
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
        match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply => {
                of_integers(*op, left, right)
            }
            _ => None,
        }
    }

    /// The value of an expression now; never a thunk.
    #[inline]
    pub(crate) fn eval(&mut self, expr: &'a Expr<'a>, frame: Frame<'a>) -> Result<Value<'a>> {
        match &expr.kind {
            Kind::Constant(value) => self.force(*value, expr.span),
            Kind::Variable(slot) => {
                let value = self.read(*slot, frame);
                self.force(value, expr.span)
            }
            _ => self.eval_node(expr, frame),
        }
    }

    /// What is neither a literal nor a variable.
    fn eval_node(&mut self, expr: &'a Expr<'a>, frame: Frame<'a>) -> Result<Value<'a>> {
        self.guard(expr.span)?;
        match &expr.kind {
            Kind::Constant(_) | Kind::Variable(_) => self.eval(expr, frame),
            Kind::Call(call) => self.eval_call(call, expr.span, frame),
            Kind::If(If {
                condition,
                then,
                otherwise,
            }) => {
                if self.eval_bool(condition, frame, "the condition")? {
                    self.eval(then, frame)
                } else {
                    self.eval(otherwise, frame)
                }
            }
            Kind::Binary(Binary {
                op,
                op_span,
                left,
                right,
            }) => {
                let left_value = self.eval(left, frame)?;
                let right_value = self.eval(right, frame)?;
                if let (Value::Int(a), Value::Int(b)) = (left_value, right_value)
                    && let Some(result) = of_integers(*op, a, b)
                {
                    return Ok(result);
                }
                self.binary(
                    *op,
                    *op_span,
                    (left_value, left.span),
                    (right_value, right.span),
                    expr.span,
                )
            }
            Kind::Select(Select {
                target,
                key,
                optional,
            }) => self.select(target, *key, *optional, frame),
            Kind::Interpolate(pieces) => self.interpolate(pieces, frame),
            Kind::List(Items { items, origins }) => {
                let arena = self.arena;
                let values = arena.fill(items.len(), |index| self.delay(&items[index], frame))?;
                Ok(self.list_of(values, origins))
            }
            Kind::Splice(parts) => self.splice(parts, frame),
            Kind::Record(entries) => {
                let arena = self.arena;
                let fields = arena.fill(entries.len(), |index| {
                    let entry = &entries[index];
                    self.delay(&entry.value, frame).map(|value| Field {
                        name: entry.name,
                        origin: entry.origin,
                        value,
                    })
                })?;
                Ok(self.record_of(fields))
            }
            Kind::Overlay(layers) => self.overlay(layers, frame),
            Kind::ListFor { body, clause } => self.list_for(body, clause, frame),
            Kind::RecordFor { field, clause } => self.record_for(&field.0, &field.1, clause, frame),
            Kind::Lambda(lambda) => {
                let captures = self.capture(lambda.code.captures, frame);
                Ok(Value::Closure(
                    self.arena.alloc(Closure { lambda, captures }),
                ))
            }
            Kind::Has(Has { target, path }) => self.has(target, path, frame),
            Kind::Let(Let {
                first,
                bindings,
                body,
            }) => {
                self.bind(*first, bindings, frame)?;
                self.eval(body, frame)
            }
            Kind::Assert(Assert {
                condition,
                message,
                body,
            }) => {
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
        for (slot, binding) in (start..).zip(bindings) {
            self.stack[slot] = match binding.kind {
                Kind::Constant(value) => value,
                _ => self.suspend(State::Blank),
            };
        }
        for (slot, binding) in (start..).zip(bindings) {
            let (Value::Thunk(thunk), false) =
                (self.stack[slot], matches!(binding.kind, Kind::Constant(_)))
            else {
                continue;
            };
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
        self.with_text(pieces, frame, |evaluator, text, context, span| {
            evaluator.room(text.len(), span)?;
            Ok(evaluator.string_with(text, context))
        })
    }

    /// Puts a string together and does something with it, before it goes into the arena.
    fn with_text<T>(
        &mut self,
        pieces: &'a [Piece<'a>],
        frame: Frame<'a>,
        act: impl FnOnce(&mut Self, &str, &[ContextId], Span) -> Result<T>,
    ) -> Result<T> {
        let mut last = None;
        let build = |evaluator: &mut Self, context: &mut Vec<ContextId>| {
            for piece in pieces {
                match piece {
                    Piece::Text(piece) => evaluator.texts.push_str(piece),
                    Piece::Value(expr) => {
                        let value = evaluator.eval(expr, frame)?;
                        evaluator.append(context, value, expr.span)?;
                        last = Some(expr.span);
                    }
                }
            }
            Ok(last)
        };
        self.put_together(build, |evaluator, text, context, last| {
            let span = last.unwrap_or(Span::new(cairn_syntax::span::SourceId(0), 0, 0));
            act(evaluator, text, context, span)
        })
    }

    /// Does something with what `build` adds to [`Self::texts`]. Whatever is put together meanwhile comes after
    /// it, and is gone again before it goes on.
    pub(crate) fn put_together<B, T>(
        &mut self,
        build: impl FnOnce(&mut Self, &mut Vec<ContextId>) -> Result<B>,
        act: impl FnOnce(&mut Self, &str, &[ContextId], B) -> Result<T>,
    ) -> Result<T> {
        let start = self.texts.len();
        let mut context = Vec::new();
        let built = build(self, &mut context);
        let mut texts = std::mem::take(&mut self.texts);
        let result = built.and_then(|built| {
            context.sort_unstable();
            context.dedup();
            act(self, &texts[start..], &context, built)
        });
        texts.truncate(start);
        self.texts = texts;
        result
    }

    /// The name that an expression in a key's place gives; a text that is only a key takes no memory.
    pub(crate) fn eval_key(&mut self, expr: &'a Expr<'a>, frame: Frame<'a>) -> Result<Symbol> {
        if let Kind::Interpolate(pieces) = &expr.kind {
            self.guard(expr.span)?;
            return self.with_text(pieces, frame, |evaluator, text, context, _| {
                evaluator.text_as_key(text, context, expr.span)
            });
        }
        let value = self.eval(expr, frame)?;
        self.value_as_key(value, expr.span)
    }

    /// Adds a value to the string that is being put together, as interpolation does.
    pub(crate) fn append(
        &mut self,
        context: &mut Vec<ContextId>,
        value: Value<'a>,
        span: Span,
    ) -> Result<()> {
        let mend = match value {
            Value::Str(piece) => {
                self.room(self.texts.len() + piece.text.len(), span)?;
                self.texts.push_str(piece.text);
                context.extend_from_slice(piece.context);
                return Ok(());
            }
            Value::Int(number) => {
                self.texts.push_str(itoa::Buffer::new().format(number));
                return Ok(());
            }
            Value::Path(path) => {
                let minted = self
                    .host
                    .path(path)
                    .map_err(|error| host_error(error, span))?;
                self.texts.push_str(&minted.text);
                context.push(minted.context);
                return Ok(());
            }
            Value::Object(object) if object.kind != ObjectKind::Secret => {
                self.texts.push_str(object.text);
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
                    self.room(size_of_val(list.items) * 2, expr.span)?;
                    items.extend_from_slice(list.items);
                    origins.extend((0..list.items.len()).map(|index| list.origin(index)));
                }
            }
        }
        Ok(self.list(&items, &origins))
    }

    fn overlay(&mut self, layers: &'a [Layer<'a>], frame: Frame<'a>) -> Result<Value<'a>> {
        let mut below: &'a [Field<'a>] = &[];
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
                    below = self.over(below, &above, expr.span)?;
                    above.clear();
                    below = match below {
                        [] => record.fields,
                        below => self.over(below, record.fields, expr.span)?,
                    };
                }
            }
        }
        self.sort_once(&mut above)?;
        let span = above
            .first()
            .and_then(|field| self.place(field.origin))
            .map_or(Span::new(cairn_syntax::span::SourceId(0), 0, 0), |place| {
                place.key
            });
        let fields = self.over(below, &above, span)?;
        Ok(self.record_of(fields))
    }

    /// Sorted fields over others, in the arena.
    fn over(
        &mut self,
        below: &'a [Field<'a>],
        above: &[Field<'a>],
        span: Span,
    ) -> Result<&'a [Field<'a>]> {
        if above.is_empty() {
            return Ok(below);
        }
        self.room(size_of_val(below) + size_of_val(above), span)?;
        if below.is_empty() {
            return Ok(self.arena.slice(above));
        }
        let mut merged = std::mem::take(&mut self.merged);
        merged.clear();
        merge_into(&mut merged, below, above);
        let fields = self.arena.slice(&merged);
        self.merged = merged;
        Ok(fields)
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
    merge_into(&mut merged, below, above);
    merged
}

/// Goes from one field of the shorter run to the next and copies what lies between them as a whole.
fn merge_into<'a>(merged: &mut Vec<Field<'a>>, mut below: &[Field<'a>], mut above: &[Field<'a>]) {
    let before = |fields: &[Field<'a>], name: Symbol| match fields {
        // Often the next one is the one.
        [first, ..] if first.name >= name => 0,
        _ => fields.partition_point(|field| field.name < name),
    };
    while let (Some(low), Some(high)) = (below.first(), above.first()) {
        if above.len() <= below.len() {
            let (copied, rest) = below.split_at(before(below, high.name));
            merged.extend_from_slice(copied);
            merged.push(*high);
            above = &above[1..];
            below = match rest {
                [same, rest @ ..] if same.name == high.name => rest,
                rest => rest,
            };
        } else {
            let (copied, rest) = above.split_at(before(above, low.name));
            merged.extend_from_slice(copied);
            above = rest;
            if rest.first().is_none_or(|field| field.name != low.name) {
                merged.push(*low);
            }
            below = &below[1..];
        }
    }
    merged.extend_from_slice(below);
    merged.extend_from_slice(above);
}

/// What an operator makes of two whole numbers, where that is no error.
#[inline]
fn of_integers<'a>(op: BinaryOp, a: i64, b: i64) -> Option<Value<'a>> {
    Some(match op {
        BinaryOp::Add => Value::Int(a.checked_add(b)?),
        BinaryOp::Subtract => Value::Int(a.checked_sub(b)?),
        BinaryOp::Multiply => Value::Int(a.checked_mul(b)?),
        BinaryOp::Less => Value::Bool(a < b),
        BinaryOp::LessEqual => Value::Bool(a <= b),
        BinaryOp::Greater => Value::Bool(a > b),
        BinaryOp::GreaterEqual => Value::Bool(a >= b),
        BinaryOp::Equal => Value::Bool(a == b),
        BinaryOp::NotEqual => Value::Bool(a != b),
        _ => return None,
    })
}

/// What the host said, at the span that asked.
pub(crate) fn host_error(error: crate::host::HostError, span: Span) -> Error {
    let mut diagnostic = Diagnostic::error("eval::host", span, error.message);
    diagnostic.help = error.help;
    Box::new(diagnostic)
}
