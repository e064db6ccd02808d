//! A view of the mounts that only this process has, in which closed folders can be written.
//!
//! In: folders that a read-only bind mount of themselves covers, as the initrd covers `/cairn/store` and `/cairn/objects`. Out:
//! they can be written here and stay closed for everybody else. The covers are taken away in place of being opened: files
//! can be linked and renamed only within one mount. Knows no store.

use crate::syscalls::unshare;
use rustix::fs::{StatVfsMountFlags, stat, statvfs};
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};
use rustix::thread::UnshareFlags;
use std::io;
use std::path::{Path, PathBuf};

/// Why a folder stays closed.
#[derive(Debug, thiserror::Error)]
pub enum OwnMountsError {
    /// Not root.
    #[error("{folder} is closed to all but root, who may open it for one command")]
    NeedsRoot {
        /// The folder.
        folder: PathBuf,
    },
    /// What lies under the cover is read-only too, or another folder.
    #[error("{folder} is read-only for another reason than the cover that Cairn puts over it")]
    Closed {
        /// The folder.
        folder: PathBuf,
    },
    /// The kernel refused.
    #[error("cannot {act} {folder}")]
    Refused {
        /// What was tried.
        act: &'static str,
        /// With what.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes folders writable for this process and its children; says whether that took mounts of its own.
///
/// Nothing happens where no folder is closed, or none is there. To be called before any thread is started: others would keep
/// the old view. Mounts that appear later outside are seen here, not the other way round. Errors: [`OwnMountsError`].
pub fn make_writable(folders: &[&Path]) -> Result<bool, OwnMountsError> {
    let mut closed = Vec::new();
    for folder in folders {
        if is_closed(folder)? {
            closed.push(*folder);
        }
    }
    let Some(first) = closed.first() else {
        return Ok(false);
    };
    unshare(UnshareFlags::NEWNS).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => OwnMountsError::NeedsRoot {
            folder: first.into(),
        },
        _ => refused("get mounts of its own for", first, source),
    })?;
    let propagation = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    mount_change("/", propagation)
        .map_err(|error| refused("keep to itself what happens to", first, error.into()))?;
    closed.into_iter().try_for_each(uncover).map(|()| true)
}

/// Whether the folder is there and its mount refuses writes.
fn is_closed(folder: &Path) -> Result<bool, OwnMountsError> {
    match statvfs(folder) {
        Ok(found) => Ok(found.f_flag.contains(StatVfsMountFlags::RDONLY)),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(refused("look at", folder, error.into())),
    }
}

fn uncover(folder: &Path) -> Result<(), OwnMountsError> {
    let identity = || {
        let found = stat(folder).map_err(|error| refused("look at", folder, error.into()))?;
        Ok((found.st_dev, found.st_ino))
    };
    let not_a_cover = || OwnMountsError::Closed {
        folder: folder.into(),
    };
    let covered = identity()?;
    // Detached: what others have open of it stays theirs.
    match unmount(folder, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW) {
        Ok(()) => {}
        Err(Errno::INVAL) => return Err(not_a_cover()),
        Err(error) => return Err(refused("uncover", folder, error.into())),
    }
    if identity()? != covered || is_closed(folder)? {
        return Err(not_a_cover());
    }
    Ok(())
}

fn refused(act: &'static str, folder: &Path, source: io::Error) -> OwnMountsError {
    OwnMountsError::Refused {
        act,
        folder: folder.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn folders_that_are_open_or_absent_need_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let absent = dir.path().join("absent");
        assert!(!make_writable(&[dir.path(), &absent]).unwrap());
    }
}
