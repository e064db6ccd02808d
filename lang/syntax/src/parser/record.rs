//! Records and record comprehensions.
//!
//! In: tokens between braces. Out: record expressions. Refuses to find doubled fields: evaluation knows
//! what they mean.

use super::{Form, Parser};
use crate::ast::{Expr, ExprKind, Key, RecordItem, StrPart};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::{Keyword, TokenKind};

impl Parser<'_> {
    /// `{ a.b = 1, "${k}" = v, name, ...base }` or `{ k = v for … }`.
    #[inline(never)]
    pub(super) fn record(&mut self) -> ExprKind {
        let mut items = Vec::with_capacity(self.room(4));
        self.inside(false, "`}`", |parser| {
            let mut clause = None;
            parser.separated(false, "a field", |parser| {
                if parser.at_word(Keyword::Inherit) && parser.foreign_inherit() {
                    return;
                }
                let first = parser.next;
                if parser.eat(TokenKind::Ellipsis) {
                    items.push(RecordItem::Spread(parser.expression()));
                    parser.shape(Form::Element, first);
                    return;
                }
                let Some(field) = parser.field() else { return };
                items.push(field);
                if items.len() == 1 {
                    clause = parser.for_clause();
                }
                parser.shape(Form::Element, first);
            });
            let Some(clause) = clause else {
                return ExprKind::Record(items);
            };
            match items.pop() {
                Some(RecordItem::Field {
                    mut path, value, ..
                }) if items.is_empty() && path.len() == 1 => {
                    let key = match path.pop() {
                        Some(Key::Computed(key)) => *key,
                        Some(Key::Name(name)) => {
                            let text = parser.names.text(name.symbol).to_owned();
                            Expr {
                                kind: ExprKind::Str(vec![StrPart::Text(text)]),
                                span: name.span,
                            }
                        }
                        None => parser.error_expr(),
                    };
                    ExprKind::RecordFor {
                        key: Box::new(key),
                        value: Box::new(value),
                        clause: Box::new(clause),
                    }
                }
                last => {
                    parser.report_mixed_comprehension(&clause);
                    items.extend(last);
                    ExprKind::Record(items)
                }
            }
        })
    }

    /// `a.b."c" = value`, or a name alone; `None` where no field begins here.
    fn field(&mut self) -> Option<RecordItem> {
        let doc = self.doc();
        let first = self.next;
        let reserved = self.token().is_reserved();
        let alone = self.word().filter(|_| !reserved);
        let key = match self.literal_key() {
            Some(key) => key,
            None if self.at(TokenKind::BracketOpen) => {
                let error = self
                    .expected("a field")
                    .help("a computed field is written `\"${expression}\" = value`");
                self.report(error);
                return None;
            }
            None => {
                let error = self.expected("a field");
                self.report_expected(error);
                return None;
            }
        };
        let mut path = vec![key];
        while self.eat(TokenKind::Dot) {
            let Some(key) = self.key() else {
                let error = self.expected("a name after the dot");
                self.report_expected(error);
                break;
            };
            path.push(key);
        }
        if self.defines("field") {
            let value = self.annotated();
            return Some(RecordItem::Field { path, value, doc });
        }
        if let ([Key::Name(name)], Some(_)) = (path.as_slice(), alone) {
            let value = Expr {
                kind: ExprKind::Var(name.symbol),
                span: name.span,
            };
            return Some(RecordItem::Field { path, value, doc });
        }
        let whole = self.span_from(first);
        let error = self
            .expected("`=`")
            .also(whole, "the value of this field is missing");
        self.report_expected(error);
        None
    }

    /// Reads the `=` of a definition, or what was meant as one.
    pub(super) fn defines(&mut self, what: &str) -> bool {
        let sign = self.token();
        let span = sign.span(self.id);
        let error = match sign.kind {
            TokenKind::Equal => {
                self.bump();
                return true;
            }
            TokenKind::EqualEqual => {
                Diagnostic::error("syntax::equal", span, "`==` compares, it does not define")
                    .help("write `=`")
            }
            TokenKind::Colon if !sign.line_before() => {
                let error = format!("a {what} is written with `=`");
                Diagnostic::error("syntax::equal", span, error).help("write `=`")
            }
            TokenKind::Plus | TokenKind::PlusPlus
                if self.second().kind == TokenKind::Equal && !self.second().space_before() =>
            {
                self.bump();
                let error = "there is no `+=`";
                Diagnostic::error("syntax::equal", span, error)
                    .help("write `=`: definitions of one list are joined")
            }
            _ => return false,
        };
        self.bump();
        self.report(error);
        true
    }
}
