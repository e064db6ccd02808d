//! Expressions: operators by precedence, `if`, `let`, `assert`, calls and selections.
//!
//! In: tokens. Out: [`Expr`]. Refuses to know brackets from inside: see [`super::atom`] and its siblings.

use super::atom::constant;
use super::tokens::{annotates, annotation, binding_head, named};
use super::{Form, NESTING, Parser, unread};
use crate::ast::{Arg, BinaryOp, Binding, Expr, ExprKind, Key, UnaryOp};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::{Keyword, Token, TokenKind};
use crate::span::Span;

impl Parser<'_> {
    /// Any expression.
    pub(super) fn expression(&mut self) -> Expr {
        if self.is_lone_atom() {
            self.deepest = self.deepest.max(self.depth + 1);
            return self.atom();
        }
        self.deeper(|parser| parser.binary(0), unread)
    }

    /// Whether a literal or a variable stands here that is the whole expression: most are, and need no look at operators.
    fn is_lone_atom(&self) -> bool {
        let token = self.token();
        let last = match token.kind {
            TokenKind::Word if token.keyword.is_some() && constant(token).is_none() => {
                return false;
            }
            TokenKind::Word | TokenKind::Number | TokenKind::Path => self.next,
            // Quotes with one text between them at most.
            TokenKind::StrOpen if token.value as usize <= self.next + 2 => token.value as usize,
            _ => return false,
        };
        let Some(after) = self.all.get(last + 1) else {
            return false;
        };
        let ends = match after.kind {
            TokenKind::Comma
            | TokenKind::ParenClose
            | TokenKind::BracketClose
            | TokenKind::BraceClose
            | TokenKind::InterpolationClose
            | TokenKind::End => true,
            // The next definition.
            TokenKind::Word => after.line_before() && after.keyword.is_none(),
            _ => false,
        };
        ends && self.depth < NESTING
    }

    /// An expression that may be annotated: the right side of a definition, a field, a list item.
    pub(super) fn annotated(&mut self) -> Expr {
        let first = self.next;
        if !self.token().keyword.is_some_and(annotates) {
            return self.expression();
        }
        let head = annotation(self.rest()).ok();
        let Some((left, (annotation, _))) = head else {
            return self.expression();
        };
        let value = self.all.len() - left.rest.len();
        if !self.begins_operand(value) {
            return self.expression();
        }
        self.go_behind(value - 1);
        let value = self.deeper(Self::annotated, unread);
        Expr {
            span: self.span_from(first),
            kind: ExprKind::Annotated {
                annotation,
                value: Box::new(value),
            },
        }
    }

    /// Whether the token at `index` begins an operand of the word before it, on the same line.
    pub(super) fn begins_operand(&self, index: usize) -> bool {
        let token = &self.all[index.min(self.all.len() - 1)];
        !token.line_before() && token.space_before() && self.begins_expression(index)
    }

    /// Whether an expression can begin at `index`; a `-` only where it is written as a sign.
    pub(super) fn begins_expression(&self, index: usize) -> bool {
        let token = &self.all[index.min(self.all.len() - 1)];
        match token.kind {
            TokenKind::Word if token.keyword.is_none() => true,
            TokenKind::Word => !matches!(
                token.keyword,
                Some(
                    Keyword::In
                        | Keyword::Then
                        | Keyword::Else
                        | Keyword::And
                        | Keyword::Or
                        | Keyword::Has
                        | Keyword::For
                        | Keyword::Where
                        | Keyword::As
                )
            ),
            TokenKind::Minus => self
                .all
                .get(index + 1)
                .is_some_and(|after| !after.space_before()),
            TokenKind::Number
            | TokenKind::Path
            | TokenKind::StrOpen
            | TokenKind::ParenOpen
            | TokenKind::BracketOpen
            | TokenKind::BraceOpen => true,
            _ => false,
        }
    }

    /// The operator here and how tightly it binds, where the expression goes on with it.
    fn operator(&self) -> Option<(BinaryOp, u8)> {
        let token = self.token();
        Some(match token.kind {
            TokenKind::Pipe => (BinaryOp::Pipe, 1),
            TokenKind::QuestionQuestion => (BinaryOp::Default, 2),
            TokenKind::Word => match token.keyword? {
                Keyword::Or if self.operator_word(token) => (BinaryOp::Or, 3),
                Keyword::And if self.operator_word(token) => (BinaryOp::And, 4),
                _ => return None,
            },
            TokenKind::Unknown => match self.text_of(token) {
                "||" => (BinaryOp::Or, 3),
                "&&" => (BinaryOp::And, 4),
                _ => return None,
            },
            TokenKind::EqualEqual => (BinaryOp::Equal, 5),
            TokenKind::NotEqual => (BinaryOp::NotEqual, 5),
            TokenKind::Less => (BinaryOp::Less, 6),
            TokenKind::LessEqual => (BinaryOp::LessEqual, 6),
            TokenKind::Greater => (BinaryOp::Greater, 6),
            TokenKind::GreaterEqual => (BinaryOp::GreaterEqual, 6),
            TokenKind::PlusPlus => (BinaryOp::Concat, 7),
            TokenKind::Plus => (BinaryOp::Add, 8),
            TokenKind::Minus if self.goes_on(token) => (BinaryOp::Subtract, 8),
            TokenKind::Star => (BinaryOp::Multiply, 9),
            TokenKind::Slash => (BinaryOp::Divide, 9),
            TokenKind::Percent => (BinaryOp::Remainder, 9),
            _ => return None,
        })
    }

    /// Whether an expression goes on with this token although it could also begin something.
    fn goes_on(&self, token: Token) -> bool {
        self.line_free || !token.line_before()
    }

    /// Whether `and` or `or` here is the operator and not a key on its own line.
    fn operator_word(&self, token: Token) -> bool {
        !token.line_before() || !matches!(self.second().kind, TokenKind::Equal | TokenKind::Dot)
    }

    /// Operands joined by operators that bind at least as tightly as that.
    #[inline]
    fn binary(&mut self, least: u8) -> Expr {
        let outer = std::mem::replace(&mut self.deepest, self.depth);
        let first = self.next;
        let mut left = self.operand();
        while let Some((op, binds)) = self.operator().filter(|(_, binds)| *binds >= least) {
            left = self.operation(first, left, op, binds);
        }
        self.deepest = self.deepest.max(outer);
        left
    }

    /// An operator with the operand on its right; what is on its left begins at `first`.
    #[inline(never)]
    fn operation(&mut self, first: usize, left: Expr, op: BinaryOp, binds: u8) -> Expr {
        let sign = self.bump();
        let op_span = sign.span(self.id);
        if op == BinaryOp::Subtract {
            self.minus_spacing(sign);
        }
        let right = self.binary(binds + 1);
        self.shape(Form::Chain, first);
        let kind = if self.grow(op_span) {
            ExprKind::Binary {
                op,
                op_span,
                left: Box::new(left),
                right: Box::new(right),
            }
        } else {
            ExprKind::Error
        };
        let span = self.span_from(first);
        if let Some((again, same)) = self.operator()
            && same == binds
            && matches!(binds, 5 | 6)
        {
            self.report_chained_comparison(op_span, again);
        }
        Expr { kind, span }
    }

    #[cold]
    fn report_chained_comparison(&mut self, other: Span, again: BinaryOp) {
        let error = "comparisons do not chain";
        self.report(
            Diagnostic::error("syntax::chained_comparison", self.span(), error)
                .also(other, "the other comparison")
                .help(match again {
                    BinaryOp::Equal | BinaryOp::NotEqual => "join two comparisons with `and`",
                    _ => "write `a < b and b < c`",
                }),
        );
    }

    /// `a -b` and `a- b` look like something else than they are.
    fn minus_spacing(&mut self, sign: Token) {
        let after = self.token();
        if sign.space_before() == after.space_before() || after.line_before() {
            return;
        }
        let span = sign.span(self.id);
        let error = "a subtraction has blanks on both sides of its `-`";
        let help = "write `a - b`; a hyphen inside a name belongs to the name, and items of a list are separated by commas";
        self.report(Diagnostic::error("syntax::minus_spacing", span, error).help(help));
    }

    /// An operand: signs and the forms that reach as far to the right as they can, or an atom.
    fn operand(&mut self) -> Expr {
        let first = self.next;
        if self.token().line_before() && self.sees(binding_head) {
            return self.missing_operand();
        }
        if self.begins_lambda() {
            return self.nested(Self::lambda);
        }
        let second = self.second();
        let kind = match self.token().keyword {
            Some(Keyword::Not) => return self.unary(UnaryOp::Not),
            Some(Keyword::Let) => return self.nested(Self::let_in),
            Some(Keyword::If) => return self.nested(Self::conditional),
            Some(Keyword::Assert) if self.begins_operand(self.next + 1) => {
                return self.nested(Self::assertion);
            }
            Some(Keyword::Type)
                if !second.line_before()
                    && second.space_before()
                    && self.begins_type(self.next + 1) =>
            {
                self.bump();
                ExprKind::Type(Box::new(self.ty()))
            }
            _ if self.at(TokenKind::Minus) => return self.unary(UnaryOp::Negate),
            _ if self.at(TokenKind::Unknown) && self.text_of(self.token()) == "!" => {
                return self.unary(UnaryOp::Not);
            }
            _ => return self.postfix(),
        };
        Expr {
            kind,
            span: self.span_from(first),
        }
    }

    #[inline(never)]
    fn nested(&mut self, read: fn(&mut Self) -> Expr) -> Expr {
        self.deeper(read, unread)
    }

    /// A definition begins where a value was expected.
    fn missing_operand(&mut self) -> Expr {
        let Some(before) = self.next.checked_sub(1).map(|at| &self.all[at]) else {
            let error = "expected one value, found definitions";
            self.report(
                Diagnostic::error("syntax::expected", self.span(), error).help(
                    "a module is included with `import \"./x.cairn\"` at the top of a file; an expression file holds one value, such as `{ a = 1 }`",
                ),
            );
            self.go_behind(self.all.len() - 2);
            return self.error_expr();
        };
        let message = format!("expected a value after {}", self.describe(*before));
        let place = before.span(self.id);
        let error = Diagnostic::error("syntax::expected", place, message)
            .also(self.span(), "the next definition begins here");
        self.report(error);
        self.error_expr()
    }

    fn unary(&mut self, op: UnaryOp) -> Expr {
        let first = self.next;
        self.bump();
        if op == UnaryOp::Negate {
            self.shape(Form::Sign, first);
        }
        let operand = self.nested(Self::operand);
        Expr {
            kind: ExprKind::Unary {
                op,
                operand: Box::new(operand),
            },
            span: self.span_from(first),
        }
    }

    /// An atom with its calls and selections, and `has`.
    fn postfix(&mut self) -> Expr {
        let outer = std::mem::replace(&mut self.deepest, self.depth);
        let first = self.next;
        let mut target = self.atom();
        let atom = self.next;
        loop {
            let token = self.token();
            let goes_on = match token.kind {
                TokenKind::Dot | TokenKind::QuestionDot => true,
                TokenKind::ParenOpen if token.line_before() => false,
                TokenKind::ParenOpen => {
                    self.next > first || !matches!(target.kind, ExprKind::Error)
                }
                TokenKind::Word => token.keyword == Some(Keyword::Has) && self.goes_on(token),
                _ => false,
            };
            if !goes_on {
                break;
            }
            // `Box::new` would copy it twice.
            let room = Box::new_uninit();
            let inner = Box::write(room, target);
            target = match token.kind {
                TokenKind::ParenOpen => {
                    let kind = self.call(inner);
                    self.grown(first, kind)
                }
                TokenKind::Word => {
                    self.bump();
                    let path = self.key_path();
                    self.grown(
                        first,
                        ExprKind::Has {
                            target: inner,
                            path,
                        },
                    )
                }
                _ => self.selection(first, inner),
            };
        }
        if self.next > atom {
            self.shape(Form::Chain, first);
        }
        self.deepest = self.deepest.max(outer);
        target
    }

    /// What begins at `first` and ends here, where it may be so high.
    #[inline]
    fn grown(&mut self, first: usize, kind: ExprKind) -> Expr {
        let span = self.span_from(first);
        if self.grow(span) {
            Expr { kind, span }
        } else {
            unread(span)
        }
    }

    #[inline]
    fn selection(&mut self, first: usize, target: Box<Expr>) -> Expr {
        let optional = self.at(TokenKind::QuestionDot);
        self.bump();
        let key = if self.at(TokenKind::Word) {
            Key::Name(self.read_name())
        } else if let Some(key) = self.key() {
            key
        } else {
            self.report_missing_key();
            return self.grown(first, ExprKind::Error);
        };
        let kind = ExprKind::Select {
            target,
            key,
            optional,
        };
        self.grown(first, kind)
    }

    #[cold]
    fn report_missing_key(&mut self) {
        let error = self.expected("a name after the dot").help(
            "a key is a name, a string in quotes or `.[expression]`; items of a list: `list.at`",
        );
        self.report_expected(error);
        if self.at(TokenKind::Number) {
            self.bump();
        }
    }

    /// `a`, `"b c"`, `[expr]`: what stands after a dot.
    #[inline]
    pub(super) fn key(&mut self) -> Option<Key> {
        match self.token().kind {
            TokenKind::BracketOpen => {
                let key = self.inside(true, "`]`", Self::expression);
                Some(Key::Computed(Box::new(key)))
            }
            TokenKind::Word => Some(Key::Name(self.read_name())),
            TokenKind::StrOpen => self.literal_key(),
            _ => None,
        }
    }

    /// Keys joined by dots.
    fn key_path(&mut self) -> Vec<Key> {
        let mut path = Vec::new();
        loop {
            let Some(key) = self.key() else {
                let error = self.expected("a name");
                self.report_expected(error);
                return path;
            };
            path.push(key);
            if !self.eat(TokenKind::Dot) {
                return path;
            }
        }
    }

    #[inline(never)]
    fn call(&mut self, callee: Box<Expr>) -> ExprKind {
        let bracket = self.token();
        if bracket.space_before() {
            let between = Span {
                source: self.id,
                start: callee.span.end.min(bracket.start),
                end: bracket.end,
            };
            let error = "a call's bracket touches what is called";
            let mut error = Diagnostic::error("syntax::call_spacing", between, error)
                .help("remove the blank: `f(x)`");
            if let ExprKind::Var(symbol) = callee.kind
                && Keyword::of(self.names.text(symbol)).is_some_and(annotates)
            {
                error = misplaced_annotation(callee.span);
            }
            self.report(error);
        }
        let imports =
            matches!(callee.kind, ExprKind::Var(symbol) if self.names.text(symbol) == "import");
        let mut args = Vec::with_capacity(self.room(2));
        let open = self.next;
        self.inside(true, "`)`", |parser| {
            parser.separated(true, "an argument", |parser| {
                let first = parser.next;
                let is_named = parser.second().kind == TokenKind::Equal;
                let name = is_named.then(|| parser.read(named)).flatten();
                let name = name.map(|token| parser.name(*token));
                let value = parser.expression();
                parser.shape(Form::Element, first);
                args.push(Arg { name, value });
            });
        });
        if imports {
            self.check_import(open, &mut args);
        }
        // `priority(n) value`: an annotation, but for its number. An `if` may filter a comprehension, and a brace
        // begin the block of a `when`.
        if let ExprKind::Var(symbol) = callee.kind
            && matches!(self.names.text(symbol), "priority" | "order")
            && !self.at_word(Keyword::If)
            && !self.at(TokenKind::BraceOpen)
            && self.begins_operand(self.next)
        {
            self.report(misplaced_annotation(callee.span));
            return self.expression().kind;
        }
        ExprKind::Call { callee, args }
    }

    /// `if c then a else b`.
    fn conditional(&mut self) -> Expr {
        let first = self.next;
        self.bump();
        let condition = self.condition();
        let help = "`if` is written `if condition then a else b`";
        let complete = self.at_word(Keyword::Then);
        let then = self.after_keyword(Keyword::Then, first, help);
        if !complete {
            return Expr {
                kind: ExprKind::Error,
                span: self.span_from(first),
            };
        }
        let otherwise = self.after_keyword(Keyword::Else, first, "`if` always has an `else`");
        self.shape(Form::If, first);
        Expr {
            kind: ExprKind::If {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            },
            span: self.span_from(first),
        }
    }

    /// `let a = 1  b = 2 in body`.
    fn let_in(&mut self) -> Expr {
        let first = self.next;
        self.bump();
        let mut bindings = Vec::new();
        loop {
            let start = self.next;
            if let Some(token) = self.read(named) {
                let name = self.name(*token);
                let value = self.expression();
                self.shape(Form::Element, start);
                bindings.push(Binding { name, value });
            } else if !self.foreign_semicolon() && !self.eat(TokenKind::Comma) {
                break;
            }
        }
        let help = "`let` is written `let a = 1, b = 2 in expression`";
        let body = self.after_keyword(Keyword::In, first, help);
        self.shape(Form::Let, first);
        Expr {
            kind: ExprKind::Let {
                bindings,
                body: Box::new(body),
            },
            span: self.span_from(first),
        }
    }

    /// `assert c else message in body`.
    fn assertion(&mut self) -> Expr {
        let first = self.next;
        self.bump();
        let help = "`assert` is written `assert condition else \"message\" in expression`";
        let condition = self.condition();
        let message = self.after_keyword(Keyword::Else, first, help);
        let body = self.after_keyword(Keyword::In, first, help);
        self.shape(Form::Assert, first);
        Expr {
            kind: ExprKind::Assert {
                condition: Box::new(condition),
                message: Box::new(message),
                body: Box::new(body),
            },
            span: self.span_from(first),
        }
    }

    /// An expression where `=` can only be meant as `==`.
    pub(super) fn condition(&mut self) -> Expr {
        let condition = self.expression();
        if self.at(TokenKind::Equal) {
            self.report_equal();
            self.bump();
            self.expression();
        }
        condition
    }

    pub(super) fn report_equal(&mut self) {
        let span = self.span();
        let error = "`=` defines, it does not compare";
        self.report(Diagnostic::error("syntax::equal", span, error).help("write `==`"));
    }

    /// A word that has to follow; `first` is the word that asks for it.
    fn keyword(&mut self, word: Keyword, first: usize, help: &str) -> bool {
        if self.eat_word(word) {
            return true;
        }
        if let Some(before) = self.next.checked_sub(1).map(|at| &self.all[at])
            && before.keyword.is_some_and(annotates)
            && self.begins_operand(self.next)
        {
            self.report(misplaced_annotation(before.span(self.id)));
            return false;
        }
        let opening = self.all[first].span(self.id);
        let belongs = format!("belongs to this `{}`", self.text_of(self.all[first]));
        let error = self
            .expected(&format!("`{}`", word.text()))
            .also(opening, belongs)
            .help(help);
        self.report_expected(error);
        false
    }

    /// A word that has to follow, and the expression after it; without the word there is none.
    pub(super) fn after_keyword(&mut self, word: Keyword, first: usize, help: &str) -> Expr {
        let start = self.next;
        if self.keyword(word, first, help) {
            let expr = self.expression();
            self.shape(Form::Branch, start);
            expr
        } else {
            self.error_expr()
        }
    }

    /// Something follows that the grammar has no place for: the likeliest reason is said.
    pub(super) fn left_over(&mut self, wanted: &str) {
        if self.at(TokenKind::Equal) {
            self.report_equal();
            return;
        }
        let before = self.next.checked_sub(1).map(|at| &self.all[at]);
        let error = self.expected(wanted);
        let touches_line = self.token().line_before();
        let error = match before {
            Some(word) if word.kind == TokenKind::Word && self.begins_operand(self.next) => {
                if word.keyword.is_some_and(annotates) {
                    misplaced_annotation(word.span(self.id))
                } else {
                    let text = self.text_of(*word);
                    error.help(format!(
                        "a call is written `{text}({})`",
                        self.text_of(self.token()).trim_end_matches('"')
                    ))
                }
            }
            _ if self.at(TokenKind::Arrow) => {
                error.help("a function is written `x => …` or `(x, { a, .. }) => …`")
            }
            _ if self.at(TokenKind::Colon) => {
                error.help("a field is written `a = 1`, a function `x => …`")
            }
            _ if self.at(TokenKind::Question) => {
                error.help("`r has a` asks for a field, `r.a?.b` and `??` give defaults")
            }
            _ if touches_line && wanted == "`,`" => error.help("arguments are separated by commas"),
            _ => error,
        };
        self.report_expected(error);
    }
}

fn misplaced_annotation(span: Span) -> Diagnostic {
    Diagnostic::error("syntax::annotation", span, "an annotation can't stand here").help(
        "it stands at the beginning of a definition's right side, of a field or of a list item; priorities and orders are literal numbers",
    )
}
