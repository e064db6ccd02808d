//! `cairn why`: why a value is what it is, why a package is there, why a store path is kept.
//!
//! In: a name. Out: the reasons, by what the name means. A text with a slash, or of the form `<hash>-<name>`, is a store path; anything
//! else is whatever has that name, and where two have it the user says which.

mod option;
mod package;
mod path;

use std::path::PathBuf;

use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::store_path;

pub use option::text;

/// Letters of a hash that are taken for a store path's without being asked.
const HASH_BEGIN: usize = 5;

/// Tells why: of an option its value and who set it, of a package what wanted it, of a store path what keeps it.
///
/// What the name means is found out: a text with a slash, or `<hash>-<name>`, is a store path; else an option of the configuration, a package
/// of the generation or of the lock, or the beginning of a store path's hash. Where several fit, `--option`, `--package`
/// or `--path` says which is meant.
#[derive(Debug, Args)]
pub struct Why {
    /// An option such as `services.nginx.level`, a package such as `libssl3t64`, or a store path
    #[arg(value_name = "OPTION|PACKAGE|PATH")]
    name: String,
    /// It is an option
    #[arg(long, group = "kind")]
    option: bool,
    /// It is a package
    #[arg(long, group = "kind")]
    package: bool,
    /// It is a store path
    #[arg(long, group = "kind")]
    path: bool,
    /// The generation that the package is in; the default one without this
    #[arg(long, short, value_name = "NUMBER")]
    generation: Option<u64>,
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

impl Why {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let name = self.name.as_str();
        if self.option {
            return option::run(context, &self.file, name);
        }
        if self.path || (!self.package && store_path::is_path(name)) {
            return path::run(context, name);
        }
        let packages = package::load(context, self.generation, &self.file)?;
        let is_package = packages.as_ref().is_some_and(|packages| packages.has(name));
        if self.package {
            return package::run(context, packages, &self.file, name);
        }
        let is_path = is_hash(context, name)?;
        let found = option::find(context, &self.file, name);
        match (found, is_package, is_path) {
            (Ok(reasons), false, false) => option::show(context, &reasons),
            (Err(_), true, false) => package::run(context, packages, &self.file, name),
            (Err(_), false, true) => path::run(context, name),
            // Nothing else has the name: what is wrong with the option, or its file, is what there is to say.
            (Err(error), false, false) => Err(packages
                .and_then(|packages| packages.near(name))
                .filter(|_| !option::is_dotted(name))
                .map_or(error, |near| CommandError::NoPackage {
                    name: name.to_owned(),
                    near: vec![near],
                })),
            (found, package, path) => {
                let kinds = [
                    (found.is_ok(), "option"),
                    (package, "package"),
                    (path, "path"),
                ];
                let kinds = kinds.iter().filter(|(is, _)| *is).map(|(_, kind)| *kind);
                Err(CommandError::Ambiguous {
                    name: name.to_owned(),
                    kinds: kinds.collect(),
                })
            }
        }
    }
}

/// Whether some store path's hash begins so.
fn is_hash(context: &Context, name: &str) -> Result<bool, CommandError> {
    if name.len() < HASH_BEGIN || name.contains('.') {
        return Ok(false);
    }
    let Some(store) = context.store_if_there()? else {
        return Ok(false);
    };
    match store_path::whole(&store, name) {
        Ok(_) | Err(CommandError::AmbiguousPath { .. }) => Ok(true),
        Err(CommandError::NoPath { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
