//! `cairn log`: what a build printed.

use std::path::PathBuf;

use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;

/// Prints the log of a build, the newest without a name.
#[derive(Debug, Args)]
pub struct Log {
    /// The beginning of the build's key, as a failed build names it
    key: Option<String>,
}

impl Log {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let folder = store.layout().logs();
        let read = |source| CommandError::File {
            act: "list",
            path: folder.clone(),
            source,
        };
        let mut logs: Vec<(std::time::SystemTime, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let named = entry
                .file_name()
                .to_string_lossy()
                .starts_with(self.key.as_deref().unwrap_or(""));
            if named {
                let changed = entry
                    .metadata()
                    .and_then(|metadata| metadata.modified())
                    .map_err(read)?;
                logs.push((changed, entry.path()));
            }
        }
        let Some((_, newest)) = logs.into_iter().max() else {
            return Err(CommandError::NoLog {
                name: self.key.clone().unwrap_or_else(|| "any build".into()),
            });
        };
        let text = cairn_build::log::read(&newest).map_err(|source| CommandError::File {
            act: "read",
            path: newest,
            source,
        })?;
        context.data(&text)
    }
}
