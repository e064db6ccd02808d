//! `cairn store cat`: the bytes of a file in a store path.

use std::io::{self, Write as _};

use cairn_graph::EntryKind;
use clap::Args;

use super::within;
use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::store_path;

/// Prints a file of a store path, its bytes checked; links are followed
#[derive(Debug, Args)]
pub struct Cat {
    /// The file, such as `PATH/etc/passwd`
    #[arg(value_name = "PATH")]
    path: String,
}

impl Cat {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let named = store_path::named(&store, &self.path)?;
        let found = within::follow(&store, &named)?;
        let EntryKind::File { digest, size } = found.entry.kind else {
            return Err(CommandError::NoFile {
                path: found.shown(),
            });
        };
        let mut text = Vec::new();
        let mut out = io::stdout().lock();
        let mut failed = None;
        store.read_object_in_parts(&digest, &mut |part| {
            if context.globals.json {
                text.extend_from_slice(part);
                return true;
            }
            failed = out.write_all(part).err();
            failed.is_none()
        })?;
        match failed.map_or_else(|| out.flush(), Err) {
            // A reader that went away early is no error.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(CommandError::Output(error));
            }
            _ => {}
        }
        drop(out);
        if context.globals.json {
            return context.json(&serde_json::json!({
                "version": 1,
                "path": found.path.logical(),
                "inside": found.inside,
                "digest": digest,
                "size": size,
                // What is no text has no notation in JSON.
                "text": String::from_utf8(text).ok(),
            }));
        }
        Ok(Exit::Done)
    }
}
