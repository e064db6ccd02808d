//! `cairn eval`: the value of an option.

use std::path::PathBuf;

use clap::Args;

use super::Ended;
use crate::configuration;
use crate::context::Context;

/// Prints the value of an option, or the whole configuration, as JSON
#[derive(Debug, Args)]
pub struct Eval {
    /// The option, such as `services.nginx.sites`; everything without this
    #[arg(value_name = "OPTION")]
    option: Option<String>,
    /// The configuration
    #[arg(
        long = "file",
        short = 'f',
        value_name = "FILE",
        default_value = "/etc/cairn/system.cairn",
        env = "CAIRN_CONFIG"
    )]
    file: PathBuf,
}

impl Eval {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let value = configuration::with(&self.file, |config| {
            let data = match &self.option {
                Some(option) => config.get(option)?,
                None => config.check()?.data,
            };
            Ok(cairn_options::json(&data))
        })?;
        context.json(&value)
    }
}
