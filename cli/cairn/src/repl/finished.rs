//! Whether an input is whole, or goes on in the next line.
//!
//! In: a text. Out: yes or no, by what the parser says of it: something is open, or something is missing at the very end.

use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Diagnostic, parse_expression, parse_module};

/// Whether nothing is missing. An empty line at the end finishes everything.
pub fn is_finished(text: &str) -> bool {
    if text.trim().is_empty() || text.trim_start().starts_with(':') {
        return true;
    }
    let lines = text.trim_end_matches([' ', '\t']);
    if lines.ends_with("\n\n") || lines.ends_with("\n\r\n") {
        return true;
    }
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("", text);
    let module = parse_module(&sources, id, &mut names).errors;
    let expression = parse_expression(&sources, id, &mut names).errors;
    if module.is_empty() || expression.is_empty() {
        return true;
    }
    !goes_on(text, &module) && !goes_on(text, &expression)
}

fn goes_on(text: &str, errors: &[Diagnostic]) -> bool {
    let Some(first) = errors.iter().min_by_key(|error| error.primary.span.start) else {
        return false;
    };
    let of_string = |error: &&Diagnostic| error.code == "syntax::unterminated_string";
    let is_block = |error: &Diagnostic| {
        let rest = &text[error.primary.span.start as usize..];
        rest.trim_start_matches('$').starts_with("\"\"\"")
    };
    // Only a block string goes over lines: what another one lacks, no further line can give.
    if errors
        .iter()
        .filter(of_string)
        .any(|error| !is_block(error))
    {
        return false;
    }
    let open = errors.iter().any(|error| match error.code {
        "syntax::unclosed_bracket" => !error.message.contains("does not match"),
        "syntax::unclosed_interpolation" | "syntax::unterminated_string" => true,
        _ => false,
    });
    open || first.primary.span.start as usize >= text.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::is_finished;

    #[test]
    fn what_is_open_goes_on() {
        for text in [
            "{ a = 1",
            "[1,",
            "f(",
            "1 +",
            "let a = 1 in",
            "x =>",
            "if a then",
            "\"\"\"\nabc",
            "x = ",
            "let x =\n",
        ] {
            assert!(!is_finished(text), "{text}");
        }
    }

    #[test]
    fn what_is_whole_or_wrong_does_not() {
        for text in [
            "1",
            "",
            "let a = 1",
            "x = 1",
            "let a = 1 in a",
            "1 )",
            "\"abc",
            "{ a = \"abc",
            "= 1",
            ":type {",
            "{ a = 1\n\n",
        ] {
            assert!(is_finished(text), "{text}");
        }
    }
}
