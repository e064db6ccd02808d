//! What can go wrong with the store, each error naming the act and the object.

use cairn_graph::tree::encoding::DecodeError;
use cairn_graph::{Digest, StorePath, TreeError};
use std::io;
use std::path::{Path, PathBuf};

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot {act} {}", path.display())]
    Io {
        /// What was tried: a verb for the path.
        act: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk, or the user's share of it, is full. Nothing is left half-made under a final name.
    #[error("no space left on the disk for {}", path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// Another process holds the store's lock.
    #[error("the store is in use by process {pid}: {command}")]
    Busy {
        /// Its process id, 0 when it did not say.
        pid: u32,
        /// What it is doing, in its own words.
        command: String,
    },
    /// Something that is referred to is not in the store.
    #[error("the store has no {what} {name}")]
    Missing {
        /// `object`, `tree`, `path` or `generation`.
        what: &'static str,
        /// Its digest, name or number.
        name: String,
    },
    /// Contents that do not match the digest that names them.
    #[error("{} is damaged: it should hash to {expected}, but hashes to {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// By its name.
        expected: Digest,
        /// By its bytes.
        found: Digest,
    },
    /// A manifest that is no tree.
    #[error("{} is no manifest of a tree", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: DecodeError,
    },
    /// A record that can't be read.
    #[error("the record {} can't be read: {why}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The store was written by a version of Cairn with another layout.
    #[error("{} says `{found}`; this program knows `{known}`", path.display())]
    Version {
        /// The version file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What it should say.
        known: &'static str,
    },
    /// Something that can't be in a tree: a socket, a block device, a name that is not UTF-8.
    #[error("{} can't enter the store: {why}", path.display())]
    Unstorable {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// An entry that can't be made here.
    #[error("cannot make {}: {why}", path.display())]
    Unmakeable {
        /// Where it should have been.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// Entries that are no tree.
    #[error("the entries for {} are no tree", path.display())]
    Tree {
        /// From where, or for where.
        path: PathBuf,
        /// Why not.
        source: TreeError,
    },
    /// A store path whose hash is not that of the content it is said to have.
    #[error("{path} is not the path of its content; that would be {right}")]
    WrongPath {
        /// As given.
        path: StorePath,
        /// As computed.
        right: StorePath,
    },
    /// A name that can't be part of a store path, or of a root.
    #[error("`{name}` can't be a name in the store: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: String,
    },
}

impl Error {
    /// Makes the error of a failed act; a full disk becomes [`Error::Full`].
    pub(crate) fn io(act: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { path: path.into() }
            }
            _ => Self::Io {
                act,
                path: path.into(),
                source,
            },
        }
    }
}

/// Gives an act and its object to an `io::Result` or an errno.
pub(crate) trait Act<T> {
    /// Names the act and the object.
    fn act(self, act: &'static str, path: &Path) -> Result<T>;
}

impl<T, E: Into<io::Error>> Act<T> for std::result::Result<T, E> {
    fn act(self, act: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| Error::io(act, path, source.into()))
    }
}
