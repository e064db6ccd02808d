//! Diagnostics as text: fancy reports through miette, one stable line, or data for JSON.
//!
//! In: a [`Diagnostic`] and the [`SourceMap`] its spans point into. Out: a [`miette::Report`], a line or
//! [`Located`] data. Refuses to know terminals and colours: miette's handler is the caller's choice.

use std::fmt;

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::span::{Source, SourceMap, Span};

/// A diagnostic with the texts that it points into, ready for miette.
///
/// Labels of the primary source are shown in it; the labels of each other source follow as
/// related notes with that source's own excerpt.
#[derive(Debug)]
struct Rendered {
    message: String,
    code: Option<&'static str>,
    severity: Severity,
    help: Option<String>,
    source: Text,
    labels: Vec<miette::LabeledSpan>,
    elsewhere: Vec<Rendered>,
}

/// A source as miette wants it; its excerpts carry the display name.
#[derive(Debug)]
struct Text(Source);

impl miette::SourceCode for Text {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let inner = <str as miette::SourceCode>::read_span(
            &self.0.text,
            span,
            context_lines_before,
            context_lines_after,
        )?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.0.name.to_string(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

impl fmt::Display for Rendered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Rendered {}

impl miette::Diagnostic for Rendered {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code
            .as_ref()
            .map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Note => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        Some(Box::new(
            self.elsewhere
                .iter()
                .map(|note| note as &dyn miette::Diagnostic),
        ))
    }
}

/// The diagnostic as a miette report, for any report handler.
pub fn report(diagnostic: &Diagnostic, sources: &SourceMap) -> miette::Report {
    let home = diagnostic.primary.span.source;
    let mut labels = vec![labelled(&diagnostic.primary, true)];
    let mut elsewhere: Vec<(crate::span::SourceId, Rendered)> = Vec::new();
    for label in &diagnostic.secondary {
        let id = label.span.source;
        if id == home {
            labels.push(labelled(label, false));
        } else if let Some((_, note)) = elsewhere.iter_mut().find(|(known, _)| *known == id) {
            note.labels.push(labelled(label, false));
        } else {
            let note = Rendered {
                message: format!("see {}", sources.get(id).name),
                code: None,
                severity: Severity::Note,
                help: None,
                source: Text(sources.get(id).clone()),
                labels: vec![labelled(label, false)],
                elsewhere: Vec::new(),
            };
            elsewhere.push((id, note));
        }
    }
    miette::Report::new(Rendered {
        message: diagnostic.message.clone(),
        code: Some(diagnostic.code),
        severity: diagnostic.severity,
        help: diagnostic.help.clone(),
        source: Text(sources.get(home).clone()),
        labels,
        elsewhere: elsewhere.into_iter().map(|(_, note)| note).collect(),
    })
}

fn labelled(label: &Label, primary: bool) -> miette::LabeledSpan {
    let text = (!label.text.is_empty()).then(|| label.text.clone());
    let start = label.span.start as usize;
    let length = label.span.end.saturating_sub(label.span.start) as usize;
    if primary {
        miette::LabeledSpan::new_primary_with_span(text, (start, length))
    } else {
        miette::LabeledSpan::new_with_span(text, (start, length))
    }
}

/// The diagnostic as one stable line: `code line:col-col message; help`.
///
/// A range over several lines is written `line:col-line:col`; columns count characters from 1 and
/// the second is one past the end. Line breaks in the texts become spaces.
pub fn plain(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = place(diagnostic.primary.span, sources);
    let mut line = format!("{} {place} {}", diagnostic.code, diagnostic.message);
    if let Some(help) = &diagnostic.help {
        line.push_str("; ");
        line.push_str(help);
    }
    line.replace('\n', " ")
}

/// A span as `line:col-col` or `line:col-line:col`, as [`plain`] writes it.
pub fn place(span: Span, sources: &SourceMap) -> String {
    let (line, column) = sources.line_column(span);
    let (last_line, last_column) = sources.line_column(Span {
        start: span.end,
        ..span
    });
    if line == last_line {
        format!("{line}:{column}-{last_column}")
    } else {
        format!("{line}:{column}-{last_line}:{last_column}")
    }
}

/// A [`Label`] with its place in words: what an editor or `--json` needs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LocatedLabel {
    /// Display name of the source.
    pub file: String,
    /// First line, from 1.
    pub line: usize,
    /// First column in characters, from 1.
    pub column: usize,
    /// Last line, from 1.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What is said there.
    pub text: String,
}

/// A [`Diagnostic`] with every place in words; its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Located {
    /// `stage::kind`.
    pub code: &'static str,
    /// `note`, `warning` or `error`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub primary: LocatedLabel,
    /// Where else.
    pub secondary: Vec<LocatedLabel>,
    /// The mend.
    pub help: Option<String>,
}

/// The diagnostic with its spans resolved to files, lines and columns.
pub fn locate(diagnostic: &Diagnostic, sources: &SourceMap) -> Located {
    Located {
        code: diagnostic.code,
        severity: match diagnostic.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
        message: diagnostic.message.clone(),
        primary: locate_label(&diagnostic.primary, sources),
        secondary: diagnostic
            .secondary
            .iter()
            .map(|label| locate_label(label, sources))
            .collect(),
        help: diagnostic.help.clone(),
    }
}

fn locate_label(label: &Label, sources: &SourceMap) -> LocatedLabel {
    let span = label.span;
    let (line, column) = sources.line_column(span);
    let (end_line, end_column) = sources.line_column(Span {
        start: span.end,
        ..span
    });
    LocatedLabel {
        file: sources.get(span.source).name.to_string(),
        line,
        column,
        end_line,
        end_column,
        start: span.start,
        end: span.end,
        text: label.text.clone(),
    }
}
