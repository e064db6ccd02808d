//! What a file is, by its text: a module or an expression.
//!
//! In: a source. Out: the tree of the kind that it is, and all errors. No text is both: a module is a sequence of items, and no
//! item is an expression. Refuses to know how a file was asked for; an import says itself which kind it means.

use std::cmp::Ordering;

use crate::ast::{Expr, ExprKind, Module};
use crate::lexer::token::{Keyword, TokenKind};
use crate::lexer::tokenize;
use crate::parser::{Parsed, Tokens, binding_head, parse_expression, parse_module};
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

/// Reads a file of either kind. Where it is neither, it counts as the kind that can be read further; where that is the same, as
/// a module, unless nothing of one was found and something of an expression was.
pub fn parse_file(sources: &SourceMap, id: SourceId, names: &mut Interner) -> Parsed<File> {
    let module = parse_module(sources, id, names);
    if module.errors.is_empty() {
        return as_module(module);
    }
    let expression = parse_expression(sources, id, names);
    let nothing = module.tree.items.is_empty();
    // A word alone is most likely the beginning of an item.
    let something = !matches!(expression.tree.kind, ExprKind::Error | ExprKind::Var(_));
    match first(&module).cmp(&first(&expression)) {
        Ordering::Equal if nothing && something => {}
        Ordering::Equal | Ordering::Greater => return as_module(module),
        Ordering::Less => {}
    }
    Parsed {
        tree: File::Expression(expression.tree),
        errors: expression.errors,
    }
}

/// Whether a text surely is a module, by the first line that says something: an import, an option or a definition. No is no answer.
pub fn begins_as_module(text: &str) -> bool {
    let says = |line: &&str| {
        let line = line.trim_start_matches(['\u{feff}', ' ', '\t', '\r']);
        !line.is_empty() && !line.starts_with('#')
    };
    let Some(line) = text.lines().find(says) else {
        return true;
    };
    let lexed = tokenize(line, SourceId(0));
    let tokens = Tokens {
        numbers: &lexed.numbers,
        rest: &lexed.tokens,
    };
    let [first, second, ..] = lexed.tokens.as_slice() else {
        return false;
    };
    match first.keyword {
        Some(Keyword::Import) if matches!(second.kind, TokenKind::StrOpen | TokenKind::Path) => {
            true
        }
        Some(Keyword::Option) if second.kind == TokenKind::Word => true,
        _ => binding_head(tokens).is_ok(),
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
    fn the_first_line_can_tell_a_module() {
        for text in [
            "",
            "# nothing\n",
            "\n## words\n  import \"./x.cairn\"\n",
            "\u{feff}a.\"b c\".d = {\n",
            "option a.b: Int",
            "a=1",
        ] {
            assert!(begins_as_module(text), "{text}");
        }
        for text in [
            "{ a = 1 }",
            "let a = 1 in a",
            "a == 1",
            "a.b",
            "import(\"./x.cairn\")",
            "x => x",
            "option",
            "\"a\"",
            "# a = 1\n1",
        ] {
            assert!(!begins_as_module(text), "{text}");
        }
    }

    #[test]
    fn a_file_with_errors_is_what_can_be_read_further() {
        check("host.name = = 1", true, true);
        check("{ a = = 1 }", false, true);
        check("{ a = [1, 2 }", false, true);
        check("[1, { a = 2 ]", false, true);
        check("f(1, [2)", false, true);
        check("a = [1, 2", true, true);
        check("when [", true, true);
        check("option a: {", true, true);
    }
}
