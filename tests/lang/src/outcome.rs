//! What a section's code comes to.
//!
//! In: a [`Section`] and whether it is an expression or a module. Out: its outcome as the comment lines that state
//! it, or its errors as a user sees them. Refuses to know what was expected, but for which options are asked for.

use cairn_eval::{Arena, Evaluator};
use cairn_options::{Failure, json, load};
use cairn_syntax::diagnostic::{Diagnostic, Severity};
use cairn_syntax::render;
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;

use crate::host::MemoryHost;
use crate::section::Section;

/// How a section's code is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One expression, evaluated whole.
    Expression,
    /// A configuration's entry file, checked whole.
    Module,
    /// A module's text, read and not looked into any further.
    Text,
}

/// The name of a section's own code among its files.
const ENTRY: &str = "system.cairn";

/// The outcome as the lines that state it.
pub fn outcome(section: &Section, kind: Kind) -> Vec<String> {
    match kind {
        Kind::Expression => expression(section),
        Kind::Module => module(section),
        Kind::Text => text(section),
    }
}

/// Everything that is wrong with a module, as a user sees it on a terminal 100 columns wide, without colours.
pub fn shown(section: &Section) -> String {
    let arena = Arena::new();
    let failure = match configuration(&arena, section) {
        Ok(mut config) => config.check().err(),
        Err(failure) => Some(failure),
    };
    let Some(failure) = failure else {
        return "nothing is wrong\n".to_owned();
    };
    let handler =
        miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor())
            .with_width(100)
            .with_links(false);
    let mut out = String::new();
    for diagnostic in &failure.diagnostics {
        let report = render::report(diagnostic, &failure.sources);
        if handler.render_report(&mut out, report.as_ref()).is_err() {
            out.push_str("cannot be shown\n");
        }
    }
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn host(section: &Section) -> MemoryHost {
    let mut files = section.files.clone();
    files.insert(ENTRY.to_owned(), section.code.clone());
    MemoryHost::new(files)
}

fn configuration<'a>(
    arena: &'a Arena,
    section: &Section,
) -> Result<cairn_options::Config<'a>, Failure> {
    load(arena, Box::new(host(section)), ENTRY, &[])
}

fn expression(section: &Section) -> Vec<String> {
    let arena = Arena::new();
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(host(section)),
    );
    let found = evaluator.evaluate_source("test.cairn", &section.code);
    let data = found.and_then(|value| {
        let whole = Span::new(SourceId(0), 0, section.code.len());
        evaluator.data(value, whole)
    });
    match data {
        Ok(data) => vec![format!("value: {}", data.to_json())],
        Err(errors) => lines(&errors, &evaluator.sources),
    }
}

fn text(section: &Section) -> Vec<String> {
    let (mut sources, mut names) = (SourceMap::default(), Interner::default());
    let id = sources.add(ENTRY, section.code.as_str());
    let parsed = cairn_syntax::parse_module(&sources, id, &mut names);
    lines(&parsed.errors, &sources)
}

fn module(section: &Section) -> Vec<String> {
    let arena = Arena::new();
    let mut config = match configuration(&arena, section) {
        Ok(config) => config,
        Err(failure) => return lines(&failure.diagnostics, &failure.sources),
    };
    let mut out = Vec::new();
    match config.check() {
        Ok(checked) => {
            out.extend(lines(&checked.warnings, config.sources()));
            let whole = json(&checked.data);
            if !section
                .expected
                .iter()
                .any(|line| line.starts_with("value "))
            {
                out.push(format!("value: {whole}"));
            }
        }
        Err(failure) => out.extend(lines(&failure.diagnostics, &failure.sources)),
    }
    for path in section.expected.iter().filter_map(|line| asked(line)) {
        match config.get(path) {
            Ok(data) => out.push(format!("value {path}: {}", json(&data))),
            Err(failure) => {
                let errors = lines(&failure.diagnostics, &failure.sources);
                out.extend(
                    errors
                        .into_iter()
                        .filter(|line| !out.contains(line))
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
    for test in config.run_tests() {
        let result = match &test.failure {
            None => "holds".to_owned(),
            Some(failure) => line(failure, config.sources()),
        };
        out.push(format!("test: {} {result}", test.claim));
    }
    out
}

/// The option that `value a.b: …` asks for.
fn asked(expected: &str) -> Option<&str> {
    let rest = expected.strip_prefix("value ")?;
    Some(
        rest.split_once(": ")
            .map_or(rest.trim_end_matches(':'), |(path, _)| path),
    )
}

fn lines(diagnostics: &[Diagnostic], sources: &SourceMap) -> Vec<String> {
    diagnostics.iter().map(|one| line(one, sources)).collect()
}

fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning | Severity::Note => "warning",
    };
    let name = &sources.get(diagnostic.primary.span.source).name;
    let elsewhere = if **name == *ENTRY || **name == *"test.cairn" {
        String::new()
    } else {
        format!(" [{name}]")
    };
    format!(
        "{severity}: {}{elsewhere}",
        render::plain(diagnostic, sources)
    )
}
