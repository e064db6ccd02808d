//! A file's text, and a new one in its place: all of it or nothing.
//!
//! In: a file; its text and the new one. Out: the text; the file with the new one, and with the mode and the owner that it had.
//! Refuses to know what texts say.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;

/// The bits of a mode that let anybody write.
const WRITABLE: u32 = 0o222;

/// The text of a file.
///
/// Errors: the operating system's; `InvalidData` with the line where it is not UTF-8.
pub fn read(path: &Path) -> Result<String> {
    String::from_utf8(fs::read(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.split(|byte| *byte == b'\n').count();
        let what = format!("line {line} is not UTF-8 text");
        Error::new(ErrorKind::InvalidData, what)
    })
}

/// Puts a text in a file's place by way of a temporary file beside it; `before` is what was read from it. The file keeps its
/// mode and, where the system allows that, its owner; a link stays a link.
///
/// Errors: the operating system's, and what the file is protected against: it may not be written, or somebody else has
/// written it since it was read. The file is as it was then.
pub fn rewrite(path: &Path, before: &str, text: &str) -> Result<()> {
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let about = fs::metadata(&path)?;
    // A temporary file takes the place of anything in a folder that can be written, of what root must not touch too.
    if about.permissions().mode() & WRITABLE == 0 {
        return Err(Error::new(ErrorKind::PermissionDenied, "it is read-only"));
    }
    OpenOptions::new().write(true).open(&path)?;
    let mut file = tempfile::Builder::new()
        .prefix(".cairn-")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    let own = file.as_file().metadata()?;
    if (own.uid(), own.gid()) != (about.uid(), about.gid()) {
        // Only root can give files away; others may write a file that is not theirs.
        let _kept = fchown(file.as_file(), Some(about.uid()), Some(about.gid()));
    }
    file.as_file().set_permissions(about.permissions())?;
    file.as_file().sync_all()?;
    if fs::read(&path)? != before.as_bytes() {
        return Err(Error::other("it has changed since it was read"));
    }
    file.persist(&path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cairn");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_file_that_changed_since_it_was_read_stays_as_it_is() {
        let (folder, path) = file(b"a = 1\n");
        rewrite(&path, "a = 1\n", "a = 2\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"a = 2\n");
        let error = rewrite(&path, "a = 1\n", "a = 3\n").unwrap_err();
        assert_eq!(error.to_string(), "it has changed since it was read");
        assert_eq!(fs::read(&path).unwrap(), b"a = 2\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_utf_8_is_refused_with_the_line() {
        let (_folder, path) = file(b"a = 1\nb = \"\xff\"\n");
        let error = read(&path).unwrap_err();
        assert_eq!(error.to_string(), "line 2 is not UTF-8 text");
    }

    #[test]
    fn a_file_keeps_its_mode_and_its_owner() {
        let (_folder, path) = file(b"a\n");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        // Only root can make it somebody else's; for others it stays their own.
        let _ours = std::os::unix::fs::chown(&path, Some(65534), Some(65534));
        let of = |about: fs::Metadata| (about.mode() & 0o7777, about.uid(), about.gid());
        let before = of(fs::metadata(&path).unwrap());
        rewrite(&path, "a\n", "b\n").unwrap();
        assert_eq!(of(fs::metadata(&path).unwrap()), before);
        assert_eq!(before.0, 0o620);
    }
}
