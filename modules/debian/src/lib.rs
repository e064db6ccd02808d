//! Debian's archive as values: versions, indexes, relations, a solver, the lock, dpkg's database and the recipe of a root.
//!
//! In: bytes and texts that others fetched and verified. Out: values and texts. No disk, no network, no clock.
//! Knows nothing of the language, of the store's folders or of sandboxes.

pub mod compose;
pub mod control;
pub mod database;
pub mod explain;
pub mod index;
pub mod lock;
pub mod normalise;
pub mod reasons;
pub mod recipe;
pub mod relation;
pub mod release;
pub mod solve;
pub mod sources;
pub mod universe;
pub mod version;

pub use compose::{Composition, compose};
pub use database::{DatabaseError, DatabaseFile, Unpacked, database};
pub use index::{Index, Origin, Package};
pub use lock::{Coverage, Lock, LockDiff, LockedPackage};
pub use recipe::Recipe;
pub use release::Release;
pub use solve::{Request, Solution, Unsolvable, solve};
pub use sources::{Mirrors, find_mirrors};
pub use universe::{Assumed, Universe};
