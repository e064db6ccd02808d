//! Everything that is wrong with a configuration, for every file of it.
//!
//! In: a [`World`] and its entry. Out: [`Found`]: the editor's diagnostics by file, and the value of the whole where nothing is
//! wrong. Says what `cairn check` says, and of open files what `cairn lint` says. What is wrong at a place of the library is shown at the top of the entry file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cairn_eval::{Arena, Limits};
use cairn_lint::Edit;
use cairn_options::{Config, Failure};
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Diagnostic, File, Severity, parse_expression, parse_file};
use cairn_system::evaluate::contract;
use cairn_system::library::LIBRARY;
use gen_lsp_types as lsp;

use crate::actions::Mendable;
use crate::host::World;
use crate::position::Encoding;
use crate::project::{Entry, LIBRARY_PREFIX, SYSTEM, is_expression};
use crate::shelf::Shelf;
use crate::uri;

/// What a check found.
#[derive(Debug, Default)]
pub struct Found {
    /// By file; files with none are not in it.
    pub diagnostics: BTreeMap<PathBuf, Vec<lsp::Diagnostic>>,
    /// The lints of open files that can be mended, by file; of each open file that could be read.
    pub mendable: BTreeMap<PathBuf, Mendable>,
    /// The whole configuration, where nothing is wrong with it.
    pub value: Option<serde_json::Value>,
}

/// Checks a configuration whole, within limits; `open` are those of its files whose lints are wanted. Needs a deep stack.
pub fn check(
    world: &World,
    entry: &Entry,
    open: &[String],
    limits: Limits,
    encoding: Encoding,
    shelf: &Shelf,
) -> Found {
    let text = world.host().load_text(&entry.name);
    let (said, value) = match text {
        Some(text) if is_expression(&entry.name, &text) => {
            let mut said = vec![expression_file(&entry.name, &text)];
            said.extend(lints(world, &entry.name, None));
            (said, None)
        }
        _ => configuration(world, entry, open, limits),
    };
    let mut found = Found {
        value,
        ..Found::default()
    };
    for one in &said {
        let writer = Writer {
            entry,
            sources: &one.sources,
            encoding,
            shelf,
        };
        for diagnostic in &one.diagnostics {
            let (file, written) = writer.diagnostic(diagnostic);
            found.diagnostics.entry(file).or_default().push(written);
        }
        found.mendable.extend(writer.mendable(one));
    }
    found
}

/// The lints of a text that can be mended, by what it says itself; none where it can't be read.
pub fn mendable(
    entry: &Entry,
    name: &str,
    text: &str,
    encoding: Encoding,
    shelf: &Shelf,
) -> Option<Mendable> {
    let said = lints_of(name, text, None)?;
    let writer = Writer {
        entry,
        sources: &said.sources,
        encoding,
        shelf,
    };
    writer.mendable(&said).map(|(_, mendable)| mendable)
}

/// Diagnostics, and what they point into.
struct Said {
    diagnostics: Vec<Diagnostic>,
    sources: SourceMap,
    /// Of lints of one file: the file, and the fix of each diagnostic.
    fixes: Option<(SourceId, Vec<Option<Edit>>)>,
}

impl From<Failure> for Said {
    fn from(failure: Failure) -> Self {
        Self {
            diagnostics: failure.diagnostics,
            sources: failure.sources,
            fixes: None,
        }
    }
}

fn configuration(
    world: &World,
    entry: &Entry,
    open: &[String],
    limits: Limits,
) -> (Vec<Said>, Option<serde_json::Value>) {
    let arena = Arena::with_limits(limits);
    let host = Box::new(world.host());
    let mut config = match cairn_options::load(&arena, host, &entry.name, LIBRARY) {
        Ok(config) => config,
        Err(failure) => {
            let linted = open.iter().filter_map(|name| lints(world, name, None));
            return (
                std::iter::once(failure.into()).chain(linted).collect(),
                None,
            );
        }
    };
    let (first, value) = whole(&mut config);
    let linted = open
        .iter()
        .filter_map(|name| lints(world, name, Some(&mut config)));
    (std::iter::once(first).chain(linted).collect(), value)
}

/// What is wrong with a configuration that could be read, or its value.
fn whole(config: &mut Config<'_>) -> (Said, Option<serde_json::Value>) {
    let checked = match config.check() {
        Ok(checked) => checked,
        Err(failure) => return (failure.into(), None),
    };
    let mut diagnostics = contract(config, &checked).err().unwrap_or_default();
    let failures = config
        .run_tests()
        .into_iter()
        .filter_map(|test| test.failure);
    diagnostics.extend(failures);
    let value = diagnostics
        .is_empty()
        .then(|| cairn_options::json(&checked.data));
    diagnostics.extend(checked.warnings);
    let sources = config.sources().clone();
    (
        Said {
            diagnostics,
            sources,
            fixes: None,
        },
        value,
    )
}

/// What an open file need not say, where it can be read; with a configuration, also what that makes needless.
fn lints(world: &World, name: &str, config: Option<&mut Config<'_>>) -> Option<Said> {
    lints_of(name, world.open_text(name)?, config)
}

fn lints_of(name: &str, text: &str, config: Option<&mut Config<'_>>) -> Option<Said> {
    let (mut sources, mut names) = (SourceMap::default(), Interner::default());
    let source = sources.add(name, text);
    let parsed = parse_file(&sources, source, &mut names);
    if !parsed.errors.is_empty() {
        return None;
    }
    let mut found = cairn_lint::lint_file(&parsed.tree, &sources, &names);
    if let (File::Module(module), Some(config)) = (&parsed.tree, config) {
        let needless = cairn_lint::without_rivals(module, name, &sources, &names, config);
        found.extend(needless);
    }
    let lints = found.into_iter().map(|lint| (lint.diagnostic, lint.fix));
    let (diagnostics, fixes) = lints.unzip();
    Some(Said {
        diagnostics,
        sources,
        fixes: Some((source, fixes)),
    })
}

/// An expression that no configuration imports: only what can be said without its arguments.
fn expression_file(name: &str, text: &str) -> Said {
    let mut sources = SourceMap::default();
    let source = sources.add(name, text);
    let errors = parse_expression(&sources, source, &mut Interner::default()).errors;
    Said {
        diagnostics: errors,
        sources,
        fixes: None,
    }
}

/// Writes diagnostics as the editor wants them.
struct Writer<'c> {
    entry: &'c Entry,
    sources: &'c SourceMap,
    encoding: Encoding,
    shelf: &'c Shelf,
}

impl Writer<'_> {
    /// The file whose lints these are, and those that can be mended.
    fn mendable(&self, said: &Said) -> Option<(PathBuf, Mendable)> {
        let (source, fixes) = said.fixes.as_ref()?;
        let source = self.sources.get(*source);
        let pairs = said.diagnostics.iter().zip(fixes);
        let lints = pairs.filter_map(|(lint, fix)| Some((self.diagnostic(lint).1, fix.clone()?)));
        let mendable = Mendable {
            text: source.text.to_string(),
            lints: lints.collect(),
        };
        Some((self.entry.root.join(&*source.name), mendable))
    }

    fn diagnostic(&self, said: &Diagnostic) -> (PathBuf, lsp::Diagnostic) {
        let name = &self.sources.get(said.primary.span.source).name;
        let foreign = name.starts_with('<');
        let (file, range) = if foreign {
            (self.entry.path(), lsp::Range::default())
        } else {
            (self.entry.root.join(&**name), self.range(said.primary.span))
        };
        let mut severity = match said.severity {
            Severity::Error => lsp::DiagnosticSeverity::Error,
            Severity::Warning => lsp::DiagnosticSeverity::Warning,
            Severity::Note => lsp::DiagnosticSeverity::Information,
        };
        // What a file lacks of a system is no mistake where it may be only a part of one.
        if foreign && self.entry.name != SYSTEM {
            severity = lsp::DiagnosticSeverity::Information;
        }
        let mut related = Vec::new();
        if foreign {
            related.extend(self.related(said.primary.span, said.primary.text.clone()));
        }
        for label in &said.secondary {
            related.extend(self.related(label.span, label.text.clone()));
        }
        let mut message = said.message.clone();
        if !foreign && !said.primary.text.is_empty() {
            message.push('\n');
            message.push_str(&said.primary.text);
        }
        if let Some(help) = &said.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        let page = self.shelf.page(said.code);
        let written = lsp::Diagnostic {
            range,
            severity: Some(severity),
            code: Some(lsp::Code::String(said.code.to_owned())),
            code_description: page.map(|page| lsp::CodeDescription {
                href: uri::of(&page),
            }),
            source: Some("cairn".to_owned()),
            message: message.into(),
            related_information: (!related.is_empty()).then_some(related),
            ..lsp::Diagnostic::default()
        };
        (file, written)
    }

    fn range(&self, span: Span) -> lsp::Range {
        let text = &self.sources.get(span.source).text;
        self.encoding
            .range(text, span.start as usize, span.end as usize)
    }

    fn related(&self, span: Span, message: String) -> Option<lsp::DiagnosticRelatedInformation> {
        let name = &self.sources.get(span.source).name;
        let file = file_of(name, &self.entry.root, self.shelf)?;
        let location = lsp::Location {
            uri: uri::of(&file),
            range: self.range(span),
        };
        let message = if message.is_empty() {
            "see here".to_owned()
        } else {
            message
        };
        Some(lsp::DiagnosticRelatedInformation { location, message })
    }
}

/// The file behind the name of a source.
pub fn file_of(name: &str, root: &Path, shelf: &Shelf) -> Option<PathBuf> {
    match name.strip_prefix(LIBRARY_PREFIX) {
        Some(module) => shelf.module(module),
        None if name.starts_with('<') => None,
        None => Some(root.join(name)),
    }
}
