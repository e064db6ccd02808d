//! `cairn verify`: is the store what it says it is?

use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::style;

/// Hashes everything in the store again and lists what is damaged or missing.
#[derive(Debug, Args)]
pub struct Verify {
    /// Takes what is damaged out of the way, so that the next command fetches or builds it again
    #[arg(long)]
    repair: bool,
}

impl Verify {
    /// Whether it changes the store.
    pub fn repairs(&self) -> bool {
        self.repair
    }

    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let faults = store.verify()?;
        if context.globals.json {
            let list: Vec<_> = faults
                .iter()
                .map(
                    |fault| serde_json::json!({ "path": fault.path(), "fault": fault.to_string() }),
                )
                .collect();
            context.json(&serde_json::json!({ "version": 1, "faults": list }))?;
        } else {
            for fault in &faults {
                context.data(&format!("{fault}\n"))?;
            }
        }
        if faults.is_empty() {
            context.tell("the store is sound");
            return Ok(Exit::Done);
        }
        if self.repair && !context.globals.dry_run {
            let lock = store.lock("verify --repair")?;
            let moved = store.quarantine(&lock, &faults)?;
            context.tell(&format!(
                "{} taken out of the way; `cairn switch` makes them again",
                style::count(moved, "file")
            ));
        }
        Err(CommandError::Faults {
            count: faults.len(),
        })
    }
}
