//! The rows of the library's tables: all that documentation, hover and completion say of a function or a type.
//!
//! Out: names, parameters, types, one sentence, one example. Each example is run by a test.

use std::fmt;

use super::Arguments;
use crate::arena::Arena;
use crate::evaluator::{Evaluator, Result};
use crate::types::TypeKind;
use crate::value::Value;

/// A function of the library.
pub struct Native {
    /// With its namespace: `list.map`.
    pub name: &'static str,
    /// In order.
    pub parameters: &'static [NativeParameter],
    /// The type of what it gives, as it would be written.
    pub gives: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// An expression, `# =>`, and its value as JSON, or `error: ` and a code.
    pub example: &'static str,
    pub(crate) run: Run,
}

impl Native {
    /// What stands before the point; none for the functions that are known without one.
    pub fn namespace(&self) -> Option<&'static str> {
        self.name.split_once('.').map(|(namespace, _)| namespace)
    }

    /// Whether so many positional arguments are enough and not too many.
    pub(crate) fn takes(&self, count: usize) -> bool {
        let mut left_out = self.parameters.iter().skip(count);
        count <= self.parameters.len() && left_out.all(|parameter| !parameter.required)
    }

    /// The example's expression, and what it gives.
    pub fn example(&self) -> (&'static str, &'static str) {
        split_example(self.example)
    }

    /// `list.range(start: Int, end: Int, step?: Int) -> List(Int)`.
    pub fn signature(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(ToString::to_string).collect();
        format!("{}({}) -> {}", self.name, parameters.join(", "), self.gives)
    }
}

/// A parameter of a library function.
pub struct NativeParameter {
    /// For named arguments.
    pub name: &'static str,
    /// Its type, as it would be written.
    pub ty: &'static str,
    /// Whether it must be given.
    pub required: bool,
}

impl fmt::Display for NativeParameter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.required { "" } else { "?" };
        write!(out, "{}{mark}: {}", self.name, self.ty)
    }
}

/// The code of a library function; arguments that were left out are `None`.
pub(crate) type Run = for<'a> fn(&mut Evaluator<'a>, &Arguments<'_, 'a>) -> Result<Value<'a>>;

pub(super) const fn needed(name: &'static str, ty: &'static str) -> NativeParameter {
    NativeParameter {
        name,
        ty,
        required: true,
    }
}

pub(super) const fn optional(name: &'static str, ty: &'static str) -> NativeParameter {
    NativeParameter {
        name,
        ty,
        required: false,
    }
}

/// A type that is known everywhere.
pub struct BuiltinType {
    /// As it is written.
    pub name: &'static str,
    /// What it admits, in one sentence.
    pub doc: &'static str,
    /// An expression, `# =>`, and its value as JSON, or `error: ` and a code.
    pub example: &'static str,
    pub(crate) kind: for<'a> fn(&'a Arena) -> TypeKind<'a>,
}

impl BuiltinType {
    /// The example's expression, and what it gives.
    pub fn example(&self) -> (&'static str, &'static str) {
        split_example(self.example)
    }
}

/// An example's code, and what stands behind its last `# =>`.
pub(super) fn split_example(example: &'static str) -> (&'static str, &'static str) {
    let (code, gives) = example.rsplit_once("# =>").unwrap_or((example, ""));
    (code.trim(), gives.trim())
}
