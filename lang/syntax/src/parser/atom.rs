//! Atoms: literals, variables, strings, lists and bracketed expressions.
//!
//! In: tokens. Out: [`Expr`]. Refuses to know operators.

use super::tokens::for_head;
use super::{Form, Parser};
use crate::ast::{Expr, ExprKind, ForClause, Key, ListItem, Name, StrPart};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::{Class, TokenKind};

impl Parser<'_> {
    pub(super) fn atom(&mut self) -> Expr {
        let first = self.next;
        let token = self.token();
        let kind = match &token.kind {
            TokenKind::Int(value) => {
                self.bump();
                ExprKind::Int(*value)
            }
            TokenKind::Float(value) => {
                self.bump();
                ExprKind::Float(*value)
            }
            TokenKind::Path => {
                self.bump();
                ExprKind::Path(self.text_of(token).to_owned())
            }
            TokenKind::StrOpen => match self.plain_string() {
                Some((.., "")) => ExprKind::Str(Vec::new()),
                // Most strings are one text: one part, and no room for more.
                Some((.., text)) => ExprKind::Str(vec![StrPart::Text(text.to_owned())]),
                None => ExprKind::Str(self.string()),
            },
            TokenKind::Word => match self.word_atom() {
                Some(kind) => kind,
                None => return self.error_expr(),
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

    /// A word as an atom; `None` where a reserved word can't be one.
    fn word_atom(&mut self) -> Option<ExprKind> {
        let text = self.word()?;
        let class = self.token().class;
        let kind = match text {
            _ if class == Class::Plain => {
                if self.second().kind == TokenKind::Colon
                    && let Some(expr) = self.foreign_word(text)
                {
                    return Some(expr);
                }
                ExprKind::Var(self.names.intern(text))
            }
            "null" => ExprKind::Null,
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            _ if class == Class::Reserved => {
                let error = self.expected("an expression");
                self.report(error);
                return None;
            }
            _ => {
                if let Some(expr) = self.foreign_word(text) {
                    return Some(expr);
                }
                ExprKind::Var(self.names.intern(text))
            }
        };
        self.bump();
        Some(kind)
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
            self.next = close + 1;
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
        self.bump();
        let mut parts = Vec::new();
        while self.next < close {
            match &self.token().kind {
                TokenKind::StrText(text) => {
                    self.bump();
                    let text = &self.texts[*text as usize];
                    if !text.is_empty() {
                        parts.push(StrPart::Text(text.to_string()));
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
        self.next = close + 1;
        parts
    }

    /// `a` or `"a b"` as a key; computed where the string interpolates.
    pub(super) fn literal_key(&mut self) -> Option<Key> {
        let first = self.next;
        let token = self.token();
        if let Some(text) = self.word() {
            self.bump();
            return Some(Key::Name(self.name(token, text)));
        }
        if token.kind != TokenKind::StrOpen {
            return None;
        }
        if let Some((open, close, text)) = self.plain_string() {
            let symbol = self.names.intern(text);
            let span = open.span(self.id).to(close.span(self.id));
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

    fn list(&mut self) -> ExprKind {
        self.inside(false, "`]`", |parser| {
            let mut items = Vec::new();
            let mut clause = None;
            parser.separated(false, "a list item", |parser| {
                let first = parser.next;
                if parser.eat(&TokenKind::Ellipsis) {
                    items.push(ListItem::Spread(parser.expression()));
                    parser.shape(Form::Element, first);
                    return;
                }
                let item = parser.annotated();
                if parser.at(&TokenKind::Equal) {
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
        if !self.at_word("for") {
            return None;
        }
        let names = self.read(for_head)?;
        let names = names
            .into_iter()
            .map(|(token, text)| self.name(token, text))
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
        let condition = self.eat_word("if").then(|| self.condition());
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
