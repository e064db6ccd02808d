//! What no text of the language holds: signs and comments of other languages, and characters that nothing begins with.
//!
//! In: the rest of a text that one of them begins. Out: an error with the mend, and the nearest token. Refuses to
//! accept anything: all of these are errors.

use super::Lexer;
use super::token::TokenKind;
use crate::diagnostic::Diagnostic;

impl Lexer<'_> {
    /// Operators and comments of other languages: reported with the mend, and read as what was meant.
    pub(super) fn foreign(&mut self, rest: &str) -> bool {
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
            // The parser goes by which word it is, so these have signs of their own.
            let kind = match *sign {
                "->" => TokenKind::Arrow,
                _ => TokenKind::Unknown,
            };
            self.push(kind, sign.len(), 0);
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

    pub(super) fn unknown(&mut self, rest: &str) {
        let Some(c) = rest.chars().next() else {
            return;
        };
        // One report for a run of them.
        let run = self
            .tokens
            .last()
            .is_some_and(|last| last.kind == TokenKind::Unknown && last.end as usize == self.at);
        if run {
            return self.push(TokenKind::Unknown, c.len_utf8(), 0);
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
        self.push(TokenKind::Unknown, c.len_utf8(), 0);
    }
}
