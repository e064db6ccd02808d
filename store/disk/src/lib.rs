//! The store on a disk: layout, objects, trees, paths, records, generations, garbage collection.
//!
//! In: contents and the values of `cairn_graph`. Out: files, durable and each under the name of its content. Every
//! path lies below the root folder that [`Store::open`] is given. Knows nothing of the language, of Debian, of builders
//! or of booting.
//!
//! Order of a transaction: put objects and trees, register paths, then [`Store::commit`] (one `syncfs`), then
//! the records that refer to them ([`Realisations`], [`Generations`]). A crash leaves only what nothing refers to.
//! Any number of processes may put and build at once, beside a collection too: what an open store relies on is kept
//! ([`temporary_roots`]). Who changes generations holds the [`Lock`].

pub mod derivations;
mod error;
mod files;
pub mod gc;
pub mod generations;
mod hashing;
mod index;
pub mod ingest;
pub mod layout;
pub mod lock;
pub mod materialise;
pub mod objects;
pub mod optimise;
mod parallel;
pub mod paths;
pub mod realisations;
mod recovery;
pub mod references;
pub mod relations;
pub mod repair;
pub mod roots;
mod store;
pub mod temporary_roots;
mod trees;
pub mod verify;
pub mod weight;

pub use derivations::{DerivationRecord, Derivations};
pub use error::{Error, Result};
pub use gc::{GcOptions, GcPlan, Snapshot};
pub use generations::{Generation, GenerationState, Generations, NewGeneration};
pub use ingest::{IngestOptions, Owners};
pub use jiff::Timestamp;
pub use layout::Layout;
pub use lock::Lock;
pub use materialise::{Form, MaterialiseOptions, Report};
pub use objects::{ObjectMeta, ObjectWriter};
pub use optimise::Optimised;
pub use paths::PathRecord;
pub use realisations::Realisations;
pub use relations::{Keeper, Relations, Root};
pub use repair::Deed;
pub use roots::Roots;
pub use store::Store;
pub use temporary_roots::{Collecting, TemporaryRoots};
pub use verify::Fault;
pub use weight::{Weight, Weights};
