//! Text to tidy text: what `cairn fmt` and editors do.
//!
//! In: a right text. Out: the same tokens and comments in the same order, laid out as the house does. Refuses to change
//! what a text means, to decide where its lines break, and to touch a text with errors.
//!
//! # What it decides
//!
//! - Blanks between tokens, and how far lines are indented: two blanks a level. A line that goes on with what the
//!   line before began is one level deeper.
//! - A list or a record has its brackets on lines of their own if a line breaks anywhere directly inside of it, and
//!   so have a call and other round brackets if a line breaks after the opening one. Otherwise a comma before the
//!   closing bracket goes.
//! - Runs of empty lines become one; between the parts of an expression and at the ends of a block there are none.
//! - The text of a block string moves with its line and stands one level deeper than it.
//! - Neighbouring lines are aligned at their `=`, after their `:` or at the comments at their ends, where at least
//!   one of them has more than one blank there. So who wants a table writes two blanks once.
//!
//! # What it leaves
//!
//! Where lines break otherwise, which empty lines there are, how numbers and strings are spelled, every comment, and
//! everything between a string's quotes but the indent of a block.

mod block;
mod gap;
mod layout;
mod lines;
mod spacing;

use crate::diagnostic::Diagnostic;
use crate::span::{SourceId, SourceMap};

/// A module or an expression file, laid out tidily. What comes out reads as the same tree; doing it again changes
/// nothing.
///
/// Errors: what is wrong with the text; their spans lie in source 0.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    lay_out(text, SourceId(0))
}

/// The same for a text of a map of sources.
///
/// Errors: what is wrong with the text; their spans lie in that source.
pub fn format_source(sources: &SourceMap, id: SourceId) -> Result<String, Vec<Diagnostic>> {
    lay_out(&sources.get(id).text, id)
}

fn lay_out(text: &str, id: SourceId) -> Result<String, Vec<Diagnostic>> {
    let outline = crate::parser::outline(text, id)?;
    Ok(layout::lay_out(text, &outline))
}
