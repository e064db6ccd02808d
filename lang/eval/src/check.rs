//! stub
use crate::evaluator::{Evaluator, Result};
use crate::types::{Blame, Type};
use crate::value::Value;
impl<'a> Evaluator<'a> {
    /// Checks a value against a type: the outermost layer now, what lies in it when it is needed.
    /// Gives the value with defaults filled in. Errors: `types::…`, with both spans.
    pub fn check(
        &mut self,
        _value: Value<'a>,
        _ty: &'a Type<'a>,
        _blame: Blame<'a>,
    ) -> Result<Value<'a>> {
        todo!()
    }
    pub(crate) fn fits_at_once(&self, _value: Value<'a>, _ty: &'a Type<'a>) -> bool {
        todo!()
    }
    /// A type as it would be written, on one line.
    pub fn show_type(&self, _ty: &Type<'a>) -> String {
        todo!()
    }
}
