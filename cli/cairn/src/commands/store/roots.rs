//! `cairn store roots`: what is kept though no generation needs it.

use clap::Args;

use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::table;

/// Lists the named roots and the paths that they keep, or removes one
#[derive(Debug, Args)]
pub struct Roots {
    /// Removes this root: what only it kept goes with the next `cairn gc`
    #[arg(long, value_name = "ROOT")]
    remove: Option<String>,
}

impl Roots {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let roots = store.roots().list()?;
        if let Some(name) = &self.remove {
            if !roots.iter().any(|(known, _)| known == name) {
                return Err(CommandError::NoRoot {
                    name: name.clone(),
                    known: roots.into_iter().map(|(known, _)| known).collect(),
                });
            }
            if context.globals.dry_run {
                context.tell(&format!("would remove the root {name}"));
                return Ok(Exit::Done);
            }
            let _lock = store.lock("store roots")?;
            store.roots().remove(name)?;
            context.tell(&format!("{name} keeps nothing any more"));
            return Ok(Exit::Done);
        }
        if context.globals.json {
            let list: Vec<_> = roots
                .iter()
                .map(|(name, paths)| {
                    let paths: Vec<String> =
                        paths.iter().map(cairn_graph::StorePath::logical).collect();
                    serde_json::json!({ "name": name, "paths": paths })
                })
                .collect();
            return context.json(&serde_json::json!({ "version": 1, "roots": list }));
        }
        if roots.is_empty() {
            context.tell("no named roots: `cairn store add --keep` makes them");
            return Ok(Exit::Done);
        }
        let mut table = table::table(&["root", "path"]);
        for (name, paths) in &roots {
            for path in paths {
                table.add_row([name.clone(), path.logical()]);
            }
        }
        context.data(&table::text(&table))
    }
}
