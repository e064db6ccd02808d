//! `cairn options`: what can be set.

use std::fmt::Write as _;
use std::path::PathBuf;

use cairn_syntax::nearest;
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
            Some(file) => {
                configuration::with(context.globals.limits(), file, |config| Ok(config.list()))?
            }
            None => library(context.globals.limits())?,
        };
        let wanted = self.text.as_deref().unwrap_or("").to_lowercase();
        let found: Vec<_> = listed
            .iter()
            .filter(|one| {
                let doc = one.doc.as_deref().unwrap_or("").to_lowercase();
                one.path.to_lowercase().contains(&wanted) || doc.contains(&wanted)
            })
            .collect();
        if let (true, Some(text)) = (found.is_empty(), &self.text) {
            return Err(CommandError::NoOption {
                text: text.clone(),
                near: near(text, listed.iter().map(|one| one.path.as_str())),
            });
        }
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

/// The options that may have been meant, nearest first: by their whole paths, or by a word of them.
fn near<'a>(text: &str, paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    const MOST: usize = 3;
    let mut paths: Vec<&str> = paths.collect();
    let mut found = Vec::new();
    while found.len() < MOST {
        let whole = nearest(text, paths.iter().copied());
        let words = paths.iter().flat_map(|path| path.split('.'));
        let word = nearest(text, words);
        let has = |path: &&str| path.split('.').any(|one| Some(one) == word);
        let Some(next) = whole.or_else(|| paths.iter().copied().find(has)) else {
            break;
        };
        paths.retain(|path| *path != next);
        found.push(next.to_owned());
    }
    found
}

/// The options of the library alone: those of an empty configuration.
fn library(limits: cairn_eval::Limits) -> Result<Vec<cairn_options::Listed>, CommandError> {
    let file = |source| CommandError::File {
        act: "make a folder in",
        path: std::env::temp_dir(),
        source,
    };
    let folder = tempfile::tempdir().map_err(file)?;
    let empty = folder.path().join("empty.cairn");
    std::fs::write(&empty, "").map_err(file)?;
    configuration::with(limits, &empty, |config| Ok(config.list()))
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn names_that_may_have_been_meant_are_found_by_path_and_by_word() {
        let paths = ["host.name", "services.nginx.enable", "time.zone"];
        let near = |text| near(text, paths.into_iter());
        assert_eq!(near("time.zome"), ["time.zone"]);
        assert_eq!(near("ngnix"), ["services.nginx.enable"]);
        assert_eq!(near("nonesuch"), Vec::<String>::new());
    }
}
