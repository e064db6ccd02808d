//! `cairn check`: is this configuration right?

use std::path::PathBuf;

use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::{CommandError, print_diagnostics};
use crate::exit::Exit;
use crate::{configuration, ui::style};

/// Evaluates everything in a configuration, reports every error, and runs its tests
#[derive(Debug, Args)]
pub struct Check {
    /// The configuration
    #[arg(
        value_name = "FILE",
        default_value = "/etc/cairn/system.cairn",
        env = "CAIRN_CONFIG"
    )]
    file: PathBuf,
}

impl Check {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        // The machine's contract is checked too, where every option has its value.
        let evaluated = context.session(&self.file).evaluate()?;
        context.show_evaluated(&evaluated);
        let (tests, failed) = configuration::with(&self.file, |config| {
            let tested = config.run_tests();
            let failures: Vec<_> = tested
                .iter()
                .filter_map(|one| one.failure.clone())
                .collect();
            print_diagnostics(&failures, config.sources());
            Ok((tested.len(), failures.len()))
        })?;
        if failed > 0 {
            return Err(CommandError::Tests { count: failed });
        }
        let tests = if tests == 0 {
            String::new()
        } else {
            format!(", {} hold", style::count(tests, "test"))
        };
        context.tell(&format!("{} is right{tests}", self.file.display()));
        Ok(Exit::Done)
    }
}
