//! `cairn store diff`: what is different between two store paths.

use std::fmt::Write as _;

use cairn_disk::Store;
use cairn_graph::tree::diff::{Changed, diff};
use cairn_graph::{Entry, EntryKind, Tree};
use clap::Args;

use super::within::{self, Found};
use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::store_path;
use crate::ui::style::{self, BAD, CHANGED, GOOD, QUIET, paint};

/// Texts of more bytes than this are not compared line by line.
const MOST_TEXT: u64 = 1024 * 1024;
/// Lines around a change.
const CONTEXT_LINES: usize = 3;

/// Shows which files differ between two store paths, and how their texts do
#[derive(Debug, Args)]
pub struct Diff {
    /// The earlier one, or a file or folder in it
    #[arg(value_name = "A")]
    before: String,
    /// The later one
    #[arg(value_name = "B")]
    after: String,
    /// Only lists what differs, without the lines of texts
    #[arg(short, long)]
    list: bool,
}

/// One difference.
struct Line {
    path: String,
    change: &'static str,
    before: Option<Entry>,
    after: Option<Entry>,
    /// The lines that differ, where both are texts.
    text: Option<String>,
}

impl Diff {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let find = |text: &str| within::follow(&store, &store_path::named(&store, text)?);
        let (before, after) = (find(&self.before)?, find(&self.after)?);
        let (old, new) = (tree_of(&before)?, tree_of(&after)?);
        let difference = diff(&old, &new);
        let mut lines = Vec::new();
        for (path, _) in &difference.removed {
            lines.push(Line::new(path, "removed", &old, &new));
        }
        for (path, _) in &difference.added {
            lines.push(Line::new(path, "added", &old, &new));
        }
        for Changed { path, content, .. } in &difference.changed {
            let change = if *content { "changed" } else { "attributes" };
            let mut line = Line::new(path, change, &old, &new);
            if *content && !self.list {
                line.text = texts(&store, &line)?;
            }
            lines.push(line);
        }
        lines.sort_by(|a, b| a.path.cmp(&b.path));
        if context.globals.json {
            let list: Vec<_> = lines.iter().map(Line::json).collect();
            return context.json(&serde_json::json!({
                "version": 1,
                "before": before.shown(),
                "after": after.shown(),
                "changes": list,
                "growth": difference.growth(),
            }));
        }
        if lines.is_empty() {
            context.tell("nothing differs");
            return Ok(Exit::Done);
        }
        let mut text = String::new();
        for line in &lines {
            let _ = writeln!(text, "{}", line.shown());
            if let Some(lines) = &line.text {
                text.push_str(&coloured(lines));
            }
        }
        let _ = writeln!(
            text,
            "{} {}, {}",
            paint(QUIET, "in all"),
            style::count(lines.len(), "difference"),
            style::signed_bytes(difference.growth())
        );
        context.data(&text)
    }
}

impl Line {
    fn new(path: &str, change: &'static str, old: &Tree, new: &Tree) -> Self {
        Self {
            path: path.to_owned(),
            change,
            before: old.entries.get(path).cloned(),
            after: new.entries.get(path).cloned(),
            text: None,
        }
    }

    fn shown(&self) -> String {
        let path = format!("/{}", self.path);
        match (&self.before, &self.after) {
            (None, Some(entry)) => paint(GOOD, format!("+ {path} {}", said(entry))),
            (Some(entry), None) => paint(BAD, format!("- {path} {}", said(entry))),
            (Some(before), Some(after)) if self.change == "attributes" => {
                paint(CHANGED, format!("~ {path} {}", attributes(before, after)))
            }
            (Some(before), Some(after)) => paint(
                CHANGED,
                format!("~ {path} {} → {}", said(before), said(after)),
            ),
            (None, None) => path,
        }
    }

    fn json(&self) -> serde_json::Value {
        let size = |entry: &Option<Entry>| entry.as_ref().map(Entry::size);
        serde_json::json!({
            "path": format!("/{}", self.path),
            "change": self.change,
            "before_size": size(&self.before),
            "after_size": size(&self.after),
            "diff": self.text,
        })
    }
}

/// The tree at what was named; a file alone is a tree of its one entry at the empty path.
fn tree_of(found: &Found) -> Result<Tree, CommandError> {
    match &found.tree {
        Some(tree) if found.entry.is_dir() => {
            let missing = || CommandError::NoEntry {
                path: found.path.clone(),
                inside: found.inside.clone(),
                near: None,
            };
            tree.subtree(&found.inside).ok_or_else(missing)
        }
        _ => Ok(Tree {
            entries: [(String::new(), found.entry.clone())].into(),
        }),
    }
}

/// What an entry is, in a word or two.
fn said(entry: &Entry) -> String {
    match &entry.kind {
        EntryKind::Directory => "folder".into(),
        EntryKind::File { size, .. } => style::bytes(*size),
        EntryKind::Symlink { target } => format!("-> {target}"),
        EntryKind::CharDevice { major, minor } => format!("device {major}, {minor}"),
        EntryKind::Fifo => "named pipe".into(),
    }
}

/// Which attributes differ.
fn attributes(before: &Entry, after: &Entry) -> String {
    let mut words = Vec::new();
    if before.mode != after.mode {
        words.push(format!("mode {:04o} → {:04o}", before.mode, after.mode));
    }
    if (before.uid, before.gid) != (after.uid, after.gid) {
        let (old, new) = ((before.uid, before.gid), (after.uid, after.gid));
        words.push(format!("owner {}:{} → {}:{}", old.0, old.1, new.0, new.1));
    }
    if before.mtime != after.mtime {
        words.push(format!("time {} → {}", before.mtime, after.mtime));
    }
    if before.xattrs != after.xattrs {
        words.push("extended attributes".into());
    }
    words.join(", ")
}

/// The lines that differ, where both entries are short texts.
fn texts(store: &Store, line: &Line) -> Result<Option<String>, CommandError> {
    let text = |entry: &Option<Entry>| -> Result<Option<String>, CommandError> {
        match entry.as_ref().map(|entry| &entry.kind) {
            Some(EntryKind::File { digest, size }) if *size <= MOST_TEXT => {
                let text = String::from_utf8(store.read_object(digest)?).ok();
                Ok(text.filter(|text| !text.contains('\0')))
            }
            _ => Ok(None),
        }
    };
    let (Some(before), Some(after)) = (text(&line.before)?, text(&line.after)?) else {
        return Ok(None);
    };
    let (from, to) = (format!("a/{}", line.path), format!("b/{}", line.path));
    let unified = similar::TextDiff::from_lines(&before, &after)
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(&from, &to)
        .to_string();
    Ok(Some(unified))
}

/// Lines of a unified difference in the colours of their signs.
fn coloured(lines: &str) -> String {
    let mut out = String::new();
    for line in lines.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            Some(b'@') => QUIET,
            _ => anstyle::Style::new(),
        };
        let _ = writeln!(out, "{}", paint(style, line));
    }
    out
}
