//! A new text in a file's place: all of it or nothing.
//!
//! In: the file and its new text. Out: the file, with the mode that it had. Refuses to know what the text says.

use std::io::Write as _;
use std::path::Path;

/// Puts a text in a file's place by way of a temporary file beside it. The file keeps its mode, and a link stays a link.
///
/// Errors: the operating system's; then the file is as it was.
pub fn rewrite(path: &Path, text: &str) -> std::io::Result<()> {
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mode = std::fs::metadata(&path)?.permissions();
    let mut file = tempfile::Builder::new()
        .prefix(".cairn-")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(mode)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    std::fs::File::open(folder)?.sync_all()
}
