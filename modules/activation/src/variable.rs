//! The choice that the firmware stores for the boot loader.
//!
//! In: the folder of the firmware's variables. A stored default wins over the sort-keys, so with it a new generation never
//! boots. Source: systemd's Boot Loader Interface; `docs/` under "boot", rule 1.

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The file of the variable in efivarfs.
pub const DEFAULT_VARIABLE: &str = "LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// Where the variable is, whether it is set or not.
pub(crate) fn place(variables: &Path) -> PathBuf {
    variables.join(DEFAULT_VARIABLE)
}

/// Removes the variable; it is fine when it is not there.
pub(crate) fn clear(variables: &Path) -> io::Result<()> {
    let path = place(variables);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    // efivarfs protects what it doesn't know from `rm -rf`; other file systems may have no such flag, then the removal
    // itself says what is wrong.
    if let Ok(flags) = ioctl_getflags(&file)
        && flags.contains(IFlags::IMMUTABLE)
    {
        ioctl_setflags(&file, flags - IFlags::IMMUTABLE)?;
    }
    fs::remove_file(&path)
}
