//! The journal: what an application was about to do, as long as it is not done.
//!
//! In and out: `<root>/cairn/var/journal.json`. It holds the wish, not how far it went: the boot partition says that
//! itself, and its loader may have renamed entries since. Whoever finds it plans again for the same wish.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// An application that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// Version of this form: 1.
    pub version: u32,
    /// The generation that was to boot next.
    pub chosen: u32,
    /// The plan as it was printed, for people.
    pub plan: Vec<String>,
}

/// Where the journal of a root is.
pub(crate) fn place(root: &Path) -> PathBuf {
    root.join("cairn/var/journal.json")
}

/// The application that was interrupted below this root, if one was.
///
/// Errors: [`Error::Read`], [`Error::NoJournal`].
pub fn pending(root: &Path) -> Result<Option<Journal>, Error> {
    let path = place(root);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Read { path, source }),
        Ok(text) => text,
    };
    let journal = serde_json::from_slice(&text);
    journal
        .map(Some)
        .map_err(|source| Error::NoJournal { path, source })
}

/// Gives an interrupted application up: its journal goes, nothing else changes.
///
/// Errors: [`Error::Journal`].
pub fn forget(root: &Path) -> Result<(), Error> {
    let path = place(root);
    let removed = match fs::remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.and_then(|()| sync_folder_of(&path)),
    };
    let act = "remove";
    removed.map_err(|source| Error::Journal { act, path, source })
}

impl Journal {
    /// Writes the journal in one step, durably, over one that is there.
    pub(crate) fn write(&self, root: &Path) -> Result<(), Error> {
        let path = place(root);
        let written = self.write_to(&path);
        let act = "write";
        written.map_err(|source| Error::Journal { act, path, source })
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mut file = tempfile::Builder::new()
            .prefix(".journal")
            .tempfile_in(folder)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        sync_folder_of(path)
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    cairn_sys::fs::sync_folder(path.parent().unwrap_or(Path::new("/")))
}
