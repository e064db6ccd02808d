//! Walks over the tokens and lays them out.
//!
//! In: tokens and their shapes. Out: the tidy text. Refuses to leave out a token or a comment, with one exception: a
//! comma before a closing bracket on the same line.

use super::block;
use super::gap::Gap;
use super::lines::{Cell, Lines};
use super::spacing::{Pair, Role, blank};
use crate::lexer::token::{Token, TokenKind};
use crate::parser::{Form, Outline, Shape};

/// How many blanks a level is indented by.
pub const LEVEL: usize = 2;

/// Lays a text out.
pub fn lay_out(text: &str, outline: &Outline) -> String {
    let mut layout = Layout::new(text, outline);
    let mut at = 0;
    while at < layout.tokens.len() {
        at = layout.token(at);
    }
    layout.lines.finish()
}

/// A shape that the walk is inside of.
struct Open {
    form: OpenForm,
    first: usize,
    end: usize,
    /// Indent of the line that it begins on.
    base: usize,
    /// Of an `if`: the indent of its `then` and `else` where they begin lines.
    arm: usize,
    /// Of an `if`: its `then`, once that was met.
    then: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenForm {
    /// A pair of brackets.
    Brackets,
    /// Anything else.
    Of(Form),
}

struct Layout<'t> {
    text: &'t str,
    tokens: &'t [Token],
    /// For each opening token, its closing one.
    partner: Vec<usize>,
    /// For each opening bracket, whether its contents stand on lines of their own.
    broken: Vec<bool>,
    /// Shapes and brackets, outer ones first.
    shapes: Vec<(OpenForm, usize, usize)>,
    next_shape: usize,
    facts: Vec<Facts>,
    open: Vec<Open>,
    lines: Lines,
    /// The token before, where there is one.
    before: Option<usize>,
    /// The token before that one.
    second_before: Option<usize>,
}

/// What is known of one token.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, one for each token"
)]
struct Facts {
    sign: bool,
    nullable: bool,
    /// An item, a field, a list item … begins with it.
    element: bool,
    item: bool,
    /// It begins a line of output.
    begins_line: bool,
    /// Indent of its line, and which line that is.
    indent: usize,
    line: usize,
}

impl<'t> Layout<'t> {
    fn new(text: &'t str, outline: &'t Outline) -> Self {
        let tokens = outline.tokens.as_slice();
        let partner = |token: &Token| token.kind.closer().map_or(0, |_| token.value as usize);
        let partner: Vec<usize> = tokens.iter().map(partner).collect();
        let mut facts = vec![Facts::default(); tokens.len()];
        let mut shapes = Vec::with_capacity(outline.shapes.len() * 2);
        let mut blocks = vec![false; tokens.len()];
        for &Shape { form, first, end } in &outline.shapes {
            match form {
                Form::Sign => facts[first].sign = true,
                Form::Nullable => facts[first].nullable = true,
                Form::Block => blocks[first] = true,
                Form::Item => facts[first].item = true,
                _ => {}
            }
            facts[first].element |= matches!(form, Form::Item | Form::Element);
            if !matches!(form, Form::Sign | Form::Nullable) && end > first {
                shapes.push((OpenForm::Of(form), first, end));
            }
        }
        for (index, token) in tokens.iter().enumerate() {
            if is_bracket(token) && !blocks[index] {
                shapes.push((OpenForm::Brackets, index, partner[index] + 1));
            }
        }
        // Of equal ranges, brackets are the innermost.
        shapes.sort_by_key(|(form, first, end)| {
            (*first, std::cmp::Reverse(*end), *form == OpenForm::Brackets)
        });
        Self {
            text,
            tokens,
            broken: broken(tokens, &partner),
            partner,
            shapes,
            next_shape: 0,
            facts,
            open: Vec::new(),
            lines: Lines::default(),
            before: None,
            second_before: None,
        }
    }

    fn text_of(&self, token: usize) -> &'t str {
        let token = &self.tokens[token];
        &self.text[token.start as usize..token.end as usize]
    }

    /// Lays out the token at `at`, or the string that begins there; gives the next one.
    fn token(&mut self, at: usize) -> usize {
        while self.open.last().is_some_and(|open| open.end <= at) {
            self.open.pop();
        }
        let start = self
            .before
            .map_or(0, |before| self.tokens[before].end as usize);
        let gap = Gap::new(&self.text[start..self.tokens[at].start as usize]);
        self.gap(at, &gap);
        if self.tokens[at].kind == TokenKind::End {
            return at + 1;
        }
        if self.drops_comma(at) {
            self.before = Some(at);
            return at + 1;
        }
        let last = match self.tokens[at].kind {
            TokenKind::StrOpen => self.partner[at],
            _ => at,
        };
        self.facts[at].indent = self.lines.indent();
        self.facts[at].line = self.lines.count();
        self.facts[last] = Facts {
            indent: self.lines.indent(),
            line: self.lines.count(),
            ..self.facts[last]
        };
        self.enter(at);
        if last > at {
            let string = block::string(self.text, &self.tokens[at..=last], self.lines.indent());
            self.lines.push(&string);
        } else {
            self.lines.push(self.text_of(at));
        }
        // What stands inside of a string is left alone.
        while self
            .shapes
            .get(self.next_shape)
            .is_some_and(|(_, first, _)| *first <= last)
        {
            self.next_shape += 1;
        }
        self.second_before = self.before;
        self.before = Some(last);
        last + 1
    }

    /// Whether this is a comma before a closing bracket on the same line.
    fn drops_comma(&self, at: usize) -> bool {
        let Some(after) = self.tokens.get(at + 1) else {
            return false;
        };
        self.tokens[at].kind == TokenKind::Comma
            && !self.tokens[at].line_before()
            && after.kind.is_closer()
            && !after.line_before()
            && !self.open.last().is_some_and(|open| self.broken[open.first])
    }

    /// Comments, line breaks or a blank before the token at `at`.
    fn gap(&mut self, at: usize, gap: &Gap<'_>) {
        let end = self.tokens[at].kind == TokenKind::End;
        let Some(before) = self.before else {
            for (index, comment) in gap.comments.iter().enumerate() {
                self.own_line(comment.text, 0, index > 0 && comment.breaks > 1);
            }
            if !end {
                self.begin_line(at, 0, !gap.comments.is_empty() && gap.breaks > 1);
            }
            return;
        };
        let closes = is_closing_bracket(&self.tokens[at]);
        let inner = self.open.last().filter(|open| {
            open.form == OpenForm::Brackets || open.form == OpenForm::Of(Form::Block)
        });
        let opened = is_bracket(&self.tokens[before]);
        let empty = opened && closes && gap.comments.is_empty();
        let forced =
            inner.is_some_and(|open| self.broken[open.first] && (open.first == before || closes));
        if empty || !(forced || gap.breaks()) {
            self.on_one_line(before, at, gap);
            return;
        }
        let mut comments = gap.comments.as_slice();
        if let Some((first, rest)) = comments.split_first()
            && first.breaks == 0
        {
            self.lines.cell(Cell::Comment, gap.wide);
            self.lines.push(" ");
            self.lines.push(first.text);
            comments = rest;
        }
        let opens = opened
            || self
                .open
                .last()
                .is_some_and(|open| open.form == OpenForm::Of(Form::Let) && open.first == before);
        let indent = if end { 0 } else { self.indent(at) };
        let inside = if closes || self.closes_let(at) {
            indent + LEVEL
        } else {
            indent
        };
        let between = end || closes || self.facts[at].element || self.closes_let(at);
        for (index, comment) in comments.iter().enumerate() {
            let empty_line = comment.breaks > 1 && between && !(opens && index == 0);
            self.own_line(comment.text, inside, empty_line);
        }
        if !end {
            let empty_line =
                gap.breaks > 1 && self.facts[at].element && !(opens && comments.is_empty());
            self.begin_line(at, indent, empty_line);
        }
    }

    /// Whether this is the `in` that ends the bindings of a `let`.
    fn closes_let(&self, at: usize) -> bool {
        self.tokens[at].kind == TokenKind::Word
            && self.text_of(at) == "in"
            && self
                .open
                .last()
                .is_some_and(|open| open.form == OpenForm::Of(Form::Let))
    }

    fn own_line(&mut self, comment: &str, indent: usize, empty_line: bool) {
        if empty_line {
            self.lines.begin(0);
        }
        self.lines.begin(indent);
        self.lines.push(comment);
    }

    fn begin_line(&mut self, at: usize, indent: usize, empty_line: bool) {
        if empty_line {
            self.lines.begin(0);
        }
        self.lines.begin(indent);
        self.facts[at].begins_line = true;
    }

    fn on_one_line(&mut self, before: usize, at: usize, gap: &Gap<'_>) {
        if self.drops_comma(at) || self.tokens[at].kind == TokenKind::End {
            return;
        }
        let blank = blank(Pair {
            before: &self.tokens[before].kind,
            text: self.text_of(before),
            role: self.role(before),
            after: &self.tokens[at],
            nullable: self.facts[at].nullable,
        });
        let own = self.open.last().filter(|open| {
            matches!(open.form, OpenForm::Of(Form::Item | Form::Element))
                && self.facts[open.first].begins_line
                && self.facts[open.first].line == self.lines.count()
        });
        if own.is_some() && self.tokens[at].kind == TokenKind::Equal {
            self.lines.cell(Cell::Equal, gap.wide);
        }
        if own.is_some() && self.tokens[before].kind == TokenKind::Colon {
            self.lines.cell(Cell::Colon, gap.wide);
        }
        if blank {
            self.lines.push(" ");
        }
    }

    /// As what the token before the next one stands there.
    fn role(&self, before: usize) -> Role {
        let facts = self.facts[before];
        let key = |second: usize| match self.tokens[second].kind {
            TokenKind::Dot | TokenKind::QuestionDot => true,
            TokenKind::Word => self.text_of(second) == "has",
            _ => false,
        };
        if facts.sign {
            Role::Sign
        } else if facts.item {
            Role::ItemWord
        } else if self.second_before.is_some_and(key) {
            Role::Key
        } else {
            Role::Plain
        }
    }

    /// How far the line that begins with the token at `at` is indented.
    fn indent(&self, at: usize) -> usize {
        let Some(inner) = self.open.last() else {
            return 0;
        };
        if is_closing_bracket(&self.tokens[at]) {
            return inner.base;
        }
        let begins = |form: Form| {
            self.shapes[self.next_shape..]
                .iter()
                .take_while(|(_, first, _)| *first == at)
                .any(|(own, ..)| *own == OpenForm::Of(form))
        };
        if begins(Form::Branch) {
            return self.branch_indent(at, inner);
        }
        if begins(Form::Clause) || begins(Form::Filter) {
            let element = self
                .open
                .iter()
                .rev()
                .find(|open| open.form == OpenForm::Of(Form::Element));
            return element.map_or(0, |element| element.base);
        }
        match inner.form {
            OpenForm::Of(Form::Chain) => {
                let first = self.facts[inner.first];
                if first.begins_line && !first.element {
                    inner.base
                } else {
                    inner.base + LEVEL
                }
            }
            OpenForm::Of(Form::Branch) if self.text_of(inner.first) == "in" => {
                let outer = self.open.iter().rev().nth(1);
                let opening = outer.map_or(inner.first, |outer| outer.first);
                let begins = self.facts[opening].begins_line;
                inner.base + if begins { 0 } else { LEVEL }
            }
            _ => inner.base + LEVEL,
        }
    }

    /// The same for a `then`, `else` or `in`.
    fn branch_indent(&self, at: usize, whole: &Open) -> usize {
        match (self.text_of(at), whole.form) {
            ("then", _) => whole.arm,
            ("else", OpenForm::Of(Form::If)) => match whole.then {
                // `x = if a then`, its value on lines of its own.
                Some(then) if !self.facts[then].begins_line && self.facts[then + 1].begins_line => {
                    self.facts[then].indent
                }
                _ => whole.arm,
            },
            ("in", _) => whole.base,
            _ => whole.base + LEVEL,
        }
    }

    /// Enters the shapes that begin with the token at `at`, which was just placed.
    fn enter(&mut self, at: usize) {
        while let Some(&(form, first, end)) = self.shapes.get(self.next_shape) {
            if first != at {
                return;
            }
            self.next_shape += 1;
            let facts = self.facts[at];
            let mut base = facts.indent;
            let mut arm = base;
            let else_before =
                at > 0 && self.before == Some(at - 1) && self.text_of(at - 1) == "else";
            let begins_then = self.text_of(at) == "then";
            let mut outer = self.open.iter_mut().rev();
            match form {
                OpenForm::Of(Form::Block) => {
                    let item = outer.find(|open| open.form == OpenForm::Of(Form::Item));
                    base = item.map_or(base, |item| item.base);
                }
                OpenForm::Of(Form::Branch) if begins_then => {
                    if let Some(whole) = outer.find(|open| open.form == OpenForm::Of(Form::If)) {
                        whole.then = Some(at);
                    }
                }
                OpenForm::Of(Form::If) if !facts.begins_line => {
                    // `else if` goes on with the `if` that it belongs to.
                    let whole = outer
                        .nth(1)
                        .filter(|whole| whole.form == OpenForm::Of(Form::If));
                    arm = match whole {
                        Some(whole) if else_before => whole.arm,
                        _ => base + LEVEL,
                    };
                }
                _ => {}
            }
            self.open.push(Open {
                form,
                first,
                end,
                base,
                arm,
                then: None,
            });
        }
    }
}

fn is_bracket(token: &Token) -> bool {
    matches!(
        token.kind,
        TokenKind::ParenOpen | TokenKind::BracketOpen | TokenKind::BraceOpen
    )
}

fn is_closing_bracket(token: &Token) -> bool {
    matches!(
        token.kind,
        TokenKind::ParenClose | TokenKind::BracketClose | TokenKind::BraceClose
    )
}

/// For each opening bracket, whether its contents stand on lines of their own.
fn broken(tokens: &[Token], partner: &[usize]) -> Vec<bool> {
    let mut broken = vec![false; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(&opener) = open.last()
            && token.line_before()
            && (tokens[opener].kind != TokenKind::ParenOpen || opener + 1 == at)
        {
            broken[opener] = true;
        }
        if is_closing_bracket(token) {
            open.pop();
        } else if is_bracket(token) {
            open.push(at);
        }
        at = match token.kind {
            TokenKind::StrOpen => partner[at] + 1,
            _ => at + 1,
        };
    }
    broken
}
