//! Plain data: what is left of a value when everything in it was computed.
//!
//! In: a value. Out: an owned tree with contexts and origins, or all errors that computing it met.
//! Refuses functions and types: they have no plain form.

use cairn_syntax::span::Span;

use crate::host::ContextId;

/// A whole value, owned.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// What it is.
    pub kind: DataKind,
    /// Where it was written, where that is known.
    pub span: Option<Span>,
}

/// The kinds of plain data.
#[derive(Debug, Clone, PartialEq)]
pub enum DataKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A string, a path or a host object, with the sorted ids that it depends on.
    Str {
        /// The characters.
        text: String,
        /// Sorted, without repeats.
        context: Vec<ContextId>,
    },
    /// A reference to a secret: the path of its encrypted file.
    Secret(String),
    /// A list.
    List(Vec<Data>),
    /// A record, its fields sorted by name.
    Map(Vec<(String, Data)>),
}
