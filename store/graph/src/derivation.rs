//! Derivations: how a store path is made, as data.

use crate::canonical;
use crate::content::Content;
use crate::digest::{Digest, ParseDigestError};
use crate::path::StorePath;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
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
        let inputs = self.inputs.iter();
        self.derivation
            .encode_with(inputs.map(|(label, output)| (label.as_str(), output)))
    }

    /// The key of the realisation.
    pub fn key(&self) -> ActionKey {
        ActionKey(Digest::of(self.encode().as_bytes()))
    }
}

impl Derivation {
    /// The key that this has with these inputs, sorted by label: that of the [`ResolvedDerivation`] of both.
    pub fn key_with<'a>(&self, inputs: impl Iterator<Item = (&'a str, &'a Output)>) -> ActionKey {
        ActionKey(Digest::of(self.encode_with(inputs).as_bytes()))
    }

    /// As [`ResolvedDerivation::encode`]. Graphs of tens of thousands are encoded whole: nothing is copied but the text.
    fn encode_with<'a>(&self, inputs: impl Iterator<Item = (&'a str, &'a Output)>) -> String {
        let mut out = String::from("cairn-action 1\n");
        if let Some(fixed) = &self.fixed {
            out.push_str("{\"builder\":");
            canonical::write_text(&mut out, &self.builder);
            out.push_str(",\"name\":");
            canonical::write_text(&mut out, &self.name);
            out.push_str(",\"sha256\":");
            canonical::write_text(&mut out, &fixed.sha256);
            out.push_str("}\n");
            return out;
        }
        out.push_str("{\"args\":");
        canonical::write(&mut out, &self.args);
        out.push_str(",\"builder\":");
        canonical::write_text(&mut out, &self.builder);
        // Writing into a String cannot fail.
        let _ = write!(out, ",\"builder_version\":{}", self.builder_version);
        out.push_str(",\"inputs\":{");
        for (number, (label, output)) in inputs.enumerate() {
            if number > 0 {
                out.push(',');
            }
            canonical::write_text(&mut out, label);
            let _ = write!(out, ":{{\"content\":\"{}\",\"path\":", output.content);
            canonical::write_text(&mut out, output.path.base_name());
            out.push('}');
        }
        out.push_str("},\"name\":");
        canonical::write_text(&mut out, &self.name);
        out.push_str("}\n");
        out
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
