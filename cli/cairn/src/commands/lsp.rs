//! `cairn lsp`: an editor asks.

use cairn_lsp::{Ended, serve};
use clap::Args;

use super::Ended as CommandEnded;
use crate::context::Context;
use crate::exit::Exit;

/// Serves an editor: diagnostics, completion, hover, definitions, renames, formatting, fixes of lints
///
/// Speaks the language server protocol over standard input and output; an editor starts it. `--max-memory` and `--max-steps` bound each
/// check of a configuration; the initialization options `maxMemory` (bytes) and `maxSteps` lower them. How to set an editor up stands in
/// docs/editors/README.md.
#[derive(Debug, Args)]
pub struct Lsp {
    /// Over standard input and output, which is the only way; some editors say so
    #[arg(long)]
    stdio: bool,
}

impl Lsp {
    /// Does it.
    #[expect(
        clippy::unused_self,
        reason = "there is one way, with `--stdio` and without"
    )]
    pub fn run(&self, context: &Context) -> CommandEnded {
        let stop = context.stop.clone();
        Ok(
            match serve(context.globals.limits(), &move || stop.is_cancelled())? {
                Ended::Properly => Exit::Done,
                Ended::Abruptly => Exit::Failed,
                Ended::Stopped => Exit::Interrupted,
            },
        )
    }
}
