//! Every file begins by saying what it is; the files of a test suite say it by their claims.

use cairn_tidy::{Repository, TextFile};

/// A header that says nothing yet.
fn complaints(file: &TextFile) -> Vec<String> {
    let first = file.text.lines().next().unwrap_or("");
    let words = first.strip_prefix("//! ").unwrap_or("");
    let said = words.split_whitespace().count() >= 2 && !words.starts_with("TODO");
    if said || file.is_test() {
        Vec::new()
    } else {
        vec![format!(
            "{}: the first line is no header `//! …`",
            file.path
        )]
    }
}

#[test]
fn every_file_begins_with_a_header() {
    super::holds(Repository::read().complain(complaints));
}

#[test]
fn a_missing_and_an_empty_header_are_found() {
    assert_eq!(
        complaints(&TextFile::new("a.rs", "use std::fmt;\n")).len(),
        1
    );
    assert_eq!(
        complaints(&TextFile::new("a.rs", "//! TODO header\n")).len(),
        1
    );
    assert!(complaints(&TextFile::new("a.rs", "//! Tokens to tree.\n")).is_empty());
}
