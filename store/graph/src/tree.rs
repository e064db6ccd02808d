//! Trees: sorted lists of entries, the form in which everything is composed.
//!
//! A tree is a value. Composing two hundred packages into a root is a merge of lists; contents are
//! named by digest and never touched.

use crate::digest::Digest;
use std::collections::BTreeMap;

/// One entry of a tree. Its path is the key in [`Tree::entries`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with setuid, setgid and sticky: 0 to 0o7777.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time in seconds since 1970; a property of the entry, not of the object.
    pub mtime: i64,
    /// Extended attributes, sorted by name.
    pub xattrs: BTreeMap<String, Vec<u8>>,
}

/// The kinds of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file, its content an object. Hard links within a tree are equal digests.
    File {
        /// BLAKE3 of the bytes.
        digest: Digest,
        /// Bytes.
        size: u64,
    },
    /// A symbolic link.
    Symlink {
        /// Its text.
        target: String,
    },
    /// A character device (`0/0` is never stored: overlay whiteouts are resolved before).
    CharDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
}

/// A sorted set of entries. Paths are relative, `/`-separated, without `.` or `..`; the root folder itself is
/// the entry with the empty path. Every parent of an entry is an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// By path.
    pub entries: BTreeMap<String, Entry>,
}
