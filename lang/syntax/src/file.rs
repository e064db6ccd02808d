//! What a file is, by its text: a module or an expression.
//!
//! In: a source. Out: the tree of the kind that it is, and all errors. No text is both: a module is a sequence of items, and no
//! item is an expression. Refuses to know how a file was asked for; an import says itself which kind it means.

use crate::ast::{Expr, Module};
use crate::parser::{Parsed, parse_expression, parse_module};
use crate::span::{SourceId, SourceMap};
use crate::symbol::Interner;

/// The tree of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum File {
    /// A sequence of items; an empty text is one too.
    Module(Module),
    /// A single expression.
    Expression(Expr),
}

/// Reads a file of either kind. Where it is neither, it counts as the kind that can be read further, and as a module where
/// that is the same.
pub fn parse_file(sources: &SourceMap, id: SourceId, names: &mut Interner) -> Parsed<File> {
    let module = parse_module(sources, id, names);
    if module.errors.is_empty() {
        return as_module(module);
    }
    let expression = parse_expression(sources, id, names);
    if first(&module) >= first(&expression) {
        return as_module(module);
    }
    Parsed {
        tree: File::Expression(expression.tree),
        errors: expression.errors,
    }
}

fn as_module(parsed: Parsed<Module>) -> Parsed<File> {
    Parsed {
        tree: File::Module(parsed.tree),
        errors: parsed.errors,
    }
}

/// Where the first error stands.
fn first<T>(parsed: &Parsed<T>) -> u32 {
    let starts = parsed.errors.iter().map(|error| error.primary.span.start);
    starts.min().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_module: bool, errors: bool) {
        let mut sources = SourceMap::default();
        let id = sources.add("test.cairn", text);
        let parsed = parse_file(&sources, id, &mut Interner::default());
        let found = matches!(parsed.tree, File::Module(_));
        assert_eq!(
            (found, !parsed.errors.is_empty()),
            (is_module, errors),
            "{text}"
        );
    }

    #[test]
    fn a_file_is_what_its_text_reads_as() {
        check("", true, false);
        check("# nothing\n", true, false);
        check("let a = 1\nhost.name = a", true, false);
        check("let a = 1 in a", false, false);
        check("{ a = 1 }", false, false);
        check("x => x", false, false);
        check("assert true else \"no\"", true, false);
        check("assert true else \"no\" in 1", false, false);
    }

    #[test]
    fn a_file_with_errors_is_what_can_be_read_further() {
        check("host.name = = 1", true, true);
        check("{ a = = 1 }", false, true);
    }
}
