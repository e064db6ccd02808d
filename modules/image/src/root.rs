//! What a root must have so that the initrd can mount things into it.
//!
//! In: a tree. Out: the same tree with the folders and the empty files that serve as mount points. The root is
//! immutable, so none of them can be made at boot.

use cairn_graph::{Digest, Entry, EntryKind, Tree};
use std::collections::BTreeMap;

/// Folders that the initrd or systemd mounts something on, with their modes.
pub const MOUNT_POINTS: [(&str, u32); 15] = [
    ("boot", 0o755),
    ("cairn", 0o755),
    ("dev", 0o755),
    ("efi", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("srv", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("var", 0o755),
    ("var/lib/dpkg", 0o755),
];

/// Adds every missing mount point, with this time; what exists stays as it is.
///
/// Also adds an empty `/etc/machine-id`, which the initrd fills in the upper layer, and `/etc/.updated`: without it systemd
/// would rebuild caches at every boot that are part of the root already (systemd.unit(5), `ConditionNeedsUpdate=`).
pub fn add_mount_points(tree: &mut Tree, mtime: i64) {
    let folder = |mode| entry(EntryKind::Directory, mode, mtime);
    tree.entries
        .entry(String::new())
        .or_insert_with(|| folder(0o755));
    for (path, mode) in MOUNT_POINTS {
        let slashes = path.match_indices('/').map(|(at, _)| &path[..at]);
        for parent in slashes {
            let parent = tree.entries.entry(parent.into());
            parent.or_insert_with(|| folder(0o755));
        }
        let point = tree.entries.entry(path.into());
        point.or_insert_with(|| folder(mode));
    }
    let machine_id = tree.entries.entry("etc/machine-id".into());
    machine_id.or_insert_with(|| empty_file(0o444, mtime));
    let updated = tree.entries.get("usr").map_or(mtime, |usr| usr.mtime);
    let marker = tree.entries.entry("etc/.updated".into());
    marker.or_insert_with(|| empty_file(0o644, updated.max(mtime)));
}

fn empty_file(mode: u32, mtime: i64) -> Entry {
    let digest = Digest::of(b"");
    entry(EntryKind::File { digest, size: 0 }, mode, mtime)
}

fn entry(kind: EntryKind, mode: u32, mtime: i64) -> Entry {
    Entry {
        kind,
        mode,
        uid: 0,
        gid: 0,
        mtime,
        xattrs: BTreeMap::new(),
    }
}
