//! Writing small files so that a reader sees the old one or the new one, and never a part.

use crate::error::{Act, Error, Result};
use cairn_sys::fs as sys;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

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
    let fault = |error: serde_json::Error| Error::Record {
        path: path.into(),
        why: error.to_string(),
    };
    serde_json::from_str(&text).map(Some).map_err(fault)
}
