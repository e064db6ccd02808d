//! The repository as the tidy tests see it: its files and their texts.
//!
//! In: the workspace around this crate. Out: [`Repository`]. The rules stand in `tests/`, one file each; each is a pure
//! function from texts to complaints, so that a planted mistake shows that it can fail.

#![allow(clippy::expect_used, reason = "test code: a panic is how it fails")]

use std::path::{Path, PathBuf};

/// A text file of the repository.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Relative to the top, `/`-separated.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// All text files of the repository.
#[derive(Debug)]
pub struct Repository {
    /// Sorted by path.
    pub files: Vec<TextFile>,
}

impl TextFile {
    /// A file for claims about a rule.
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Whether this is Rust.
    pub fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|end| end == "rs")
    }

    /// Whether this holds only tests, and may do what only tests may.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || self.path.contains("/examples/")
            || self.path.ends_with("/tests.rs")
    }

    /// The lines before the inline tests, numbered from 1; none of a file that holds only tests.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = if self.is_test() {
            ""
        } else {
            self.text.as_str()
        };
        // Tests stand at the end of a file; `mod tests;` names another file, and the code goes on after it.
        let next = lines.lines().skip(1).chain([""]);
        lines
            .lines()
            .zip(next)
            .take_while(|(line, next)| line.trim() != "#[cfg(test)]" || next.ends_with(';'))
            .enumerate()
            .map(|(index, (line, _))| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

impl Repository {
    /// Reads all text files, without what git ignores.
    pub fn read() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .expect("tests/tidy lies two below the top");
        let mut paths = Vec::new();
        walk(top, &mut paths);
        let mut files: Vec<TextFile> = paths
            .into_iter()
            .filter_map(|path| {
                let text = std::fs::read_to_string(&path).ok()?;
                let path = path.strip_prefix(top).ok()?.to_str()?.to_owned();
                Some(TextFile { path, text })
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files }
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// Complaints of a rule about each Rust file.
    pub fn complain(&self, rule: impl Fn(&TextFile) -> Vec<String>) -> Vec<String> {
        self.rust().flat_map(rule).collect()
    }
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let path = entry.path();
        if path.is_dir() {
            if name != "target" && name != ".git" {
                walk(&path, paths);
            }
        } else if name != "Cargo.lock" {
            paths.push(path);
        }
    }
}
