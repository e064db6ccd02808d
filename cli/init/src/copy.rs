//! Copies what is missing from one folder into another.
//!
//! In: two folders. What exists in the second is never touched. A crash leaves only files under temporary
//! names: contents reach the disk before the names do.

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

/// A copy in progress.
#[derive(Default)]
pub struct Copy {
    /// Files under their temporary and their final names.
    pending: Vec<(PathBuf, PathBuf)>,
}

impl Copy {
    /// Copies what is missing, except for the folders in `skip` (relative to `from`).
    pub fn missing(&mut self, from: &Path, to: &Path, skip: &[&str]) -> io::Result<()> {
        let skip: Vec<PathBuf> = skip.iter().map(|path| from.join(path)).collect();
        self.folder(from, to, &skip)
    }

    /// Makes the copied files durable and gives them their names.
    pub fn finish(self, device: &Path) -> io::Result<()> {
        let device = File::open(device)?;
        rustix::fs::syncfs(&device)?;
        for (new, place) in &self.pending {
            fs::rename(new, place)?;
        }
        Ok(rustix::fs::syncfs(&device)?)
    }

    fn folder(&mut self, from: &Path, to: &Path, skip: &[PathBuf]) -> io::Result<()> {
        for item in fs::read_dir(from)? {
            let item = item?;
            let (from, to) = (item.path(), to.join(item.file_name()));
            if skip.contains(&from) {
                continue;
            }
            let kind = fs::symlink_metadata(&from)?;
            let there = fs::symlink_metadata(&to);
            if kind.is_dir() {
                if there.as_ref().is_ok_and(|there| !there.is_dir()) {
                    // Somebody replaced the folder, perhaps by a link to another disk.
                    continue;
                }
                let new = there.is_err();
                if new {
                    fs::create_dir(&to)?;
                }
                self.folder(&from, &to, skip)?;
                if new {
                    attributes(&from, &to, &kind)?;
                }
            } else if there.is_err() {
                self.entry(&from, &to, &kind)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, from: &Path, to: &Path, kind: &Metadata) -> io::Result<()> {
        let file_type = FileType::from_raw_mode(kind.mode());
        match file_type {
            FileType::Symlink => {
                symlink(fs::read_link(from)?, to)?;
                attributes(from, to, kind)
            }
            FileType::RegularFile => {
                let mut name = to.file_name().unwrap_or_default().to_owned();
                name.push(".cairn-new");
                let new = to.with_file_name(name);
                io::copy(&mut File::open(from)?, &mut File::create(&new)?)?;
                attributes(from, &new, kind)?;
                self.pending.push((new, to.to_owned()));
                Ok(())
            }
            _ => {
                let mode = Mode::from_raw_mode(kind.mode() & 0o7777);
                rustix::fs::mknodat(CWD, to, file_type, mode, kind.rdev())?;
                attributes(from, to, kind)
            }
        }
    }
}

/// Owner, attributes, mode and time, in this order: a change of owner clears bits of the mode.
fn attributes(from: &Path, to: &Path, kind: &Metadata) -> io::Result<()> {
    let owner = Some(Uid::from_raw(kind.uid()));
    let group = Some(Gid::from_raw(kind.gid()));
    rustix::fs::chownat(CWD, to, owner, group, AtFlags::SYMLINK_NOFOLLOW)?;
    for name in names(from)? {
        let mut value = vec![0; rustix::fs::lgetxattr(from, &*name, &mut [0_u8; 0][..])?];
        let length = rustix::fs::lgetxattr(from, &*name, &mut value[..])?;
        rustix::fs::lsetxattr(to, &*name, &value[..length], XattrFlags::empty())?;
    }
    if !kind.is_symlink() {
        rustix::fs::chmod(to, Mode::from_raw_mode(kind.mode() & 0o7777))?;
    }
    let time = Timespec {
        tv_sec: kind.mtime(),
        tv_nsec: kind.mtime_nsec(),
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

/// Names of attributes, without the overlay's own.
fn names(path: &Path) -> io::Result<Vec<OsString>> {
    let mut list = vec![0_u8; 64 * 1024];
    let length = rustix::fs::llistxattr(path, &mut list[..])?;
    list.truncate(length);
    let names = list
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    let kept = names.filter(|name| !name.starts_with(b"trusted.overlay."));
    Ok(kept.map(|name| OsString::from_vec(name.to_vec())).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn copies_what_is_missing_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        for folder in ["from/lib/dpkg", "from/lib/app", "from/empty", "to/lib"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        fs::write(from.join("lib/dpkg/status"), "new").unwrap();
        fs::write(from.join("lib/app/db"), "new").unwrap();
        fs::write(from.join("kept"), "new").unwrap();
        fs::write(to.join("kept"), "old").unwrap();
        fs::set_permissions(from.join("lib/app/db"), fs::Permissions::from_mode(0o4640)).unwrap();
        fs::set_permissions(from.join("empty"), fs::Permissions::from_mode(0o1777)).unwrap();
        symlink("/run", from.join("run")).unwrap();

        let mut copy = Copy::default();
        copy.missing(&from, &to, &["lib/dpkg"]).unwrap();
        assert!(
            !to.join("lib/app/db").exists(),
            "no final name before the contents are durable"
        );
        copy.finish(&to).unwrap();

        assert_eq!(fs::read_to_string(to.join("kept")).unwrap(), "old");
        assert_eq!(fs::read_to_string(to.join("lib/app/db")).unwrap(), "new");
        assert_eq!(
            fs::metadata(to.join("lib/app/db")).unwrap().mode() & 0o7777,
            0o4640
        );
        assert_eq!(
            fs::metadata(to.join("empty")).unwrap().mode() & 0o7777,
            0o1777
        );
        assert_eq!(fs::read_link(to.join("run")).unwrap(), Path::new("/run"));
        assert!(!to.join("lib/dpkg").exists());
    }

    #[test]
    fn leaves_a_link_that_stands_for_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("log/app")).unwrap();
        fs::create_dir_all(&to).unwrap();
        symlink("/elsewhere", to.join("log")).unwrap();
        let mut copy = Copy::default();
        copy.missing(&from, &to, &[]).unwrap();
        copy.finish(&to).unwrap();
        assert_eq!(
            fs::read_link(to.join("log")).unwrap(),
            Path::new("/elsewhere")
        );
    }
}
