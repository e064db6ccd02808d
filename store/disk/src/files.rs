//! Writing small files so that a reader sees the old one or the new one, and never a part; and reading many of them.

use crate::error::{Act, Error, Result};
use cairn_sys::fs as sys;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, read, retry_on_intr};
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Bytes that are read at once: records are smaller.
const RECORD: usize = 16 * 1024;

thread_local! {
    /// Where records are read.
    static SPACE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A folder of records, open: each is three system calls, and no path is walked.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    open: OwnedFd,
}

impl Folder {
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let open = sys::open_folder(&path).act("open the folder", &path)?;
        Ok(Self { path, open })
    }

    /// Reads a record that may be missing. Errors: [`Error::Record`] when it is no such record.
    pub(crate) fn read_json<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>> {
        let path = || self.path.join(name);
        SPACE.with_borrow_mut(|space| {
            let Some(len) = self.read(name, space).act("read", &path())? else {
                return Ok(None);
            };
            let record = serde_json::from_slice(&space[..len]);
            record
                .map(Some)
                .map_err(|error| not_a_record(&path(), &error))
        })
    }

    /// Reads a file to the beginning of `space`, which grows as needed; the bytes read, nothing when it is missing.
    fn read(&self, name: &str, space: &mut Vec<u8>) -> rustix::io::Result<Option<usize>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = match retry_on_intr(|| openat(&self.open, name, flags, Mode::empty())) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut len = 0;
        loop {
            space.resize(space.len().max(len + RECORD), 0);
            let asked = space.len() - len;
            let got = retry_on_intr(|| read(&file, &mut space[len..]))?;
            len += got;
            // A regular file gives less than was asked for only at its end.
            if got < asked {
                return Ok(Some(len));
            }
        }
    }
}

/// Writes a file at `tmp` and moves it to `path`; durable when this returns.
pub(crate) fn write_durably(tmp: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    let file = write_new(tmp, path, bytes)?;
    let moved = file.sync_all().and_then(|()| fs::rename(tmp, path));
    or_remove(tmp, moved.act("write", path))?;
    if let Some(folder) = path.parent() {
        sys::sync_folder(folder).act("sync the folder", folder)?;
    }
    Ok(())
}

/// Writes a file at `tmp` and moves it to `path`; durable only after the next commit.
pub(crate) fn write_whole(tmp: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    write_new(tmp, path, bytes)?;
    or_remove(tmp, fs::rename(tmp, path).act("write", path))
}

/// Writes the temporary file; `path` is what errors name.
pub(crate) fn write_new(tmp: &Path, path: &Path, bytes: &[u8]) -> Result<File> {
    let mut file = File::create_new(tmp).act("create a temporary file for", path)?;
    or_remove(tmp, file.write_all(bytes).act("write", path))?;
    Ok(file)
}

/// Removes the temporary file when the act failed.
pub(crate) fn or_remove<T>(tmp: &Path, result: Result<T>) -> Result<T> {
    if result.is_err() {
        // The first error is what matters; the collector sweeps what stays.
        let _ = fs::remove_file(tmp);
    }
    result
}

/// Reads a file that may be missing.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).act("read", path),
    }
}

/// The names in a folder, sorted; those that are not UTF-8 are not the store's and left out.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).act("list", folder)? {
        names.extend(entry.act("list", folder)?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// Removes a file, link or folder with all in it; fine when it is not there.
pub(crate) fn remove_all(path: &Path) -> Result<()> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).act("remove", path),
    };
    let removed = if metadata.is_dir() {
        match fs::remove_dir_all(path) {
            // A tree may have folders that their owner can't change.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                open_up(path).and_then(|()| fs::remove_dir_all(path))
            }
            other => other,
        }
    } else {
        fs::remove_file(path)
    };
    match removed {
        // Somebody else was faster.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.act("remove", path),
    }
}

/// Lets the owner change a folder and all folders in it; trees are no deeper than `DEPTH_MAX`.
fn open_up(folder: &Path) -> std::io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

/// The text of a record.
pub(crate) fn to_json<T: serde::Serialize>(record: &T, path: &Path) -> Result<Vec<u8>> {
    let fault = |error: serde_json::Error| Error::Record {
        path: path.into(),
        why: error.to_string(),
    };
    let mut text = serde_json::to_vec_pretty(record).map_err(fault)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads a record that may be missing. Errors: [`Error::Record`] when it is no such record.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Some(text) = read_if_there(path)? else {
        return Ok(None);
    };
    let record = serde_json::from_str(&text);
    record.map(Some).map_err(|error| not_a_record(path, &error))
}

fn not_a_record(path: &Path, error: &serde_json::Error) -> Error {
    Error::Record {
        path: path.into(),
        why: error.to_string(),
    }
}
