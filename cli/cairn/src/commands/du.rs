//! `cairn du`: what takes the space, and what would be won by whose end.

use std::collections::BTreeSet;

use cairn_disk::{Relations, Root, Weight, Weights};
use cairn_graph::StorePath;
use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::store_path::{self, Subject};
use crate::ui::{style, table};

/// Shows how much paths and generations take with all that they need, and what only each of them needs
///
/// Without an argument: every generation and named root, and what nothing needs. A content counts once, however many files have
/// it. `unique` is what no other line needs: what deleting it and `cairn gc` would free.
#[derive(Debug, Args)]
pub struct Du {
    /// Store paths, or numbers of generations
    #[arg(value_name = "PATH|GENERATION")]
    subjects: Vec<String>,
    /// A line for each store path in them, in place of one for each of them; the largest first
    #[arg(short, long)]
    paths: bool,
}

/// One line: a name and the paths that count.
struct Line<'a> {
    name: String,
    /// A path of its own, where it is one.
    path: Option<&'a StorePath>,
    paths: BTreeSet<&'a StorePath>,
}

impl Du {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let relations = store.relations()?;
        let subjects: Result<Vec<Subject>, CommandError> = self
            .subjects
            .iter()
            .map(|text| store_path::subject(context, &store, text))
            .collect();
        let subjects = subjects?;
        let mut lines = if subjects.is_empty() {
            everything(&relations)
        } else {
            subjects
                .iter()
                .map(|subject| Line::of(subject, &relations))
                .collect()
        };
        if self.paths {
            lines = by_path(&lines);
        }
        // What is not registered takes no space; `cairn verify` tells of it.
        for line in &mut lines {
            line.paths
                .retain(|path| relations.records.contains_key(path));
        }
        let all: BTreeSet<&StorePath> = lines
            .iter()
            .flat_map(|line| line.paths.iter().copied())
            .collect();
        let weights = store.weights(&all)?;
        let sets: Vec<&BTreeSet<&StorePath>> = lines.iter().map(|line| &line.paths).collect();
        let (each, total) =
            weights.among(&sets.iter().map(|set| (*set).clone()).collect::<Vec<_>>());
        let mut order: Vec<usize> = (0..lines.len()).collect();
        if self.paths {
            order.sort_by_key(|index| std::cmp::Reverse((each[*index].bytes, each[*index].unique)));
        }
        if context.globals.json {
            let list: Vec<_> = order
                .iter()
                .map(|index| lines[*index].json(each[*index], &weights))
                .collect();
            return context.json(&serde_json::json!({
                "version": 1,
                "lines": list,
                "paths": all.len(),
                "bytes": total,
            }));
        }
        if lines.is_empty() {
            context.tell("the store is empty");
            return Ok(Exit::Done);
        }
        let mut shown = table::table(&["size", "unique", "paths", ""]);
        for column in 0..3 {
            if let Some(column) = shown.column_mut(column) {
                column.set_cell_alignment(comfy_table::CellAlignment::Right);
            }
        }
        for index in order {
            let (line, weight) = (&lines[index], each[index]);
            shown.add_row([
                style::bytes(weight.bytes),
                style::bytes(weight.unique),
                line.paths.len().to_string(),
                line.name.clone(),
            ]);
        }
        if lines.len() > 1 {
            shown.add_row([
                style::bytes(total),
                String::new(),
                all.len().to_string(),
                "all together".into(),
            ]);
        }
        context.data(&table::text(&shown))
    }
}

impl<'a> Line<'a> {
    fn of(subject: &'a Subject, relations: &'a Relations) -> Self {
        match subject {
            Subject::Path(path) => Self {
                name: path.logical(),
                path: Some(path),
                paths: relations.closure([path]),
            },
            Subject::Generation(generation) => Self {
                name: format!("generation {}", generation.number),
                path: None,
                paths: relations.closure(generation.keeps.iter().chain([&generation.system])),
            },
        }
    }

    fn json(&self, weight: Weight, weights: &Weights) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "path": self.path.map(StorePath::logical),
            "bytes": weight.bytes,
            "unique": weight.unique,
            "own": self.path.map(|path| weights.of(path)),
            "paths": self.paths.len(),
        })
    }
}

/// Every generation, every named root, and the rest.
fn everything(relations: &Relations) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (root, path) in &relations.roots {
        let name = match root {
            Root::System(number) | Root::Part(number) => format!("generation {number}"),
            Root::Named(name) => format!("root {name}"),
        };
        let paths = relations.closure([path]);
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.paths.extend(paths),
            None => lines.push(Line {
                name,
                path: None,
                paths,
            }),
        }
    }
    let kept: BTreeSet<&StorePath> = lines
        .iter()
        .flat_map(|line| line.paths.iter().copied())
        .collect();
    let rest: BTreeSet<&StorePath> = relations
        .records
        .keys()
        .filter(|path| !kept.contains(path))
        .collect();
    if !rest.is_empty() {
        lines.push(Line {
            name: "needed by nothing".into(),
            path: None,
            paths: rest,
        });
    }
    lines
}

/// A line for each path in the lines.
fn by_path<'a>(lines: &[Line<'a>]) -> Vec<Line<'a>> {
    let all: BTreeSet<&StorePath> = lines
        .iter()
        .flat_map(|line| line.paths.iter().copied())
        .collect();
    let line = |path: &'a StorePath| Line {
        name: path.logical(),
        path: Some(path),
        paths: [path].into(),
    };
    all.into_iter().map(line).collect()
}
