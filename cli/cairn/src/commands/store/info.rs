//! `cairn store info`: all that is known of a store path.

use cairn_disk::{Keeper, Store};
use cairn_graph::{Content, StorePath};
use clap::Args;

use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::store_path;
use crate::ui::style::{self, QUIET, paint};

/// Paths that a list shows before it is cut.
const SHOWN: usize = 10;

/// Shows what a store path holds, how much, what refers to it, what made it and what keeps it
#[derive(Debug, Args)]
pub struct Info {
    /// The store path
    #[arg(value_name = "PATH")]
    path: String,
}

/// What made a path.
struct Maker {
    action: String,
    /// The builder, where its derivation is recorded.
    builder: Option<String>,
    /// Whether there is a log.
    log: bool,
}

impl Info {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let path = store_path::whole(&store, &self.path)?;
        let content = store.path_content(&path)?;
        let relations = store.relations()?;
        let closure = relations.closure([&path]);
        let weights = store.weights(&closure)?;
        let (in_all, _) = weights.among(std::slice::from_ref(&closure));
        let references = relations
            .records
            .get(&path)
            .map(|record| record.references.clone())
            .unwrap_or_default();
        let referrers: Vec<StorePath> = relations.referrers(&path).into_iter().cloned().collect();
        let keepers = relations.keepers(&path);
        let makers = makers(&store, &path)?;
        let place = store.layout().store_path(&path);
        let materialised = place.symlink_metadata().is_ok();
        let (own, entries) = (weights.of(&path), entries(&store, &content)?);
        let closure_bytes = in_all.first().map_or(0, |weight| weight.bytes);
        if context.globals.json {
            let logical = |paths: &[StorePath]| -> Vec<String> {
                paths.iter().map(StorePath::logical).collect()
            };
            return context.json(&serde_json::json!({
                "version": 1,
                "path": path.logical(),
                "content": content,
                "size": own,
                "entries": entries,
                "closure_size": closure_bytes,
                "closure_paths": closure.len(),
                "references": logical(&references),
                "referrers": logical(&referrers),
                "made_by": makers.iter().map(Maker::json).collect::<Vec<_>>(),
                "kept_by": keepers.iter().map(keeper).collect::<Vec<_>>(),
                "materialised": materialised,
            }));
        }
        let mut rows = vec![
            ("path", path.logical()),
            ("content", content.to_string()),
            (
                "size",
                format!("{}, {}", style::bytes(own), entries_said(entries)),
            ),
            (
                "closure",
                format!(
                    "{}, {}",
                    style::bytes(closure_bytes),
                    style::count(closure.len(), "path")
                ),
            ),
            (
                "at",
                if materialised {
                    place.display().to_string()
                } else {
                    "not materialised".into()
                },
            ),
        ];
        rows.extend(list("needs", &references));
        rows.extend(list("needed by", &referrers));
        let made = makers.iter().map(Maker::text).collect::<Vec<_>>();
        rows.extend(several("made by", made));
        let kept = keepers.iter().map(kept).collect::<Vec<_>>();
        let none = vec!["nothing: the next `cairn gc` deletes it".to_owned()];
        rows.extend(several(
            "kept by",
            if kept.is_empty() { none } else { kept },
        ));
        for (name, value) in rows {
            context.data(&format!("{} {value}\n", paint(QUIET, format!("{name:<9}"))))?;
        }
        Ok(crate::exit::Exit::Done)
    }
}

impl Maker {
    fn text(&self) -> String {
        let builder = self.builder.as_deref().map(|name| format!("{name} "));
        let short = &self.action[..self.action.len().min(12)];
        let log = if self.log {
            format!(", `cairn log {short}`")
        } else {
            String::new()
        };
        format!("{}{short}{log}", builder.unwrap_or_default())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "action": self.action, "builder": self.builder, "log": self.log })
    }
}

/// The builds that came out as the path.
fn makers(store: &Store, path: &StorePath) -> Result<Vec<Maker>, CommandError> {
    let mut makers = Vec::new();
    for action in store.makers(path)? {
        let derivation = store.derivations().get(&action)?;
        makers.push(Maker {
            log: store.layout().logs().join(format!("{action}.zst")).exists(),
            builder: derivation.map(|record| record.resolved.derivation.builder),
            action: action.to_string(),
        });
    }
    Ok(makers)
}

/// How many entries a tree has; 1 for a file.
fn entries(store: &Store, content: &Content) -> Result<usize, CommandError> {
    Ok(match content {
        Content::File { .. } => 1,
        Content::Tree { digest } => store.tree(digest)?.entries.len(),
    })
}

fn entries_said(count: usize) -> String {
    if count == 1 {
        "1 entry".into()
    } else {
        format!("{count} entries")
    }
}

/// What keeps a path, for programs.
pub fn keeper(keeper: &Keeper) -> serde_json::Value {
    let chain: Vec<String> = keeper.chain.iter().map(StorePath::logical).collect();
    match &keeper.root {
        cairn_disk::Root::System(number) => {
            serde_json::json!({ "generation": number, "as": "system", "chain": chain })
        }
        cairn_disk::Root::Part(number) => {
            serde_json::json!({ "generation": number, "as": "part", "chain": chain })
        }
        cairn_disk::Root::Named(name) => serde_json::json!({ "root": name, "chain": chain }),
    }
}

fn kept(keeper: &Keeper) -> String {
    match keeper.chain.len() {
        0 | 1 => keeper.root.to_string(),
        long => format!(
            "{}, over {}",
            keeper.root,
            style::count(long - 1, "reference")
        ),
    }
}

fn list(name: &'static str, paths: &[StorePath]) -> Vec<(&'static str, String)> {
    several(name, paths.iter().map(StorePath::logical).collect())
}

/// Rows of one heading; a long list is cut.
fn several(name: &'static str, mut values: Vec<String>) -> Vec<(&'static str, String)> {
    let more = values.len().saturating_sub(SHOWN);
    values.truncate(SHOWN);
    if more > 0 {
        values.push(format!("and {more} more (`--json` lists all)"));
    }
    let headings = std::iter::once(name).chain(std::iter::repeat(""));
    headings.zip(values).collect()
}
