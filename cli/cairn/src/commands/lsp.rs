//! `cairn lsp`: an editor asks.

use std::path::{Path, PathBuf};

use cairn_lsp::{Ended, Listing, Package, PackageSource, serve};
use cairn_system::offered;
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
        let packages = Box::new(Archives {
            root: context.globals.root.clone(),
        });
        let limits = context.globals.limits();
        Ok(
            match serve(limits, packages, &move || stop.is_cancelled())? {
                Ended::Properly => Exit::Done,
                Ended::Abruptly => Exit::Failed,
                Ended::Stopped => Exit::Interrupted,
            },
        )
    }
}

/// Where apt keeps what it knows of archives.
const APT_LISTS: &str = "/var/lib/apt/lists";

/// The packages of configurations, as far as this machine knows them by itself.
struct Archives {
    root: PathBuf,
}

impl PackageSource for Archives {
    fn find(&self, configuration: &Path, value: Option<&serde_json::Value>) -> Option<Listing> {
        let debian = value.and_then(|value| value.get("debian"));
        let debian = debian.and_then(|debian| serde_json::from_value(debian.clone()).ok());
        let lists = Path::new(APT_LISTS);
        let found = offered::find(configuration, debian.as_ref(), &self.root, lists)?;
        Some(Listing {
            edition: format!("{found:?}"),
            read: Box::new(move || {
                let all = found.read().into_iter();
                let package =
                    |offered::Offered { name, description }| Package { name, description };
                all.map(package).collect()
            }),
        })
    }
}
