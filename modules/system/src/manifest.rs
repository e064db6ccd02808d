//! What a system path says of itself: the file `manifest.json` in it.
//!
//! Written by the `system` builder, read by the commands that list, compare and boot generations.

use cairn_graph::{Digest, StorePath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the file in a system path.
pub const MANIFEST: &str = "manifest.json";

/// Everything that a generation is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemManifest {
    /// Version of this form: 1.
    pub version: u32,
    /// The machine's name.
    pub host: String,
    /// The kernel's release, such as `6.12.107+deb13-amd64`.
    pub kernel_release: String,
    /// The kernel.
    pub kernel: Part,
    /// The initial file system.
    pub initrd: Part,
    /// The boot loader for the ESP, where the lock has one.
    pub loader: Option<Part>,
    /// The metadata-only image of the root: what `cairn.root=` names.
    pub root_image: Part,
    /// The tree of the root: the root digest.
    pub root: Digest,
    /// Where the root is in the store.
    pub root_path: StorePath,
    /// Bytes of all contents of the root.
    pub root_bytes: u64,
    /// How many entries the root has.
    pub root_entries: u64,
    /// Installed packages, name → version.
    pub packages: BTreeMap<String, String>,
}

/// One file: its object and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// BLAKE3 of its content.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Whether its object is an executable one.
    #[serde(default)]
    pub executable: bool,
}
