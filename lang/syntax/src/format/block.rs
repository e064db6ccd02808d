//! Block strings: their text moves with their line.
//!
//! In: the tokens of one string. Out: its source, indented anew. Refuses to change what it stands for.

use crate::lexer::text::{Piece, reindent};
use crate::lexer::token::{Token, TokenKind};

/// The source of a string whose line is indented by `indent`; `tokens` are those from its opening to its closing quotes.
pub fn string(text: &str, tokens: &[Token], indent: usize) -> String {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return String::new();
    };
    let (start, end) = (first.start as usize, last.end as usize);
    if !text[start..first.end as usize].ends_with("\"\"\"") {
        return text[start..end].to_owned();
    }
    let blanks = " ".repeat(indent + super::layout::LEVEL);
    reindent(text, start, end, &pieces(tokens), &blanks)
}

/// The pieces of text directly inside of a string.
fn pieces(tokens: &[Token]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::StrOpen | TokenKind::InterpolationOpen => depth += 1,
            TokenKind::StrClose | TokenKind::InterpolationClose => depth -= 1,
            TokenKind::StrText if depth == 1 => pieces.push(Piece {
                start: token.start as usize,
                end: token.end as usize,
                after_interpolation: tokens[index - 1].kind == TokenKind::InterpolationClose,
                before_interpolation: tokens[index + 1].kind == TokenKind::InterpolationOpen,
            }),
            _ => {}
        }
    }
    pieces
}
