//! `cairn completions`: what a shell needs to complete the command line.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Ended;
use crate::arguments::Arguments;
use crate::context::Context;

/// Prints the completions of a shell: `cairn completions bash > /etc/bash_completion.d/cairn`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "cairn", &mut script);
        context.data(&String::from_utf8_lossy(&script))
    }
}
