//! Why a machine can't be observed, planned or changed.

use std::io;
use std::path::PathBuf;

/// What stopped an activation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line has some of our words and lacks others.
    #[error("the running kernel's command line is not one that Cairn wrote: {why}")]
    CommandLine {
        /// What is wrong with it.
        why: String,
    },
    /// Nothing to write boot entries to.
    #[error(
        "no boot partition is mounted: none of {} is a FAT file system; mount the EFI system partition at /efi",
        .looked.join(", ")
    )]
    NoEsp {
        /// The folders.
        looked: Vec<String>,
    },
    /// It is there, and can't be written.
    #[error("the boot partition at {folder} is mounted read-only; `mount -o remount,rw {folder}`")]
    ReadOnly {
        /// Where.
        folder: PathBuf,
    },
    /// Something of the machine can't be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The boot partition.
    #[error(transparent)]
    Boot(#[from] cairn_boot::Error),
    /// The journal can't be written or removed.
    #[error("cannot {act} the journal {path}")]
    Journal {
        /// `write` or `remove`.
        act: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal is none.
    #[error(
        "{path} is no journal of an interrupted switch; remove it and choose again with `cairn rollback --to`"
    )]
    NoJournal {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The boot partition is written, but the caller could not record the choice.
    #[error(
        "the boot partition is written, but the choice of generation {chosen} could not be recorded"
    )]
    Commit {
        /// The generation.
        chosen: u32,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
