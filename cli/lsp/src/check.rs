//! Everything that is wrong with a configuration, for every file of it.
//!
//! In: a [`World`] and its entry. Out: [`Found`]: the editor's diagnostics by file, and the value of the whole where nothing is
//! wrong. Says what `cairn check` says. What is wrong at a place of the library is shown at the top of the entry file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cairn_eval::Arena;
use cairn_options::Failure;
use cairn_syntax::span::{SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Diagnostic, Severity, parse_expression};
use cairn_system::evaluate::contract;
use cairn_system::library::LIBRARY;
use gen_lsp_types as lsp;

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
    /// The whole configuration, where nothing is wrong with it.
    pub value: Option<serde_json::Value>,
}

/// Checks a configuration whole. Needs a deep stack.
pub fn check(world: &World, entry: &Entry, encoding: Encoding, shelf: &Shelf) -> Found {
    let text = world.host().load_text(&entry.name);
    let (diagnostics, sources, value) = match text {
        Some(text) if is_expression(&entry.name, &text) => expression_file(&entry.name, &text),
        _ => configuration(world, entry),
    };
    let writer = Writer {
        entry,
        sources: &sources,
        encoding,
        shelf,
    };
    let mut found = Found {
        value,
        ..Found::default()
    };
    for diagnostic in &diagnostics {
        let (file, written) = writer.diagnostic(diagnostic);
        found.diagnostics.entry(file).or_default().push(written);
    }
    found
}

type Said = (Vec<Diagnostic>, SourceMap, Option<serde_json::Value>);

fn configuration(world: &World, entry: &Entry) -> Said {
    let failed = |failure: Failure| (failure.diagnostics, failure.sources, None);
    let arena = Arena::default();
    let host = Box::new(world.host());
    let mut config = match cairn_options::load(&arena, host, &entry.name, LIBRARY) {
        Ok(config) => config,
        Err(failure) => return failed(failure),
    };
    let checked = match config.check() {
        Ok(checked) => checked,
        Err(failure) => return failed(failure),
    };
    let mut said = match contract(&mut config, &checked) {
        Ok(_) => Vec::new(),
        Err(errors) => errors,
    };
    let failures = config
        .run_tests()
        .into_iter()
        .filter_map(|test| test.failure);
    said.extend(failures);
    let right = said.is_empty();
    said.extend(checked.warnings.iter().cloned());
    let value = right.then(|| cairn_options::json(&checked.data));
    (said, config.sources().clone(), value)
}

/// An expression that no configuration imports: only what can be said without its arguments.
fn expression_file(name: &str, text: &str) -> Said {
    let mut sources = SourceMap::default();
    let source = sources.add(name, text);
    let errors = parse_expression(&sources, source, &mut Interner::default()).errors;
    (errors, sources, None)
}

/// Writes diagnostics as the editor wants them.
struct Writer<'c> {
    entry: &'c Entry,
    sources: &'c SourceMap,
    encoding: Encoding,
    shelf: &'c Shelf,
}

impl Writer<'_> {
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
