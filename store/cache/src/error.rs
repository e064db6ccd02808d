//! What can go wrong between a store and a cache; each error names the cache and the file in it.

use std::io;
use std::path::{Path, PathBuf};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The local store.
    #[error(transparent)]
    Store(#[from] cairn_disk::Error),
    /// The cache has no file of this name.
    #[error("{cache} has no {name}")]
    Absent {
        /// The cache, as the user names it.
        cache: String,
        /// The file.
        name: String,
    },
    /// The cache did not answer, or did not do what it was asked.
    #[error("cannot {act} {name} of {cache}: {why}")]
    Unreachable {
        /// What was tried.
        act: &'static str,
        /// The cache.
        cache: String,
        /// The file.
        name: String,
        /// The network's or the server's words.
        why: String,
    },
    /// Bytes that are not what their name or a signed statement says: tampered with, truncated, or never right.
    #[error("{name} of {whence} is refused: {why}")]
    Refused {
        /// The cache or file that it came from.
        whence: String,
        /// What it is.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// Fewer keys that are trusted have signed than must.
    #[error(
        "{name} of {whence} is refused: {} of the {needed} signatures by trusted keys that it needs{}",
        if *valid == 0 { "it has none".into() } else { format!("it has only {valid}") },
        signers(signed_by)
    )]
    Untrusted {
        /// The cache or file that it came from.
        whence: String,
        /// What it is.
        name: String,
        /// How many keys must sign.
        needed: usize,
        /// How many trusted keys did.
        valid: usize,
        /// Ids of the keys that signatures name, whether they hold or not.
        signed_by: Vec<String>,
    },
    /// No key is trusted at all.
    #[error("no key is trusted yet: {} has none", path.display())]
    NoTrust {
        /// Where trusted keys are kept.
        path: PathBuf,
    },
    /// A key that can't be used.
    #[error("the key {} can't be used: {why}", path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// An address of a cache that is none.
    #[error("`{address}` is no cache: {why}")]
    Address {
        /// As given.
        address: String,
        /// Why not.
        why: String,
    },
    /// A cache that can only be read.
    #[error("{cache} can only be read")]
    ReadOnly {
        /// The cache.
        cache: String,
    },
    /// A name that no closure can have.
    #[error(
        "`{name}` can't be the name of a closure: 1 to 200 of `A-Z a-z 0-9 . _ -`, not beginning with a dot"
    )]
    Name {
        /// As given.
        name: String,
    },
    /// Something that is to be sent is larger than caches hold.
    #[error("{what} has {bytes} bytes, more than the {limit} that a cache holds")]
    TooLarge {
        /// What it is.
        what: String,
        /// Bytes.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// A local file.
    #[error("cannot {act} {}", path.display())]
    File {
        /// What was tried.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another stream of bytes than a file: a pipe, a socket.
    #[error("cannot {act}")]
    Stream {
        /// What was tried.
        act: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The caller cancelled.
    #[error("interrupted")]
    Cancelled,
}

impl Error {
    /// The error of a failed act on a file.
    pub(crate) fn file(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { act, path, source }
    }

    /// The refusal of a named file.
    pub(crate) fn refused(whence: &str, name: &str, why: impl Into<String>) -> Self {
        Self::Refused {
            whence: whence.into(),
            name: name.into(),
            why: why.into(),
        }
    }
}

fn signers(ids: &[String]) -> String {
    match ids {
        [] => "; nobody has signed it".into(),
        ids => format!("; signatures name {}", ids.join(", ")),
    }
}
