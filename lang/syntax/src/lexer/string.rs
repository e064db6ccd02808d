//! Strings: where their texts end, and where their interpolations begin and end.
//!
//! In: the lexer at a string's opening quotes, or at the end of an interpolation. Out: tokens, up to the closing quotes or to
//! code that is interpolated. Refuses to know what a text stands for: [`super::text`] does.

use super::text::{self, Piece};
use super::token::{Before, TokenKind};
use super::{Lexer, scan};
use crate::diagnostic::Diagnostic;

/// A string that the lexer is inside of. In all but the last one, and in that too where code is read, it is in an interpolation.
pub(super) struct OpenString {
    /// Index of the opening token.
    open: usize,
    /// How many `$` stood before the quotes.
    level: usize,
    block: bool,
    /// Where its pieces begin among those of all open strings.
    pieces: usize,
    /// The opening token of its last interpolation.
    interpolation: Option<usize>,
    /// How many braces are open in that.
    pub(super) braces: usize,
}

/// How a run of text in a string ends.
enum End {
    Quotes(usize),
    Interpolation(usize),
    Missing,
}

impl Lexer<'_> {
    /// A string without escapes and interpolations, which most are; `close` is the place of its closing quotes.
    #[inline]
    pub(super) fn plain_string(&mut self, start: usize, close: usize, before: Before) {
        self.open(TokenKind::StrOpen, start, start + 1, before);
        if close > start + 1 {
            self.token(TokenKind::StrText, start + 1, close, Before::Nothing, 0);
        }
        self.close(TokenKind::StrClose, close, close + 1, Before::Nothing);
    }

    /// Reads a string from its opening quotes to its end or its first interpolation.
    pub(super) fn open_string(&mut self, level: usize, block: bool, length: usize) {
        self.strings.push(OpenString {
            open: self.tokens.len(),
            level,
            block,
            pieces: self.pieces.len(),
            interpolation: None,
            braces: 0,
        });
        self.push_open(TokenKind::StrOpen, length);
        self.string_text();
    }

    /// Reads the `}` of an interpolation, and the string up to its end or its next interpolation.
    pub(super) fn end_interpolation(&mut self) {
        self.push_close(TokenKind::InterpolationClose, 1);
        self.string_text();
    }

    /// Reads the text of the innermost string up to its end or its next interpolation.
    fn string_text(&mut self) {
        let rest = self.rest();
        let Some(string) = self.strings.last_mut() else {
            return;
        };
        let (mut length, mut escapes) = (0, false);
        let bytes = rest.as_bytes();
        let end = loop {
            length = scan::text_end(bytes, length);
            match bytes.get(length) {
                None => break End::Missing,
                Some(b'\\') if string.level == 0 => {
                    escapes = true;
                    length += 1;
                    let escaped = bytes.get(length);
                    length += usize::from(escaped.is_some_and(|byte| *byte != b'\n'));
                }
                Some(b'"') if !string.block => break End::Quotes(1),
                Some(b'"') if bytes[length..].starts_with(b"\"\"\"") => break End::Quotes(3),
                Some(b'\n') if !string.block => break End::Missing,
                // Most markers are as short as can be.
                Some(b'$') if string.level == 0 && bytes.get(length + 1) == Some(&b'{') => {
                    break End::Interpolation(2);
                }
                Some(b'$') => match scan::marker(string.level)(&rest[length..]) {
                    Ok((_, run)) => {
                        length += run.len() - string.level - 1;
                        break End::Interpolation(string.level + 2);
                    }
                    // A run that is no marker is text as a whole.
                    Err(_) => {
                        length += bytes[length..]
                            .iter()
                            .take_while(|byte| **byte == b'$')
                            .count();
                    }
                },
                Some(_) => length += 1,
            }
        };
        let after_interpolation = string.interpolation.is_some();
        if let End::Interpolation(_) = end {
            string.interpolation = Some(self.tokens.len() + usize::from(length > 0));
            string.braces = 0;
        }
        if length > 0 {
            let (start, end_of_text) = (self.at, self.at + length);
            let value = if string.block {
                let piece = Piece {
                    start,
                    end: end_of_text,
                    after_interpolation,
                    before_interpolation: matches!(end, End::Interpolation(_)),
                };
                self.pieces.push((self.tokens.len(), piece));
                0
            } else if escapes {
                let errors = &mut self.errors;
                let text = text::unescaped(self.source, self.id, start, end_of_text, errors);
                self.texts.push(text);
                self.texts.len() as u32
            } else {
                0
            };
            self.push(TokenKind::StrText, length, value);
        }
        match end {
            End::Quotes(length) => self.close_string(length),
            End::Interpolation(length) => self.push_open(TokenKind::InterpolationOpen, length),
            End::Missing => self.unterminated(),
        }
    }

    fn close_string(&mut self, length: usize) {
        let Some(string) = self.strings.pop() else {
            return;
        };
        if string.block {
            let (tokens, pieces): (Vec<usize>, Vec<Piece>) =
                self.pieces.drain(string.pieces..).unzip();
            let raw = string.level > 0;
            let texts = text::resolve(self.source, self.id, &pieces, raw, &mut self.errors);
            for (token, text) in tokens.into_iter().zip(texts) {
                self.texts.push(text);
                self.tokens[token].value = self.texts.len() as u32;
            }
        }
        self.push_close(TokenKind::StrClose, length);
    }

    /// A string that ends with its line or with the text.
    fn unterminated(&mut self) {
        // `"… ${x"`: the last quotes opened a string inside the interpolation.
        if let [.., outer, _] = self.strings.as_slice()
            && let (false, Some(open)) = (outer.block, outer.interpolation)
        {
            self.report_interpolation(open);
            self.tear(self.strings.len() - 2);
            self.close_string(0);
            self.push_close(TokenKind::InterpolationClose, 0);
            return self.close_string(0);
        }
        let Some(string) = self.strings.last() else {
            return;
        };
        let open = &self.tokens[string.open];
        let error = if string.block {
            let span = open.span(self.id);
            Diagnostic::error("syntax::unterminated_string", span, "the string has no end")
                .label("begins here")
                .help("add `\"\"\"`")
        } else {
            let span = self.span(open.start as usize, self.at);
            Diagnostic::error("syntax::unterminated_string", span, "the string has no end")
                .help("add `\"`; text over several lines stands between `\"\"\"`")
        };
        self.errors.push(error);
        self.tear(self.strings.len() - 1);
        self.close_string(0);
    }

    /// Notes that a string ends here, without quotes.
    fn tear(&mut self, string: usize) {
        if let Some(string) = self.strings.get(string) {
            let start = self.tokens[string.open].start as usize;
            self.torn.push(start..self.at);
        }
    }

    fn report_interpolation(&mut self, open: usize) {
        let span = self.tokens[open].span(self.id);
        self.errors.push(
            Diagnostic::error(
                "syntax::unclosed_interpolation",
                span,
                "the interpolation has no end",
            )
            .label("begins here")
            .help("add `}`; a `$` that is text is written `\\$`"),
        );
    }

    /// At the end of the text: reports the outermost thing that did not end, and ends all.
    pub(super) fn close_open_strings(&mut self) {
        if let Some(open) = self.strings.first().and_then(|string| string.interpolation) {
            self.report_interpolation(open);
            self.tear(0);
        }
        while !self.strings.is_empty() {
            self.push_close(TokenKind::InterpolationClose, 0);
            self.close_string(0);
        }
    }
}
