//! `cairn lock`: which packages a configuration means.

use std::path::PathBuf;

use clap::Args;

use super::Ended;
use super::update::Locking;
use crate::context::Context;

/// Writes `cairn.lock`: solves for what the configuration adds, and holds all other packages
#[derive(Debug, Args)]
pub struct Lock {
    /// The configuration
    #[arg(
        value_name = "FILE",
        default_value = "/etc/cairn/system.cairn",
        env = "CAIRN_CONFIG"
    )]
    file: PathBuf,
}

impl Lock {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        Locking {
            file: &self.file,
            refresh: false,
        }
        .run(context)
    }
}
