//! `cairn log`: what a build printed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::SystemTime;

use cairn_disk::Store;
use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::store_path;
use crate::ui::{report, style, table};

/// Digits of an action's key that are shown.
const SHORT: usize = 12;

/// Prints the log of a build, the newest without a name.
///
/// A build is named by the store path that it made, by the name of that path (`hello_1.0_amd64`), or by the beginning of its key, as
/// a failed build names it. Of several the newest is printed.
#[derive(Debug, Args)]
pub struct Log {
    /// The store path that the build made, that path's name, or the beginning of the build's key
    #[arg(value_name = "PATH|NAME|ACTION")]
    of: Option<String>,
    /// Lists the logs that there are, the newest last
    #[arg(long)]
    list: bool,
}

/// A log on the disk.
struct Kept {
    changed: SystemTime,
    action: String,
    path: PathBuf,
    bytes: u64,
}

impl Log {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let mut logs = kept(&store)?;
        if let Some(of) = &self.of {
            let wanted = actions(&store, of, &logs)?;
            logs.retain(|log| wanted.contains(&log.action));
        }
        if self.list {
            return list(context, &store, &logs);
        }
        let Some(newest) = logs.pop() else {
            return Err(CommandError::NoLog {
                name: self.of.clone().unwrap_or_else(|| "any build".into()),
                silent: self.of.as_deref().is_some_and(|of| is_known(&store, of)),
            });
        };
        let text = cairn_build::log::read(&newest.path).map_err(|source| CommandError::File {
            act: "read",
            path: newest.path.clone(),
            source,
        })?;
        if context.globals.json {
            return context.json(&serde_json::json!({
                "version": 1,
                "action": newest.action,
                "lines": text.lines().collect::<Vec<_>>(),
            }));
        }
        context.data(&text)
    }
}

/// All logs, the newest last.
fn kept(store: &Store) -> Result<Vec<Kept>, CommandError> {
    let folder = store.layout().logs();
    let read = |source| CommandError::File {
        act: "list",
        path: folder.clone(),
        source,
    };
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(read)? {
        let entry = entry.map_err(read)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(action) = name.strip_suffix(".zst") else {
            continue;
        };
        let metadata = entry.metadata().map_err(read)?;
        logs.push(Kept {
            changed: metadata.modified().map_err(read)?,
            action: action.to_owned(),
            path: entry.path(),
            bytes: metadata.len(),
        });
    }
    logs.sort_by(|a, b| (a.changed, &a.action).cmp(&(b.changed, &b.action)));
    Ok(logs)
}

/// The keys of the builds that a text means: of a path, of a path's name, or beginning so.
fn actions(store: &Store, of: &str, logs: &[Kept]) -> Result<BTreeSet<String>, CommandError> {
    let makers = store.all_makers()?;
    let mut found: BTreeSet<String> = makers
        .iter()
        .filter(|(path, _)| path.name() == of)
        .map(|(_, action)| action.to_string())
        .collect();
    let begun = logs.iter().filter(|log| log.action.starts_with(of));
    found.extend(begun.map(|log| log.action.clone()));
    if !found.is_empty() {
        return Ok(found);
    }
    match store_path::whole(store, of) {
        Ok(path) => Ok(store
            .makers(&path)?
            .iter()
            .map(ToString::to_string)
            .collect()),
        // What is no path is a name that nothing has.
        Err(CommandError::NoPath { .. }) if !store_path::is_path(of) => Ok(found),
        Err(error) => Err(error),
    }
}

/// Whether a build of this name is known, though it may have printed nothing.
fn is_known(store: &Store, of: &str) -> bool {
    let makers = store.all_makers().unwrap_or_default();
    store_path::whole(store, of).is_ok()
        || makers
            .iter()
            .any(|(path, action)| path.name() == of || action.to_string().starts_with(of))
}

fn list(context: &Context, store: &Store, logs: &[Kept]) -> Ended {
    let makers = store.all_makers()?;
    let made = |log: &Kept| {
        let of = makers
            .iter()
            .find(|(_, action)| action.to_string() == log.action);
        of.map(|(path, _)| path)
    };
    let date = |log: &Kept| {
        let time = jiff::Timestamp::try_from(log.changed);
        time.map(|time| time.to_string()).unwrap_or_default()
    };
    if context.globals.json {
        let list: Vec<_> = logs
            .iter()
            .map(|log| {
                serde_json::json!({
                    "action": log.action,
                    "date": date(log),
                    "path": made(log).map(cairn_graph::StorePath::logical),
                })
            })
            .collect();
        return context.json(&serde_json::json!({ "version": 1, "logs": list }));
    }
    if logs.is_empty() {
        context.tell("no build printed anything");
        return Ok(Exit::Done);
    }
    let mut table = table::table(&["build", "date", "size", "made"]);
    for log in logs {
        table.add_row([
            log.action[..log.action.len().min(SHORT)].to_owned(),
            report::local_time(&date(log)),
            style::bytes(log.bytes),
            made(log).map_or_else(
                || "nothing: it failed, or its result is gone".into(),
                ToString::to_string,
            ),
        ]);
    }
    context.data(&table::text(&table))
}
