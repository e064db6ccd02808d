//! Rust code inside a user namespace: work with files of all owners without being root.
//!
//! In: the name of a task that `main` registered, and its input. Out: its output. Tasks see the host's files, in a mount namespace
//! of their own; the ids of files are those of the sandbox.

use crate::error::SandboxError;
use crate::ids::IdMap;
use crate::launch;
use std::io;
use std::path::{Path, PathBuf};

/// Runs the task `name` of [`crate::maybe_run_as_child`] as root of a user namespace with this map.
///
/// The task runs in a process of its own: it shares no memory, it may start threads, what it writes to standard error is
/// passed on. Standard output is not there. It is killed when this process dies.
///
/// Errors: [`SandboxError::UnknownTask`], [`SandboxError::Task`] with the task's own message.
pub fn in_namespace(ids: &IdMap, name: &str, input: &[u8]) -> Result<Vec<u8>, SandboxError> {
    launch::task(ids, name, input)
}

/// The task behind [`remove_tree`], which every program has.
pub(crate) const REMOVE_TASK: &str = "cairn-remove-tree";

/// Removes a file or a folder with all in it, whichever of the sandbox's users owns what; fine when it is not there.
///
/// An overlay's upper and work folders can often not be removed from outside.
pub fn remove_tree(ids: &IdMap, path: &Path) -> Result<(), SandboxError> {
    let input = serde_json::to_vec(path).map_err(|source| SandboxError::Channel {
        source: source.into(),
    })?;
    in_namespace(ids, REMOVE_TASK, &input).map(drop)
}

pub(crate) fn remove_task(input: &[u8]) -> Result<Vec<u8>, String> {
    let path: PathBuf = serde_json::from_slice(input).map_err(|error| error.to_string())?;
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(&path),
        Ok(_) => std::fs::remove_file(&path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", path.display()))
        }
        _ => Ok(Vec::new()),
    }
}
