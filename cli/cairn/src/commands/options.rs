//! `cairn options`: what can be set.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::Ended;
use crate::configuration;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::style::{QUIET, STRONG, paint};

/// Lists the options that a configuration may set, with types, defaults and documentation
#[derive(Debug, Args)]
pub struct Options {
    /// Only options whose path or documentation has this text
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// A configuration whose own options are listed too
    #[arg(long = "file", short = 'f', value_name = "FILE", env = "CAIRN_CONFIG")]
    file: Option<PathBuf>,
}

impl Options {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let listed = match &self.file {
            Some(file) => configuration::with(file, |config| Ok(config.list()))?,
            None => library()?,
        };
        let wanted = self.text.as_deref().unwrap_or("").to_lowercase();
        let found: Vec<_> = listed
            .iter()
            .filter(|one| {
                let doc = one.doc.as_deref().unwrap_or("").to_lowercase();
                one.path.to_lowercase().contains(&wanted) || doc.contains(&wanted)
            })
            .collect();
        if context.globals.json {
            let list: Vec<_> = found
                .iter()
                .map(|one| {
                    serde_json::json!({
                        "option": one.path, "type": one.ty, "default": one.default, "doc": one.doc,
                        "file": one.file, "line": one.line,
                    })
                })
                .collect();
            return context.json(&list);
        }
        let mut out = String::new();
        for one in found {
            let default = one
                .default
                .as_ref()
                .map(|text| format!(" = {text}"))
                .unwrap_or_default();
            let _ = writeln!(out, "{}: {}{default}", paint(STRONG, &one.path), one.ty);
            for line in one.doc.as_deref().unwrap_or("").lines() {
                let _ = writeln!(out, "    {}", paint(QUIET, line));
            }
        }
        context.data(&out)
    }
}

/// The options of the library alone: those of an empty configuration.
fn library() -> Result<Vec<cairn_options::Listed>, CommandError> {
    let file = |source| CommandError::File {
        act: "make a folder in",
        path: std::env::temp_dir(),
        source,
    };
    let folder = tempfile::tempdir().map_err(file)?;
    let empty = folder.path().join("empty.cairn");
    std::fs::write(&empty, "").map_err(file)?;
    configuration::with(&empty, |config| Ok(config.list()))
}
