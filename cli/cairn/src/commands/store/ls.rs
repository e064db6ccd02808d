//! `cairn store ls`: what is in a store path.

use std::fmt::Write as _;

use cairn_graph::{Entry, EntryKind};
use clap::Args;

use super::within;
use crate::commands::Ended;
use crate::context::Context;
use crate::store_path;

/// Lists a store path, or a folder in it, from its tree: nothing is unpacked for it
#[derive(Debug, Args)]
pub struct Ls {
    /// The store path, or a file or folder in it
    #[arg(value_name = "PATH")]
    path: String,
    /// Shows mode, owner, size, time and where links lead
    #[arg(short, long)]
    long: bool,
    /// Lists all that is below, too
    #[arg(short = 'R', long)]
    recursive: bool,
}

impl Ls {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let named = store_path::named(&store, &self.path)?;
        let found = within::find(&store, &named)?;
        let entries: Vec<(String, Entry)> = match &found.tree {
            Some(tree) if found.entry.is_dir() && self.recursive => {
                let cut = found.inside.len() + usize::from(!found.inside.is_empty());
                let below = tree.entries.iter();
                below
                    .filter(|(path, _)| is_below(path, &found.inside))
                    .map(|(path, entry)| (path[cut..].to_owned(), entry.clone()))
                    .collect()
            }
            Some(tree) if found.entry.is_dir() => tree
                .children(&found.inside)
                .map(|(name, entry)| (name.to_owned(), entry.clone()))
                .collect(),
            _ => {
                let name = found.inside.rsplit('/').next().unwrap_or_default();
                let name = if name.is_empty() {
                    found.path.base_name()
                } else {
                    name
                };
                vec![(name.to_owned(), found.entry.clone())]
            }
        };
        if context.globals.json {
            let list: Vec<_> = entries
                .iter()
                .map(|(name, entry)| json(name, entry))
                .collect();
            return context.json(&serde_json::json!({
                "version": 1,
                "path": found.path.logical(),
                "inside": found.inside,
                "entries": list,
            }));
        }
        let mut text = String::new();
        for (name, entry) in &entries {
            let name = printable(name);
            if self.long {
                let _ = writeln!(text, "{}", long(&name, entry));
            } else {
                let _ = writeln!(text, "{name}{}", mark(entry));
            }
        }
        context.data(&text)
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    if folder.is_empty() {
        return !path.is_empty();
    }
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// A line as `ls -l` has it.
fn long(name: &str, entry: &Entry) -> String {
    let size = match &entry.kind {
        EntryKind::CharDevice { major, minor } => format!("{major}, {minor}"),
        _ => entry.size().to_string(),
    };
    let time = jiff::Timestamp::from_second(entry.mtime);
    let time = time.map_or_else(
        |_| entry.mtime.to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M").to_string(),
    );
    let target = match &entry.kind {
        EntryKind::Symlink { target } => format!(" -> {}", printable(target)),
        _ => String::new(),
    };
    let owner = format!("{}:{}", entry.uid, entry.gid);
    format!(
        "{} {owner:<9} {size:>10} {time} {name}{target}",
        mode(entry)
    )
}

/// `drwxr-xr-x` and so on.
fn mode(entry: &Entry) -> String {
    let mut text = String::from(match entry.kind {
        EntryKind::Directory => "d",
        EntryKind::File { .. } => "-",
        EntryKind::Symlink { .. } => "l",
        EntryKind::CharDevice { .. } => "c",
        EntryKind::Fifo => "p",
    });
    let specials = [(0o4000, 's', 'S'), (0o2000, 's', 'S'), (0o1000, 't', 'T')];
    for (index, (special, with, without)) in specials.into_iter().enumerate() {
        let bits = entry.mode >> (6 - 3 * index);
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (entry.mode & special != 0, bits & 1 != 0) {
            (true, true) => with,
            (true, false) => without,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// What tells folders, links and programs apart in the short list.
fn mark(entry: &Entry) -> &'static str {
    match entry.kind {
        EntryKind::Directory => "/",
        EntryKind::Symlink { .. } => "@",
        EntryKind::File { .. } if entry.executable() => "*",
        EntryKind::Fifo => "|",
        EntryKind::File { .. } | EntryKind::CharDevice { .. } => "",
    }
}

/// The name without characters that would move the cursor.
fn printable(name: &str) -> String {
    let safe = |letter: char| !letter.is_control();
    if name.chars().all(safe) {
        name.to_owned()
    } else {
        name.escape_debug().to_string()
    }
}

fn json(name: &str, entry: &Entry) -> serde_json::Value {
    let mut value = serde_json::json!({
        "name": name,
        "mode": format!("{:04o}", entry.mode),
        "uid": entry.uid,
        "gid": entry.gid,
        "mtime": entry.mtime,
    });
    let more = match &entry.kind {
        EntryKind::Directory => serde_json::json!({ "kind": "directory" }),
        EntryKind::File { digest, size } => {
            serde_json::json!({ "kind": "file", "digest": digest, "size": size })
        }
        EntryKind::Symlink { target } => serde_json::json!({ "kind": "symlink", "target": target }),
        EntryKind::CharDevice { major, minor } => {
            serde_json::json!({ "kind": "device", "major": major, "minor": minor })
        }
        EntryKind::Fifo => serde_json::json!({ "kind": "fifo" }),
    };
    if let (Some(value), Some(more)) = (value.as_object_mut(), more.as_object()) {
        value.extend(more.clone());
        if !entry.xattrs.is_empty() {
            let names: Vec<&String> = entry.xattrs.keys().collect();
            value.insert("xattrs".into(), serde_json::json!(names));
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_as_ls_does() {
        let file = |bits| {
            let digest = cairn_graph::Digest::of(b"");
            mode(&Entry::new(EntryKind::File { digest, size: 0 }, bits))
        };
        assert_eq!(file(0o644), "-rw-r--r--");
        assert_eq!(file(0o4755), "-rwsr-xr-x");
        assert_eq!(file(0o2644), "-rw-r-Sr--");
        assert_eq!(
            mode(&Entry::new(EntryKind::Directory, 0o1777)),
            "drwxrwxrwt"
        );
    }

    #[test]
    fn what_is_below_is_not_what_only_begins_alike() {
        assert!(is_below("usr/bin", "usr") && !is_below("usrx", "usr") && !is_below("usr", "usr"));
        assert!(is_below("usr", "") && !is_below("", ""));
    }
}
