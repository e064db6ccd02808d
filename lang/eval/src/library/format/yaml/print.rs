//! Plain data as YAML: blocks for what has content, strings in quotes wherever a reader could take them for something else.

use std::fmt::Write as _;

use crate::data::{Data, DataKind};

/// A document, with a line break at its end.
pub(super) fn document(data: &Data) -> String {
    let mut out = String::new();
    if is_block(data) {
        block(&mut out, data, 0, true);
    } else {
        inline(&mut out, data);
        out.push('\n');
    }
    out
}

/// Whether it takes lines of its own.
fn is_block(data: &Data) -> bool {
    match &data.kind {
        DataKind::List(items) => !items.is_empty(),
        DataKind::Map(fields) => !fields.is_empty(),
        _ => false,
    }
}

/// `placed` where the first line's indent is written already.
fn block(out: &mut String, data: &Data, indent: usize, mut placed: bool) {
    let mut start = |out: &mut String| {
        if !placed {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        placed = false;
    };
    match &data.kind {
        DataKind::List(items) => {
            for item in items {
                start(out);
                out.push_str("- ");
                if is_block(item) {
                    block(out, item, indent + 2, true);
                } else {
                    inline(out, item);
                    out.push('\n');
                }
            }
        }
        DataKind::Map(fields) => {
            for (key, value) in fields {
                start(out);
                string(out, key);
                out.push(':');
                if is_block(value) {
                    out.push('\n');
                    block(out, value, indent + 2, false);
                } else {
                    out.push(' ');
                    inline(out, value);
                    out.push('\n');
                }
            }
        }
        _ => inline(out, data),
    }
}

fn inline(out: &mut String, data: &Data) {
    match &data.kind {
        DataKind::Null => out.push_str("null"),
        DataKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        DataKind::Int(number) => {
            let _ = write!(out, "{number}");
        }
        DataKind::Float(number) => {
            let _ = write!(out, "{number:?}");
        }
        DataKind::Str { text, .. } | DataKind::Secret(text) => string(out, text),
        DataKind::List(_) => out.push_str("[]"),
        DataKind::Map(_) => out.push_str("{}"),
    }
}

/// Words that readers of YAML 1.1 or 1.2 take for null, true or false.
const TAKEN: [&str; 11] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
];

fn string(out: &mut String, text: &str) {
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text
            .chars()
            .all(|next| next.is_ascii_alphanumeric() || "_-./@+".contains(next))
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        out.push_str(text);
        return;
    }
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~'
            | '\u{a0}'..='\u{2027}'
            | '\u{202a}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fefe}' => {
                out.push(character);
            }
            other => {
                let _ = write!(out, "\\U{:08x}", u32::from(other));
            }
        }
    }
    out.push('"');
}
