//! `cairn store import`: a closure from one file.

use std::io::BufReader;

use cairn_cache::{add_generation, export};
use clap::Args;

use crate::commands::Ended;
use crate::commands::cache::Trusted;
use crate::context::Context;
use crate::ui::style;
use crate::ui::transfer::Transfer;

/// Takes store paths from standard input and prints them: `cairn store import < file`
///
/// Every content is checked against its digest, every path against its content. What no content proves is only believed where enough
/// trusted keys have signed: what derivations came out as, and generations.
#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    trusted: Trusted,
}

impl Import {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let trust = self.trusted.read_if_there(context)?;
        let mut reader = BufReader::with_capacity(1 << 20, std::io::stdin().lock());
        let head = export::read_head(&mut reader)?;
        let size = head.size();
        let roots: Vec<String> = head
            .statement
            .roots
            .iter()
            .map(cairn_graph::StorePath::logical)
            .collect();
        if context.globals.dry_run {
            context.tell(&format!(
                "would take {}, {} before compression",
                style::count(head.statement.paths.len(), "store path"),
                style::bytes(size)
            ));
            return context.data(&(roots.join("\n") + "\n"));
        }
        let store = context.open_store()?;
        let locks = [
            store.lock("store import")?,
            store.lock_contents("store import")?,
        ];
        let transfer = Transfer::new(&context.globals, "reading", size);
        let told = |bytes| transfer.went_on(bytes);
        let imported = export::import(
            &store,
            head,
            trust.as_ref(),
            &mut reader,
            &context.stop,
            &told,
        )?;
        transfer.end();
        let mut generation = None;
        if imported.is_signed {
            generation = add_generation(&store, &imported.statement, "an import", "store import")?;
        }
        drop(locks);
        if context.globals.json {
            return context.json(&serde_json::json!({
                "version": 1,
                "paths": roots,
                "signed": imported.is_signed,
                "generation": generation.map(|generation| generation.number),
                "objects": imported.objects,
                "bytes": imported.bytes,
            }));
        }
        context.tell(&format!(
            "took {}: {} and {} were missing",
            style::count(imported.statement.paths.len(), "store path"),
            style::count(imported.objects, "object"),
            style::bytes(imported.bytes)
        ));
        match (&generation, imported.statement.generation.is_some()) {
            (Some(generation), _) => {
                context.tell(&format!("it is generation {} here", generation.number));
            }
            (None, true) => context.tell(
                "its generation is not registered: no trusted key has signed it; `--trust FILE` names keys",
            ),
            (None, false) => {}
        }
        context.data(&(roots.join("\n") + "\n"))
    }
}
