//! What a store path holds: one file or one tree.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The content of a store path, by digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A single file: its object.
    File {
        /// BLAKE3 of the bytes.
        digest: Digest,
        /// Bytes.
        size: u64,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A tree: the digest of its manifest ([`crate::tree::Tree::digest`]).
    Tree {
        /// BLAKE3 of the manifest's encoding.
        digest: Digest,
    },
}

impl fmt::Display for Content {
    /// The one encoding that store paths hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                digest,
                executable: false,
                ..
            } => write!(f, "file {digest}"),
            Self::File {
                digest,
                executable: true,
                ..
            } => write!(f, "exec {digest}"),
            Self::Tree { digest } => write!(f, "tree {digest}"),
        }
    }
}
