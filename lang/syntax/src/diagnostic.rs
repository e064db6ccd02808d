//! One shape for every message of the language: parser, evaluator and option merging use it alike.
//!
//! In: a code, a message and spans. Out: plain data; [`crate::render`] makes text of it.
//! Refuses to know how it is shown, and never holds source text itself.

use crate::span::Span;

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Something to know; nothing is refused.
    Note,
    /// Something that is probably not meant; nothing is refused.
    Warning,
    /// Something that is refused.
    Error,
}

/// A range of text and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to say there, in a few words; may be empty.
    pub text: String,
}

/// A message about the user's text: what is wrong, where, why, and the mend where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// `stage::kind`, for example `eval::missing_field`; each has a page in `docs/errors/`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line: what is wrong.
    pub message: String,
    /// Where the mistake is.
    pub primary: Label,
    /// Where else to look: the declaration, the other definition, the opening bracket.
    pub secondary: Vec<Label>,
    /// The mend, exact where possible.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at one place, with no label text of its own.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            secondary: Vec::new(),
            help: None,
        }
    }

    /// A warning at one place, with no label text of its own.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, span, message)
        }
    }

    /// Says something at the primary place.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds another place to look at.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds the mend.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}
