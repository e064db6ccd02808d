//! Files stay small enough to be read in one go.

use cairn_tidy::{Repository, TextFile};

/// Lines that a file should not have.
const SHOULD: usize = 500;
/// Lines that a file must not have.
const MUST: usize = 700;

fn complaints(file: &TextFile) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines > MUST {
        return vec![format!("{} has {lines} lines, more than {MUST}", file.path)];
    }
    if lines > SHOULD {
        eprintln!("{} has {lines} lines, more than {SHOULD}", file.path);
    }
    Vec::new()
}

#[test]
fn no_file_is_longer_than_700_lines() {
    super::holds(Repository::read().complain(complaints));
}

#[test]
fn a_long_file_is_found() {
    let long = TextFile::new("a.rs", &"\n".repeat(MUST + 1));
    assert_eq!(complaints(&long).len(), 1);
    assert!(complaints(&TextFile::new("a.rs", &"\n".repeat(MUST))).is_empty());
}
