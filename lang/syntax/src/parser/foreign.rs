//! What people bring along from other languages, Nix first: recognised, explained, and read as what was meant.
//!
//! In: tokens that the grammar has no place for. Out: an error with the mend, and the nearest tree. Refuses
//! to accept anything: all of these are errors.

use super::Parser;
use crate::ast::{Arg, ExprKind, Param, Pattern, StrPart};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::TokenKind;
use crate::span::Span;

impl Parser<'_> {
    /// `;` where a separator stands.
    #[cold]
    pub(super) fn foreign_semicolon(&mut self) -> bool {
        let span = self.span();
        let found = self.eat(TokenKind::Semicolon);
        if found {
            let after = self.token();
            let last =
                after.line_before() || after.kind.is_closer() || after.kind == TokenKind::End;
            let error = "there are no semicolons";
            self.report(
                Diagnostic::error("syntax::semicolon", span, error).help(if last {
                    "remove it; a line break ends a definition"
                } else {
                    "write a comma or a line break"
                }),
            );
        }
        found
    }

    /// `with x; e`, `rec { }` and `x: e`.
    #[cold]
    pub(super) fn foreign_word(&mut self, word: &str) -> Option<ExprKind> {
        let span = self.span();
        let second = self.second();
        match word {
            "with" if self.begins_operand(self.next + 1) => {
                self.bump();
                let what = self.expression();
                self.eat(TokenKind::Semicolon);
                let what = self.text[what.span.start as usize..what.span.end as usize].to_owned();
                let error = "there is no `with`: every name shows where it comes from";
                let help = format!("name what you need: `let a = {what}.a in …`");
                self.report(Diagnostic::error("syntax::nix_with", span, error).help(help));
                Some(self.expression().kind)
            }
            "rec" if second.kind == TokenKind::BraceOpen && !second.line_before() => {
                self.bump();
                let error = "records do not see their own fields";
                let help = "put shared values in `let … in { … }`";
                self.report(Diagnostic::error("syntax::nix_rec", span, error).help(help));
                Some(self.atom().kind)
            }
            "import"
                if !matches!(second.kind, TokenKind::ParenOpen)
                    && self.begins_operand(self.next + 1) =>
            {
                self.bump();
                let what = self.expression();
                let span = span.to(what.span);
                let written =
                    self.text[what.span.start as usize..what.span.end as usize].trim_matches('"');
                let error = "an expression file is loaded with a call";
                let help = format!("write `import(\"{written}\")`");
                self.report(Diagnostic::error("syntax::import", span, error).help(help));
                Some(ExprKind::Error)
            }
            _ if second.kind == TokenKind::Colon && !second.line_before() => {
                let param = self.bump();
                let pattern = Pattern::Name(self.name(param));
                Some(self.foreign_lambda(span, &format!("{word} => …"), pattern))
            }
            _ => None,
        }
    }

    /// A record in an expression, or `{ a, b }: e`.
    pub(super) fn record_or_foreign_lambda(&mut self) -> ExprKind {
        let after = &self.all[(self.partner(self.next) + 1).min(self.all.len() - 1)];
        let lambda =
            matches!(after.kind, TokenKind::Colon | TokenKind::Arrow) && !after.line_before();
        if !lambda {
            return self.record();
        }
        let span = self.span();
        let Some(pattern) = self.pattern() else {
            return ExprKind::Error;
        };
        self.foreign_lambda(span, "({ a, b, .. }) => …", pattern)
    }

    #[cold]
    fn foreign_lambda(&mut self, span: Span, mend: &str, pattern: Pattern) -> ExprKind {
        let sign = self.bump();
        let span = span.to(sign.span(self.id));
        let error = if sign.kind == TokenKind::Colon {
            "a function is not written with a colon"
        } else {
            "a function that takes a record apart has brackets around its parameters"
        };
        let code = "syntax::lambda";
        self.report(Diagnostic::error(code, span, error).help(format!("write `{mend}`")));
        let body = self.expression();
        ExprKind::Lambda {
            params: vec![Param {
                pattern,
                ty: None,
                default: None,
            }],
            body: Box::new(body),
        }
    }

    /// Where the word `inherit` stands: `inherit a b` and `inherit (r) a b` in a record.
    #[cold]
    pub(super) fn foreign_inherit(&mut self) -> bool {
        let second = self.second();
        let foreign =
            !second.line_before() && matches!(second.kind, TokenKind::Word | TokenKind::ParenOpen);
        if !foreign {
            return false;
        }
        let span = self.span();
        self.bump();
        let from = (self.at(TokenKind::ParenOpen)).then(|| {
            let inner = self.inside(true, "`)`", Self::expression).span;
            &self.text[inner.start as usize..inner.end as usize]
        });
        let mut names = Vec::new();
        while let Some(name) = self.word()
            && !self.token().line_before()
        {
            self.bump();
            names.push(name);
        }
        let mend = names
            .iter()
            .map(|name| match from {
                Some(from) => format!("{name} = {from}.{name}"),
                None => (*name).to_owned(),
            })
            .collect::<Vec<_>>()
            .join(", ");
        let error = "there is no `inherit`: a name alone is a field";
        let help = format!("write `{mend}`");
        self.report(Diagnostic::error("syntax::nix_inherit", span, error).help(help));
        self.eat(TokenKind::Semicolon);
        true
    }

    /// `/etc/x` and `~/x`.
    #[cold]
    pub(super) fn foreign_path(&mut self) -> ExprKind {
        let start = self.token().start as usize;
        let run = self.text[start..]
            .find(|c: char| c.is_whitespace() || ",;()[]{}\"".contains(c))
            .map_or(self.text.len(), |length| start + length);
        let span = Span::new(self.id, start, run);
        let home = self.at(TokenKind::Tilde);
        // A bracket that was closed for the text stands inside of what looks like the path where a comment does.
        while !self.at(TokenKind::End)
            && (self.token().start as usize) < run
            && !self.token().kind.is_closer()
        {
            self.bump();
        }
        let written = &self.text[start..run];
        if written == "/" || written == "~" {
            let error = format!("expected an expression, found `{written}`");
            self.report(Diagnostic::error("syntax::expected", span, error));
            return ExprKind::Error;
        }
        let error = if home {
            "a configuration has no home directory"
        } else {
            "a path begins with `./` or `../`"
        };
        let help = if home {
            "name a file below the configuration's root, as in `./x`".to_owned()
        } else {
            format!(
                "a place on the machine is a string: `\"{written}\"`; a file of the configuration is `./…`"
            )
        };
        self.report(Diagnostic::error("syntax::path", span, error).help(help));
        ExprKind::Path(written.to_owned())
    }

    /// An import takes one literal path; `open` is the call's bracket.
    pub(super) fn check_import(&mut self, open: usize, args: &mut [Arg]) {
        let span = self.span_from(open);
        let error = |span| {
            Diagnostic::error("syntax::import", span, "`import` takes a literal path").help(
                "write `import(\"./x.cairn\")`; all imports are known before anything is evaluated",
            )
        };
        let [Arg { name: None, value }] = args else {
            self.report(error(span));
            return;
        };
        match &mut value.kind {
            ExprKind::Str(parts) if matches!(parts.as_slice(), [StrPart::Text(_)]) => {}
            ExprKind::Path(path) => {
                value.kind = ExprKind::Str(vec![StrPart::Text(std::mem::take(path))]);
            }
            ExprKind::Error => {}
            _ => {
                let place = value.span;
                value.kind = ExprKind::Error;
                self.report(error(place));
            }
        }
    }
}
