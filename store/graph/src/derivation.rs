//! Derivations: how a store path is made, as data.

use crate::content::Content;
use crate::digest::Digest;
use crate::path::StorePath;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One step of the build graph before its inputs are known. Nodes of [`crate::build_graph::BuildGraph`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derivation {
    /// The name of the store path that comes out.
    pub name: String,
    /// Which builder makes it; the joint registers them by name.
    pub builder: String,
    /// Raised when a builder's result for the same inputs changes on purpose.
    pub builder_version: u32,
    /// What the builder is told; plain data, canonically encoded into the key.
    pub args: serde_json::Value,
    /// Declared result of a fixed output (a download): it is known before the build and checked after it.
    pub fixed: Option<FixedOutput>,
}

/// What a fixed-output derivation must produce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedOutput {
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: Option<u64>,
}

/// A derivation whose inputs are contents: what is hashed into the key of a realisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedDerivation {
    /// As in [`Derivation`].
    pub derivation: Derivation,
    /// Input label → what it came out as. A fixed output has no inputs in its key.
    pub inputs: BTreeMap<String, Output>,
}

/// The key of a realisation: BLAKE3 of the canonical encoding of a [`ResolvedDerivation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ActionKey(pub Digest);

/// What a derivation came out as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Where it is.
    pub path: StorePath,
    /// What it is.
    pub content: Content,
}

/// The record that a derivation was realised: kept as `/cairn/var/real/<action>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Realisation {
    /// Version of this record's form: 1.
    pub version: u32,
    /// The key.
    pub action: ActionKey,
    /// What came out.
    pub output: Output,
    /// Other store paths that the output needs at run time, sorted.
    pub references: Vec<StorePath>,
}
