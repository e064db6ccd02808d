//! Edits of a text, and what must hold before one is offered.
//!
//! In: spans and texts. Out: [`Edit`]s, or the text with them. Nothing is offered that would take a comment away.

use cairn_syntax::ast::{Expr, ExprKind};
use cairn_syntax::span::{SourceMap, Span};

use crate::constructs::binds;

/// A piece of text in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is taken away; may be empty.
    pub span: Span,
    /// What comes in its place.
    pub text: String,
}

/// The text with all edits that do not touch an earlier one.
pub fn apply<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        if start < at {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str(&edit.text);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

/// Whether a piece of text may go: no comment is in it, and its brackets are whole. A string with such characters in it counts
/// as well, so that this errs on the safe side.
pub(crate) fn may_go(text: &str) -> bool {
    let mut open = Vec::new();
    for character in text.chars() {
        match character {
            '#' => return false,
            '(' | '[' | '{' => open.push(character),
            ')' | ']' | '}' => {
                let opener = match character {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(opener) {
                    return false;
                }
            }
            _ => {}
        }
    }
    open.is_empty()
}

/// Puts a part of an expression in place of the whole, in brackets where it would not stand as tightly as `least`.
pub(crate) fn replaced(whole: Span, part: &Expr, least: u8, sources: &SourceMap) -> Option<Edit> {
    let text = sources.slice(part.span);
    let text = if binds(&part.kind) < least {
        format!("({text})")
    } else {
        text.to_owned()
    };
    with_text(whole, text, sources)
}

/// Puts a text in place of an expression. None where a comment would go.
pub(crate) fn with_text(whole: Span, text: String, sources: &SourceMap) -> Option<Edit> {
    may_go(sources.slice(whole)).then_some(Edit { span: whole, text })
}

/// Whether an expression is true or false whenever it has a value.
pub(crate) fn is_truth(expr: &Expr) -> bool {
    use cairn_syntax::ast::{BinaryOp, UnaryOp};
    match &expr.kind {
        ExprKind::Bool(_) | ExprKind::Has { .. } => true,
        ExprKind::Unary { op, .. } => *op == UnaryOp::Not,
        ExprKind::Binary { op, .. } => matches!(
            op,
            BinaryOp::Or
                | BinaryOp::And
                | BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::Less
                | BinaryOp::LessEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterEqual
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cairn_syntax::span::SourceId;

    #[test]
    fn edits_that_touch_an_earlier_one_wait() {
        let edit = |start, end, text: &str| Edit {
            span: Span::new(SourceId(0), start, end),
            text: text.to_owned(),
        };
        let edits = [edit(4, 5, "E"), edit(0, 2, ""), edit(1, 3, "x")];
        assert_eq!(apply("abcdef", &edits), "cdEf");
    }

    #[test]
    fn text_with_a_comment_or_half_a_bracket_stays() {
        assert!(may_go("f({ a = [1] })"));
        assert!(!may_go("1 # one"));
        assert!(!may_go("(1"));
        assert!(!may_go("1) + (2"));
    }
}
