//! Tokens to tree.
//!
//! In: a source. Out: an [`ast`] and all errors. Refuses to resolve names or to look at values.
//!
//! A recursive descent that sees at most one head ahead and never goes back; heads and look-aheads are nom
//! parsers over the tokens ([`tokens`]). Brackets are balanced beforehand, so after an error reading goes on
//! at the next separator or at the bracket's end.
//!
//! # Where a line break ends something
//!
//! Definitions, fields, list items and bindings are separated by a comma or a line break; arguments and
//! parameters by commas. An expression goes on over a line break
//! - where it can't end: after an operator, after `=`, inside an open bracket, before `then`, `else`, `in`;
//! - where the next line begins with what can't begin anything: `|>`, `??`, `or`, `and`, `==` and the other
//!   comparisons, `++`, `+`, `*`, `/`, `%`, `.` and `?.`.
//!
//! A line that begins with `-`, `has`, `(`, `[` or `{` is something new; inside `(…)` and `${…}`, where line
//! breaks separate nothing, `-` and `has` go on too. A call's bracket touches the callee, always.
//!
//! # Words
//!
//! Reserved words (`let in if then else and or not has true false null for where`) can't be variables; as keys
//! all words are names. `option`, `when`, `type`, `test`, `warn`, `assert`, `variant`, `import` and the annotations
//! `force default priority before after order remove` are what they are by what follows: before `=` or `.`
//! they are names; `type`, `assert` and the annotations also where no expression follows on their line.

mod atom;
mod expression;
mod foreign;
mod item;
mod lambda;
mod record;
mod shape;
#[cfg(test)]
mod tests;
mod tokens;
mod types;

use std::borrow::Cow;

use crate::ast::{self, Expr, ExprKind, Name};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::{Keyword, Number, Token, TokenKind};
use crate::lexer::{Doc, Lexed, tokenize};
use crate::span::{SourceId, SourceMap, Span};
use crate::symbol::{Interner, Symbol};
pub(crate) use shape::{Form, Shape};
pub(crate) use tokens::{Tokens, binding_head};

/// How deep expressions, types and blocks nest at most; a level takes about 4 KiB of stack unoptimised.
const NESTING: usize = 256;

/// How high a tree grows at most, chains like `a + b + c …` counted along with nesting.
const HEIGHT: usize = 1500;

/// An error of the lexer or the parser; its code begins with `syntax::`.
pub type SyntaxError = Diagnostic;

/// A tree and all errors found on the way to it.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    /// The tree; holds [`ast::ExprKind::Error`] where an error was reported.
    pub tree: T,
    /// All errors, in the order of the text.
    pub errors: Vec<SyntaxError>,
}

/// Reads a module file: a sequence of items.
pub fn parse_module(
    sources: &SourceMap,
    id: SourceId,
    names: &mut Interner,
) -> Parsed<ast::Module> {
    read(&sources.get(id).text, id, names, module).0
}

/// Reads an expression file or a line of `-e`.
pub fn parse_expression(
    sources: &SourceMap,
    id: SourceId,
    names: &mut Interner,
) -> Parsed<ast::Expr> {
    read(&sources.get(id).text, id, names, whole_expression).0
}

fn module(parser: &mut Parser<'_>) -> ast::Module {
    // Items have tens of tokens; a few are enough where they are longer.
    let room = parser.all.len() / 32 + 1;
    ast::Module {
        items: parser.items(room),
    }
}

fn whole_expression(parser: &mut Parser<'_>) -> Expr {
    let expr = parser.expression();
    if !parser.at(TokenKind::End) {
        parser.left_over("the end of the expression");
    }
    expr
}

/// The tokens of a right text, and which of them belong together.
#[derive(Debug)]
pub(crate) struct Outline {
    pub tokens: Vec<Token>,
    pub shapes: Vec<Shape>,
}

/// Reads a text as what it is, a module or an expression.
///
/// Errors: all that is wrong with it as a module, or as an expression where that can be read further.
pub(crate) fn outline(text: &str, id: SourceId) -> Result<Outline, Vec<SyntaxError>> {
    let mut names = Interner::default();
    let mut attempt = |as_module: bool| {
        let (parsed, outline) = read(text, id, &mut names, |parser| {
            parser.shapes = Some(Vec::new());
            if as_module {
                drop(module(parser));
            } else {
                drop(whole_expression(parser));
            }
        });
        if parsed.errors.is_empty() {
            Ok(outline)
        } else {
            Err(parsed.errors)
        }
    };
    attempt(true).or_else(|errors| {
        attempt(false).map_err(|others| {
            let start =
                |errors: &[SyntaxError]| errors.first().map(|error| error.primary.span.start);
            if start(&others) > start(&errors) {
                others
            } else {
                errors
            }
        })
    })
}

fn read<T>(
    text: &str,
    id: SourceId,
    names: &mut Interner,
    read: impl FnOnce(&mut Parser<'_>) -> T,
) -> (Parsed<T>, Outline) {
    if u32::try_from(text.len()).is_err() {
        let span = Span::new(id, 0, 0);
        let error = Diagnostic::error("syntax::too_large", span, "the file has more than 4 GiB");
        let mut empty = tokenize("", id);
        let parsed = Parsed {
            tree: read(&mut Parser::new(id, &mut empty, names)),
            errors: vec![error],
        };
        let outline = Outline {
            tokens: empty.tokens,
            shapes: Vec::new(),
        };
        return (parsed, outline);
    }
    let mut lexed = tokenize(text, id);
    let mut parser = Parser::new(id, &mut lexed, names);
    let tree = read(&mut parser);
    let found = std::mem::take(&mut parser.errors);
    let shapes = parser.shapes.take().unwrap_or_default();
    drop(parser);
    let mut errors = lexed.errors;
    if !(errors.is_empty() && found.is_empty()) {
        join_errors(text, &mut errors, found);
    }
    let outline = Outline {
        tokens: lexed.tokens,
        shapes,
    };
    (Parsed { tree, errors }, outline)
}

/// Adds what the parser found to what the lexer found, in the order of the text.
fn join_errors(text: &str, errors: &mut Vec<SyntaxError>, mut found: Vec<SyntaxError>) {
    // What the parser says about a line that the lexer could not read is noise.
    let mut torn: Vec<(usize, usize)> = Vec::new();
    for error in errors.iter() {
        let start = error.primary.span.start as usize;
        let known = torn
            .last()
            .is_some_and(|(from, to)| (*from..=*to).contains(&start));
        if error.code != "syntax::escape" && !known {
            torn.push(lines_of(text, error.primary.span));
        }
    }
    torn.sort_unstable();
    found.retain(|error| {
        let start = error.primary.span.start as usize;
        let after = torn.partition_point(|(from, _)| *from <= start);
        !torn[..after]
            .iter()
            .rev()
            .take(2)
            .any(|(_, to)| start <= *to)
    });
    errors.append(&mut found);
    errors.sort_by_key(|error| error.primary.span.start);
    errors.dedup();
}

/// The bytes of the lines that a span touches.
fn lines_of(text: &str, span: Span) -> (usize, usize) {
    let (start, end) = (span.start as usize, span.end as usize);
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[end..].find('\n').map_or(text.len(), |at| end + at);
    (from, to)
}

/// An expression that could not be read.
fn unread(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Error,
        span,
    }
}

/// The state of reading one file.
struct Parser<'a> {
    text: &'a str,
    id: SourceId,
    all: &'a [Token],
    /// Index of the next token.
    next: usize,
    /// The next token itself, which is looked at many times.
    here: Token,
    /// Where the last token ends that was read.
    last_end: u32,
    numbers: &'a [Number],
    /// What the texts of strings stand for, where it is not what is written.
    texts: &'a mut [String],
    docs: &'a mut [Doc],
    /// Index of the first doc comment that may belong to the next token or to one after it.
    next_doc: usize,
    names: &'a mut Interner,
    errors: Vec<Diagnostic>,
    depth: usize,
    /// The depth of the deepest node of what is being read, chains counted.
    deepest: usize,
    too_deep: bool,
    /// Whether line breaks separate nothing here.
    line_free: bool,
    /// What belongs together, where somebody asks.
    shapes: Option<Vec<Shape>>,
}

impl<'a> Parser<'a> {
    /// Texts of strings and doc comments are taken out of what was lexed.
    fn new(id: SourceId, lexed: &'a mut Lexed<'_>, names: &'a mut Interner) -> Self {
        Self {
            text: lexed.source,
            id,
            all: &lexed.tokens,
            next: 0,
            here: lexed.tokens[0],
            last_end: 0,
            numbers: &lexed.numbers,
            texts: &mut lexed.texts,
            docs: &mut lexed.docs,
            next_doc: 0,
            names,
            errors: Vec::new(),
            depth: 0,
            deepest: 0,
            too_deep: false,
            line_free: false,
            shapes: None,
        }
    }

    fn token(&self) -> Token {
        self.here
    }

    /// Goes on reading at the token after the one at `index`, which is not the last one.
    fn go_behind(&mut self, index: usize) {
        // To read again what was read takes twice the time at each level of brackets.
        debug_assert!(index + 1 >= self.next, "nothing is read twice");
        self.last_end = self.all[index].end;
        self.next = index + 1;
        self.here = self.all[self.next];
    }

    /// The closing token of the opening one at `index`.
    fn partner(&self, index: usize) -> usize {
        self.all[index].value as usize
    }

    /// The doc comment before the next token.
    fn doc(&mut self) -> Option<String> {
        let start = self.token().start;
        loop {
            let doc = self
                .docs
                .get_mut(self.next_doc)
                .filter(|doc| doc.start <= start)?;
            self.next_doc += 1;
            if doc.start == start {
                return Some(std::mem::take(&mut doc.text));
            }
        }
    }

    /// The token after the next one; the last token stands for all that would follow it.
    fn second(&self) -> Token {
        self.all.get(self.next + 1).copied().unwrap_or(self.here)
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.token().kind == kind
    }

    fn text_of(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// The next token's text where it is a word.
    fn word(&self) -> Option<&'a str> {
        (self.token().kind == TokenKind::Word).then(|| self.text_of(self.token()))
    }

    fn at_word(&self, word: Keyword) -> bool {
        self.token().keyword == Some(word)
    }

    fn bump(&mut self) -> Token {
        let token = self.here;
        if token.kind != TokenKind::End {
            self.step();
        }
        token
    }

    /// Goes on behind the next token, which is not the last one.
    fn step(&mut self) {
        self.last_end = self.here.end;
        self.next += 1;
        self.here = self.all[self.next];
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: Keyword) -> bool {
        let found = self.at_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn rest(&self) -> Tokens<'a> {
        Tokens {
            numbers: self.numbers,
            rest: &self.all[self.next..],
        }
    }

    /// Whether the grammar piece stands here; nothing is consumed.
    fn sees<T>(&self, head: impl FnOnce(Tokens<'a>) -> nom::IResult<Tokens<'a>, T>) -> bool {
        head(self.rest()).is_ok()
    }

    /// Reads a grammar piece where it stands here.
    fn read<T>(
        &mut self,
        head: impl FnOnce(Tokens<'a>) -> nom::IResult<Tokens<'a>, T>,
    ) -> Option<T> {
        let (left, value) = head(self.rest()).ok()?;
        self.go_behind(self.all.len() - left.rest.len() - 1);
        Some(value)
    }

    /// Reads a string without interpolation where it stands here: its text, and where it stands with its quotes.
    fn plain_string(&mut self) -> Option<(Cow<'a, str>, Span)> {
        let open = self.token();
        if open.kind != TokenKind::StrOpen {
            return None;
        }
        let text = match (open.value as usize - self.next, self.second()) {
            (1, _) => Cow::Borrowed(""),
            (2, text) => self.take_text(text),
            _ => return None,
        };
        self.go_behind(open.value as usize);
        let span = Span {
            source: self.id,
            start: open.start,
            end: self.last_end,
        };
        Some((text, span))
    }

    /// What a string's text stands for; asked once.
    fn take_text(&mut self, token: Token) -> Cow<'a, str> {
        match (token.value as usize).checked_sub(1) {
            Some(text) => Cow::Owned(std::mem::take(&mut self.texts[text])),
            None => Cow::Borrowed(self.text_of(token)),
        }
    }

    fn span(&self) -> Span {
        self.token().span(self.id)
    }

    /// From a token's beginning to the end of the last token that was read.
    fn span_from(&self, first: usize) -> Span {
        let start = self.all[first].start;
        Span {
            source: self.id,
            start,
            end: self.last_end.max(start),
        }
    }

    /// Reads a word as a name.
    fn read_name(&mut self) -> Name {
        let token = self.token();
        self.step();
        self.name(token)
    }

    fn symbol(&mut self, token: Token) -> Symbol {
        let (start, end) = (token.start as usize, token.end as usize);
        self.names.intern_part(self.text, start, end)
    }

    fn name(&mut self, token: Token) -> Name {
        Name {
            symbol: self.symbol(token),
            span: token.span(self.id),
        }
    }

    /// The place before the next token.
    fn place(&self) -> Span {
        let start = self.token().start;
        Span {
            source: self.id,
            start,
            end: start,
        }
    }

    fn error_expr(&self) -> Expr {
        unread(self.place())
    }

    #[cold]
    fn report(&mut self, error: Diagnostic) {
        self.errors.push(error);
    }

    fn describe(&self, token: Token) -> String {
        match token.kind {
            TokenKind::End => "the end of the file".to_owned(),
            TokenKind::StrOpen => "a string".to_owned(),
            TokenKind::StrText => "text".to_owned(),
            TokenKind::StrClose => "the end of the string".to_owned(),
            _ => format!("`{}`", self.text_of(token)),
        }
    }

    /// What was expected at the next token; silent where recovery put that token in.
    #[cold]
    fn expected(&self, wanted: &str) -> Diagnostic {
        let token = self.token();
        let found = self.describe(token);
        Diagnostic::error(
            "syntax::expected",
            token.span(self.id),
            format!("expected {wanted}, found {found}"),
        )
    }

    /// Reports what was expected at the next token, unless recovery put that token in.
    #[cold]
    fn report_expected(&mut self, error: Diagnostic) {
        let token = self.token();
        let put_in = token.start == token.end && token.kind.is_closer();
        if !put_in && token.kind != TokenKind::Unknown {
            self.report(error);
        }
    }

    fn expect(&mut self, kind: TokenKind, wanted: &str) -> bool {
        self.eat(kind) || self.misses(wanted)
    }

    #[cold]
    fn misses(&mut self, wanted: &str) -> bool {
        let error = self.expected(wanted);
        self.report_expected(error);
        false
    }

    /// Reads one level deeper. Where that is too deep the element is skipped, and what is said to stand there instead.
    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> T,
        instead: impl FnOnce(Span) -> T,
    ) -> T {
        if self.depth >= NESTING {
            let place = self.place();
            self.report_too_deep(self.span());
            self.skip_element();
            return instead(place);
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        let result = read(self);
        self.depth -= 1;
        result
    }

    #[cold]
    fn report_too_deep(&mut self, span: Span) {
        if !std::mem::replace(&mut self.too_deep, true) {
            self.report(
                Diagnostic::error("syntax::too_deep", span, "this is nested too deeply")
                    .help("give the inner parts names with `let`"),
            );
        }
    }

    /// Notes that what was read gets one higher; false where that is too high.
    fn grow(&mut self, span: Span) -> bool {
        self.deepest += 1;
        let grows = self.deepest <= HEIGHT;
        if !grows {
            self.report_too_deep(span);
            self.deepest = self.depth;
        }
        grows
    }

    /// Reads what stands between the opening token here and its closing one.
    fn inside<T>(&mut self, line_free: bool, wanted: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let close = self.partner(self.next);
        let outer = std::mem::replace(&mut self.line_free, line_free);
        self.bump();
        let result = read(self);
        if self.next < close {
            self.left_over(wanted);
        }
        self.line_free = outer;
        self.go_behind(close);
        result
    }

    /// For how many elements a list needs room whose opening token is here: as many as there can be of so many tokens each, but
    /// no more than it would get anyway with its first one.
    fn room(&self, tokens: usize) -> usize {
        let inside = self.partner(self.next) - self.next - 1;
        inside.div_ceil(tokens).min(4)
    }

    /// Reads elements up to the closing token, separated by commas or, unless `commas` is set, line breaks.
    fn separated(&mut self, commas: bool, wanted: &str, mut element: impl FnMut(&mut Self)) {
        loop {
            while self.at(TokenKind::Semicolon) && self.foreign_semicolon() {}
            if self.token().kind.is_closer() || self.at(TokenKind::End) {
                return;
            }
            let start = self.next;
            let errors = self.errors.len();
            element(self);
            if self.next == start {
                if self.errors.len() == errors {
                    let error = self.expected(wanted);
                    self.report_expected(error);
                }
                self.bump();
                self.skip_element();
            }
            let token = self.token();
            if self.eat(TokenKind::Comma)
                || self.at(TokenKind::Semicolon)
                || token.kind.is_closer()
                || token.kind == TokenKind::End
                || (token.line_before() && !commas)
            {
                continue;
            }
            if self.next > start && self.all[self.next - 1].kind == TokenKind::Semicolon {
                continue;
            }
            if self.errors.len() == errors {
                self.left_over(if commas {
                    "`,`"
                } else {
                    "a comma or a line break"
                });
            }
            if !commas || !self.token().line_before() {
                self.skip_element();
            }
            self.eat(TokenKind::Comma);
        }
    }

    /// Goes to the next separator or closing token, over whole brackets.
    fn skip_element(&mut self) {
        loop {
            let token = self.token();
            if token.kind.closer().is_some() {
                self.go_behind(self.partner(self.next));
            } else if token.kind.is_closer() || matches!(token.kind, TokenKind::End) {
                return;
            } else {
                self.bump();
            }
            let token = self.token();
            if token.line_before() || matches!(token.kind, TokenKind::Comma | TokenKind::Semicolon)
            {
                return;
            }
        }
    }
}
