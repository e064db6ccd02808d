//! Every Rust file is compiled: some `mod` names it, or cargo finds it by its place.

use std::collections::BTreeSet;

use cairn_tidy::{Repository, TextFile};

fn complaints(files: &[&TextFile]) -> Vec<String> {
    let named: BTreeSet<String> = files.iter().flat_map(|file| children(file)).collect();
    files
        .iter()
        .filter(|file| !is_entry(&file.path) && !is_alone(&file.path, files))
        .filter(|file| !named.contains(&file.path))
        .map(|file| format!("{}: no `mod` names this file", file.path))
        .collect()
}

/// The paths that the `mod name;` lines of a file may stand for.
fn children(file: &TextFile) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let folder = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        // Elsewhere a module may be called `build`.
        "build.rs" if is_entry(&file.path) => folder.to_owned(),
        // An integration test's modules lie beside it, any other file's in the folder of its name.
        _ if folder.ends_with("/tests") && is_entry(&file.path) => folder.to_owned(),
        _ => file.path.trim_end_matches(".rs").to_owned(),
    };
    let mut paths = Vec::new();
    for line in file.text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let child = match words.as_slice() {
            ["mod", child] | [_, "mod", child] => child.strip_suffix(';'),
            _ => None,
        };
        if let Some(child) = child {
            paths.push(format!("{folder}/{child}.rs"));
            paths.push(format!("{folder}/{child}/mod.rs"));
        }
    }
    paths
}

/// Whether the file is a test of a suite that has no common entry, so that cargo finds each by itself.
fn is_alone(path: &str, files: &[&TextFile]) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let ["tests", suite, "tests", _] = parts.as_slice() else {
        return false;
    };
    let entry = format!("tests/{suite}/tests/main.rs");
    !files.iter().any(|file| file.path == entry)
}

/// Whether cargo finds the file by its place: each crate's own folders, and the entry of a suite in `tests/`.
fn is_entry(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [.., "src", "lib.rs" | "main.rs"] | [_, _, "build.rs"] => true,
        [.., "src", "bin", _] => true,
        // Other crates' tests are entries by themselves.
        ["tests", _, "tests", name] => *name == "main.rs",
        // A suite of several files is the folder of its entry.
        [.., "tests" | "benches", _, "main.rs"] => true,
        [_, _, "tests" | "benches" | "examples", _] => true,
        _ => false,
    }
}

#[test]
fn every_file_is_compiled() {
    let repository = Repository::read();
    let files: Vec<&TextFile> = repository.rust().collect();
    super::holds(complaints(&files));
}

#[test]
fn a_forgotten_file_is_found() {
    let files = [
        TextFile::new("a/b/src/lib.rs", "mod one;\npub mod two;\n"),
        TextFile::new("a/b/src/one.rs", "mod deep;\n"),
        TextFile::new("a/b/src/one/deep.rs", ""),
        TextFile::new("a/b/src/two/mod.rs", ""),
        TextFile::new("a/b/src/three.rs", ""),
        TextFile::new("tests/e2e/tests/main.rs", "mod switch;\n"),
        TextFile::new("tests/e2e/tests/switch.rs", ""),
        TextFile::new("tests/e2e/tests/forgotten.rs", ""),
        TextFile::new("tests/vm/tests/boots.rs", ""),
    ];
    let files: Vec<&TextFile> = files.iter().collect();
    assert_eq!(
        complaints(&files),
        [
            "a/b/src/three.rs: no `mod` names this file",
            "tests/e2e/tests/forgotten.rs: no `mod` names this file"
        ]
    );
}
