//! Why a boot partition can't be planned, read or written.

use cairn_graph::Digest;
use std::io;
use std::path::PathBuf;

/// What stopped a plan or its application.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An empty list would remove every way to boot.
    #[error("refusing to write a boot partition without a generation: nothing could boot")]
    NoGenerations,
    /// The chosen generation isn't one of the list.
    #[error("generation {0} was chosen for the next boot, but it is not among those to be written")]
    ChosenMissing(u32),
    /// The same number twice.
    #[error("generation {0} is listed twice")]
    Duplicate(u32),
    /// The plan needs more than there is, even after everything that may go is gone.
    #[error(
        "the boot partition is too small: {needed_bytes} bytes are needed, {available_bytes} are available after removing every generation that may go; nothing was changed"
    )]
    TooLarge {
        /// Bytes of whole clusters that would be written.
        needed_bytes: u64,
        /// Bytes free after all removals.
        available_bytes: u64,
    },
    /// `loader.conf` isn't ours and stores a default, so counting could not work.
    #[error(
        "{path} was not written by Cairn and has the line `{line}`: a stored default makes a broken generation boot for ever; remove the line"
    )]
    ForeignDefault {
        /// The file on the partition.
        path: String,
        /// Its line.
        line: String,
    },
    /// A text that would end a line of the entry early.
    #[error("generation {number}: `{text}` has a line break and can't be part of a boot entry")]
    LineBreak {
        /// The generation.
        number: u32,
        /// The text.
        text: String,
    },
    /// Something on the partition, or the source of a kernel, can't be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something can't be written to the partition.
    #[error("cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something can't be removed from the partition.
    #[error("cannot remove {path}")]
    Remove {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was read back is not what was written.
    #[error(
        "{path} reads back as {found} instead of {expected}: the partition is damaged or another program writes to it"
    )]
    ReadBack {
        /// Which.
        path: PathBuf,
        /// What should be there.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// The manifest of owned files can't be understood.
    #[error("cannot understand {path}")]
    Manifest {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}
