//! What a tree may be at most, and what every path and entry of one must hold.
//!
//! In: paths and entries, from anywhere. Out: nothing, or why they can't be in a tree. The values are those of
//! `docs/store-format.md`, "Limits": what Linux can make, or far more than anything real has.

use super::{Entry, EntryKind, TreeError};
use crate::digest::Digest;
use std::sync::LazyLock;

/// Entries of a tree.
pub const ENTRIES_MAX: usize = 4_000_000;
/// Bytes of the text of a tree.
pub const TEXT_BYTES_MAX: usize = 1 << 30;
/// Bytes of a path without its leading slash: what a system call takes, less its NUL.
pub const PATH_BYTES_MAX: usize = 4095;
/// Bytes of one component of a path.
pub const COMPONENT_BYTES_MAX: usize = 255;
/// Components of a path. Whatever removes a folder with all in it may keep an open folder for each.
pub const DEPTH_MAX: usize = 256;
/// Bytes of a symbolic link's target.
pub const TARGET_BYTES_MAX: usize = 4095;
/// Bytes of a file: the most that ext4 holds, 16 TiB.
pub const FILE_BYTES_MAX: u64 = 1 << 44;
/// Bytes of an entry's extended attributes, names and values together.
pub const ATTRIBUTE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an extended attribute's name.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 255;

/// The id that `chown` takes for "as it is"; nobody has it.
const NO_ID: u32 = u32::MAX;

/// What an empty file's digest is.
static EMPTY: LazyLock<Digest> = LazyLock::new(|| Digest::of(b""));

/// Checks one path of a tree. Errors: [`TreeError::Path`].
pub fn check_path(path: &str) -> Result<(), TreeError> {
    let fault = |why| {
        Err(TreeError::Path {
            path: shortened(path),
            why,
        })
    };
    if path.is_empty() {
        return Ok(());
    }
    if path.len() > PATH_BYTES_MAX {
        return fault("it is longer than 4095 bytes");
    }
    if path.contains('\0') {
        return fault("it has a NUL byte");
    }
    let mut depth = 0;
    for component in path.split('/') {
        depth += 1;
        match component {
            "" => return fault("it has an empty component"),
            "." | ".." => return fault("it has a `.` or `..` component"),
            _ if component.len() > COMPONENT_BYTES_MAX => {
                return fault("a component is longer than 255 bytes");
            }
            _ => {}
        }
    }
    if depth > DEPTH_MAX {
        return fault("it has more than 256 components");
    }
    Ok(())
}

/// The beginning of a path that is too long to be shown.
fn shortened(path: &str) -> String {
    const SHOWN: usize = 120;
    match path.char_indices().nth(SHOWN) {
        Some((end, _)) if path.len() > PATH_BYTES_MAX => format!("{}…", &path[..end]),
        _ => path.into(),
    }
}

/// Checks what one path stands for. Errors: [`TreeError::Entry`].
pub(super) fn check_entry(path: &str, entry: &Entry) -> Result<(), TreeError> {
    let fault = |why| {
        Err(TreeError::Entry {
            path: path.into(),
            why,
        })
    };
    if entry.mode > 0o7777 {
        return fault("its mode has more than permission bits");
    }
    if entry.uid == NO_ID || entry.gid == NO_ID {
        return fault("its owner or group is 4294967295, which nobody has");
    }
    if !entry.xattrs.is_empty() {
        check_attributes(entry).or_else(fault)?;
    }
    match &entry.kind {
        EntryKind::Symlink { target } if target.is_empty() || target.contains('\0') => {
            fault("a symbolic link needs a target without NUL bytes")
        }
        EntryKind::Symlink { target } if target.len() > TARGET_BYTES_MAX => {
            fault("the symbolic link's target is longer than 4095 bytes")
        }
        EntryKind::CharDevice { major: 0, minor: 0 } => {
            fault("a device 0/0 is an overlay's whiteout")
        }
        EntryKind::File { size, .. } if *size > FILE_BYTES_MAX => {
            fault("it is larger than any file, 16 TiB")
        }
        EntryKind::File { digest, size } if (*size == 0) != (*digest == *EMPTY) => fault(
            "its size and its digest contradict each other: only one is that of an empty file",
        ),
        _ => Ok(()),
    }
}

/// `user.*` and `security.capability`, on files and folders, and not what an overlay keeps for itself: its redirects
/// in a lower layer would show what is not in the tree.
fn check_attributes(entry: &Entry) -> Result<(), &'static str> {
    if !matches!(entry.kind, EntryKind::File { .. } | EntryKind::Directory) {
        return Err("only files and directories have extended attributes");
    }
    let mut bytes = 0;
    for (name, value) in &entry.xattrs {
        if name == "user." || name.contains('\0') || name.len() > ATTRIBUTE_NAME_BYTES_MAX {
            return Err("an extended attribute without a sound name");
        }
        if !is_kept_attribute(name) {
            return Err("its extended attributes may be `user.*` and `security.capability` only");
        }
        bytes += name.len() + value.len();
    }
    if bytes > ATTRIBUTE_BYTES_MAX {
        return Err("its extended attributes have more than 64 KiB");
    }
    Ok(())
}

/// Whether trees keep an extended attribute of this name.
pub fn is_kept_attribute(name: &str) -> bool {
    name == "security.capability"
        || (name.starts_with("user.") && !name.starts_with("user.overlay."))
}
