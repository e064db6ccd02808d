//! Joins all that a generation is: kernel, initrd, the root's image, the contract, the manifest.
//!
//! In: the machine's root, its image, its initrd, the boot loader's package. Out: a small tree. No content is copied.

use super::initrd::{InitrdError, kernel_release};
use crate::machine::{CONTRACT, Contents};
use crate::manifest::{MANIFEST, Part, SystemManifest};
use cairn_graph::{Content, EntryKind, StorePath, Tree};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the derivation says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SystemArgs {
    /// The machine's name.
    pub host: String,
    /// Installed packages, name → version.
    pub packages: BTreeMap<String, String>,
    /// Store paths that the running system needs besides its root.
    pub references: BTreeSet<StorePath>,
}

/// What comes in.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The machine's root.
    pub root: &'a Tree,
    /// Where it is.
    pub root_path: &'a StorePath,
    /// What it is.
    pub root_content: &'a Content,
    /// Its metadata-only image.
    pub image: &'a Content,
    /// The initial file system.
    pub initrd: &'a Content,
    /// The boot loader's package.
    pub loader: Option<&'a Tree>,
}

/// Why there is no system.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// The kernel.
    #[error(transparent)]
    Kernel(#[from] InitrdError),
    /// A part is not what it must be.
    #[error("the system has no {0}")]
    Missing(String),
    /// The store.
    #[error("cannot keep {what}: {cause}")]
    Keep {
        /// What.
        what: &'static str,
        /// Why.
        cause: String,
    },
    /// The tree.
    #[error(transparent)]
    Tree(#[from] cairn_graph::TreeError),
}

/// The boot loader in its package.
const LOADER: &str = "data/usr/lib/systemd/boot/efi/systemd-bootx64.efi";

fn file_part(tree: &Tree, path: &str) -> Option<Part> {
    match tree.get(path)?.kind {
        EntryKind::File { digest, size } => Some(Part {
            digest,
            size,
            executable: tree.get(path)?.executable(),
        }),
        _ => None,
    }
}

fn content_part(content: &Content) -> Option<Part> {
    match *content {
        Content::File {
            digest,
            size,
            executable,
        } => Some(Part {
            digest,
            size,
            executable,
        }),
        Content::Tree { .. } => None,
    }
}

/// The tree of a system path.
///
/// Errors: [`SystemError`].
pub fn join(
    parts: &Parts<'_>,
    args: &SystemArgs,
    contents: &dyn Contents,
) -> Result<Tree, SystemError> {
    let missing = |what: &str| SystemError::Missing(what.into());
    let kernel_release = kernel_release(parts.root)?;
    let kernel_path = format!("boot/vmlinuz-{kernel_release}");
    let kernel = file_part(parts.root, &kernel_path)
        .ok_or_else(|| missing(&format!("kernel at /{kernel_path}")))?;
    let contract = file_part(parts.root, CONTRACT).ok_or_else(|| missing("contract"))?;
    let Content::Tree { digest: root } = *parts.root_content else {
        return Err(missing("root"));
    };
    let manifest = SystemManifest {
        version: 1,
        host: args.host.clone(),
        kernel_release,
        kernel,
        initrd: content_part(parts.initrd).ok_or_else(|| missing("initrd"))?,
        loader: parts.loader.and_then(|tree| file_part(tree, LOADER)),
        root_image: content_part(parts.image).ok_or_else(|| missing("image of its root"))?,
        root,
        root_path: parts.root_path.clone(),
        root_bytes: parts.root.size(),
        root_entries: parts.root.entries.len() as u64,
        packages: args.packages.clone(),
    };
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| SystemError::Keep {
        what: "manifest",
        cause: error.to_string(),
    })?;
    let digest = contents
        .put(&text, false)
        .map_err(|cause| SystemError::Keep {
            what: "manifest",
            cause,
        })?;
    let mut tree = Tree::new();
    tree.insert_file(MANIFEST, digest, text.len() as u64, 0o644)?;
    let files = [
        ("kernel", Some(kernel)),
        ("initrd", Some(manifest.initrd)),
        ("root.erofs", Some(manifest.root_image)),
    ];
    for (name, part) in files.into_iter().chain([
        ("system.json", Some(contract)),
        ("systemd-boot.efi", manifest.loader),
    ]) {
        if let Some(part) = part {
            tree.insert_file(
                name,
                part.digest,
                part.size,
                if part.executable { 0o755 } else { 0o644 },
            )?;
        }
    }
    Ok(tree)
}
