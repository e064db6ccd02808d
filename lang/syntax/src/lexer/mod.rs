//! Text to tokens.
//!
//! In: one source text. Out: flat [`Token`]s with balanced brackets, and what was wrong with the text.
//! Refuses to know grammar.
//!
//! Strings are flat too: the lexer keeps a stack of modes (code, or the text of a string) instead of calling
//! itself, so no nesting of strings and interpolations can overflow the stack.
//!
//! A `"…"` string ends on its line; code inside its `${…}` may go over lines. A `$` prefix of the opening
//! quotes raises the interpolation marker by as many `$`: in `$"…"` the text `${x}` is plain and `$${x}`
//! interpolates. Of a longer run of `$` the last ones are the marker and the others are text.

mod balance;
mod scan;
pub mod text;
pub mod token;
mod torn;

use std::borrow::Cow;
use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::span::{SourceId, Span};
use text::Piece;
use token::{Class, Token, TokenKind, class};

/// Tokens and what was wrong with the text.
#[derive(Debug)]
pub struct Lexed<'s> {
    /// Ends with [`TokenKind::End`]; every opening bracket has its closing one.
    pub tokens: Vec<Token>,
    /// For each opening token, the index of its closing one; 0 for others.
    pub partners: Vec<u32>,
    /// What the texts of strings stand for, indent stripped and escapes resolved.
    pub texts: Vec<Cow<'s, str>>,
    /// The doc comments, markers stripped.
    pub docs: Vec<Cow<'s, str>>,
    /// In the order in which they were found.
    pub errors: Vec<Diagnostic>,
}

/// Whether the whole text is one word: a name that needs no quotes as a key, or a reserved word.
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && scan::word_end(text.as_bytes(), 0) == text.len()
}

/// Splits a text into tokens and balances its brackets.
pub fn tokenize(text: &str, id: SourceId) -> Lexed<'_> {
    let mut lexer = Lexer {
        source: text,
        id,
        at: 0,
        line_before: true,
        space_before: true,
        doc: None,
        // Dense text has a token for each three bytes.
        tokens: Vec::with_capacity(text.len() / 3 + 2),
        texts: Vec::with_capacity(text.len() / 64),
        docs: Vec::new(),
        pieces: Vec::new(),
        errors: Vec::new(),
        modes: vec![Mode::Code {
            open: None,
            braces: 0,
        }],
        torn: Vec::new(),
        open: Vec::with_capacity(16),
        pairs: Vec::with_capacity(text.len() / 32),
        is_balanced: true,
    };
    lexer.run();
    let (tokens, partners) = if lexer.is_balanced && lexer.open.is_empty() {
        let mut partners = vec![0; lexer.tokens.len()];
        for (open, close) in lexer.pairs {
            partners[open as usize] = close;
        }
        (lexer.tokens, partners)
    } else {
        let (tokens, partners, errors) = balance::balance(text, id, lexer.tokens, &lexer.torn);
        lexer.errors.extend(errors);
        (tokens, partners)
    };
    Lexed {
        tokens,
        partners,
        texts: lexer.texts,
        docs: lexer.docs,
        errors: lexer.errors,
    }
}

/// What the lexer is inside of.
enum Mode {
    /// Code: the file itself, or an interpolation (then `open` is its token).
    Code { open: Option<usize>, braces: usize },
    /// The text of a string.
    Text(StringMode),
}

struct StringMode {
    /// Index of the opening token.
    open: usize,
    /// How many `$` stood before the quotes.
    level: usize,
    block: bool,
    /// Where its pieces begin among those of all open strings.
    pieces: usize,
    after_interpolation: bool,
}

struct Lexer<'s> {
    source: &'s str,
    id: SourceId,
    at: usize,
    line_before: bool,
    space_before: bool,
    doc: Option<Cow<'s, str>>,
    tokens: Vec<Token>,
    texts: Vec<Cow<'s, str>>,
    docs: Vec<Cow<'s, str>>,
    /// Of all open strings, the outermost first: their text tokens so far.
    pieces: Vec<(usize, Piece)>,
    errors: Vec<Diagnostic>,
    modes: Vec<Mode>,
    /// The bytes of the strings that did not end, in order.
    torn: Vec<Range<usize>>,
    /// The opening tokens that are not closed yet.
    open: Vec<u32>,
    /// Opening tokens with their closing ones.
    pairs: Vec<(u32, u32)>,
    /// Whether every closing token closes the last one that was open.
    is_balanced: bool,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, start, end)
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        self.push_word(kind, Class::Plain, length);
    }

    /// Adds an opening token.
    fn push_open(&mut self, kind: TokenKind, length: usize) {
        self.open.push(self.tokens.len() as u32);
        self.push(kind, length);
    }

    /// Adds a closing token.
    fn push_close(&mut self, kind: TokenKind, length: usize) {
        match self.open.pop() {
            Some(open) if self.tokens[open as usize].kind.closer() == Some(kind) => {
                self.pairs.push((open, self.tokens.len() as u32));
            }
            _ => self.is_balanced = false,
        }
        self.push(kind, length);
    }

    fn push_word(&mut self, kind: TokenKind, class: Class, length: usize) {
        let doc = if self.doc.is_none() {
            0
        } else {
            self.docs.extend(self.doc.take());
            self.docs.len() as u32
        };
        self.tokens.push(Token {
            kind,
            start: self.at as u32,
            end: (self.at + length) as u32,
            line_before: self.line_before,
            space_before: self.space_before,
            class,
            doc,
        });
        self.at += length;
        self.line_before = false;
        self.space_before = false;
    }

    fn run(&mut self) {
        loop {
            if let Some(Mode::Text(_)) = self.modes.last() {
                self.string_text();
                continue;
            }
            self.blank_space();
            if self.at >= self.source.len() {
                break;
            }
            self.code();
        }
        self.close_open_modes();
        self.push(TokenKind::End, 0);
    }

    /// Skips blanks, line breaks and comments; collects the doc comment.
    fn blank_space(&mut self) {
        let mut lines_since_doc = 0;
        loop {
            let end = scan::blanks_end(self.source, self.at);
            self.space_before |= end > self.at;
            self.at = end;
            match self.source.as_bytes().get(end) {
                Some(b'\n') => {
                    self.at += 1;
                    self.line_before = true;
                    self.space_before = true;
                    lines_since_doc += 1;
                }
                Some(b'#') => {
                    let comment = scan::comment(self.rest()).map_or("", |(_, comment)| comment);
                    if self.line_before
                        && let Some(line) = scan::doc_text(comment)
                    {
                        match &mut self.doc {
                            Some(doc) if lines_since_doc <= 1 => {
                                let doc = doc.to_mut();
                                doc.push('\n');
                                doc.push_str(line);
                            }
                            _ => self.doc = Some(Cow::Borrowed(line)),
                        }
                        lines_since_doc = 0;
                    }
                    self.at += comment.len();
                    self.space_before = true;
                }
                _ => return,
            }
        }
    }

    /// Reads one token of code.
    fn code(&mut self) {
        let (bytes, at) = (self.source.as_bytes(), self.at);
        let second = bytes.get(at + 1);
        // The first byte says what can stand here, so nothing is tried in vain.
        match bytes[at] {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let end = scan::word_end(bytes, at);
                let class = class(&bytes[at..end]);
                return self.push_word(TokenKind::Word, class, end - at);
            }
            b'0'..=b'9' => {
                if let Some((end, value)) = scan::short_number(bytes, at) {
                    return self.push(TokenKind::Int(value), end - at);
                }
                if let Ok((_, number)) = scan::number(self.rest()) {
                    return self.number(number);
                }
            }
            b'"' if second != Some(&b'"') => return self.open_string(0, false, 1),
            b'"' | b'$' => {
                let rest = self.rest();
                if let Ok((after, (level, block))) = scan::string_open(rest) {
                    return self.open_string(level, block, rest.len() - after.len());
                }
            }
            b'.' if matches!(second, Some(b'/' | b'.')) && !self.rest().starts_with("...") => {
                if let Ok((_, path)) = scan::path(self.rest()) {
                    return self.push(TokenKind::Path, path.len());
                }
            }
            b'|' if second != Some(&b'|') => {}
            b'\'' | b'&' | b'|' | b'-' | b'/' if self.foreign(self.rest()) => return,
            _ => {}
        }
        let Some((sign, length)) = scan::sign(bytes, at) else {
            return self.unknown(self.rest());
        };
        if let Some(Mode::Code { open, braces }) = self.modes.last_mut() {
            match sign {
                TokenKind::BraceOpen => *braces += 1,
                TokenKind::BraceClose if *braces > 0 => *braces -= 1,
                TokenKind::BraceClose if open.is_some() => return self.close_interpolation(length),
                _ => {}
            }
        }
        match sign {
            TokenKind::ParenOpen | TokenKind::BracketOpen | TokenKind::BraceOpen => {
                self.push_open(sign, length);
            }
            TokenKind::ParenClose | TokenKind::BracketClose | TokenKind::BraceClose => {
                self.push_close(sign, length);
            }
            _ => self.push(sign, length),
        }
    }

    fn number(&mut self, number: &str) {
        let kind = scan::number_value(number).unwrap_or_else(|(reason, help)| {
            let span = self.span(self.at, self.at + number.len());
            let mut error = Diagnostic::error("syntax::number", span, reason);
            error.help = help;
            self.errors.push(error);
            TokenKind::Int(0)
        });
        self.push(kind, number.len());
    }

    /// Operators and comments of other languages: reported with the mend, and read as what was meant.
    fn foreign(&mut self, rest: &str) -> bool {
        if let Some(quoted) = rest.strip_prefix('\'') {
            self.foreign_string(quoted);
            return true;
        }
        let words = [("&&", "and"), ("||", "or"), ("->", "=>")];
        if let Some((sign, word)) = words.iter().find(|(sign, _)| rest.starts_with(sign)) {
            let span = self.span(self.at, self.at + sign.len());
            let help = format!("write `{word}`");
            let error = format!("there is no operator `{sign}`");
            self.errors
                .push(Diagnostic::error("syntax::operator", span, error).help(help));
            // The parser goes by the text of a word, so these have signs of their own.
            let kind = match *sign {
                "->" => TokenKind::Arrow,
                _ => TokenKind::Unknown,
            };
            self.push(kind, sign.len());
            return true;
        }
        if rest.starts_with("//") || rest.starts_with("/*") {
            let span = self.span(self.at, self.at + 2);
            let error = format!("there is no `{}`", &rest[..2]);
            let help =
                "comments begin with `#`; records are put over one another with `{ ...a, ...b }`";
            self.errors
                .push(Diagnostic::error("syntax::operator", span, error).help(help));
            let length = rest.find('\n').unwrap_or(rest.len());
            self.at += length;
            return true;
        }
        false
    }

    /// `'…'` and `''…''`, which other languages have.
    fn foreign_string(&mut self, quoted: &str) {
        let (quotes, length) = if let Some(block) = quoted.strip_prefix('\'') {
            let length = block.find("''").map_or(block.len() + 2, |at| at + 4);
            ("\"\"\"", length)
        } else {
            let line = quoted.find('\n').unwrap_or(quoted.len());
            (
                "\"",
                quoted[..line].find('\'').map_or(line + 1, |at| at + 2),
            )
        };
        let span = self.span(self.at, self.at + length);
        let error = "strings stand in double quotes";
        self.errors.push(
            Diagnostic::error("syntax::quotes", span, error)
                .help(format!("write {quotes}…{quotes}")),
        );
        self.push_open(TokenKind::StrOpen, 0);
        self.push_close(TokenKind::StrClose, length);
    }

    fn unknown(&mut self, rest: &str) {
        let Some(c) = rest.chars().next() else {
            return;
        };
        // One report for a run of them.
        let run = self
            .tokens
            .last()
            .is_some_and(|last| last.kind == TokenKind::Unknown && last.end as usize == self.at);
        if run {
            return self.push(TokenKind::Unknown, c.len_utf8());
        }
        let span = self.span(self.at, self.at + c.len_utf8());
        let error = Diagnostic::error(
            "syntax::character",
            span,
            format!("`{}` can't stand here", c.escape_debug()),
        );
        self.errors.push(match c {
            '!' => error.help("write `not`"),
            '@' => error.help("write `({ a, .. } as all) => …` to name a whole argument"),
            '$' => error.help("`${…}` stands in strings only; paths are literal"),
            c if c.is_alphabetic() => {
                error.help("names are of a-z, A-Z, 0-9, `_` and `-`; put others in quotes")
            }
            _ => error,
        });
        self.push(TokenKind::Unknown, c.len_utf8());
    }

    fn open_string(&mut self, level: usize, block: bool, length: usize) {
        self.modes.push(Mode::Text(StringMode {
            open: self.tokens.len(),
            level,
            block,
            pieces: self.pieces.len(),
            after_interpolation: false,
        }));
        self.push_open(TokenKind::StrOpen, length);
    }

    /// Reads the text of the innermost string up to its end or its next interpolation.
    fn string_text(&mut self) {
        let rest = self.rest();
        let Some(Mode::Text(string)) = self.modes.last_mut() else {
            return;
        };
        let mut length = 0;
        let bytes = rest.as_bytes();
        let end = loop {
            length = scan::text_end(bytes, length);
            match bytes.get(length) {
                None => break End::Missing,
                Some(b'\\') if string.level == 0 => {
                    length += 1;
                    let escaped = bytes.get(length);
                    length += usize::from(escaped.is_some_and(|byte| *byte != b'\n'));
                }
                Some(b'"') if !string.block => break End::Quotes(1),
                Some(b'"') if bytes[length..].starts_with(b"\"\"\"") => break End::Quotes(3),
                Some(b'\n') if !string.block => break End::Missing,
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
        if length > 0 {
            let piece = Piece {
                start: self.at,
                end: self.at + length,
                after_interpolation: string.after_interpolation,
                before_interpolation: matches!(end, End::Interpolation(_)),
            };
            self.pieces.push((self.tokens.len(), piece));
            self.push(TokenKind::StrText(0), length);
        }
        match end {
            End::Quotes(length) => self.close_string(length),
            End::Interpolation(length) => {
                self.modes.push(Mode::Code {
                    open: Some(self.tokens.len()),
                    braces: 0,
                });
                self.push_open(TokenKind::InterpolationOpen, length);
            }
            End::Missing => self.unterminated(),
        }
    }

    fn close_string(&mut self, length: usize) {
        let Some(Mode::Text(string)) = self.modes.pop() else {
            return;
        };
        let raw = string.level > 0;
        let first = self.texts.len() as u32;
        let pieces = &self.pieces[string.pieces..];
        if string.block {
            let pieces: Vec<Piece> = pieces.iter().map(|(_, piece)| *piece).collect();
            let texts = text::resolve(self.source, self.id, &pieces, true, raw, &mut self.errors);
            self.texts.extend(texts.into_iter().map(Cow::Owned));
        } else {
            for (_, piece) in pieces {
                let text = &self.source[piece.start..piece.end];
                if raw || !text.as_bytes().contains(&b'\\') {
                    self.texts.push(Cow::Borrowed(text));
                } else {
                    let piece = std::slice::from_ref(piece);
                    let errors = &mut self.errors;
                    let texts = text::resolve(self.source, self.id, piece, false, raw, errors);
                    self.texts.extend(texts.into_iter().map(Cow::Owned));
                }
            }
        }
        for (index, (token, _)) in (first..).zip(self.pieces.drain(string.pieces..)) {
            self.tokens[token].kind = TokenKind::StrText(index);
        }
        self.push_close(TokenKind::StrClose, length);
    }

    fn close_interpolation(&mut self, length: usize) {
        self.modes.pop();
        if let Some(Mode::Text(string)) = self.modes.last_mut() {
            string.after_interpolation = true;
        }
        self.push_close(TokenKind::InterpolationClose, length);
    }

    /// A string that ends with its line or with the text.
    fn unterminated(&mut self) {
        // `"… ${x"`: the last quotes opened a string inside the interpolation.
        let outer = self.modes.len().checked_sub(3).and_then(|outer| {
            match (&self.modes[outer], &self.modes[outer + 1]) {
                (Mode::Text(string), Mode::Code { open, .. }) if !string.block => *open,
                _ => None,
            }
        });
        if let Some(open) = outer {
            self.report_interpolation(open);
            self.tear(self.modes.len() - 3);
            self.close_string(0);
            self.close_interpolation(0);
            return self.close_string(0);
        }
        let Some(Mode::Text(string)) = self.modes.last() else {
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
        self.tear(self.modes.len() - 1);
        self.close_string(0);
    }

    /// Notes that the string of a mode ends here, without quotes.
    fn tear(&mut self, mode: usize) {
        if let Some(Mode::Text(string)) = self.modes.get(mode) {
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
    fn close_open_modes(&mut self) {
        if let Some(Mode::Code {
            open: Some(open), ..
        }) = self.modes.get(2)
        {
            self.report_interpolation(*open);
            self.tear(1);
        }
        while self.modes.len() > 1 {
            match self.modes.last() {
                Some(Mode::Text(_)) => self.close_string(0),
                _ => self.close_interpolation(0),
            }
        }
    }
}

/// How a run of text in a string ends.
enum End {
    Quotes(usize),
    Interpolation(usize),
    Missing,
}

#[cfg(test)]
mod tests;
