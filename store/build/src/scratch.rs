//! The folder a build works in: made before, removed or kept after.
//!
//! In: a store. Out: an empty folder in its file system. Files of other owners are removed through a user namespace.

use crate::error::BuildError;
use cairn_disk::Store;
use cairn_graph::ActionKey;
use cairn_sys::IdMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

pub(crate) fn make(store: &Store) -> Result<PathBuf, BuildError> {
    let path = store.tmp_path()?;
    // Closed to others: what is in it may be open to the users of a sandbox.
    match fs::DirBuilder::new().mode(0o700).create(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(BuildError::Io {
            act: "make the folder",
            path,
            source,
        }),
    }
}

/// Removes a folder, whoever owns what is in it.
pub(crate) fn remove(path: &Path) -> Result<(), BuildError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Ok(cairn_sys::remove_tree(&IdMap::for_current_user()?, path)?)
        }
        result => result.map_err(|source| BuildError::Io {
            act: "remove",
            path: path.to_owned(),
            source,
        }),
    }
}

/// Moves a failed build's folder to where it stays until the next collection.
pub(crate) fn keep(
    store: &Store,
    path: &Path,
    name: &str,
    action: &ActionKey,
) -> Result<PathBuf, BuildError> {
    let short: String = action.to_string().chars().take(8).collect();
    let kept = store.layout().tmp().join(format!("failed-{name}-{short}"));
    remove(&kept)?;
    match fs::rename(path, &kept) {
        Ok(()) => Ok(kept),
        Err(source) => Err(BuildError::Io {
            act: "keep",
            path: path.to_owned(),
            source,
        }),
    }
}
