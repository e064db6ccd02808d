//! Where on a running machine everything is that activation reads or writes.

use std::fs;
use std::path::{Path, PathBuf};

/// The places of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Below it are the store and the mount points of the boot partition.
    pub root: PathBuf,
    /// The running kernel's command line.
    pub command_line: PathBuf,
    /// What is mounted where.
    pub mounts: PathBuf,
    /// The firmware's variables.
    pub variables: PathBuf,
}

impl Places {
    /// The running machine's, when `root` is its root; `None` for a folder, where nothing boots and nothing runs.
    pub fn of(root: &Path) -> Option<Self> {
        let is_machine = fs::canonicalize(root).is_ok_and(|path| path == Path::new("/"));
        is_machine.then(|| Self {
            root: "/".into(),
            command_line: "/proc/cmdline".into(),
            mounts: "/proc/self/mountinfo".into(),
            variables: "/sys/firmware/efi/efivars".into(),
        })
    }

    /// Where the boot partition may be mounted, the likeliest first.
    pub fn esp_folders(&self) -> [PathBuf; 3] {
        ["efi", "boot/efi", "boot"].map(|folder| self.root.join(folder))
    }
}
