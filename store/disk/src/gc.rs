//! The garbage collector: what nothing needs any more goes.
//!
//! Three steps: [`Store::snapshot`] loads everything that refers to something; [`GcPlan::new`] decides, purely, over small
//! numbers; [`Store::apply`] moves to the trash and [`Store::empty_trash`] unlinks. What is moved must be decided within one
//! [`Store::collecting`], for which everybody else waits; emptying the trash needs none.
//! Never goes: what an open store relies on, the generation that is booted, the default, a pinned one, the last good one, one that can't be read,
//! and whatever a generation or root that stays needs.

mod apply;
mod plan;
mod snapshot;

pub use apply::Collected;
pub use plan::{GcError, GcOptions, GcPlan};
pub use snapshot::{ObjectFile, Snapshot, TreeFile};
