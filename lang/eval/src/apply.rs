//! Calls: arguments to parameters, for functions of the language and of the library.
//!
//! In: a callee and arguments that may wait. Out: the result. Argument types are checked when they are needed.

use cairn_syntax::Diagnostic;
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;

use crate::evaluate::Frame;
use crate::evaluator::{Evaluator, Result};
use crate::ir::{Call, Expr, Pattern};
use crate::library::{Arguments, Native};
use crate::types::Blame;
use crate::value::{Application, Closure, Field, Mapping, State, Thunk, Value};

/// Most parameters of a library function.
pub(crate) const MOST_PARAMETERS: usize = 6;

/// An argument and its span.
type Given<'a> = (Value<'a>, Span);

impl<'a> Evaluator<'a> {
    /// Calls a function with positional arguments.
    pub fn call(
        &mut self,
        callee: Value<'a>,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Result<Value<'a>> {
        let callee = self.force(callee, span)?;
        if let Value::Closure(closure) = callee
            && closure.lambda.simple
            && arguments.len() == closure.lambda.parameters.len()
        {
            self.guard(span)?;
            let base = self.stack.len();
            self.stack.extend_from_slice(arguments);
            return self.run_body(closure, base);
        }
        let given: Vec<Given<'a>> = arguments.iter().map(|value| (*value, span)).collect();
        self.apply(callee, span, &given, &[], span)
    }

    /// One of the calls that share a function.
    pub(crate) fn call_one(
        &mut self,
        mapping: &'a Mapping<'a>,
        arguments: &[Value<'a>],
    ) -> Result<Value<'a>> {
        self.call(mapping.callee, arguments, mapping.span)
    }

    /// What a function makes of each item, later.
    pub(crate) fn map_later(
        &mut self,
        callee: Value<'a>,
        items: &'a [Value<'a>],
        span: Span,
    ) -> Result<&'a [Value<'a>]> {
        self.room(size_of_val(items) * 4, span)?;
        let mapping = self.arena.alloc(Mapping { callee, span });
        let thunks = self.arena.collect(
            items
                .iter()
                .map(|item| Thunk::new(State::Map(mapping, item))),
        );
        Ok(self.arena.collect(thunks.iter().map(Value::Thunk)))
    }

    /// What a function makes of each field's name and value, later.
    pub(crate) fn map_fields_later(
        &mut self,
        callee: Value<'a>,
        fields: impl ExactSizeIterator<Item = &'a Field<'a>>,
        span: Span,
    ) -> Result<&'a [Thunk<'a>]> {
        self.room(fields.len() * size_of::<Field<'_>>() * 3, span)?;
        let mapping = self.arena.alloc(Mapping { callee, span });
        let thunks = fields.map(|field| Thunk::new(State::MapField(mapping, field)));
        Ok(self.arena.collect(thunks))
    }

    /// Runs a function whose arguments lie on the stack already, from `base` on.
    #[inline]
    fn run_body(&mut self, closure: &'a Closure<'a>, base: usize) -> Result<Value<'a>> {
        let code = &closure.lambda.code;
        self.stack.resize(base + code.locals as usize, Value::Null);
        let frame = Frame {
            captures: closure.captures,
            base,
        };
        let result = self.eval(&code.body, frame);
        self.stack.truncate(base);
        result
    }

    /// A call that happens when its result is needed.
    pub fn call_later(&self, callee: Value<'a>, arguments: &[Value<'a>], span: Span) -> Value<'a> {
        let arguments = self.arena.slice(arguments);
        self.suspend(State::Apply(self.arena.alloc(Application {
            callee,
            arguments,
            span,
        })))
    }

    pub(crate) fn eval_call(
        &mut self,
        call: &'a Call<'a>,
        span: Span,
        frame: Frame<'a>,
    ) -> Result<Value<'a>> {
        let callee = self.eval(&call.callee, frame)?;
        if let Value::Closure(closure) = callee
            && closure.lambda.simple
            && call.named.is_empty()
            && call.positional.len() == closure.lambda.parameters.len()
        {
            let base = self.stack.len();
            for argument in call.positional {
                let value = self.delay(argument, frame)?;
                self.stack.push(value);
            }
            return self.run_body(closure, base);
        }
        if let Value::Native(native) = callee
            && call.named.is_empty()
            && native.takes(call.positional.len())
        {
            return self.eval_native(native, call.positional, span, frame);
        }
        let mut positional = Vec::with_capacity(call.positional.len());
        for argument in call.positional {
            positional.push((self.delay(argument, frame)?, argument.span));
        }
        let mut named = Vec::with_capacity(call.named.len());
        for argument in call.named {
            let value = self.delay(&argument.value, frame)?;
            named.push((argument.name, argument.span, (value, argument.value.span)));
        }
        self.apply(callee, call.callee.span, &positional, &named, span)
    }

    fn apply(
        &mut self,
        callee: Value<'a>,
        callee_span: Span,
        positional: &[Given<'a>],
        named: &[(Symbol, Span, Given<'a>)],
        span: Span,
    ) -> Result<Value<'a>> {
        self.guard(span)?;
        let signature = match callee {
            Value::Closure(closure) => Self::closure_signature(closure.lambda),
            Value::Native(native) => self.native_signature(native),
            other => return Err(self.expected("what is called", "a function", other, callee_span)),
        };
        let spans: Vec<Span> = positional.iter().map(|(_, span)| *span).collect();
        let names: Vec<(Symbol, Span)> =
            named.iter().map(|(name, span, _)| (*name, *span)).collect();
        let places = self.place_arguments(&signature, &spans, &names, span)?;
        let mut given: Vec<Option<Given<'a>>> = vec![None; signature.parameters.len()];
        for (place, argument) in given.iter_mut().zip(positional) {
            *place = Some(*argument);
        }
        for (place, (_, _, argument)) in places.into_iter().zip(named) {
            given[place] = Some(*argument);
        }
        match callee {
            Value::Closure(closure) => self.apply_closure(closure, &given, span),
            Value::Native(native) => self.apply_native(native, &given, span),
            _ => Ok(Value::Null),
        }
    }

    /// Calls a function of the library with positional arguments only: nothing has to be placed.
    fn eval_native(
        &mut self,
        native: &'static Native,
        arguments: &'a [Expr<'a>],
        span: Span,
        frame: Frame<'a>,
    ) -> Result<Value<'a>> {
        let mut values = [None; MOST_PARAMETERS];
        let mut spans = [span; MOST_PARAMETERS];
        for ((value, place), argument) in values.iter_mut().zip(&mut spans).zip(arguments) {
            *value = Some(self.delay(argument, frame)?);
            *place = argument.span;
        }
        let count = native.parameters.len();
        self.run_native(native, &values[..count], &spans[..count], span)
    }

    fn run_native(
        &mut self,
        native: &'static Native,
        values: &[Option<Value<'a>>],
        spans: &[Span],
        span: Span,
    ) -> Result<Value<'a>> {
        let arguments = Arguments {
            values,
            spans,
            span,
            name: native.name,
        };
        let result = (native.run)(self, &arguments)?;
        // What it made is counted, and looked at before more is made of it.
        self.count_made();
        self.room(0, span)?;
        self.force(result, span)
    }

    fn apply_native(
        &mut self,
        native: &'static Native,
        given: &[Option<Given<'a>>],
        span: Span,
    ) -> Result<Value<'a>> {
        let values: Vec<Option<Value<'a>>> = given
            .iter()
            .map(|given| given.map(|(value, _)| value))
            .collect();
        let spans: Vec<Span> = given
            .iter()
            .map(|given| given.map_or(span, |(_, span)| span))
            .collect();
        self.run_native(native, &values, &spans, span)
    }

    fn apply_closure(
        &mut self,
        closure: &'a Closure<'a>,
        given: &[Option<Given<'a>>],
        span: Span,
    ) -> Result<Value<'a>> {
        let lambda = closure.lambda;
        let base = self.stack.len();
        self.stack
            .resize(base + lambda.code.locals as usize, Value::Null);
        let frame = Frame {
            captures: closure.captures,
            base,
        };
        let mut run = || -> Result<Value<'a>> {
            for (index, (parameter, given)) in lambda.parameters.iter().zip(given).enumerate() {
                let (mut value, value_span) = match (given, &parameter.default) {
                    (Some(given), _) => *given,
                    (None, Some(default)) => (self.delay(default, frame)?, default.span),
                    (None, None) => (Value::Null, span),
                };
                if let Some(ty) = parameter.ty {
                    let blame = Blame {
                        declared: Some(parameter.span),
                        ..Blame::at(value_span)
                    };
                    value = self.checked(value, ty, blame);
                }
                self.stack[base + index] = value;
                if let Some(pattern) = &parameter.pattern {
                    self.destructure(pattern, value, value_span, frame)?;
                }
            }
            self.eval(&lambda.code.body, frame)
        };
        let result = run();
        self.stack.truncate(base);
        result
    }

    fn destructure(
        &mut self,
        pattern: &'a Pattern<'a>,
        value: Value<'a>,
        span: Span,
        frame: Frame<'a>,
    ) -> Result<()> {
        let record = match self.force(value, span)? {
            Value::Record(record) => record,
            other => return Err(self.expected("this argument", "a record", other, span)),
        };
        for field in pattern.fields {
            let value = match (record.get(field.name), &field.default) {
                (Some(found), _) => found.value,
                (None, Some(default)) => self.delay(default, frame)?,
                (None, None) => {
                    let text = self.names.text(field.name);
                    let message = format!("the argument has no field `{text}`");
                    let error = Diagnostic::error("eval::missing_field", span, message);
                    return Err(Box::new(error.also(field.span, "needed here")));
                }
            };
            self.stack[frame.base + field.slot as usize] = value;
        }
        if pattern.open {
            return Ok(());
        }
        let extra = record
            .fields
            .iter()
            .find(|field| pattern.fields.iter().all(|known| known.name != field.name));
        let Some(extra) = extra else { return Ok(()) };
        let text = self.names.text(extra.name);
        let key = self.place(extra.origin).map_or(span, |place| place.key);
        let error = Diagnostic::error(
            "eval::unknown_field",
            key,
            format!("the function takes no field `{text}`"),
        )
        .also(pattern.span, "it takes these");
        let known = pattern
            .fields
            .iter()
            .map(|field| self.names.text(field.name));
        Err(Box::new(match cairn_syntax::nearest(text, known) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("a pattern with `..` takes any further fields"),
        }))
    }
}
