//! The library: namespaces of native functions, data first.
//!
//! In: arguments, perhaps not evaluated yet. Out: values. Each function is a row of a table: name, parameters,
//! documentation, code. Refuses to touch the world: the few that need it ask the host.

use cairn_syntax::span::Span;

use crate::evaluator::{Evaluator, Result};
use crate::scope::Scope;
use crate::value::Value;

/// A function of the library.
pub struct Native {
    /// With its namespace: `list.map`.
    pub name: &'static str,
    /// In order.
    pub parameters: &'static [NativeParameter],
    /// What it does, in one sentence.
    pub doc: &'static str,
    pub(crate) run: Run,
}

/// A parameter of a library function.
pub struct NativeParameter {
    /// For named arguments.
    pub name: &'static str,
    /// Whether it must be given.
    pub required: bool,
}

/// The code of a library function; arguments that were left out are `None`.
pub(crate) type Run = for<'a> fn(&mut Evaluator<'a>, &Arguments<'_, 'a>) -> Result<Value<'a>>;

/// The arguments of a native call.
pub(crate) struct Arguments<'s, 'a> {
    pub(crate) values: &'s [Option<Value<'a>>],
    pub(crate) span: Span,
}

pub(crate) fn builtins<'a>(_evaluator: &mut Evaluator<'a>) -> Scope<'a> {
    Scope::default()
}
