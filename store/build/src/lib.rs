//! Realises build graphs: decides what must be made, makes it in parallel, records what came out.
//!
//! In: a [`cairn_graph::BuildGraph`], [`Builders`] by name, a store. Out: [`Realised`], the output of every derivation that was
//! wanted. Knows how nothing is built but plain scripts: other builders are registered by whoever knows Debian.

pub mod builder;
pub mod elsewhere;
pub mod error;
pub mod event;
pub mod log;
mod one;
pub mod plan;
pub mod reason;
pub mod schedule;
mod scouting;
mod scratch;
pub mod script;
mod state;

pub use builder::{BuildContext, Builder, Builders, Built, Kind};
pub use elsewhere::Elsewhere;
pub use error::{BuildError, Failure, RealiseError};
pub use event::{Event, Step};
pub use one::rebuild;
pub use plan::{Known, Need, Plan, Presence, plan, plan_by};
pub use schedule::{Options, Realised, realise};
pub use scouting::{plan_asking, plan_in};

/// Tasks that `main` must give to [`cairn_sys::maybe_run_as_child`] for the builders of this crate.
pub const TASKS: &[(&str, cairn_sys::Task)] = &[
    (script::ROOT_TASK, script::root_task),
    (script::INGEST_TASK, script::ingest_task),
];
