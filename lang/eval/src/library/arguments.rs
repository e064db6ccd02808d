//! The arguments of a library call, asked for as what they must be.
//!
//! In: values that may wait. Out: lists, records, texts … or an error at the argument's own span.

use cairn_syntax::Diagnostic;
use cairn_syntax::span::Span;

use crate::evaluator::{Error, Evaluator, Result};
use crate::value::{List, Record, Text, Value};

/// The arguments of a native call; those that were left out are `None`.
pub(crate) struct Arguments<'s, 'a> {
    pub(crate) values: &'s [Option<Value<'a>>],
    /// As long as `values`.
    pub(crate) spans: &'s [Span],
    /// The whole call.
    pub(crate) span: Span,
    /// The function's name, for messages.
    pub(crate) name: &'static str,
}

impl<'a> Arguments<'_, 'a> {
    pub(super) fn at(&self, index: usize) -> Span {
        self.spans.get(index).copied().unwrap_or(self.span)
    }

    /// An argument as it is, `null` where it was left out.
    pub(super) fn later(&self, index: usize) -> Value<'a> {
        self.values
            .get(index)
            .copied()
            .flatten()
            .unwrap_or(Value::Null)
    }

    /// An argument, computed.
    pub(super) fn value(&self, evaluator: &mut Evaluator<'a>, index: usize) -> Result<Value<'a>> {
        evaluator.force(self.later(index), self.at(index))
    }

    pub(super) fn is_given(&self, index: usize) -> bool {
        self.values.get(index).is_some_and(Option::is_some)
    }

    fn what(&self, index: usize) -> String {
        let ordinal = ["first", "second", "third"]
            .get(index)
            .copied()
            .unwrap_or("next");
        format!("the {ordinal} argument of `{}`", self.name)
    }

    pub(super) fn list(&self, evaluator: &mut Evaluator<'a>, index: usize) -> Result<&'a List<'a>> {
        match self.value(evaluator, index)? {
            Value::List(list) => Ok(list),
            other => Err(evaluator.expected(&self.what(index), "a list", other, self.at(index))),
        }
    }

    pub(super) fn record(
        &self,
        evaluator: &mut Evaluator<'a>,
        index: usize,
    ) -> Result<&'a Record<'a>> {
        match self.value(evaluator, index)? {
            Value::Record(record) => Ok(record),
            other => Err(evaluator.expected(&self.what(index), "a record", other, self.at(index))),
        }
    }

    pub(super) fn text(&self, evaluator: &mut Evaluator<'a>, index: usize) -> Result<&'a Text<'a>> {
        match self.value(evaluator, index)? {
            Value::Str(text) => Ok(text),
            other => Err(evaluator.expected(&self.what(index), "a string", other, self.at(index))),
        }
    }

    pub(super) fn int(&self, evaluator: &mut Evaluator<'a>, index: usize) -> Result<i64> {
        match self.value(evaluator, index)? {
            Value::Int(number) => Ok(number),
            other => {
                Err(evaluator.expected(&self.what(index), "a whole number", other, self.at(index)))
            }
        }
    }

    /// A count: a whole number from zero up.
    pub(super) fn count(&self, evaluator: &mut Evaluator<'a>, index: usize) -> Result<usize> {
        let number = self.int(evaluator, index)?;
        usize::try_from(number).map_err(|_| {
            evaluator.expected(
                &self.what(index),
                "zero or more",
                Value::Int(number),
                self.at(index),
            )
        })
    }

    /// `true` or `false`; `false` where it was left out.
    pub(super) fn flag(
        &self,
        evaluator: &mut Evaluator<'a>,
        index: usize,
        name: &str,
    ) -> Result<bool> {
        match self.value(evaluator, index)? {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(flag),
            other => {
                let what = format!("`{name}`");
                Err(evaluator.expected(&what, "true or false", other, self.at(index)))
            }
        }
    }

    /// The error of a first argument that is of another kind.
    pub(super) fn no_kind(
        &self,
        evaluator: &Evaluator<'a>,
        expected: &str,
        found: Value<'a>,
    ) -> Error {
        evaluator.expected(&self.what(0), expected, found, self.at(0))
    }

    /// The error of a first argument that spells no number of some form.
    pub(super) fn no_number(&self, evaluator: &Evaluator<'a>, form: &str) -> Error {
        let message = format!("{} is not {form}", evaluator.describe(self.later(0)));
        Box::new(Diagnostic::error("eval::not_a_number", self.at(0), message))
    }

    pub(super) fn path(&self, evaluator: &mut Evaluator<'a>, index: usize) -> Result<&'a str> {
        match self.value(evaluator, index)? {
            Value::Path(path) => Ok(path),
            other => Err(evaluator.expected(
                &self.what(index),
                "a path such as ./x",
                other,
                self.at(index),
            )),
        }
    }

    /// Calls a function that was given, and expects true or false.
    pub(super) fn test(
        &self,
        evaluator: &mut Evaluator<'a>,
        index: usize,
        arguments: &[Value<'a>],
    ) -> Result<bool> {
        match evaluator.call(self.later(index), arguments, self.at(index))? {
            Value::Bool(holds) => Ok(holds),
            other => {
                let what = format!("what {} gives", self.what(index));
                Err(evaluator.expected(&what, "true or false", other, self.at(index)))
            }
        }
    }
}
