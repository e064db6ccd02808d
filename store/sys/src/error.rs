//! What can go wrong before, around and after a sandboxed command; a command that fails by itself is no error here.

use std::io;
use std::path::PathBuf;

/// Why a sandbox could not be made or a task in a namespace not be run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel, its settings or a container around us refuse user namespaces.
    #[error(
        "this machine refuses user namespaces, and builds never run without a sandbox; {}",
        "check the sysctls user.max_user_namespaces (above 0), kernel.unprivileged_userns_clone (1) and \
         kernel.apparmor_restrict_unprivileged_userns (0), or run as root outside a container"
    )]
    NoUserNamespaces {
        /// What the kernel said.
        source: io::Error,
    },
    /// The user owns no range of subordinate ids, or `newuidmap` is missing.
    #[error(
        "{reason}; builds need 65535 subordinate user and group ids: `apt install uidmap`, then a line such as \
         `{user}:100000:65536` in /etc/subuid and in /etc/subgid"
    )]
    NoSubIds {
        /// The user's name or number.
        user: String,
        /// What is missing.
        reason: String,
    },
    /// The map of ids could not be written although user namespaces work.
    #[error("cannot map user and group ids into the sandbox: {reason}")]
    MapIds {
        /// What `newuidmap` or the kernel said.
        reason: String,
    },
    /// The program does not call [`crate::maybe_run_as_child`] first in its `main`.
    #[error("the program {program} cannot start a sandbox: it does not answer as a sandbox child")]
    NoChildHook {
        /// The program that was executed.
        program: PathBuf,
    },
    /// The helper process could not be started.
    #[error("cannot start {program} as a sandbox child")]
    Spawn {
        /// The program that was executed.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A step inside the new namespaces failed: a mount, a lookup of the program.
    #[error("cannot set up the sandbox: {step}")]
    Setup {
        /// The act and its object, such as `mount overlay on /`.
        step: String,
        /// Why.
        source: io::Error,
    },
    /// The helper process ended without an answer.
    #[error("the sandbox child ended without an answer ({status})")]
    Died {
        /// How the process ended.
        status: String,
    },
    /// Talking with the helper process failed.
    #[error("cannot talk with the sandbox child")]
    Channel {
        /// Why.
        source: io::Error,
    },
    /// No task of that name was given to [`crate::maybe_run_as_child`].
    #[error("the program has no namespace task `{name}`")]
    UnknownTask {
        /// The task asked for.
        name: String,
    },
    /// The task ran and failed.
    #[error("{message}")]
    Task {
        /// The task asked for.
        name: String,
        /// Its error, with causes.
        message: String,
    },
}
