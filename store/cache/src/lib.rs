//! Caches: closures of store paths as static files, which a folder, any web server or a bucket of S3 can hold.
//!
//! In: a store, caches, keys. Out: what was pushed, pulled, exported or imported. Everything in a cache is named by its
//! content or signed; nothing unsigned, and nothing that does not match its digest, enters a store. Knows nothing of systems,
//! of Debian or of the language: a generation is a closure with a record.
//!
//! A [`Closure`] has a [`Statement`] (what it is: the text that is signed) and a [`Packing`] (how its contents travel). Both are in
//! its [`Manifest`], the one file that it costs to know it. The formats are specified in `docs/cache-format.md`.

pub mod closure;
pub mod compress;
mod error;
pub mod export;
mod lanes;
pub mod manifest;
pub mod names;
pub mod packing;
pub mod place;
pub mod pull;
pub mod push;
pub mod receive;
pub mod serve;
pub mod signing;
pub mod statement;
pub mod steps;

pub use closure::{Closure, Wanted};
pub use error::{Error, Result};
pub use manifest::Manifest;
pub use packing::{Member, Pack, Packing};
pub use place::{Place, place};
pub use receive::add_generation;
pub use signing::{PublicKey, SecretKey, Trust};
pub use statement::{GenerationFact, OutcomeFact, PathFact, Statement};
pub use steps::Steps;
