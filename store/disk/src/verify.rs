//! Verifying: everything is hashed again; no name is trusted.
//!
//! In: the store. Out: every fault, sorted. Repairs nothing: [`crate::repair`] does. What nothing refers to and the
//! collector would take, such as a materialised path that is not registered, is no fault.

mod contents;
pub(crate) mod materialised;
mod records;

use crate::error::Result;
use crate::store::Store;
use cairn_graph::{Digest, StorePath};
use std::path::PathBuf;

pub(crate) use contents::Contents;
pub(crate) use records::Records;

/// One thing that is wrong in the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    /// An object or a manifest whose bytes are others than its name says.
    #[error("{} is damaged: its contents hash to {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// By its bytes.
        found: Digest,
    },
    /// An object whose mode is not that of its name.
    #[error("{} has mode {found:o} where {right:o} is right", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Permission bits as found.
        found: u32,
        /// 0644, or 0755 for an executable.
        right: u32,
    },
    /// A file that can't be read, or a manifest or record that is none.
    #[error("{} can't be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A file in the store's folders whose name is none that the store gives.
    #[error("{} has no business there", path.display())]
    Stray {
        /// The file.
        path: PathBuf,
    },
    /// Something that is referred to and not there.
    #[error("{} refers to the {what} {digest}, which is missing", by.display())]
    Missing {
        /// The manifest or record that refers to it.
        by: PathBuf,
        /// `object` or `tree`.
        what: &'static str,
        /// Its digest.
        digest: Digest,
    },
    /// A record that names a path which is not registered.
    #[error("{} refers to {path}, which is not registered", by.display())]
    Unregistered {
        /// The record.
        by: PathBuf,
        /// What it names.
        path: StorePath,
    },
    /// A generation whose record can't be read; its files are left alone.
    #[error("generation {number} can't be read: {why}")]
    Generation {
        /// Its number.
        number: u64,
        /// Why not.
        why: String,
    },
    /// What stands in `store/` is not what the path holds.
    #[error("{} is not what {path} holds: {why}", place.display())]
    Differs {
        /// The path.
        path: StorePath,
        /// The file, link or folder that is wrong.
        place: PathBuf,
        /// In which way.
        why: String,
    },
}

impl Fault {
    /// The file that should go; nothing for what is missing, or mended where it stands.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Damaged { path, .. } | Self::Unreadable { path, .. } | Self::Stray { path } => {
                Some(path)
            }
            Self::Missing { .. }
            | Self::Mode { .. }
            | Self::Unregistered { .. }
            | Self::Generation { .. }
            | Self::Differs { .. } => None,
        }
    }
}

impl Store {
    /// Hashes all objects and trees again, looks up what trees and records refer to, and compares what is materialised with
    /// what its path holds; the faults, sorted. Others may add to the store meanwhile, or collect.
    pub fn verify(&self) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        let records = Records::read(self, &mut faults)?;
        let contents = Contents::check(self, &mut faults)?;
        records.check(self, &contents, &mut faults);
        materialised::check(self, &records, &contents, &mut faults)?;
        // What a collection took away meanwhile refers to nothing any more.
        faults.retain(|fault| match fault {
            Fault::Missing { by, .. } | Fault::Unregistered { by, .. } => by.exists(),
            Fault::Differs { path, .. } => self.layout.path_record(path).exists(),
            _ => true,
        });
        faults.sort();
        faults.dedup();
        Ok(faults)
    }
}
