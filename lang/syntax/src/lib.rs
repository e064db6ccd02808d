//! Text to tree: sources, spans, lexer, parser, printer, formatter.
//!
//! In: source texts. Out: an [`ast`] and all errors. Knows nothing of values, options or files.

pub mod ast;
pub mod diagnostic;
mod file;
mod format;
mod imports;
pub mod lexer;
pub mod parser;
pub mod printer;
pub mod render;
pub mod span;
pub mod suggest;
pub mod symbol;

pub use diagnostic::{Diagnostic, Label, Severity};
pub use file::{File, begins_as_module, parse_file};
pub use format::{format, format_source};
pub use imports::imports;
pub use parser::{Parsed, SyntaxError, parse_expression, parse_module};
pub use suggest::nearest;
