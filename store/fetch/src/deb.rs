//! Binary packages, read in one pass.
//!
//! In: the stream of a `.deb`. Out: its control members and its data entries, in archive order, and its SHA-256. Strict:
//! a path that could leave the root, or a form that dpkg wouldn't write, is an error. Source: deb(5).

use std::collections::BTreeMap;
use std::io::{self, Read};

/// One entry of the data archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Relative, without `./` and trailing slash; the root folder is the empty path.
    pub path: String,
    /// What it is.
    pub kind: MemberKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Extended attributes by name.
    pub xattrs: BTreeMap<String, Vec<u8>>,
}

/// The kinds of entries in a data archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// A directory.
    Directory,
    /// A regular file; its bytes are in the reader.
    File {
        /// Bytes.
        size: u64,
    },
    /// A symbolic link.
    Symlink {
        /// Its text.
        target: String,
    },
    /// Another name of an earlier file; the caller resolves it.
    Hardlink {
        /// The path of the earlier entry, in the form of [`Member::path`].
        target: String,
    },
    /// A character device.
    CharDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
}

/// What a whole pass over a package found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebSummary {
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes of the file.
    pub size: u64,
}

/// Why a package can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// Not the form of deb(5).
    #[error("not a Debian package: {0}")]
    Form(String),
    /// An entry that could leave the root or that has no place in a tree.
    #[error("the package's entry `{path}` is refused: {reason}")]
    Entry {
        /// Its path, lossily decoded.
        path: String,
        /// What's wrong.
        reason: String,
    },
    /// Reading or decompressing failed.
    #[error("cannot read the package's {member}")]
    Read {
        /// Which part.
        member: String,
        /// Cause.
        source: io::Error,
    },
    /// The caller refused an entry.
    #[error("cannot take over the package's entry `{path}`")]
    Visit {
        /// Its path.
        path: String,
        /// The caller's error.
        source: io::Error,
    },
}

/// Reads one package.
pub struct DebReader<R> {
    stream: R,
}

impl<R: Read> DebReader<R> {
    /// Nothing is read yet.
    pub fn new(stream: R) -> Self {
        Self { stream }
    }

    /// Gives each control member (name, bytes, mode) to `control`, then each data entry to `data`, with a reader
    /// of its bytes (empty for anything but files).
    pub fn visit(
        self,
        control: impl FnMut(&str, &[u8], u32) -> io::Result<()>,
        data: impl FnMut(&Member, &mut dyn Read) -> io::Result<()>,
    ) -> Result<DebSummary, DebError> {
        todo!()
    }
}
