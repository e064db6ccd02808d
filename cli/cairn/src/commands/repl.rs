//! `cairn repl`: expressions as they come to mind.

use std::path::PathBuf;

use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::interrupt::Computing;
use crate::repl;

/// Evaluates what is typed, line by line, and keeps names for the next lines
///
/// With a FILE its `config` is in sight, and what it binds by `let` and `type`. `:help` lists what else there is. Input that is not
/// finished goes on in the next line; an empty line ends it. Ctrl-C takes a line back, or ends what is computed. Without a terminal the
/// lines of stdin are taken.
#[derive(Debug, Args)]
pub struct Repl {
    /// The configuration to look into; none without this
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Repl {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let file = self.file.clone();
        let limits = context.globals.limits();
        let computing = Computing::listen()?;
        cairn_eval::with_deep_stack(|| repl::run(file, limits, &computing))
            .map_err(CommandError::Thread)?
    }
}
