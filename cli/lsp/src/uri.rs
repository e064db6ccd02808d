//! File URIs and paths.
//!
//! In: one of the two. Out: the other. Documents that are no files (`untitled:…`) have no path; no configuration can import them.

use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands for itself in a path: RFC 3986's unreserved characters, and the separator.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The file that a URI names.
pub fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.0.strip_prefix("file://")?;
    let rest = &rest[rest.find('/')?..];
    let text = percent_decode_str(rest).decode_utf8().ok()?;
    Some(PathBuf::from(text.as_ref()))
}

/// The URI of a file with an absolute path.
pub fn of(path: &Path) -> Uri {
    let text = path.to_string_lossy();
    Uri(format!("file://{}", utf8_percent_encode(&text, PLAIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back_from_their_uris() {
        for text in ["/etc/cairn/system.cairn", "/home/a b/ä#?%20.cairn"] {
            let path = Path::new(text);
            assert_eq!(super::path(&of(path)).as_deref(), Some(path));
        }
        assert_eq!(of(Path::new("/a b")).0, "file:///a%20b");
    }

    #[test]
    fn a_document_without_file_has_no_path() {
        assert_eq!(path(&Uri("untitled:Untitled-1".into())), None);
    }
}
