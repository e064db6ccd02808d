//! Functions and their parameters.
//!
//! In: tokens. Out: lambdas and [`Pattern`]s. Refuses to check that names differ: resolution does.

use super::{Form, Parser};
use crate::ast::{Expr, ExprKind, Name, Param, Pattern};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::{Keyword, TokenKind};

impl Parser<'_> {
    /// Whether a lambda begins here: `x =>`, or brackets with `=>` after them.
    pub(super) fn begins_lambda(&self) -> bool {
        match self.token().kind {
            TokenKind::Word => self.second().kind == TokenKind::Arrow,
            TokenKind::ParenOpen => {
                let after = self.partner(self.next) + 1;
                self.all
                    .get(after)
                    .is_some_and(|token| token.kind == TokenKind::Arrow)
            }
            _ => false,
        }
    }

    pub(super) fn lambda(&mut self) -> Expr {
        let first = self.next;
        let mut params;
        if self.at(TokenKind::ParenOpen) {
            params = Vec::with_capacity(self.room(2));
            self.inside(true, "`)`", |parser| {
                parser.separated(true, "a parameter", |parser| {
                    let first = parser.next;
                    params.extend(parser.param());
                    parser.shape(Form::Element, first);
                });
            });
        } else {
            let param = |name| Param {
                pattern: Pattern::Name(name),
                ty: None,
                default: None,
            };
            params = self.bound_name().map(param).into_iter().collect();
        }
        self.expect(TokenKind::Arrow, "`=>`");
        let body = self.expression();
        self.shape(Form::Lambda, first);
        Expr {
            kind: ExprKind::Lambda {
                params,
                body: Box::new(body),
            },
            span: self.span_from(first),
        }
    }

    /// `x: Type = default`, `{ a, .. } as all`.
    fn param(&mut self) -> Option<Param> {
        let pattern = self.pattern()?;
        let ty = self.eat(TokenKind::Colon).then(|| self.ty());
        let default = self.eat(TokenKind::Equal).then(|| self.expression());
        Some(Param {
            pattern,
            ty,
            default,
        })
    }

    pub(super) fn pattern(&mut self) -> Option<Pattern> {
        if !self.at(TokenKind::BraceOpen) {
            return self.bound_name().map(Pattern::Name);
        }
        let first = self.next;
        let mut fields = Vec::new();
        let mut open = false;
        self.inside(false, "`}`", |parser| {
            parser.separated(false, "a name", |parser| {
                let first = parser.next;
                if parser.eat(TokenKind::DotDot) || parser.eat(TokenKind::Ellipsis) {
                    open = true;
                } else if let Some(name) = parser.bound_name() {
                    let default = parser.eat(TokenKind::Equal).then(|| parser.expression());
                    fields.push((name, default));
                }
                parser.shape(Form::Element, first);
            });
        });
        let whole = if self.eat_word(Keyword::As) {
            self.bound_name()
        } else {
            None
        };
        Some(Pattern::Record {
            fields,
            open,
            whole,
            span: self.span_from(first),
        })
    }

    /// A word that may be a variable.
    pub(super) fn bound_name(&mut self) -> Option<Name> {
        let token = self.token();
        if token.kind != TokenKind::Word {
            self.misses("a name");
            return None;
        }
        if token.is_reserved() {
            let text = self.text_of(token);
            let error = format!("`{text}` is reserved and can't be a variable");
            self.report(
                Diagnostic::error("syntax::reserved", token.span(self.id), error)
                    .help("choose another name"),
            );
        }
        Some(self.read_name())
    }
}
