//! `regex.`: patterns, matched in time that grows with the text and no faster.
//!
//! The syntax is that of the crate `regex`: no look-around, no back-references.

use std::cell::RefCell;
use std::collections::HashMap;

use cairn_syntax::Diagnostic;
use regex::Regex;

use super::string::{both, pieces};
use super::{Arguments, Native, needed};
use crate::evaluator::{Evaluator, Result};
use crate::value::{Field, Origin, Text, Value};

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "regex.matches",
        parameters: &[needed("string", "Str"), needed("pattern", "Str")],
        gives: "Bool",
        doc: "Whether the pattern occurs in it; with `^…$`, whether all of it fits.",
        example: r#"regex.matches("web12", "^[a-z]+[0-9]+$")   # => true"#,
        run: matches,
    },
    Native {
        name: "regex.find",
        parameters: &[needed("string", "Str"), needed("pattern", "Str")],
        gives: "Str?",
        doc: "The first piece that fits the pattern, else null.",
        example: r#"regex.find("port 80, port 443", "[0-9]+")   # => "80""#,
        run: find,
    },
    Native {
        name: "regex.find_all",
        parameters: &[needed("string", "Str"), needed("pattern", "Str")],
        gives: "List(Str)",
        doc: "All pieces that fit the pattern, none overlapping another.",
        example: r#"regex.find_all("port 80, port 443", "[0-9]+")   # => ["80","443"]"#,
        run: find_all,
    },
    Native {
        name: "regex.captures",
        parameters: &[needed("string", "Str"), needed("pattern", "Str")],
        gives: "List(Str?)?",
        doc: "What the groups of the first fitting piece hold, the whole piece first, else null.",
        example: r#"regex.captures("ssh.service", "^(.*)\\.([a-z]+)$")   # => ["ssh.service","ssh","service"]"#,
        run: captures,
    },
    Native {
        name: "regex.named",
        parameters: &[needed("string", "Str"), needed("pattern", "Str")],
        gives: "Map(Str?)?",
        doc: "What the named groups of the first fitting piece hold, else null.",
        example: r#"regex.named("a=1", "(?<key>[a-z]+)=(?<value>.*)")   # => {"key":"a","value":"1"}"#,
        run: named,
    },
    Native {
        name: "regex.replace",
        parameters: &[
            needed("string", "Str"),
            needed("pattern", "Str"),
            needed("with", "Str"),
        ],
        gives: "Str",
        doc: "With every fitting piece replaced; `$1` and `$name` stand for groups, `$$` for a dollar.",
        example: r#"regex.replace("a=1, b=2", "([a-z])=([0-9])", "$2:$1")   # => "1:a, 2:b""#,
        run: replace,
    },
    Native {
        name: "regex.split",
        parameters: &[needed("string", "Str"), needed("pattern", "Str")],
        gives: "List(Str)",
        doc: "The pieces between those that fit the pattern.",
        example: r#"regex.split("a, b;c", "[,;] *")   # => ["a","b","c"]"#,
        run: split,
    },
    Native {
        name: "regex.escape",
        parameters: &[needed("string", "Str")],
        gives: "Str",
        doc: "The pattern that fits exactly that text.",
        example: r#"regex.escape("a.b")   # => "a\\.b""#,
        run: escape,
    },
];

/// How many compiled patterns are kept.
const KEPT: usize = 128;

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// The text and the compiled pattern of a call.
fn read<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<(&'a Text<'a>, Regex)> {
    let text = arguments.text(evaluator, 0)?;
    let pattern = arguments.text(evaluator, 1)?.text;
    if let Some(known) = PATTERNS.with_borrow(|patterns| patterns.get(pattern).cloned()) {
        return Ok((text, known));
    }
    let compiled = Regex::new(pattern).map_err(|error| {
        let error = error.to_string();
        let cause = error.lines().last().unwrap_or_default();
        let cause = cause.strip_prefix("error: ").unwrap_or(cause);
        let message = format!("this pattern can't be read: {cause}");
        Box::new(
            Diagnostic::error("eval::pattern", arguments.at(1), message)
                .help("`regex.escape` makes a pattern of a plain text; look-around and back-references do not exist"),
        )
    })?;
    PATTERNS.with_borrow_mut(|patterns| {
        if patterns.len() >= KEPT {
            patterns.clear();
        }
        patterns.insert(pattern.to_owned(), compiled.clone());
    });
    Ok((text, compiled))
}

fn matches<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, pattern) = read(evaluator, arguments)?;
    Ok(Value::Bool(pattern.is_match(text.text)))
}

fn find<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, pattern) = read(evaluator, arguments)?;
    let found = pattern.find(text.text).map(|found| found.as_str());
    Ok(piece(evaluator, found, text))
}

fn find_all<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, pattern) = read(evaluator, arguments)?;
    let found = pattern.find_iter(text.text).map(|found| found.as_str());
    pieces(evaluator, found, text.context, arguments)
}

fn captures<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, pattern) = read(evaluator, arguments)?;
    let Some(found) = pattern.captures(text.text) else {
        return Ok(Value::Null);
    };
    let groups: Vec<Value<'a>> = found
        .iter()
        .map(|group| piece(evaluator, group.map(|group| group.as_str()), text))
        .collect();
    Ok(evaluator.list(&groups, &[]))
}

fn named<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, pattern) = read(evaluator, arguments)?;
    let Some(found) = pattern.captures(text.text) else {
        return Ok(Value::Null);
    };
    let mut fields = Vec::new();
    for name in pattern.capture_names().flatten() {
        let group = found.name(name).map(|group| group.as_str());
        fields.push(Field {
            name: evaluator.names.intern(name),
            origin: Origin::NONE,
            value: piece(evaluator, group, text),
        });
    }
    Ok(evaluator.record(fields))
}

fn replace<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, pattern) = read(evaluator, arguments)?;
    let with = arguments.text(evaluator, 2)?;
    let replaced = pattern.replace_all(text.text, with.text);
    Ok(evaluator.string_with(&replaced, &both(text, with)))
}

fn split<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (text, pattern) = read(evaluator, arguments)?;
    pieces(evaluator, pattern.split(text.text), text.context, arguments)
}

fn escape<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    Ok(evaluator.string_with(&regex::escape(text.text), text.context))
}

/// A piece of a text with the text's context, else null.
fn piece<'a>(evaluator: &Evaluator<'a>, piece: Option<&str>, of: &Text<'a>) -> Value<'a> {
    piece.map_or(Value::Null, |piece| {
        evaluator.string_with(piece, of.context)
    })
}
