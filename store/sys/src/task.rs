//! Rust code inside a user namespace: work with files of all owners without being root.
//!
//! In: the name of a task that `main` registered, and its input. Out: its output. Tasks see the host's files, in a mount namespace
//! of their own; the ids of files are those of the sandbox.

use crate::error::SandboxError;
use crate::ids::IdMap;
use crate::launch;

/// Runs the task `name` of [`crate::maybe_run_as_child`] as root of a user namespace with this map.
///
/// The task runs in a process of its own: it shares no memory, it may start threads, what it writes to standard error is
/// passed on. Standard output is not there. It is killed when this process dies.
///
/// Errors: [`SandboxError::UnknownTask`], [`SandboxError::Task`] with the task's own message.
pub fn in_namespace(ids: &IdMap, name: &str, input: &[u8]) -> Result<Vec<u8>, SandboxError> {
    launch::task(ids, name, input)
}
