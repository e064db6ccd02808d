//! `cairn check`: is this configuration right?

use std::path::PathBuf;

use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::{CommandError, located, print_diagnostics};
use crate::exit::Exit;
use crate::{configuration, ui::style};

/// Evaluates everything in a configuration, reports every error, and runs its tests
///
/// With `--json`, what there is to report is an array on stdout: empty where all is right.
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
        let evaluated = match context.session(&self.file).evaluate() {
            Ok(evaluated) => evaluated,
            Err(error) => match error.into() {
                CommandError::Config {
                    diagnostics,
                    sources,
                } if context.globals.json => {
                    context.json(&located(&diagnostics, &sources))?;
                    return Ok(Exit::Failed);
                }
                other => return Err(other),
            },
        };
        let (tests, failures) =
            configuration::with(context.globals.limits(), &self.file, |config| {
                let tested = config.run_tests();
                let failures: Vec<_> = tested
                    .iter()
                    .filter_map(|one| one.failure.clone())
                    .collect();
                if !context.globals.json {
                    print_diagnostics(&failures, config.sources());
                }
                Ok((tested.len(), located(&failures, config.sources())))
            })?;
        let failed = failures.len();
        if context.globals.json {
            let mut all = located(&evaluated.warnings, &evaluated.texts);
            all.extend(failures);
            context.json(&all)?;
            return Ok(if failed > 0 { Exit::Failed } else { Exit::Done });
        }
        context.show_evaluated(&evaluated);
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
