//! Type expressions.
//!
//! In: tokens. Out: [`Type`]. Refuses to know which types there are.
//!
//! Loosest first: `where`, `|`, `?`. `A | B where (p)` checks the whole union.

use super::atom::constant;
use super::{Form, NESTING, Parser};
use crate::ast::{Expr, ExprKind, Type, TypeField, TypeKind, UnaryOp};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::{Keyword, TokenKind};
use crate::span::Span;

/// A type that could not be read.
fn unread(span: Span) -> Type {
    Type {
        kind: TypeKind::Error,
        span,
    }
}

impl Parser<'_> {
    /// Any type.
    pub(super) fn ty(&mut self) -> Type {
        if self.is_lone_name() {
            self.deepest = self.deepest.max(self.depth + 1);
            let name = self.read_name();
            return Type {
                kind: TypeKind::Name(name.symbol),
                span: name.span,
            };
        }
        self.deeper(Self::whole_type, unread)
    }

    /// Whether a name stands here that is the whole type, as most are.
    fn is_lone_name(&self) -> bool {
        let (token, after) = (self.token(), self.second());
        let ends = match after.kind {
            TokenKind::Equal
            | TokenKind::Comma
            | TokenKind::ParenClose
            | TokenKind::BraceClose
            | TokenKind::End => true,
            TokenKind::Word => after.keyword.is_none() && after.line_before(),
            _ => false,
        };
        let is_name = token.kind == TokenKind::Word && token.keyword.is_none();
        ends && is_name && self.depth < NESTING
    }

    /// Whether a type can begin at `index`.
    pub(super) fn begins_type(&self, index: usize) -> bool {
        let token = &self.all[index.min(self.all.len() - 1)];
        match token.kind {
            TokenKind::Word if token.is_reserved() => constant(*token).is_some(),
            TokenKind::Word => token.keyword != Some(Keyword::As),
            _ => self.begins_expression(index) && token.kind != TokenKind::BracketOpen,
        }
    }

    fn whole_type(&mut self) -> Type {
        let outer = std::mem::replace(&mut self.deepest, self.depth);
        let first = self.next;
        let mut ty = self.union();
        while self.at_word(Keyword::Where) && self.second().kind == TokenKind::ParenOpen {
            self.bump();
            let predicate = self.inside(true, "`)`", Self::expression);
            self.shape(Form::Chain, first);
            let span = self.span_from(first);
            let kind = if self.grow(span) {
                TypeKind::Where {
                    base: Box::new(ty),
                    predicate: Box::new(predicate),
                }
            } else {
                TypeKind::Error
            };
            ty = Type { kind, span };
        }
        self.deepest = self.deepest.max(outer);
        ty
    }

    fn union(&mut self) -> Type {
        let first = self.next;
        self.eat(TokenKind::Bar);
        let one = self.nullable();
        if !self.at(TokenKind::Bar) {
            return one;
        }
        let mut members = vec![one];
        while self.eat(TokenKind::Bar) {
            members.push(self.nullable());
        }
        self.shape(Form::Chain, first);
        Type {
            kind: TypeKind::Union(members),
            span: self.span_from(first),
        }
    }

    fn nullable(&mut self) -> Type {
        let first = self.next;
        let mut ty = self.type_atom();
        loop {
            let marks = match self.token().kind {
                TokenKind::Question => 1,
                TokenKind::QuestionQuestion => 2,
                _ => break,
            };
            let mark = self.next;
            self.bump();
            self.shape(Form::Nullable, mark);
            for _ in 0..marks {
                let span = self.span_from(first);
                let kind = if self.grow(span) {
                    TypeKind::Nullable(Box::new(ty))
                } else {
                    TypeKind::Error
                };
                ty = Type { kind, span };
            }
        }
        ty
    }

    fn type_atom(&mut self) -> Type {
        let first = self.next;
        let token = self.token();
        let kind = match token.kind {
            TokenKind::Word if !token.is_reserved() => self.named_type(),
            TokenKind::Word if constant(token).is_some() => {
                TypeKind::Literal(Box::new(self.atom()))
            }
            TokenKind::StrOpen => {
                let literal = self.atom();
                if let ExprKind::Str(parts) = &literal.kind
                    && !matches!(parts.as_slice(), [] | [crate::ast::StrPart::Text(_)])
                {
                    let error = "a literal type can't interpolate";
                    self.report(Diagnostic::error(
                        "syntax::literal_type",
                        literal.span,
                        error,
                    ));
                }
                TypeKind::Literal(Box::new(literal))
            }
            TokenKind::Number => TypeKind::Literal(Box::new(self.atom())),
            TokenKind::Minus if self.second().kind == TokenKind::Number => {
                self.bump();
                self.shape(Form::Sign, first);
                let number = self.atom();
                TypeKind::Literal(Box::new(Expr {
                    span: self.span_from(first),
                    kind: ExprKind::Unary {
                        op: UnaryOp::Negate,
                        operand: Box::new(number),
                    },
                }))
            }
            TokenKind::ParenOpen => return self.inside(true, "`)`", Self::ty),
            TokenKind::BraceOpen => self.record_type(),
            _ => return self.no_type(),
        };
        Type {
            kind,
            span: self.span_from(first),
        }
    }

    fn no_type(&mut self) -> Type {
        let mut error = self.expected("a type");
        if self.at(TokenKind::BracketOpen) {
            error = error.help("a list's type is written `List(T)`");
        }
        self.report_expected(error);
        unread(self.place())
    }

    /// `Port`, `List(T)`.
    fn named_type(&mut self) -> TypeKind {
        let name = self.read_name();
        let bracket = self.token();
        if bracket.kind != TokenKind::ParenOpen || bracket.space_before() {
            return TypeKind::Name(name.symbol);
        }
        let mut args = Vec::with_capacity(self.room(2));
        self.inside(true, "`)`", |parser| {
            parser.separated(true, "a type", |parser| {
                let first = parser.next;
                args.push(parser.ty());
                parser.shape(Form::Element, first);
            });
        });
        TypeKind::Apply { name, args }
    }

    /// `{ a: T = default, .. }`.
    fn record_type(&mut self) -> TypeKind {
        let mut fields = Vec::with_capacity(self.room(4));
        let mut open = false;
        self.inside(false, "`}`", |parser| {
            parser.separated(false, "a field", |parser| {
                let first = parser.next;
                if parser.eat(TokenKind::DotDot) || parser.eat(TokenKind::Ellipsis) {
                    open = true;
                } else {
                    parser.type_field(&mut fields);
                }
                parser.shape(Form::Element, first);
            });
        });
        TypeKind::Record { fields, open }
    }

    fn type_field(&mut self, fields: &mut Vec<TypeField>) {
        let doc = self.doc();
        let Some(name) = self.path_name() else {
            return;
        };
        if self.at(TokenKind::Equal) {
            let error = self
                .expected("`:`")
                .help("a field's type stands before its default: `a: T = default`");
            self.report(error);
            return;
        }
        if !self.expect(TokenKind::Colon, "`:` and a type") {
            return;
        }
        let ty = self.ty();
        let default = self.eat(TokenKind::Equal).then(|| self.expression());
        fields.push(TypeField {
            name,
            ty,
            default,
            doc,
        });
    }
}
