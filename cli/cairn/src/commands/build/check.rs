//! `--check`: the same builds once more, and what came out differently.

use std::fmt::Write as _;

use cairn_build::{Realised, script};
use cairn_disk::Store;
use cairn_graph::tree::diff::{Changed, diff};
use cairn_graph::{BuildGraph, Content, DerivationId, EntryKind, Output, Tree};
use cairn_system::{Session, SessionError};

use super::Goal;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::progress::Progress;
use crate::ui::style::{BAD, CHANGED, GOOD, bytes, paint};

/// How many lines of a difference are shown.
const SHOWN: usize = 40;

/// What is built again: scripts. All else is checked as it comes in, or computed.
pub struct Again {
    ids: Vec<DerivationId>,
    inputs: Vec<DerivationId>,
}

impl Again {
    /// The scripts among these.
    pub fn of(graph: &BuildGraph, ids: &[DerivationId]) -> Self {
        let is_script = |id: &&DerivationId| {
            let derivation = graph.derivation(**id);
            derivation.is_some_and(|derivation| derivation.builder == script::NAME)
        };
        let ids: Vec<DerivationId> = ids.iter().filter(is_script).copied().collect();
        let inputs = ids.iter().flat_map(|id| graph.inputs(*id));
        let inputs = inputs.map(|(_, input)| input).collect();
        Self { ids, inputs }
    }

    /// What must be there for it, though the results are.
    pub fn inputs(&self) -> impl Iterator<Item = DerivationId> {
        self.inputs.iter().chain(&self.ids).copied()
    }

    /// Builds again and compares. Errors: [`CommandError::Differs`], after all differences were shown.
    pub fn run(
        &self,
        context: &Context,
        session: &Session,
        store: &Store,
        goal: &Goal,
        realised: &Realised,
        progress: &Progress,
    ) -> Result<(), CommandError> {
        let builders = session.builders(&goal.debian());
        let mut differing = Vec::new();
        for id in &self.ids {
            let graph = goal.graph();
            let resolved = graph
                .resolve(*id, |input| realised.outputs.get(&input).cloned())
                .map_err(SessionError::from)?;
            let name = resolved.derivation.name.clone();
            progress.say(&format!("building {name} again"));
            let event = |event| progress.event(&event);
            let again = session.build_again(store, &builders, *id, &resolved, &event)?;
            let Some(first) = realised.outputs.get(id) else {
                continue;
            };
            if again.content == first.content {
                continue;
            }
            progress.end();
            let text = differences(store, first, &again)?;
            context.tell(&format!("{name} came out differently\n{}", text.trim_end()));
            differing.push(name);
        }
        if differing.is_empty() {
            return Ok(());
        }
        Err(CommandError::Differs { names: differing })
    }
}

fn differences(store: &Store, first: &Output, again: &Output) -> Result<String, CommandError> {
    let tree = |content: &Content| store.content_tree(content, first.path.name());
    let (before, now) = (tree(&first.content)?, tree(&again.content)?);
    let found = diff(&before, &now);
    let mut lines = Vec::new();
    for (path, size) in &found.removed {
        lines.push(paint(BAD, format!("  - /{path} ({})", bytes(*size))));
    }
    for (path, size) in &found.added {
        lines.push(paint(GOOD, format!("  + /{path} ({})", bytes(*size))));
    }
    for one in &found.changed {
        let how = how(store, one, &before, &now)?;
        lines.push(paint(CHANGED, format!("  ~ /{}: {how}", one.path)));
    }
    let mut text = String::new();
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(text, "{line}");
    }
    if lines.len() > SHOWN {
        let _ = writeln!(text, "  and {} more", lines.len() - SHOWN);
    }
    Ok(text)
}

/// In what an entry differs: where its bytes first do, or that only what is around them does.
fn how(
    store: &Store,
    changed: &Changed,
    before: &Tree,
    now: &Tree,
) -> Result<String, CommandError> {
    let entry = |tree: &Tree| tree.get(&changed.path).cloned();
    let (Some(before), Some(now)) = (entry(before), entry(now)) else {
        return Ok(String::new());
    };
    match (&before.kind, &now.kind) {
        (EntryKind::File { digest: one, .. }, EntryKind::File { digest: other, .. })
            if one != other =>
        {
            let (one, other) = (store.read_object(one)?, store.read_object(other)?);
            let pairs = one.iter().zip(&other);
            let same = pairs.take_while(|(a, b)| a == b).count();
            let sizes = if one.len() == other.len() {
                bytes(one.len() as u64)
            } else {
                format!(
                    "{} and {}",
                    bytes(one.len() as u64),
                    bytes(other.len() as u64)
                )
            };
            Ok(format!(
                "{sizes}, differ from byte {same} on: {} and {}",
                around(&one, same),
                around(&other, same)
            ))
        }
        (EntryKind::Symlink { target: one }, EntryKind::Symlink { target: other })
            if one != other =>
        {
            Ok(format!("leads to {one} and {other}"))
        }
        (one, other) if std::mem::discriminant(one) != std::mem::discriminant(other) => {
            Ok("another kind of file".into())
        }
        _ if before.mode != now.mode => Ok(format!("mode {:o} and {:o}", before.mode, now.mode)),
        _ => Ok("owner, time or attributes".into()),
    }
}

/// A few bytes from a place on, readable.
fn around(all: &[u8], from: usize) -> String {
    let part = &all[from.min(all.len())..(from + 24).min(all.len())];
    format!("`{}`", part.escape_ascii())
}
