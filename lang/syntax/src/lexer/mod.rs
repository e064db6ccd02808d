//! Text to tokens.
//!
//! In: one source text. Out: flat [`Token`]s with balanced brackets, and what was wrong with the text.
//! Refuses to know grammar.
//!
//! Strings are flat too: the lexer keeps a stack of the strings that it is inside of instead of calling itself, so no
//! nesting of strings and interpolations can overflow the stack.
//!
//! A `"…"` string ends on its line; code inside its `${…}` may go over lines. A `$` prefix of the opening
//! quotes raises the interpolation marker by as many `$`: in `$"…"` the text `${x}` is plain and `$${x}`
//! interpolates. Of a longer run of `$` the last ones are the marker and the others are text.

mod balance;
mod foreign;
mod scan;
mod string;
pub mod text;
pub mod token;
mod torn;

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::span::{SourceId, Span};
use string::OpenString;
use text::Piece;
use token::{Before, Keyword, Number, Token, TokenKind};

/// Tokens and what was wrong with the text.
#[derive(Debug)]
pub struct Lexed<'s> {
    /// The whole text.
    pub source: &'s str,
    /// Ends with [`TokenKind::End`]; every opening bracket has its closing one.
    pub tokens: Vec<Token>,
    /// What the numbers stand for.
    pub numbers: Vec<Number>,
    /// What the texts of strings stand for that are not what is written: indent stripped and escapes resolved.
    pub texts: Vec<String>,
    /// The doc comments, in order.
    pub docs: Vec<Doc>,
    /// In the order in which they were found.
    pub errors: Vec<Diagnostic>,
}

/// The `##` lines before a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// First byte of the token.
    pub start: u32,
    /// The lines, markers stripped.
    pub text: String,
}

impl Lexed<'_> {
    /// What a [`TokenKind::StrText`] stands for.
    pub fn string_text(&self, token: &Token) -> &str {
        match (token.value as usize).checked_sub(1) {
            Some(text) => &self.texts[text],
            None => &self.source[token.start as usize..token.end as usize],
        }
    }
}

/// Whether the whole text is one word: a name that needs no quotes as a key, or a reserved word.
pub fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Most names are short and have no hyphen.
    let plain = || bytes.iter().all(|byte| scan::in_word(*byte));
    !bytes.first().is_none_or(u8::is_ascii_digit)
        && (plain() || scan::word_end(bytes, 0) == bytes.len())
}

/// Splits a text into tokens and balances its brackets.
pub fn tokenize(text: &str, id: SourceId) -> Lexed<'_> {
    let mut lexer = Lexer::new(text, id);
    lexer.run();
    for doc in &mut lexer.docs {
        doc.start = lexer.tokens[doc.start as usize].start;
    }
    if !lexer.is_balanced || lexer.innermost != NONE {
        let (tokens, errors) = balance::balance(text, id, lexer.tokens, &lexer.torn);
        lexer.tokens = tokens;
        lexer.errors.extend(errors);
    }
    Lexed {
        source: text,
        tokens: lexer.tokens,
        numbers: lexer.numbers,
        texts: lexer.texts,
        docs: lexer.docs,
        errors: lexer.errors,
    }
}

/// No token.
const NONE: u32 = u32::MAX;

struct Lexer<'s> {
    source: &'s str,
    id: SourceId,
    /// Where the next token begins, and what stands before it; [`Lexer::run`] has its own in hand.
    at: usize,
    before: Before,
    tokens: Vec<Token>,
    numbers: Vec<Number>,
    texts: Vec<String>,
    /// `start` is the index of the token until all are read.
    docs: Vec<Doc>,
    /// Where the last line of the last doc comment ends.
    doc_end: usize,
    /// The strings that are not closed yet, the outermost first.
    strings: Vec<OpenString>,
    /// Of all open block strings, the outermost first: their text tokens so far.
    pieces: Vec<(usize, Piece)>,
    errors: Vec<Diagnostic>,
    /// The bytes of the strings that did not end, in order.
    torn: Vec<Range<usize>>,
    /// The last opening token that is not closed yet; its value is the one before it until it is closed.
    innermost: u32,
    /// Whether every closing token closes the last one that was open.
    is_balanced: bool,
}

impl<'s> Lexer<'s> {
    fn new(text: &'s str, id: SourceId) -> Self {
        Self {
            source: text,
            id,
            at: 0,
            before: Before::Line,
            // Dense text has a token for each three bytes.
            tokens: Vec::with_capacity(text.len() / 3 + 2),
            // Most modules have some of these.
            numbers: Vec::with_capacity(4),
            texts: Vec::with_capacity(4),
            docs: Vec::with_capacity(4),
            doc_end: 0,
            strings: Vec::with_capacity(2),
            pieces: Vec::new(),
            errors: Vec::new(),
            torn: Vec::new(),
            innermost: NONE,
            is_balanced: true,
        }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, start, end)
    }

    /// Adds a token that begins here.
    fn push(&mut self, kind: TokenKind, length: usize, value: u32) {
        let end = self.at + length;
        let before = std::mem::replace(&mut self.before, Before::Nothing);
        self.token(kind, self.at, end, before, value);
        self.at = end;
    }

    /// Adds an opening token that begins here.
    fn push_open(&mut self, kind: TokenKind, length: usize) {
        let end = self.at + length;
        let before = std::mem::replace(&mut self.before, Before::Nothing);
        self.open(kind, self.at, end, before);
        self.at = end;
    }

    /// Adds a closing token that begins here.
    fn push_close(&mut self, kind: TokenKind, length: usize) {
        let end = self.at + length;
        let before = std::mem::replace(&mut self.before, Before::Nothing);
        self.close(kind, self.at, end, before);
        self.at = end;
    }

    #[inline]
    fn word(&mut self, keyword: Option<Keyword>, start: usize, end: usize, before: Before) {
        self.tokens.push(Token {
            kind: TokenKind::Word,
            keyword,
            before,
            start: start as u32,
            end: end as u32,
            value: 0,
        });
    }

    #[inline]
    fn token(&mut self, kind: TokenKind, start: usize, end: usize, before: Before, value: u32) {
        self.tokens.push(Token {
            kind,
            keyword: None,
            before,
            start: start as u32,
            end: end as u32,
            value,
        });
    }

    #[inline]
    fn open(&mut self, kind: TokenKind, start: usize, end: usize, before: Before) {
        let index = self.tokens.len() as u32;
        self.token(kind, start, end, before, self.innermost);
        self.innermost = index;
    }

    #[inline]
    fn close(&mut self, kind: TokenKind, start: usize, end: usize, before: Before) {
        let index = self.tokens.len() as u32;
        match self.tokens.get_mut(self.innermost as usize) {
            Some(open) if open.kind.closer() == Some(kind) => {
                self.innermost = std::mem::replace(&mut open.value, index);
            }
            _ => self.is_balanced = false,
        }
        self.token(kind, start, end, before, 0);
    }

    /// Reads the whole text. What most tokens are is read right here, with their place in locals.
    fn run(&mut self) {
        use TokenKind as K;
        let bytes = self.source.as_bytes();
        let (mut at, mut before) = (self.at, self.before);
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            match byte {
                b' ' | b'\t' | b'\r' => {
                    at = scan::spaces_end(bytes, start + 1);
                    before = before.or_space();
                    continue;
                }
                b'\n' => {
                    at = scan::spaces_end(bytes, start + 1);
                    before = Before::Line;
                    continue;
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                    let (end, window) = scan::word(bytes, start);
                    at = end;
                    let keyword = Keyword::in_window(window, end - start);
                    self.word(keyword, start, at, before);
                }
                b'0'..=b'9' if let Some((end, value)) = scan::short_number(bytes, start) => {
                    at = end;
                    let value = self.number(Number::Int(value));
                    self.token(K::Number, start, at, before, value);
                }
                b'"' if let Some(close) = scan::plain_string(bytes, start) => {
                    at = close + 1;
                    self.plain_string(start, close, before);
                }
                b'(' => {
                    at += 1;
                    self.open(K::ParenOpen, start, at, before);
                }
                b'[' => {
                    at += 1;
                    self.open(K::BracketOpen, start, at, before);
                }
                b'{' => {
                    at += 1;
                    if let Some(string) = self.strings.last_mut() {
                        string.braces += 1;
                    }
                    self.open(K::BraceOpen, start, at, before);
                }
                b')' => {
                    at += 1;
                    self.close(K::ParenClose, start, at, before);
                }
                b']' => {
                    at += 1;
                    self.close(K::BracketClose, start, at, before);
                }
                b'}' if self.strings.last().is_none_or(|string| string.braces > 0) => {
                    at += 1;
                    if let Some(string) = self.strings.last_mut() {
                        string.braces -= 1;
                    }
                    self.close(K::BraceClose, start, at, before);
                }
                b',' => {
                    at += 1;
                    self.token(K::Comma, start, at, before, 0);
                }
                b':' => {
                    at += 1;
                    self.token(K::Colon, start, at, before, 0);
                }
                b'.' if !matches!(bytes.get(start + 1), Some(b'.' | b'/')) => {
                    at += 1;
                    self.token(K::Dot, start, at, before, 0);
                }
                b'=' => {
                    let (sign, length) = match bytes.get(start + 1) {
                        Some(b'=') => (K::EqualEqual, 2),
                        Some(b'>') => (K::Arrow, 2),
                        _ => (K::Equal, 1),
                    };
                    at += length;
                    self.token(sign, start, at, before, 0);
                }
                _ => {
                    (self.at, self.before) = (at, before);
                    self.seldom(byte);
                    (at, before) = (self.at, self.before);
                    continue;
                }
            }
            before = Before::Nothing;
        }
        (self.at, self.before) = (at, before);
        self.close_open_strings();
        self.push(K::End, 0, 0);
    }

    /// Reads what stands here and begins with this byte: a comment or one token, or a string up to its first interpolation.
    #[inline(never)]
    fn seldom(&mut self, first: u8) {
        let bytes = self.source.as_bytes();
        let second = bytes.get(self.at + 1);
        // The first bytes say what can stand here, so nothing is tried in vain.
        match first {
            b'#' => self.comment(),
            b'}' => self.end_interpolation(),
            b'"' if second != Some(&b'"') => self.open_string(0, false, 1),
            b'+' | b'*' | b'%' | b'<' | b'>' | b'?' => self.sign(),
            b'|' if second != Some(&b'|') => self.sign(),
            _ => self.rare(first, second.copied()),
        }
    }

    #[inline(never)]
    fn rare(&mut self, first: u8, second: Option<u8>) {
        match first {
            0xef if self.rest().starts_with('\u{feff}') => {
                self.at += '\u{feff}'.len_utf8();
                self.before = self.before.or_space();
                return;
            }
            b'0'..=b'9' => {
                if let Ok((_, number)) = scan::number(self.rest()) {
                    return self.long_number(number);
                }
            }
            b'"' | b'$' => {
                let rest = self.rest();
                if let Ok((after, (level, block))) = scan::string_open(rest) {
                    return self.open_string(level, block, rest.len() - after.len());
                }
            }
            b'.' if matches!(second, Some(b'/' | b'.')) && !self.rest().starts_with("...") => {
                if let Ok((_, path)) = scan::path(self.rest()) {
                    return self.push(TokenKind::Path, path.len(), 0);
                }
            }
            b'\'' | b'&' | b'|' | b'-' | b'/' if self.foreign(self.rest()) => return,
            _ => {}
        }
        self.sign();
    }

    fn sign(&mut self) {
        match scan::sign(self.source.as_bytes(), self.at) {
            Some((sign, length)) => self.push(sign, length, 0),
            None => self.unknown(self.rest()),
        }
    }

    /// Skips a comment; collects the lines of doc comments.
    fn comment(&mut self) {
        let comment = scan::comment(self.rest()).map_or("", |(_, comment)| comment);
        if self.before == Before::Line
            && let Some(line) = scan::doc_text(comment)
        {
            self.doc(line);
            self.doc_end = self.at + comment.len();
        }
        self.at += comment.len();
        self.before = self.before.or_space();
    }

    /// A line of a doc comment: goes on the line above, or else takes the place of what stands further above.
    fn doc(&mut self, line: &str) {
        let token = self.tokens.len() as u32;
        match self.docs.last_mut().filter(|doc| doc.start == token) {
            Some(doc) => {
                let between = &self.source[self.doc_end..self.at];
                if between.matches('\n').count() > 1 {
                    doc.text.clear();
                } else {
                    doc.text.push('\n');
                }
                doc.text.push_str(line);
            }
            None => self.docs.push(Doc {
                start: token,
                text: line.to_owned(),
            }),
        }
    }

    /// Where the value of a number is kept.
    fn number(&mut self, number: Number) -> u32 {
        self.numbers.push(number);
        self.numbers.len() as u32 - 1
    }

    fn long_number(&mut self, number: &str) {
        let value = scan::number_value(number).unwrap_or_else(|(reason, help)| {
            let span = self.span(self.at, self.at + number.len());
            let mut error = Diagnostic::error("syntax::number", span, reason);
            error.help = help;
            self.errors.push(error);
            Number::Int(0)
        });
        let value = self.number(value);
        self.push(TokenKind::Number, number.len(), value);
    }
}

#[cfg(test)]
mod tests;
