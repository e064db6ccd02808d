//! `cairn lsp`: what an editor asks, through the real protocol.

mod actions;
mod completion;
mod diagnostics;
mod formatting;
mod names;
mod packages;
mod protocol;

use cairn_support::Machine;
use serde_json::{Value, json};

/// A configuration in which nothing is wrong.
const RIGHT: &str = "host.name = \"web1\"\n";

/// A range on one line.
fn range(line: u32, start: u32, end: u32) -> Value {
    json!({ "start": { "line": line, "character": start }, "end": { "line": line, "character": end } })
}

/// The file names and lines of locations.
fn places(locations: &Value) -> Vec<(String, u64)> {
    let of = |one: &Value| {
        let file = one["uri"]
            .as_str()
            .and_then(|uri| uri.rsplit('/').next())
            .unwrap_or("");
        (
            file.to_owned(),
            one["range"]["start"]["line"].as_u64().expect("a line"),
        )
    };
    locations
        .as_array()
        .expect("an array")
        .iter()
        .map(of)
        .collect()
}

/// The text that a hover shows, on one machine and file.
fn hover(marked: &str) -> String {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let position = editor.open_at("system.cairn", marked);
    // The present value is that of the last check.
    editor.diagnostics("system.cairn");
    let answer = editor
        .ask_at("textDocument/hover", "system.cairn", &position)
        .expect("an answer");
    answer["contents"]["value"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
