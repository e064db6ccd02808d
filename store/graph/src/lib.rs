//! The store as pure values: digests, store paths, trees, derivations and the build graph.
//!
//! Nothing here touches a disk. Knows nothing of the language or of Debian.

pub mod content;
pub mod derivation;
pub mod digest;
pub mod path;
pub mod tree;

pub use content::Content;
pub use derivation::{ActionKey, Derivation, FixedOutput, Output, Realisation, ResolvedDerivation};
pub use digest::Digest;
pub use path::{STORE_DIR, StorePath};
pub use tree::{Entry, EntryKind, Tree};
