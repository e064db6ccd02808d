//! What evaluation asks its host, and what strings remember of the answers.

use std::collections::BTreeMap;

use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;

use super::compare;
use crate::{Arena, ContextId, Data, DataKind, EntryKind, Evaluator, Host, HostError, Minted};

/// A host with a few files in memory; mints ids in the order of asking.
#[derive(Default)]
struct Files {
    files: BTreeMap<&'static str, &'static str>,
    minted: Vec<String>,
}

impl Files {
    fn new(files: &[(&'static str, &'static str)]) -> Self {
        Self {
            files: files.iter().copied().collect(),
            minted: Vec::new(),
        }
    }

    fn mint(&mut self, what: String) -> Minted {
        let known = self.minted.iter().position(|known| *known == what);
        let index = known.unwrap_or_else(|| {
            self.minted.push(what.clone());
            self.minted.len() - 1
        });
        Minted {
            text: format!("/store/{what}"),
            context: ContextId(index as u32),
        }
    }
}

/// The files that the examples of the library read.
pub(super) fn example_files() -> impl Host {
    Files::new(&[
        ("motd", "hello\n"),
        ("www/index.html", "<p>hello</p>\n"),
        ("db.age", "age"),
        ("ports.cairn", "{ http = 80 }"),
    ])
}

impl Host for Files {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        self.read_file(path)
    }
    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        let found = self.files.get(path).map(|text| (*text).to_owned());
        found.ok_or_else(|| HostError::new(format!("cannot read {path}: no such file")))
    }
    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        let prefix = format!("{path}/");
        let names = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&prefix));
        Ok(names
            .map(|name| (name.to_owned(), EntryKind::File))
            .collect())
    }
    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        Ok(self.mint(path.to_owned()))
    }
    fn build(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        match arguments.get("name").map(|name| &name.kind) {
            Some(DataKind::Str { text, .. }) => Ok(self.mint(text.clone())),
            _ => Err(HostError::new("a build needs a `name`")),
        }
    }
    fn fetch(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        match arguments.get("url").map(|url| &url.kind) {
            Some(DataKind::Str { text, .. }) => {
                Ok(self.mint(text.rsplit('/').next().unwrap_or(text).to_owned()))
            }
            _ => Err(HostError::new("a fetch needs a `url`")),
        }
    }
    fn trace(&mut self, _line: &str) {}
}

#[track_caller]
fn check(files: &[(&'static str, &'static str)], text: &str, expect: &str) {
    compare(
        text,
        &super::evaluate(text, Box::new(Files::new(files))),
        expect,
    );
}

/// The context of an expression's string.
#[track_caller]
pub(super) fn check_context(text: &str, expect: &[u32]) {
    let arena = Arena::new();
    let host = Box::new(Files::default());
    let mut evaluator = Evaluator::new(&arena, SourceMap::default(), Interner::default(), host);
    let value = evaluator.evaluate_source("test.cairn", text).unwrap();
    let data = evaluator
        .data(value, Span::new(SourceId(0), 0, text.len()))
        .unwrap();
    let DataKind::Str { context, .. } = data.kind else {
        panic!("{text} gives no string")
    };
    let ids: Vec<u32> = context.iter().map(|id| id.0).collect();
    assert_eq!(ids, expect, "{text}");
}

#[test]
fn files_are_read_relative_to_the_file_that_asks() {
    check(&[("a.txt", "hello")], "read_file(./a.txt)", "\"hello\"");
    check(
        &[],
        "read_file(./a.txt)",
        "eval::host 1:11-18 cannot read a.txt: no such file",
    );
    check(
        &[("d/a", ""), ("d/b", "")],
        "read_dir(./d)",
        r#"{"a":"file","b":"file"}"#,
    );
    check(&[], "read_file(../up)", "eval::path_outside 1:11-16 …");
    check(
        &[],
        "read_file(\"a\")",
        "eval::wrong_kind … must be a path such as ./x, not the string \"a\"",
    );
}

#[test]
fn imports_are_expressions_evaluated_once() {
    let files = &[
        ("lib/a.cairn", "{ x = import(\"./b.cairn\") + 1 }"),
        ("lib/b.cairn", "41"),
    ];
    check(files, "import(\"./lib/a.cairn\").x", "42");
    check(files, "import(./lib/b.cairn)", "41");
    check(
        &[("a.cairn", "import(\"./a.cairn\")")],
        "import(\"./a.cairn\")",
        "eval::cycle …",
    );
    check(
        &[("a.cairn", "unknwon")],
        "import(\"./a.cairn\")",
        "eval::unknown_name 1:1-8 …",
    );
    check(&[], "\"./a.cairn\" |> import", "eval::import_path …");
    check(
        &[("a.cairn", "1")],
        "if false then import(\"./b.cairn\") else import(\"./a.cairn\")",
        "1",
    );
}

#[test]
fn strings_remember_what_they_depend_on() {
    check_context("\"plain\"", &[]);
    check_context("\"${./a} ${./b} ${./a}\"", &[0, 1]);
    check_context("\"x\" + \"${./a}\"", &[0]);
    check_context(
        "string.upper(string.join([\"${./a}\", ./b], \",\"))",
        &[0, 1],
    );
    check_context("json.print({ x = ./a })", &[0]);
    check_context(
        "\"${build({ name = \"n\", sources = { a = ./a } })}\"",
        &[1],
    );
    check_context("list.head(string.split(\"${./a},b\", \",\"))", &[0]);
}

#[test]
fn keys_have_no_context() {
    check(&[], "{ \"${./a}\" = 1 }", "eval::key_context …");
}

#[test]
fn what_is_built_is_a_path() {
    check(&[], "build({ name = \"x\" })", "\"/store/x\"");
    check(&[], "build({})", "eval::host 1:7-9 a build needs a `name`");
    check(&[], "check(build({ name = \"x\" }), Path)", "\"/store/x\"");
    check(&[], "fetch({ url = \"u\", hash = \"h\" })", "\"/store/u\"");
}

#[test]
fn a_secret_never_becomes_part_of_a_string() {
    check(&[], "secret(\"./db.age\")", r#"{"secret":"db.age"}"#);
    check(
        &[],
        "\"${secret(./db.age)}\"",
        "eval::secret_in_string 1:4-20 …",
    );
    check(
        &[],
        "json.print([secret(./db.age)])",
        "eval::secret_in_string …",
    );
}
