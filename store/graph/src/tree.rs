//! Trees: sorted lists of entries, the form in which everything is composed.
//!
//! A tree is a value. Composing two hundred packages into a root is a merge of lists; contents are
//! named by digest and never touched. The text that is hashed is in [`encoding`], merging in [`compose`],
//! layers with removals in [`delta`], comparing in [`diff`], what a tree may be at most in [`limits`].

pub mod compose;
pub mod delta;
pub mod diff;
pub mod encoding;
pub mod limits;

use crate::digest::Digest;
pub use limits::check_path;
use limits::{ENTRIES_MAX, TEXT_BYTES_MAX, check_entry};
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

/// The modification time of entries that are made here rather than read: one second after the epoch, because
/// several tools take 0 for "unknown".
pub const MADE_MTIME: i64 = 1;

/// Why entries are no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The path has an empty, `.` or `..` component, a NUL byte, a slash at an end, or is too long.
    #[error("`{path}` can't be a path in a tree: {why}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The folder that it lies in is missing, or no folder.
    #[error("`/{path}` lies in something that is not a directory of the tree")]
    Parent {
        /// The path.
        path: String,
    },
    /// A directory stands where something else should go.
    #[error("`/{path}` is a directory and can't be replaced by something else")]
    Occupied {
        /// The path.
        path: String,
    },
    /// More entries than [`limits::ENTRIES_MAX`].
    #[error("it has {count} entries; {ENTRIES_MAX} are the most")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// More bytes of text than [`limits::TEXT_BYTES_MAX`].
    #[error("it has {bytes} bytes of text or more; {TEXT_BYTES_MAX} are the most")]
    TooLong {
        /// At least so many.
        bytes: usize,
    },
    /// A mode, owner, size, device number, link target or attribute that no file system has.
    #[error("`/{path}`: {why}")]
    Entry {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Entry {
    /// An entry owned by root, made at [`MADE_MTIME`], without attributes.
    pub fn new(kind: EntryKind, mode: u32) -> Self {
        Self {
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime: MADE_MTIME,
            xattrs: BTreeMap::new(),
        }
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == EntryKind::Directory
    }

    /// Bytes of content; 0 for what is no regular file.
    pub fn size(&self) -> u64 {
        if let EntryKind::File { size, .. } = self.kind {
            size
        } else {
            0
        }
    }

    /// Whether the file's object is the executable one: any of the three execute bits is set.
    pub fn executable(&self) -> bool {
        self.mode & 0o111 != 0
    }
}

impl Tree {
    /// A tree of nothing but its root folder, mode 0755.
    pub fn new() -> Self {
        Self {
            entries: BTreeMap::from([(String::new(), Entry::new(EntryKind::Directory, 0o755))]),
        }
    }

    /// The entry at a path; a leading slash is allowed.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path.trim_start_matches('/'))
    }

    /// Puts an entry, making the folders above it (mode 0755) where they are missing; what was there is replaced.
    ///
    /// A leading slash is allowed. Errors: [`TreeError::Path`], [`TreeError::Parent`] when something above it is no
    /// directory, [`TreeError::Occupied`] when it would replace a directory by something else.
    pub fn insert(&mut self, path: &str, entry: Entry) -> Result<(), TreeError> {
        let path = path.trim_start_matches('/');
        check_path(path)?;
        check_entry(path, &entry)?;
        if !entry.is_dir() && (path.is_empty() || self.entries.get(path).is_some_and(Entry::is_dir))
        {
            return Err(TreeError::Occupied { path: path.into() });
        }
        let mut above = parent(path);
        while let Some(folder) = above {
            match self.entries.get(folder) {
                Some(found) if found.is_dir() => break,
                Some(_) => return Err(TreeError::Parent { path: path.into() }),
                None => above = parent(folder),
            }
        }
        let mut above = parent(path);
        while let Some(folder) = above {
            if self.entries.contains_key(folder) {
                break;
            }
            self.entries
                .insert(folder.into(), Entry::new(EntryKind::Directory, 0o755));
            above = parent(folder);
        }
        self.entries.insert(path.into(), entry);
        Ok(())
    }

    /// Puts a regular file owned by root. Errors: as [`Tree::insert`].
    pub fn insert_file(
        &mut self,
        path: &str,
        digest: Digest,
        size: u64,
        mode: u32,
    ) -> Result<(), TreeError> {
        self.insert(path, Entry::new(EntryKind::File { digest, size }, mode))
    }

    /// Puts a directory owned by root; one that exists gets this mode. Errors: as [`Tree::insert`].
    pub fn insert_dir(&mut self, path: &str, mode: u32) -> Result<(), TreeError> {
        self.insert(path, Entry::new(EntryKind::Directory, mode))
    }

    /// Puts a symbolic link owned by root. Errors: as [`Tree::insert`].
    pub fn insert_symlink(&mut self, path: &str, target: &str) -> Result<(), TreeError> {
        self.insert(
            path,
            Entry::new(
                EntryKind::Symlink {
                    target: target.into(),
                },
                0o777,
            ),
        )
    }

    /// Takes out an entry with everything below it; says whether it was there.
    pub fn remove(&mut self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        if path.is_empty() {
            let had = !self.entries.is_empty();
            self.entries.clear();
            return had;
        }
        let below: Vec<String> = self.below(path).map(|(path, _)| path.to_owned()).collect();
        for path in &below {
            self.entries.remove(path);
        }
        self.entries.remove(path).is_some()
    }

    /// Everything strictly below a folder, sorted.
    pub fn below(&self, path: &str) -> impl Iterator<Item = (&str, &Entry)> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let path = path.trim_start_matches('/');
        // `0` is the character after `/`.
        let bounds = if path.is_empty() {
            (Excluded(String::new()), Unbounded)
        } else {
            (Included(format!("{path}/")), Excluded(format!("{path}0")))
        };
        self.entries
            .range(bounds)
            .map(|(path, entry)| (path.as_str(), entry))
    }

    /// What lies directly in a folder: names and entries, sorted by path.
    pub fn children(&self, path: &str) -> impl Iterator<Item = (&str, &Entry)> {
        let path = path.trim_start_matches('/');
        let cut = if path.is_empty() { 0 } else { path.len() + 1 };
        self.below(path)
            .map(move |(path, entry)| (&path[cut..], entry))
            .filter(|(name, _)| !name.contains('/'))
    }

    /// The tree below a folder, with that folder as its root; nothing when it is no folder.
    pub fn subtree(&self, path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let root = self.entries.get(path).filter(|entry| entry.is_dir())?;
        if path.is_empty() {
            return Some(self.clone());
        }
        let mut entries = BTreeMap::from([(String::new(), root.clone())]);
        entries.extend(
            self.below(path)
                .map(|(below, entry)| (below[path.len() + 1..].to_owned(), entry.clone())),
        );
        Some(Self { entries })
    }

    /// The same tree moved down into a folder; the folders above it are made with mode 0755.
    ///
    /// Errors: [`TreeError::Path`].
    pub fn prefix(&self, path: &str) -> Result<Self, TreeError> {
        let path = path.trim_matches('/');
        check_path(path)?;
        if path.is_empty() {
            return Ok(self.clone());
        }
        let mut moved = Self::new();
        let root = self.entries.get("").cloned();
        moved.insert(
            path,
            root.unwrap_or_else(|| Entry::new(EntryKind::Directory, 0o755)),
        )?;
        let below = self.entries.iter().filter(|(below, _)| !below.is_empty());
        moved
            .entries
            .extend(below.map(|(below, entry)| (format!("{path}/{below}"), entry.clone())));
        Ok(moved)
    }

    /// Bytes of all regular files, equal ones counted each time.
    pub fn size(&self) -> u64 {
        let sizes = self.entries.values().map(Entry::size);
        sizes.fold(0, u64::saturating_add)
    }

    /// Checks what every tree must hold: sound paths, the root a directory, every parent a directory, sound entries,
    /// and not more of them than [`limits::ENTRIES_MAX`].
    pub fn check(&self) -> Result<(), TreeError> {
        if self.entries.len() > ENTRIES_MAX {
            return Err(TreeError::TooMany {
                count: self.entries.len(),
            });
        }
        for (path, entry) in &self.entries {
            check_path(path)?;
            check_entry(path, entry)?;
            match parent(path) {
                None if !entry.is_dir() => return Err(TreeError::Parent { path: path.clone() }),
                Some(above) if !self.entries.get(above).is_some_and(Entry::is_dir) => {
                    return Err(TreeError::Parent { path: path.clone() });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The folder that a path lies in; nothing for the root.
pub fn parent(path: &str) -> Option<&str> {
    if path.is_empty() {
        None
    } else {
        Some(path.rsplit_once('/').map_or("", |(above, _)| above))
    }
}
