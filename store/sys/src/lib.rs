//! The kernel, wrapped: user namespaces, sandboxes, mounts. The only crate with `unsafe`, all of it in [`syscalls`].
//!
//! In: descriptions of what to run and where. Out: how it ended. Knows nothing of stores, derivations or Debian.
//!
//! A program that runs sandboxes calls [`maybe_run_as_child`] first in its `main`: the kernel refuses a new user
//! namespace to a process with threads, so the program is executed again as a helper with one thread.

pub mod child;
mod disk_use;
pub mod error;
pub mod fs;
pub mod ids;
mod inside;
mod launch;
pub mod own_mounts;
pub mod sandbox;
mod syscalls;
pub mod task;
pub mod tether;
mod wire;

pub use child::{Task, maybe_run_as_child, use_child_program};
pub use error::SandboxError;
pub use ids::IdMap;
pub use sandbox::{
    Ending, ExitOutcome, Limits, Mount, Network, Profile, RootFs, Sandbox, Watch, run,
};
pub use task::{in_namespace, remove_tree};
