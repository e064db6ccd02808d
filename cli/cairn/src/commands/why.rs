//! `cairn why`: where a value comes from.

use std::fmt::Write as _;
use std::path::PathBuf;

use cairn_options::{Standing, Why as Reasons};
use clap::Args;

use super::Ended;
use crate::configuration;
use crate::context::Context;
use crate::ui::style::{GOOD, QUIET, paint};

/// Prints an option's value, every definition that won or lost, and where the option is declared
#[derive(Debug, Args)]
pub struct Why {
    /// The option, such as `services.nginx.level`
    #[arg(value_name = "OPTION")]
    option: String,
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
        let why = configuration::with(context.globals.limits(), &self.file, |config| {
            Ok(config.why(&self.option)?)
        })?;
        if context.globals.json {
            return context.json(&json(&why));
        }
        context.data(&text(&why))
    }
}

/// The reasons as text for people.
pub fn text(why: &Reasons) -> String {
    let mut out = format!("{} = {}\n", why.path, cairn_options::json(&why.value));
    for one in &why.definitions {
        let standing = match one.standing {
            Standing::Won => paint(GOOD, "won "),
            Standing::Lost => paint(QUIET, "lost"),
            Standing::Off => paint(QUIET, "off "),
        };
        let place = format!("{}:{}:{}", one.file, one.line, one.column);
        let first = one.text.lines().next().unwrap_or("");
        let more = if one.text.lines().count() > 1 {
            " …"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "  {standing} {:>5}  {place}  {first}{more}",
            one.priority
        );
    }
    if let Some((file, line)) = &why.declared {
        let ty = why.ty.as_deref().unwrap_or("");
        let _ = writeln!(out, "  declared in {file}:{line} as {ty}");
    }
    out
}

fn json(why: &Reasons) -> serde_json::Value {
    let definitions: Vec<_> = why
        .definitions
        .iter()
        .map(|one| {
            serde_json::json!({
                "file": one.file,
                "line": one.line,
                "column": one.column,
                "text": one.text,
                "priority": one.priority,
                "standing": match one.standing {
                    Standing::Won => "won",
                    Standing::Lost => "lost",
                    Standing::Off => "off",
                },
            })
        })
        .collect();
    serde_json::json!({
        "version": 1,
        "option": why.path,
        "value": cairn_options::json(&why.value),
        "definitions": definitions,
        "declared": why.declared.as_ref().map(|(file, line)| serde_json::json!({ "file": file, "line": line })),
        "type": why.ty,
    })
}
