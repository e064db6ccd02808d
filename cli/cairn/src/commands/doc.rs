//! `cairn doc`: what the language's library has.

use std::fmt::Write as _;

use cairn_eval::library;
use cairn_syntax::ast::ItemKind;
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{nearest, parse_module};
use cairn_system::library::LIBRARY;
use clap::Args;
use serde::Serialize;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::style::{QUIET, STRONG, paint};

/// Prints the functions, types and words of the language, with documentation and examples
#[derive(Debug, Args)]
pub struct Doc {
    /// A name such as `list.map`, a namespace such as `list`, or a text to look for
    #[arg(value_name = "QUERY")]
    query: Option<String>,
}

/// Something that has documentation.
#[derive(Debug, Clone, Serialize)]
struct Entry {
    name: String,
    kind: &'static str,
    /// How it is written: a signature, a form, what a type stands for.
    form: String,
    doc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<String>,
}

impl Doc {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let all = entries();
        let found = match &self.query {
            Some(query) => find(&all, query)?,
            None => all.iter().collect(),
        };
        if context.globals.json {
            return context.json(&serde_json::json!({ "version": 1, "entries": found }));
        }
        // All at once would be too much to read: one line each.
        let brief = self.query.is_none();
        context.data(&text(&found, brief))
    }
}

/// Everything that has documentation: functions, then types, then words.
fn entries() -> Vec<Entry> {
    let functions = library::functions().map(|native| Entry {
        name: native.name.to_owned(),
        kind: "function",
        form: native.signature(),
        doc: native.doc.to_owned(),
        example: Some(native.example.to_owned()),
    });
    let types = library::types().map(|ty| Entry {
        name: ty.name.to_owned(),
        kind: "type",
        form: format!("type {}", ty.name),
        doc: ty.doc.to_owned(),
        example: Some(ty.example.to_owned()),
    });
    let words = library::words().map(|word| Entry {
        name: word.name.to_owned(),
        kind: "word",
        form: word.form.to_owned(),
        doc: word.doc.to_owned(),
        example: Some(word.example.to_owned()),
    });
    functions
        .chain(types)
        .chain(prelude())
        .chain(words)
        .collect()
}

/// The types that the library's prelude names.
fn prelude() -> Vec<Entry> {
    let text = LIBRARY
        .iter()
        .find(|(name, _)| *name == "prelude.cairn")
        .map_or("", |(_, text)| *text);
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let source = sources.add("prelude.cairn", text);
    let module = parse_module(&sources, source, &mut names).tree;
    let types = module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Type { name, .. } => Some(Entry {
            name: names.text(name.symbol).to_owned(),
            kind: "type",
            form: sources.slice(item.span).to_owned(),
            doc: item.doc.clone().unwrap_or_default(),
            example: None,
        }),
        _ => None,
    });
    types.collect()
}

/// What a query means: a whole name, else a namespace, else a text in names and documentation.
fn find<'e>(all: &'e [Entry], query: &str) -> Result<Vec<&'e Entry>, CommandError> {
    let wanted = query.trim_end_matches('.').to_lowercase();
    let matching = |fits: &dyn Fn(&Entry) -> bool| -> Vec<&'e Entry> {
        all.iter().filter(|entry| fits(entry)).collect()
    };
    let inside = format!("{wanted}.");
    let last = format!(".{wanted}");
    let tries = [
        matching(&|entry| entry.name.to_lowercase() == wanted),
        matching(&|entry| entry.name.starts_with(&inside)),
        matching(&|entry| entry.name.ends_with(&last)),
        matching(&|entry| {
            entry.name.to_lowercase().contains(&wanted)
                || entry.doc.to_lowercase().contains(&wanted)
        }),
    ];
    let found = tries.into_iter().find(|found| !found.is_empty());
    found.ok_or_else(|| CommandError::NoDoc {
        text: query.to_owned(),
        near: near(all, &wanted),
    })
}

/// The names that may have been meant, nearest first.
fn near(all: &[Entry], wanted: &str) -> Vec<String> {
    let whole = nearest(wanted, all.iter().map(|entry| entry.name.as_str()));
    let last = |entry: &'_ Entry| entry.name.rsplit('.').next().unwrap_or_default().to_owned();
    let lasts: Vec<String> = all.iter().map(last).collect();
    let part = wanted.rsplit('.').next().unwrap_or_default();
    let part = nearest(part, lasts.iter().map(String::as_str));
    let alike = all
        .iter()
        .filter(|entry| part == Some(last(entry).as_str()));
    let mut names: Vec<String> = whole.map(str::to_owned).into_iter().collect();
    names.extend(alike.map(|entry| entry.name.clone()));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(3);
    names
}

fn text(found: &[&Entry], brief: bool) -> String {
    let mut out = String::new();
    for entry in found {
        let form = entry
            .form
            .replacen(&entry.name, &paint(STRONG, &entry.name), 1);
        let mut lines = entry.doc.lines();
        if brief {
            let first = entry.form.lines().next().unwrap_or_default();
            let first = match entry.kind {
                "function" => first,
                _ => &entry.name,
            };
            let first = first.replacen(&entry.name, &paint(STRONG, &entry.name), 1);
            let doc = lines.next().unwrap_or_default();
            let _ = writeln!(out, "{first}  {}", paint(QUIET, doc));
            continue;
        }
        let _ = writeln!(out, "{form}");
        for line in lines {
            let _ = writeln!(out, "    {line}");
        }
        for line in entry.example.iter().flat_map(|example| example.lines()) {
            let _ = writeln!(out, "    {}", paint(QUIET, line));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{entries, find, near};

    fn names(query: &str) -> Vec<String> {
        let all = entries();
        let found = find(&all, query).unwrap_or_default();
        found.iter().map(|entry| entry.name.clone()).collect()
    }

    #[test]
    fn a_query_is_a_name_else_a_namespace_else_a_text() {
        assert_eq!(names("list.map"), ["list.map"]);
        assert_eq!(names("json"), ["json.parse", "json.print"]);
        assert_eq!(names("sha256"), ["hash.sha256"]);
        assert!(names("map").contains(&"record.map".to_owned()));
        assert_eq!(names("port"), ["Port"]);
        assert_eq!(names("when"), ["when"]);
        assert_eq!(names("nonesuchthing"), [""; 0]);
    }

    #[test]
    fn what_may_have_been_meant_is_found_by_whole_name_and_by_last_part() {
        let near = |text| near(&entries(), text);
        assert_eq!(near("list.lenght")[0], "list.length");
        assert!(near("fliter").contains(&"record.filter".to_owned()));
        assert_eq!(near("qqqqqqqq"), [""; 0]);
    }
}
