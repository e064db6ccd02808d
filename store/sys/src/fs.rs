//! What the standard library lacks of the file system's calls: exchange, durability, locks, clones, safe opening, attributes.
//!
//! In: paths and open files. Out: `io::Result`s, the errno kept; who calls names the act and the object.
//! Knows nothing of stores. Nothing here is `unsafe`: it wraps `rustix`.

use rustix::fs::{
    self, AtFlags, CWD, FlockOperation, Mode, OFlags, RenameFlags, ResolveFlags, Timespec,
    Timestamps,
};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Renames; fails with `AlreadyExists` instead of replacing what is there.
pub fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    Ok(fs::renameat_with(
        CWD,
        from,
        CWD,
        to,
        RenameFlags::NOREPLACE,
    )?)
}

/// Exchanges two paths in one step; both must exist.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    Ok(fs::renameat_with(
        CWD,
        one,
        CWD,
        other,
        RenameFlags::EXCHANGE,
    )?)
}

/// Makes everything that was written to the file system of this file durable, and reports what failed to be written.
pub fn sync_file_system(file: impl AsFd) -> io::Result<()> {
    Ok(fs::syncfs(file)?)
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Takes the exclusive lock on an open file; says `false` when somebody else holds it. It ends when the file is closed.
pub fn try_lock(file: &File) -> io::Result<bool> {
    match fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Gives `to` the blocks of `from` without copying; says `false` where the file system can't.
pub fn reflink(from: &File, to: &File) -> io::Result<bool> {
    match fs::ioctl_ficlone(to, from) {
        Ok(()) => Ok(true),
        Err(
            Errno::OPNOTSUPP
            | Errno::NOTTY
            | Errno::XDEV
            | Errno::INVAL
            | Errno::NOSYS
            | Errno::PERM,
        ) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Opens a folder to work below it.
pub fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(fs::open(
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

/// Opens something below a folder for reading, through no symbolic link and never outside, whatever moves meanwhile.
pub fn open_beneath(folder: impl AsFd, path: &Path) -> io::Result<File> {
    open_beneath_with(folder, path, OFlags::RDONLY | OFlags::NONBLOCK)
}

/// As [`open_beneath`], a folder.
pub fn open_folder_beneath(folder: impl AsFd, path: &Path) -> io::Result<OwnedFd> {
    Ok(open_beneath_with(folder, path, OFlags::RDONLY | OFlags::DIRECTORY)?.into())
}

fn open_beneath_with(folder: impl AsFd, path: &Path, flags: OFlags) -> io::Result<File> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NOCTTY;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    loop {
        match fs::openat2(&folder, path, flags, Mode::empty(), resolve) {
            Ok(file) => return Ok(file.into()),
            // A rename elsewhere made the kernel unsure; it asks to try again.
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sets the modification and access time, in seconds since 1970, of what is at a path itself, also of a symbolic link.
pub fn set_mtime(folder: impl AsFd, path: impl rustix::path::Arg, mtime: i64) -> io::Result<()> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    Ok(fs::utimensat(folder, path, &both_times(mtime), flags)?)
}

/// As [`set_mtime`], of an open file.
pub fn set_open_mtime(file: impl AsFd, mtime: i64) -> io::Result<()> {
    Ok(fs::futimens(file, &both_times(mtime))?)
}

fn both_times(mtime: i64) -> Timestamps {
    let time = Timespec {
        tv_sec: mtime,
        tv_nsec: 0,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// All extended attributes of an open file, by name; none where the file system has none.
///
/// A name that is not UTF-8 is an `InvalidData` error.
pub fn xattrs(file: impl AsFd) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut names = vec![0_u8; 256];
    let len = loop {
        match fs::flistxattr(&file, names.as_mut_slice()) {
            Ok(len) => break len,
            Err(Errno::RANGE) => names = vec![0; names.len() * 8],
            Err(Errno::OPNOTSUPP) => return Ok(BTreeMap::new()),
            Err(error) => return Err(error.into()),
        }
    };
    let mut found = BTreeMap::new();
    for name in names[..len]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name = std::str::from_utf8(name).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "an extended attribute's name is not UTF-8",
            )
        })?;
        if let Some(value) = xattr(&file, name)? {
            found.insert(name.to_owned(), value);
        }
    }
    Ok(found)
}

/// One extended attribute of an open file.
pub fn xattr(file: impl AsFd, name: &str) -> io::Result<Option<Vec<u8>>> {
    let mut value = vec![0_u8; 256];
    loop {
        match fs::fgetxattr(&file, name, value.as_mut_slice()) {
            Ok(len) => {
                value.truncate(len);
                return Ok(Some(value));
            }
            Err(Errno::RANGE) => value = vec![0; value.len() * 8],
            Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sets an extended attribute of an open file.
pub fn set_xattr(file: impl AsFd, name: &str, value: &[u8]) -> io::Result<()> {
    Ok(fs::fsetxattr(file, name, value, fs::XattrFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn exchange_swaps_two_names_and_no_replace_refuses() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&a, "a").unwrap();
        std::fs::create_dir(&b).unwrap();
        exchange(&a, &b).unwrap();
        assert!(a.is_dir() && b.is_file());
        assert_eq!(
            rename_no_replace(&b, &a).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
    }

    #[test]
    fn a_lock_is_held_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = File::open(file.path()).unwrap();
        assert!(try_lock(file.as_file()).unwrap());
        assert!(!try_lock(&other).unwrap());
        drop(file);
        assert!(try_lock(&other).unwrap());
    }

    #[test]
    fn opening_beneath_follows_no_link_and_never_leaves() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "x").unwrap();
        symlink("file", dir.path().join("link")).unwrap();
        symlink("/etc", dir.path().join("out")).unwrap();
        let folder = open_folder(dir.path()).unwrap();
        assert!(open_beneath(&folder, Path::new("file")).is_ok());
        for path in ["link", "out/passwd", "../etc", "/etc/passwd"] {
            assert!(
                open_beneath(&folder, Path::new(path)).is_err(),
                "{path} was opened"
            );
        }
    }

    #[test]
    fn the_time_of_a_link_is_set_and_not_its_targets() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "x").unwrap();
        symlink("file", dir.path().join("link")).unwrap();
        let folder = open_folder(dir.path()).unwrap();
        set_mtime(&folder, "link", 77).unwrap();
        assert_eq!(
            dir.path().join("link").symlink_metadata().unwrap().mtime(),
            77
        );
        assert_ne!(dir.path().join("file").metadata().unwrap().mtime(), 77);
    }

    #[test]
    fn long_attributes_are_read_whole() {
        let file = tempfile::NamedTempFile::new_in("/var/tmp").unwrap();
        let value = vec![7; 1000];
        set_xattr(file.as_file(), "user.long", &value).unwrap();
        assert_eq!(
            xattrs(file.as_file()).unwrap().get("user.long"),
            Some(&value)
        );
        assert_eq!(xattr(file.as_file(), "user.none").unwrap(), None);
    }
}
