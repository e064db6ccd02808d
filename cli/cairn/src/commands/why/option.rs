//! Why an option has its value: every definition that won or lost, and the declaration.

use std::fmt::Write as _;
use std::path::Path;

use cairn_options::{Standing, Why as Reasons};

use crate::commands::Ended;
use crate::configuration;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::style::{GOOD, QUIET, paint};

/// Prints why an option has its value.
pub fn run(context: &Context, file: &Path, name: &str) -> Ended {
    show(context, &find(context, file, name)?)
}

/// Why an option has its value. Errors: what is wrong with the configuration; no such option.
pub fn find(context: &Context, file: &Path, name: &str) -> Result<Reasons, CommandError> {
    configuration::with(context.globals.limits(), file, |config| {
        Ok(config.why(name)?)
    })
}

/// Prints reasons.
pub fn show(context: &Context, why: &Reasons) -> Ended {
    if context.globals.json {
        return context.json(&json(why));
    }
    context.data(&text(why))
}

/// Whether a name can only be an option's: packages have no such dots.
pub fn is_dotted(name: &str) -> bool {
    name.contains('.') && !name.contains(|letter: char| letter.is_ascii_digit())
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
        "kind": "option",
        "option": why.path,
        "value": cairn_options::json(&why.value),
        "definitions": definitions,
        "declared": why.declared.as_ref().map(|(file, line)| serde_json::json!({ "file": file, "line": line })),
        "type": why.ty,
    })
}
