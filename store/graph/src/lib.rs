//! The store as pure values: digests, store paths, trees, derivations and the build graph.
//!
//! Nothing here touches a disk. Knows nothing of the language or of Debian.

pub mod build_graph;
pub mod canonical;
pub mod content;
pub mod derivation;
pub mod digest;
pub mod path;
pub mod tree;

pub use build_graph::{BuildGraph, DerivationId, GraphError};
pub use content::Content;
pub use derivation::{ActionKey, Derivation, FixedOutput, Output, Realisation, ResolvedDerivation};
pub use digest::Digest;
pub use path::{STORE_DIR, StorePath};
pub use tree::compose::{Conflict, ConflictError, Winner, compose, compose_with};
pub use tree::delta::Delta;
pub use tree::diff::{TreeDiff, diff};
pub use tree::encoding::DecodeError;
pub use tree::{Entry, EntryKind, Tree, TreeError};
