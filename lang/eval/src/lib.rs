//! Evaluation: values, thunks, types and the library's functions.
//!
//! In: ASTs, and a [`Host`] as the only window outward. Out: [`Value`]s in one [`Arena`], plain [`Data`], errors with spans.
//! Knows nothing of options (they come in through [`Externals`]), stores, files on disk or Debian.

mod apply;
mod arena;
mod check;
mod comprehension;
mod cycle;
mod data;
mod depth;
mod evaluate;
mod evaluator;
mod host;
mod ir;
pub mod library;
mod limits;
mod notation;
mod operators;
mod path;
mod resolve;
mod scope;
mod select;
mod show;
#[cfg(test)]
mod tests;
mod types;
mod value;

pub use arena::Arena;
pub use data::{Data, DataKind};
pub use depth::with_deep_stack;
pub use evaluator::{Error, Evaluator, Externals, Result};
pub use host::{ContextId, EntryKind, Host, HostError, Minted, NoHost};
pub use limits::Limits;
pub use scope::ScopeId;
pub use types::{
    Around, Blame, DefaultCode, NamedType, RecordType, Type, TypeField, TypeKind, WhereType,
};
pub use value::{
    Annotated, Closure, Field, List, Object, ObjectKind, Origin, Place, Record, Text, Thunk, Value,
};
