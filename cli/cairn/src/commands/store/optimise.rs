//! `cairn store optimise`: the same contents once.

use clap::Args;

use crate::commands::Ended;
use crate::context::Context;
use crate::exit::Exit;
use crate::ui::style;

/// Makes copies in the store's paths links again, and lets equal objects share their blocks
///
/// A file of a path is a copy where its object had as many links as the file system allows, or where somebody put the file in its place.
/// Contents are hashed before anything is exchanged.
#[derive(Debug, Args)]
pub struct Optimise {}

impl Optimise {
    /// Does it.
    #[expect(clippy::unused_self, reason = "as every command")]
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let look = context.globals.dry_run;
        let lock = store.lock_contents("store optimise")?;
        let won = store.optimise(&lock, look)?;
        drop(lock);
        if context.globals.json {
            return context.json(&serde_json::json!({
                "version": 1,
                "dry_run": look,
                "linked": won.linked,
                "linked_bytes": won.linked_bytes,
                "shared": won.shared,
                "shared_bytes": won.shared_bytes,
                "stayed": won.stayed,
                "wrong": won.wrong,
            }));
        }
        if won.wrong > 0 {
            let files = style::count(won.wrong as usize, "file");
            context.warn(&format!(
                "{files} left alone: other bytes than the path should have; `cairn verify` tells which"
            ));
        }
        let (linked, shared) = (won.linked as usize, won.shared as usize);
        if linked + shared == 0 {
            context.tell("nothing to win: every file of a path is a link to its object");
            return Ok(Exit::Done);
        }
        let would = if look { "would link" } else { "linked" };
        context.tell(&format!(
            "{would} {} to their objects: {} won",
            style::count(linked, "file"),
            style::bytes(won.linked_bytes + won.shared_bytes)
        ));
        if shared > 0 {
            context.tell(&format!(
                "  {} of it by shared blocks of {}",
                style::bytes(won.shared_bytes),
                style::count(shared, "object")
            ));
        }
        Ok(Exit::Done)
    }
}
