//! Derivations: how a store path is made, as data.

use crate::canonical;
use crate::content::Content;
use crate::digest::{Digest, ParseDigestError};
use crate::path::StorePath;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

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

/// The version of the form of a [`Realisation`] that is written here.
pub const REALISATION_VERSION: u32 = 1;

impl ResolvedDerivation {
    /// The text whose BLAKE3 is the key: a line `cairn-action 1`, then JSON in the canonical form of [`canonical`].
    ///
    /// A fixed output says only what it must be, its name and its builder: however it is fetched, it is the same.
    pub fn encode(&self) -> String {
        let Derivation {
            name,
            builder,
            builder_version,
            args,
            fixed,
        } = &self.derivation;
        let value = if let Some(fixed) = fixed {
            json!({ "builder": builder, "name": name, "sha256": fixed.sha256 })
        } else {
            let inputs: serde_json::Map<_, _> = self
                .inputs
                .iter()
                .map(|(label, output)| {
                    let said = json!({ "path": output.path.base_name(), "content": output.content.to_string() });
                    (label.clone(), said)
                })
                .collect();
            json!({ "args": args, "builder": builder, "builder_version": builder_version, "inputs": inputs, "name": name })
        };
        format!("cairn-action 1\n{}\n", canonical::print(&value))
    }

    /// The key of the realisation.
    pub fn key(&self) -> ActionKey {
        ActionKey(Digest::of(self.encode().as_bytes()))
    }
}

impl Realisation {
    /// The record of an output; references are sorted and each named once.
    pub fn new(action: ActionKey, output: Output, mut references: Vec<StorePath>) -> Self {
        references.sort();
        references.dedup();
        Self {
            version: REALISATION_VERSION,
            action,
            output,
            references,
        }
    }
}

impl fmt::Display for ActionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ActionKey {
    type Err = ParseDigestError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
