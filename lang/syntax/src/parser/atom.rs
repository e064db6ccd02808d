//! Atoms: literals, variables, strings, lists and bracketed expressions.
//!
//! In: tokens. Out: [`Expr`]. Refuses to know operators.

use std::borrow::Cow;

use super::tokens::for_head;
use super::{Form, Parser};
use crate::ast::{Expr, ExprKind, ForClause, Key, ListItem, Name, StrPart};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::{Keyword, Number, Token, TokenKind};

/// A string that is one text: one part, and no room for more.
fn one_text(text: Cow<'_, str>) -> ExprKind {
    if text.is_empty() {
        return ExprKind::Str(Vec::new());
    }
    ExprKind::Str(vec![StrPart::Text(text.into_owned())])
}

/// `null`, `true`, `false`.
pub(super) fn constant(token: Token) -> Option<ExprKind> {
    Some(match token.keyword? {
        Keyword::Null => ExprKind::Null,
        Keyword::True => ExprKind::Bool(true),
        Keyword::False => ExprKind::Bool(false),
        _ => return None,
    })
}

impl Parser<'_> {
    pub(super) fn atom(&mut self) -> Expr {
        let first = self.next;
        let token = self.token();
        let kind = match token.kind {
            TokenKind::Word => return self.word_atom(),
            TokenKind::Number => {
                self.bump();
                self.number(token)
            }
            TokenKind::Path => {
                self.bump();
                ExprKind::Path(self.text_of(token).to_owned())
            }
            TokenKind::StrOpen => match self.plain_string() {
                Some((text, _)) => one_text(text),
                None => ExprKind::Str(self.string()),
            },
            TokenKind::ParenOpen => return self.bracketed(),
            TokenKind::BracketOpen => self.list(),
            TokenKind::BraceOpen => self.record_or_foreign_lambda(),
            TokenKind::Slash | TokenKind::Tilde => self.foreign_path(),
            _ => {
                let error = self.expected("an expression");
                self.report_expected(error);
                return self.error_expr();
            }
        };
        Expr {
            kind,
            span: self.span_from(first),
        }
    }

    /// What the number of a token stands for.
    fn number(&self, token: Token) -> ExprKind {
        match self.numbers[token.value as usize] {
            Number::Int(value) => ExprKind::Int(value),
            Number::Float(value) => ExprKind::Float(value),
        }
    }

    /// A word as an atom.
    fn word_atom(&mut self) -> Expr {
        let (token, first) = (self.token(), self.next);
        let may_be_foreign = token.keyword.is_some() || self.second().kind == TokenKind::Colon;
        if may_be_foreign && !token.is_reserved() {
            let text = self.text_of(token);
            if let Some(kind) = self.foreign_word(text) {
                let span = self.span_from(first);
                return Expr { kind, span };
            }
        }
        let kind = match constant(token) {
            Some(constant) => constant,
            None if token.is_reserved() => {
                let error = self.expected("an expression");
                self.report(error);
                return self.error_expr();
            }
            None => ExprKind::Var(self.symbol(token)),
        };
        self.bump();
        Expr {
            kind,
            span: token.span(self.id),
        }
    }

    /// `(expr)`: the brackets leave no trace.
    fn bracketed(&mut self) -> Expr {
        let close = self.partner(self.next);
        if close == self.next + 1 {
            let span = self.span().to(self.all[close].span(self.id));
            let error = "there is nothing between the brackets";
            self.report(
                Diagnostic::error("syntax::expected", span, error)
                    .help("a function without parameters is written `() => …`"),
            );
            self.go_behind(close);
            return Expr {
                kind: ExprKind::Error,
                span,
            };
        }
        self.inside(true, "`)`", Self::expression)
    }

    /// The pieces of a string, from its opening to its closing quotes.
    pub(super) fn string(&mut self) -> Vec<StrPart> {
        let close = self.partner(self.next);
        let mut parts = Vec::with_capacity(self.room(1));
        self.bump();
        while self.next < close {
            match self.token().kind {
                TokenKind::StrText => {
                    let token = self.bump();
                    let text = self.take_text(token);
                    if !text.is_empty() {
                        parts.push(StrPart::Text(text.into_owned()));
                    }
                }
                TokenKind::InterpolationOpen => {
                    let expr = self.inside(true, "`}`", Self::expression);
                    parts.push(StrPart::Interpolation(expr));
                }
                _ => {
                    self.bump();
                }
            }
        }
        self.go_behind(close);
        parts
    }

    /// `a` or `"a b"` as a key; computed where the string interpolates.
    pub(super) fn literal_key(&mut self) -> Option<Key> {
        let first = self.next;
        let token = self.token();
        if token.kind == TokenKind::Word {
            return Some(Key::Name(self.read_name()));
        }
        if token.kind != TokenKind::StrOpen {
            return None;
        }
        if let Some((text, span)) = self.plain_string() {
            let symbol = self.names.intern(&text);
            return Some(Key::Name(Name { symbol, span }));
        }
        let mut parts = self.string();
        let span = self.span_from(first);
        let text = match parts.as_mut_slice() {
            [] => String::new(),
            [StrPart::Text(text)] => std::mem::take(text),
            _ => {
                let kind = ExprKind::Str(parts);
                return Some(Key::Computed(Box::new(Expr { kind, span })));
            }
        };
        let symbol = self.names.intern(&text);
        Some(Key::Name(Name { symbol, span }))
    }

    #[inline(never)]
    fn list(&mut self) -> ExprKind {
        let mut items = Vec::with_capacity(self.room(2));
        self.inside(false, "`]`", |parser| {
            let mut clause = None;
            parser.separated(false, "a list item", |parser| {
                let first = parser.next;
                if parser.eat(TokenKind::Ellipsis) {
                    items.push(ListItem::Spread(parser.expression()));
                    parser.shape(Form::Element, first);
                    return;
                }
                let item = parser.annotated();
                if parser.at(TokenKind::Equal) {
                    parser.report_equal();
                    parser.skip_element();
                }
                items.push(ListItem::Value(item));
                if items.len() == 1 {
                    clause = parser.for_clause();
                }
                parser.shape(Form::Element, first);
            });
            match (clause, items.pop()) {
                (Some(clause), Some(ListItem::Value(body))) if items.is_empty() => {
                    ExprKind::ListFor {
                        body: Box::new(body),
                        clause: Box::new(clause),
                    }
                }
                (clause, last) => {
                    if let Some(clause) = clause {
                        parser.report_mixed_comprehension(&clause);
                    }
                    items.extend(last);
                    ExprKind::List(items)
                }
            }
        })
    }

    pub(super) fn report_mixed_comprehension(&mut self, clause: &ForClause) {
        let span = clause
            .names
            .first()
            .map_or(clause.source.span, |name| name.span);
        let error = "a comprehension stands alone in its brackets";
        self.report(
            Diagnostic::error("syntax::comprehension", span, error)
                .help("put it in brackets of its own and join with `++` or `...`"),
        );
    }

    /// `for k, v in source if condition`, where it stands here.
    pub(super) fn for_clause(&mut self) -> Option<ForClause> {
        let first = self.next;
        if !self.at_word(Keyword::For) {
            return None;
        }
        let names = self.read(for_head)?;
        let names = names
            .into_iter()
            .map(|token| self.name(*token))
            .collect::<Vec<_>>();
        if let Some(third) = names.get(2) {
            let error = "`for` binds one or two names";
            self.report(Diagnostic::error(
                "syntax::comprehension",
                third.span,
                error,
            ));
        }
        let source = self.expression();
        let filter = self.next;
        let condition = self.eat_word(Keyword::If).then(|| self.condition());
        if condition.is_some() {
            self.shape(Form::Filter, filter);
        }
        self.shape(Form::Clause, first);
        Some(ForClause {
            names,
            source,
            condition,
        })
    }
}
