//! `cairn diff`: what is different between two generations.

use cairn_disk::Store;
use cairn_system::session::{read_manifest, read_spec};
use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::diff::{Contents, SystemDiff};

/// Shows what changed between two generations: packages, files, units, accounts, settings and bytes
#[derive(Debug, Args)]
pub struct Diff {
    /// The number of the earlier one
    before: u64,
    /// The number of the later one; the default generation without this
    after: Option<u64>,
}

impl Diff {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let after = match self.after {
            Some(number) => number,
            None => store
                .generations()
                .default()?
                .ok_or(CommandError::NothingOlder)?,
        };
        let diff = between(context, &store, self.before, after)?;
        if context.globals.json {
            return context.json(&diff.json());
        }
        context.data(&format!(
            "generation {} → {after}\n{}",
            self.before,
            diff.text(true)
        ))
    }
}

/// The difference of two generations.
pub fn between(
    context: &Context,
    store: &Store,
    before: u64,
    after: u64,
) -> Result<SystemDiff, CommandError> {
    let (before, after) = (
        context.generation(store, before)?.system,
        context.generation(store, after)?.system,
    );
    let specs = (read_spec(store, &before)?, read_spec(store, &after)?);
    let manifests = (
        read_manifest(store, &before)?,
        read_manifest(store, &after)?,
    );
    Ok(SystemDiff::between(
        &Contents::made(&specs.0, &manifests.0),
        &Contents::made(&specs.1, &manifests.1),
    ))
}
