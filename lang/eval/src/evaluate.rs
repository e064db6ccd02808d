//! stub
use crate::data::Data;
use crate::evaluator::{Error, Evaluator, Result};
use crate::ir::Code;
use crate::value::{Thunk, Value};
use cairn_syntax::Diagnostic;
use cairn_syntax::span::Span;
impl<'a> Evaluator<'a> {
    /// Calls a function with positional arguments.
    pub fn call(
        &mut self,
        _callee: Value<'a>,
        _arguments: &[Value<'a>],
        _span: Span,
    ) -> Result<Value<'a>> {
        todo!()
    }
    pub(crate) fn enter(
        &mut self,
        _code: &'a Code<'a>,
        _captures: &'a [Value<'a>],
    ) -> Result<Value<'a>> {
        todo!()
    }
    pub(crate) fn import(&mut self, _path: &'a str, _span: Span) -> Result<Value<'a>> {
        todo!()
    }
    pub(crate) fn cycle(&mut self, _thunk: &'a Thunk<'a>, _reader: Span) -> Error {
        todo!()
    }
    /// Whether two values are equal; computes them as far as needed.
    pub fn equal(&mut self, _left: Value<'a>, _right: Value<'a>, _span: Span) -> Result<bool> {
        todo!()
    }
    /// Forces everything in a value; all errors that this met.
    pub fn data(&mut self, _value: Value<'a>, _span: Span) -> Result<Data, Vec<Diagnostic>> {
        todo!()
    }
    /// A value in a few words on one line, computed or not.
    pub fn show(&self, _value: Value<'a>) -> String {
        todo!()
    }
}
