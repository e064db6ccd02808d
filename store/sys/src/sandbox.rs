//! One command in a fresh sandbox: its description and how it ended.
//!
//! In: [`Sandbox`], everything the command will see. Out: [`ExitOutcome`]. The command gets its own user, mount, PID, IPC,
//! UTS, cgroup and network namespaces and nothing of the host that is not named here. There is no unsandboxed
//! fallback. When [`run`] returns, no process and no mount of the sandbox is left.

use crate::error::SandboxError;
use crate::ids::IdMap;
use crate::launch;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What a command will see and may do.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The ids inside and outside.
    pub ids: IdMap,
    /// The rest, which goes to the child process.
    pub spec: Spec,
}

/// The part of a [`Sandbox`] that is told to the child process. Paths are UTF-8.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    /// The root file system.
    pub root: RootFs,
    /// Mounted in this order after the root.
    pub mounts: Vec<Mount>,
    /// The command and its arguments; without a slash it is searched in the `PATH` of [`Spec::env`].
    pub argv: Vec<String>,
    /// The whole environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Working directory inside.
    pub cwd: String,
    /// User id inside.
    pub uid: u32,
    /// Group id inside; there are no supplementary groups.
    pub gid: u32,
    /// Host name inside.
    pub hostname: String,
    /// What the command may ask of the kernel.
    pub profile: Profile,
    /// What it has of a network.
    pub network: Network,
    /// When it is stopped.
    pub limits: Limits,
    /// What it reads on standard input; empty is `/dev/null`.
    pub stdin: Vec<u8>,
    /// Whether standard output is kept apart in [`ExitOutcome::stdout`] instead of joining the log.
    pub capture_stdout: bool,
    /// Set in the child: permission mask, 0o022 unless changed.
    pub umask: u32,
}

impl Sandbox {
    /// A command as root of the sandbox at `/`, with `/proc`, a minimal `/dev`, `PATH`, no network, no limits and
    /// [`Profile::Build`]; all fields of `spec` may be changed.
    pub fn new(
        ids: IdMap,
        root: RootFs,
        argv: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let env = [
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", "/"),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
        ];
        Self {
            ids,
            spec: Spec {
                root,
                mounts: vec![Mount::Proc, Mount::DevMinimal],
                argv: argv.into_iter().map(Into::into).collect(),
                env: env
                    .iter()
                    .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                    .collect(),
                cwd: "/".to_owned(),
                uid: 0,
                gid: 0,
                hostname: "cairn".to_owned(),
                profile: Profile::Build,
                network: Network::None,
                limits: Limits::default(),
                stdin: Vec::new(),
                capture_stdout: false,
                umask: 0o022,
            },
        }
    }

    /// Adds a mount.
    pub fn mount(mut self, mount: Mount) -> Self {
        self.spec.mounts.push(mount);
        self
    }

    /// Adds a read-only bind mount.
    pub fn bind_read_only(self, from: impl AsRef<Path>, to: impl Into<String>) -> Self {
        self.mount(Mount::Bind {
            from: from.as_ref().to_owned(),
            to: to.into(),
            read_only: true,
        })
    }

    /// Adds a writable bind mount.
    pub fn bind_writable(self, from: impl AsRef<Path>, to: impl Into<String>) -> Self {
        self.mount(Mount::Bind {
            from: from.as_ref().to_owned(),
            to: to.into(),
            read_only: false,
        })
    }

    /// Sets a variable of the environment, replacing an earlier value.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.spec.env.retain(|(k, _)| k != name);
        self.spec.env.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the profile.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.spec.profile = profile;
        self
    }

    /// Sets user and group inside.
    pub fn user(mut self, uid: u32, gid: u32) -> Self {
        self.spec.uid = uid;
        self.spec.gid = gid;
        self
    }
}

/// The root file system of a sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootFs {
    /// An overlay: changes go to `upper`, whiteouts are character devices 0/0, opaque folders have `user.overlay.opaque=y`.
    Overlay {
        /// From the uppermost to the lowest; at most 500.
        lowers: Vec<PathBuf>,
        /// Receives what changes; must exist, on a file system with user xattrs (no overlay).
        upper: PathBuf,
        /// Empty folder on the file system of `upper`.
        work: PathBuf,
    },
    /// A folder.
    Directory {
        /// The folder.
        path: PathBuf,
        /// Whether nothing in it may be changed; mount points must exist then.
        read_only: bool,
    },
    /// An empty file system in memory.
    Tmpfs {
        /// Bytes at most.
        size: u64,
    },
}

/// One mount of a sandbox. Mount points that are missing are made, and removed again after the run if they are still empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mount {
    /// A file or folder of the host.
    Bind {
        /// On the host.
        from: PathBuf,
        /// Inside.
        to: String,
        /// Whether it may not be changed.
        read_only: bool,
    },
    /// An empty file system in memory.
    Tmpfs {
        /// Inside.
        to: String,
        /// Bytes at most.
        size: u64,
        /// Permission bits of its root.
        mode: u32,
    },
    /// `/proc` of the new PID namespace, with what would reach the host masked or read-only.
    Proc,
    /// `/dev` with null, zero, full, random, urandom, tty, ptmx, pts, shm, fd and stdin/out/err.
    DevMinimal,
    /// An overlay elsewhere than the root; as [`RootFs::Overlay`], read-only without an upper folder.
    Overlay {
        /// Inside.
        to: String,
        /// From the uppermost to the lowest.
        lowers: Vec<PathBuf>,
        /// Upper and work folder.
        upper: Option<(PathBuf, PathBuf)>,
    },
}

/// What a sandboxed command may ask of the kernel. Both refuse mounts, new namespaces, kernel keys, io_uring, BPF,
/// modules and tracing of the kernel; both run without new privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Configuring packages: set-id bits, owners, xattrs and pipes are allowed.
    MaintainerScripts,
    /// Building from inputs: no set-id bits, no xattrs, no capabilities unless uid is 0.
    Build,
}

/// The network inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// No interface is up, not even the loopback.
    None,
    /// The sandbox's own loopback.
    Loopback,
}

/// When a command is stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Seconds of wall time.
    pub wall_secs: Option<u64>,
    /// Bytes on standard output and error together.
    pub output_bytes: Option<u64>,
    /// Processes and threads at once (`RLIMIT_NPROC`; without effect for a root that is the host's root).
    pub processes: Option<u64>,
    /// Bytes of the largest file (`RLIMIT_FSIZE`).
    pub file_bytes: Option<u64>,
    /// Bytes that what the command writes on the host's disks may take: writable binds and the overlay's upper folder, by their
    /// blocks. Looked at ten times a second, so that it can be passed by what is written in that time.
    pub disk_bytes: Option<u64>,
    /// Bytes that must stay free on those disks, whoever takes them; and one inode of 64. Open files that have no name any more count here only.
    pub disk_free_bytes: Option<u64>,
}

/// Who watches a run.
pub struct Watch<'a> {
    /// Is given each line of the log without its newline, as it comes.
    pub line: &'a mut dyn FnMut(&[u8]),
    /// Ends the run when it becomes true, within 0.1 seconds.
    pub cancelled: Option<&'a AtomicBool>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitOutcome {
    /// How.
    pub ending: Ending,
    /// Standard output, when [`Spec::capture_stdout`] is set.
    pub stdout: Vec<u8>,
    /// Bytes of output in all.
    pub output_bytes: u64,
    /// From start to end.
    pub wall: Duration,
}

impl ExitOutcome {
    /// Whether the command exited with 0.
    pub fn success(&self) -> bool {
        self.ending == Ending::Exited(0)
    }
}

/// The ways to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Signaled(i32),
    /// Stopped at [`Limits::wall_secs`].
    TimedOut,
    /// Stopped at [`Limits::output_bytes`].
    TooMuchOutput,
    /// Stopped at [`Limits::disk_bytes`].
    TooMuchDisk,
    /// Stopped at [`Limits::disk_free_bytes`].
    DiskFull,
    /// Stopped through [`Watch::cancelled`].
    Cancelled,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Signaled(signal) => write!(f, "was killed by signal {signal}"),
            Self::TimedOut => f.write_str("took too long"),
            Self::TooMuchOutput => f.write_str("wrote too much output"),
            Self::TooMuchDisk => f.write_str("took too much of the disk"),
            Self::DiskFull => f.write_str("was stopped because the disk is nearly full"),
            Self::Cancelled => f.write_str("was cancelled"),
        }
    }
}

/// Runs the command and waits for its end; at that point all its processes are gone.
///
/// Errors: when the sandbox cannot be made. A command that fails is an [`ExitOutcome`].
pub fn run(sandbox: &Sandbox, watch: &mut Watch<'_>) -> Result<ExitOutcome, SandboxError> {
    launch::run(sandbox, watch)
}
