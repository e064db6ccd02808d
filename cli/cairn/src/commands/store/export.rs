//! `cairn store export`: a closure in one file.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use cairn_cache::{Closure, SecretKey, export};
use clap::Args;

use crate::commands::Ended;
use crate::commands::cache::{password, wanted};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::style;
use crate::ui::transfer::Transfer;

/// Writes store paths, or a generation, with all that they need to standard output: `cairn store export PATH… > file`
#[derive(Debug, Args)]
pub struct Export {
    /// Store paths, or a generation's number
    #[arg(required = true)]
    what: Vec<String>,
    /// The secret key to sign with, so that who imports can believe what derivations came out as
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Export {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let wanted = wanted(context, &store, &self.what, None, true)?;
        let closure = Closure::of(&store, &wanted)?;
        let size = closure.size();
        if context.globals.dry_run {
            context.tell(&format!(
                "would write {}, {} before compression",
                style::count(closure.statement.paths.len(), "store path"),
                style::bytes(size)
            ));
            return Ok(Exit::Done);
        }
        let stdout = std::io::stdout();
        if stdout.is_terminal() {
            return Err(CommandError::Binary);
        }
        let key = match &self.key {
            Some(path) => Some(SecretKey::read(path, password())?),
            None => None,
        };
        let transfer = Transfer::new(&context.globals, "writing", size);
        let mut out = std::io::BufWriter::with_capacity(1 << 20, stdout.lock());
        export::export(
            &store,
            &closure,
            key.as_ref(),
            &mut out,
            &context.stop,
            &|bytes| {
                transfer.went_on(bytes);
            },
        )?;
        transfer.end();
        Ok(Exit::Done)
    }
}
