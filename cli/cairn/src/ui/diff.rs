//! What changes between two systems: packages, files, units, users, settings and bytes.
//!
//! In: two [`Contents`], each a machine contract and its locked packages. Out: [`SystemDiff`], a value; text and JSON of
//! it. Pure: both generations may exist, or the later one may only be planned.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cairn_debian::Lock;
use cairn_spec::{File, SystemSpec, Unit};
use cairn_system::SystemManifest;
use cairn_system::locking::SYSTEM;
use serde::Serialize;

use super::style::{self, BAD, CHANGED, GOOD, QUIET, paint};

/// Version of the JSON form.
const JSON_VERSION: u32 = 1;

/// Lines of a text difference that are shown for one file.
const SHOWN_LINES: usize = 40;

/// One system, as far as differences are concerned.
#[derive(Debug, Clone)]
pub struct Contents<'a> {
    /// Its machine contract.
    pub spec: &'a SystemSpec,
    /// The packages of its root: name → version.
    pub packages: BTreeMap<String, String>,
    /// Bytes that it takes, where they are known in the same measure on both sides.
    pub bytes: Option<u64>,
}

impl<'a> Contents<'a> {
    /// A system that was made: its bytes are those of all its files.
    pub fn made(spec: &'a SystemSpec, manifest: &SystemManifest) -> Self {
        Self {
            spec,
            packages: manifest.packages.clone(),
            bytes: Some(manifest.root_bytes),
        }
    }

    /// A system that a lock would make: its bytes are what the packages' maintainers say.
    pub fn planned(spec: &'a SystemSpec, lock: &Lock) -> Self {
        let packages = lock.sets.get(SYSTEM).map(Vec::as_slice).unwrap_or_default();
        let versions = packages
            .iter()
            .map(|package| (package.name.clone(), package.version.clone()));
        let bytes = packages
            .iter()
            .map(|package| package.installed_size_kib * 1024)
            .sum();
        Self {
            spec,
            packages: versions.collect(),
            bytes: Some(bytes),
        }
    }
}

/// How one thing differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The package, path, unit, user or setting.
    pub name: String,
    /// In which way.
    #[serde(rename = "change")]
    pub kind: Kind,
    /// What it was: a version, a state, a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The ways in which things differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Only in the later one.
    Added,
    /// Only in the earlier one.
    Removed,
    /// In both, and different.
    Changed,
}

/// Everything that differs; each list is sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SystemDiff {
    /// Packages with their versions.
    pub packages: Vec<Change>,
    /// Declared files; `before` and `after` are texts where both are known.
    pub files: Vec<Change>,
    /// Units with what is declared of them.
    pub units: Vec<Change>,
    /// Users and groups.
    pub accounts: Vec<Change>,
    /// Single values: host name, time zone, kernel, boot.
    pub settings: Vec<Change>,
    /// Bytes before.
    pub bytes_before: Option<u64>,
    /// Bytes after.
    pub bytes_after: Option<u64>,
}

impl SystemDiff {
    /// Compares two systems.
    pub fn between(before: &Contents<'_>, after: &Contents<'_>) -> Self {
        Self {
            packages: changes(&before.packages, &after.packages),
            files: file_changes(&before.spec.files, &after.spec.files),
            units: changes(&units(&before.spec.units), &units(&after.spec.units)),
            accounts: changes(&accounts(before.spec), &accounts(after.spec)),
            settings: changes(&settings(before.spec), &settings(after.spec)),
            bytes_before: before.bytes,
            bytes_after: after.bytes,
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.groups().iter().all(|(_, list)| list.is_empty())
    }

    fn groups(&self) -> [(&'static str, &[Change]); 5] {
        [
            ("packages", &self.packages),
            ("files", &self.files),
            ("units", &self.units),
            ("accounts", &self.accounts),
            ("settings", &self.settings),
        ]
    }

    /// The difference for people, a line a change; `with_texts` shows the lines of changed files too.
    pub fn text(&self, with_texts: bool) -> String {
        let mut out = String::new();
        for (heading, list) in self.groups() {
            for (index, change) in list.iter().enumerate() {
                let texts = heading == "files";
                let heading = if index == 0 { heading } else { "" };
                let line = line(change, !texts);
                let _ = writeln!(out, "  {} {line}", paint(QUIET, format!("{heading:<9}")));
                if texts && with_texts {
                    out.push_str(&text_lines(change));
                }
            }
        }
        if self.is_empty() {
            out.push_str("  nothing that is declared or installed differs\n");
        } else {
            let size = match (self.bytes_before, self.bytes_after) {
                (Some(before), Some(after)) => {
                    let change = style::signed_bytes(after.cast_signed() - before.cast_signed());
                    format!("{change}, {} in all", style::bytes(after))
                }
                (_, Some(after)) => format!("{} in all", style::bytes(after)),
                _ => "unknown".into(),
            };
            let _ = writeln!(out, "  {} {size}", paint(QUIET, format!("{:<9}", "size")));
        }
        out
    }

    /// The difference for programs.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "version": JSON_VERSION,
            "packages": self.packages,
            "files": self.files,
            "units": self.units,
            "accounts": self.accounts,
            "settings": self.settings,
            "bytes": { "before": self.bytes_before, "after": self.bytes_after },
        })
    }
}

fn line(change: &Change, with_values: bool) -> String {
    let name = &change.name;
    let value = |side: &Option<String>| match side {
        Some(text) if with_values && !text.is_empty() => format!(" {text}"),
        _ => String::new(),
    };
    match change.kind {
        Kind::Added => paint(GOOD, format!("+ {name}{}", value(&change.after))),
        Kind::Removed => paint(BAD, format!("- {name}{}", value(&change.before))),
        Kind::Changed if with_values => {
            let before = value(&change.before);
            paint(
                CHANGED,
                format!("~ {name}{before} →{}", value(&change.after)),
            )
        }
        Kind::Changed => paint(CHANGED, format!("~ {name}")),
    }
}

/// The changed lines of a text file, indented below its path.
fn text_lines(change: &Change) -> String {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return String::new();
    };
    let diff = similar::TextDiff::from_lines(before, after);
    let mut out = String::new();
    let changed = diff
        .iter_all_changes()
        .filter(|line| line.tag() != similar::ChangeTag::Equal);
    for (index, line) in changed.enumerate() {
        if index == SHOWN_LINES {
            out.push_str("              …\n");
            break;
        }
        let (sign, style) = match line.tag() {
            similar::ChangeTag::Insert => ('+', GOOD),
            _ => ('-', BAD),
        };
        let text = line.value().trim_end_matches('\n');
        let _ = writeln!(
            out,
            "              {}",
            paint(style, format!("{sign} {text}"))
        );
    }
    out
}

/// Compares two tables of values by key.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Change> {
    let names = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)));
    let mut found: Vec<Change> = names
        .filter_map(|name| {
            let (old, new) = (before.get(name), after.get(name));
            let kind = match (old, new) {
                (None, _) => Kind::Added,
                (_, None) => Kind::Removed,
                (old, new) if old == new => return None,
                _ => Kind::Changed,
            };
            Some(Change {
                name: name.clone(),
                kind,
                before: old.cloned(),
                after: new.cloned(),
            })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn file_changes(before: &BTreeMap<String, File>, after: &BTreeMap<String, File>) -> Vec<Change> {
    // Everything that a file is decides whether it changed; only its text is shown.
    let whole = |files: &BTreeMap<String, File>| {
        files
            .iter()
            .map(|(path, file)| (path.clone(), serde_json::json!(file).to_string()))
            .collect()
    };
    let mut found = changes(&whole(before), &whole(after));
    for change in &mut found {
        let text = |files: &BTreeMap<String, File>| {
            files.get(&change.name).and_then(|file| file.text.clone())
        };
        (change.before, change.after) = (text(before), text(after));
    }
    found
}

fn units(units: &BTreeMap<String, Unit>) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    for (name, unit) in units {
        let mut words: Vec<&str> = Vec::new();
        words.extend(
            unit.enable
                .map(|on| if on { "enabled" } else { "disabled" }),
        );
        words.extend(unit.mask.then_some("masked"));
        table.insert(name.clone(), words.join(", "));
        // Texts would make long lines: their digests tell that they differ.
        for (part, text) in [("file", &unit.text), ("overrides", &unit.overrides)] {
            if let Some(text) = text {
                let digest = cairn_graph::Digest::of(text.as_bytes()).to_string();
                table.insert(format!("{name} ({part})"), digest[..8].to_owned());
            }
        }
    }
    table
}

fn accounts(spec: &SystemSpec) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    for (name, user) in &spec.users {
        let mut words = user.groups.clone();
        words.sort();
        let keys = user.ssh.keys.len();
        if keys > 0 {
            words.push(style::count(keys, "ssh key"));
        }
        if user.password_hash.is_some() {
            words.push("password".into());
        }
        words.push(user.shell.clone());
        table.insert(name.clone(), words.join(", "));
    }
    for (name, group) in &spec.groups {
        let number = group.gid.map(|gid| gid.to_string()).unwrap_or_default();
        table.insert(format!("group {name}"), number);
    }
    table
}

fn settings(spec: &SystemSpec) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    let sections = [
        ("host", serde_json::json!(spec.host)),
        ("time", serde_json::json!(spec.time)),
        ("locale", serde_json::json!(spec.locale)),
        ("kernel", serde_json::json!(spec.kernel)),
        ("boot", serde_json::json!(spec.boot)),
        ("etc", serde_json::json!(spec.etc)),
        ("debian.suite", serde_json::json!(spec.debian.suite)),
        ("tmpfiles", serde_json::json!(spec.tmpfiles)),
    ];
    for (name, value) in &sections {
        flatten(name, value, &mut table);
    }
    table
}

/// Enters every value that is no record under its dotted path.
fn flatten(path: &str, value: &serde_json::Value, table: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                flatten(&format!("{path}.{name}"), field, table);
            }
        }
        serde_json::Value::Null => {}
        other => {
            table.insert(path.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
