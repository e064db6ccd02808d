//! Any right text is laid out: the same tokens, comments and tree, and doing it again changes nothing. Any other is refused.
#![no_main]

use cairn_syntax::format;
use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::{SourceId, SourceMap};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{parse_expression, parse_module};
use libfuzzer_sys::fuzz_target;

/// The tree of a module, or of an expression, without its spans; nothing where the text has errors.
fn tree(text: &str, as_module: bool) -> Option<String> {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("fuzzed.cairn", text);
    if as_module {
        let parsed = parse_module(&sources, id, &mut names);
        parsed.errors.is_empty().then(|| without_spans(&format!("{:?}", parsed.tree)))
    } else {
        let parsed = parse_expression(&sources, id, &mut names);
        parsed.errors.is_empty().then(|| without_spans(&format!("{:?}", parsed.tree)))
    }
}

fn without_spans(tree: &str) -> String {
    let mut pieces = tree.split("Span { ");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(piece.split_once('}').map_or("", |(_, after)| after));
    }
    out
}

/// The comments between the tokens, without blanks at their ends.
fn comments(text: &str) -> Vec<&str> {
    let tokens = tokenize(text, SourceId(0)).tokens;
    let ends = std::iter::once(0).chain(tokens.iter().map(|token| token.end as usize));
    ends.zip(&tokens)
        .filter_map(|(end, next)| text.get(end..next.start as usize))
        .flat_map(str::lines)
        .filter_map(|line| line.find('#').map(|at| line[at..].trim_end()))
        .collect()
}

/// All that is no blank, line break or comma, in order.
fn ink(text: &str) -> String {
    text.chars()
        .filter(|c| !(c.is_whitespace() || matches!(c, ',' | '\u{feff}')))
        .collect()
}

fuzz_target!(|text: &str| {
    let (module, expression) = (tree(text, true), tree(text, false));
    let Ok(tidy) = format(text) else {
        assert!(module.is_none() && expression.is_none(), "a right text was refused");
        return;
    };
    assert!(module.is_some() || expression.is_some(), "a wrong text was laid out");
    assert_eq!(ink(&tidy), ink(text));
    assert_eq!(comments(&tidy), comments(text), "\n{text}\n---\n{tidy}");
    assert_eq!(format(&tidy).as_deref(), Ok(tidy.as_str()));
    if module.is_some() {
        assert_eq!(tree(&tidy, true), module, "\n{text}\n---\n{tidy}");
    } else {
        assert_eq!(tree(&tidy, false), expression, "\n{text}\n---\n{tidy}");
    }
});
