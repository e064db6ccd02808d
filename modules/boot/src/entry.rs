//! Boot entries of type 1: their names and their text.
//!
//! Source: Boot Loader Specification, "Type #1". Pure; knows no partition.

use crate::counting::Counter;
use std::fmt;

/// The name of one of our entries: `cairn-12+3-0.conf`, or `cairn-12.conf` once blessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryName {
    /// The generation.
    pub generation: u32,
    /// `None` once blessed.
    pub counter: Option<Counter>,
}

impl EntryName {
    /// Reads a file name; `None` when it is not one of ours.
    pub fn parse(file_name: &str) -> Option<Self> {
        let stem = file_name.strip_suffix(".conf")?;
        let (name, counter) = Counter::split(stem);
        let digits = name.strip_prefix("cairn-")?;
        let ours = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let generation = ours.then(|| digits.parse().ok()).flatten()?;
        Some(Self {
            generation,
            counter,
        })
    }

    /// Where the entry lies on the partition.
    pub fn path(&self) -> String {
        format!("{}/{self}", crate::ENTRIES)
    }

    /// Whether it booted well at least once.
    pub const fn is_blessed(&self) -> bool {
        self.counter.is_none()
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cairn-{}", self.generation)?;
        if let Some(counter) = self.counter {
            write!(f, "{counter}")?;
        }
        f.write_str(".conf")
    }
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line in the menu.
    pub title: String,
    /// Sorts entries of one sort-key, newest first: the generation's number.
    pub version: u32,
    /// Whether it is the one to boot; decides the sort-key.
    pub chosen: bool,
    /// The kernel's path on the partition, without a leading slash.
    pub linux: String,
    /// The initrd's path on the partition, without a leading slash.
    pub initrd: String,
    /// The kernel's command line.
    pub options: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rank = u8::from(!self.chosen);
        writeln!(f, "title {}", self.title)?;
        writeln!(f, "version {}", self.version)?;
        writeln!(f, "sort-key cairn-{rank}")?;
        writeln!(f, "linux /{}", self.linux)?;
        writeln!(f, "initrd /{}", self.initrd)?;
        writeln!(f, "options {}", self.options)
    }
}

/// The files of the partition that an entry's text names, without their leading slash.
pub(crate) fn referenced(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.trim().split_once(char::is_whitespace))
        .filter(|(key, _)| matches!(*key, "linux" | "initrd"))
        .map(|(_, path)| path.trim().trim_start_matches('/').to_owned())
        .collect()
}
