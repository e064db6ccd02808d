//! The other side of a re-execution: the same program, started by [`crate::launch`], before its own `main` does anything.
//!
//! In: a socket on standard input with the order. Out: the answer on the same socket; never returns when it was started as a child.

use crate::{inside, wire};
use std::path::PathBuf;
use std::sync::OnceLock;

/// A function that [`crate::in_namespace`] runs by name.
pub type Task = fn(&[u8]) -> Result<Vec<u8>, String>;

/// The first argument by which a program knows that it is a child.
pub(crate) const CHILD_ARGUMENT: &str = "__cairn-child";
/// Set for a child until it has answered, so that a program without the hook can't start itself for ever.
pub(crate) const CHILD_VARIABLE: &str = "CAIRN_SANDBOX_CHILD";

static CHILD_PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Uses another program than this one as the child, once and before the first sandbox: for tests that have no `main`.
/// The program must call [`maybe_run_as_child`].
pub fn use_child_program(program: impl Into<PathBuf>) {
    let _ = CHILD_PROGRAM.set(program.into());
}

pub(crate) fn child_program() -> PathBuf {
    CHILD_PROGRAM
        .get()
        .cloned()
        .unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}

/// Serves as sandbox child if this process was started as one, and exits; returns at once otherwise.
///
/// To be called first in `main`, before any thread is started.
pub fn maybe_run_as_child(tasks: &[(&'static str, Task)]) {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|a| a != CHILD_ARGUMENT)
        || std::env::var_os(CHILD_VARIABLE).is_none()
    {
        return;
    }
    let code = match wire::Channel::of_child() {
        Ok(channel) => inside::serve(channel, tasks),
        Err(_) => 70,
    };
    std::process::exit(code);
}
