//! `cairn tree`: a store path and all that it needs, as a tree.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cairn_disk::Relations;
use cairn_graph::StorePath;
use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::store_path::{self, Subject};
use crate::ui::style::{QUIET, paint};

/// Shows a store path, or the system of a generation, with all that it refers to
///
/// What was shown above is marked `[…]` and not unfolded again.
#[derive(Debug, Args)]
pub struct Tree {
    /// The store path, or the number of a generation
    #[arg(value_name = "PATH|GENERATION")]
    subject: String,
    /// Shows what a generation was made of, too: packages as they came, and what was built on the way
    #[arg(long)]
    all: bool,
}

impl Tree {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let relations = store.relations()?;
        let (heading, tops, parts) = match store_path::subject(context, &store, &self.subject)? {
            Subject::Path(path) => (None, vec![path], Vec::new()),
            Subject::Generation(generation) => {
                let shown: BTreeSet<StorePath> = relations
                    .closure([&generation.system])
                    .into_iter()
                    .cloned()
                    .collect();
                let parts = generation
                    .keeps
                    .iter()
                    .filter(|path| !shown.contains(*path));
                (
                    Some(generation.number),
                    vec![generation.system.clone()],
                    parts.cloned().collect(),
                )
            }
        };
        let hidden = if self.all { 0 } else { parts.len() };
        let tops = [tops, if self.all { parts } else { Vec::new() }].concat();
        if context.globals.json {
            return context.json(&json(heading, &tops, &relations));
        }
        let mut lines = Lines {
            relations: &relations,
            shown: BTreeSet::new(),
            text: String::new(),
        };
        match heading {
            None => tops.iter().for_each(|top| lines.add(top, "", "", "")),
            Some(number) => {
                let _ = writeln!(lines.text, "generation {number}");
                let last = tops.len().saturating_sub(1);
                for (index, top) in tops.iter().enumerate() {
                    let end = index == last && hidden == 0;
                    lines.add(
                        top,
                        "",
                        if end { "└── " } else { "├── " },
                        if end { "    " } else { "│   " },
                    );
                }
            }
        }
        if hidden > 0 {
            let words = format!("└── … and {hidden} paths that it was made of: `--all` shows them");
            lines.text.push_str(&paint(QUIET, words));
            lines.text.push('\n');
        }
        context.data(&lines.text)
    }
}

/// The lines of a tree as they grow.
struct Lines<'a> {
    relations: &'a Relations,
    shown: BTreeSet<StorePath>,
    text: String,
}

impl Lines<'_> {
    /// Adds a path and what it refers to: `above` stands before all lines, then `branch` before its own, `below` before those that
    /// follow.
    fn add(&mut self, path: &StorePath, above: &str, branch: &str, below: &str) {
        let record = self.relations.records.get(path);
        let repeated = !self.shown.insert(path.clone());
        let references = record
            .map(|record| record.references.as_slice())
            .unwrap_or_default();
        let mark = match record {
            None => paint(QUIET, " (missing)"),
            Some(_) if repeated && !references.is_empty() => paint(QUIET, " […]"),
            Some(_) => String::new(),
        };
        let _ = writeln!(self.text, "{above}{branch}{path}{mark}");
        if repeated {
            return;
        }
        let above = format!("{above}{below}");
        let others: Vec<&StorePath> = references.iter().filter(|to| *to != path).collect();
        for (index, to) in others.iter().enumerate() {
            if index + 1 == others.len() {
                self.add(to, &above, "└── ", "    ");
            } else {
                self.add(to, &above, "├── ", "│   ");
            }
        }
    }
}

/// Each path of the tree once, with what it refers to.
fn json(generation: Option<u64>, tops: &[StorePath], relations: &Relations) -> serde_json::Value {
    let paths: serde_json::Map<String, serde_json::Value> = relations
        .closure(tops)
        .into_iter()
        .map(|path| {
            let references: Option<Vec<String>> = relations
                .records
                .get(path)
                .map(|record| record.references.iter().map(StorePath::logical).collect());
            (path.logical(), serde_json::json!(references))
        })
        .collect();
    serde_json::json!({
        "version": 1,
        "generation": generation,
        "roots": tops.iter().map(StorePath::logical).collect::<Vec<_>>(),
        "references": paths,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cairn_disk::PathRecord;
    use cairn_graph::{Content, Digest};

    fn path(name: &str) -> StorePath {
        let letter = name.chars().next().unwrap();
        format!("{}-{name}", letter.to_string().repeat(32))
            .parse()
            .unwrap()
    }

    fn relations(edges: &[(&str, &[&str])]) -> Relations {
        let record = |names: &[&str]| PathRecord {
            version: 1,
            content: Content::Tree {
                digest: Digest::of(b""),
            },
            references: names.iter().map(|name| path(name)).collect(),
        };
        Relations {
            records: edges
                .iter()
                .map(|(name, to)| (path(name), record(to)))
                .collect(),
            ..Relations::default()
        }
    }

    #[test]
    fn what_is_repeated_is_marked_and_not_unfolded() {
        let relations = relations(&[
            ("a", &["b", "c"]),
            ("b", &["d"]),
            ("c", &["b", "d"]),
            ("d", &[]),
        ]);
        let mut lines = Lines {
            relations: &relations,
            shown: BTreeSet::new(),
            text: String::new(),
        };
        lines.add(&path("a"), "", "", "");
        let text = anstream::adapter::strip_str(&lines.text).to_string();
        let short: Vec<String> = text
            .lines()
            .map(|line| {
                let at = line.find("/cairn").unwrap();
                let name = line[at..].trim_start_matches("/cairn/store/");
                format!("{}{}", &line[..at], &name[33..])
            })
            .collect();
        assert_eq!(
            short,
            [
                "a",
                "├── b",
                "│   └── d",
                "└── c",
                "    ├── b […]",
                "    └── d"
            ]
        );
    }
}
