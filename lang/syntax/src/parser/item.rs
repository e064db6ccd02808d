//! Module items.
//!
//! In: tokens. Out: [`Item`]s; an item that can't be read is left out and reported. Refuses to know which
//! options there are and what may stand in a `when`.

use super::tokens::{Tokens, binding_head};
use super::{Form, Parser};
use crate::ast::{Binding, Item, ItemKind, Key, Name};
use crate::diagnostic::Diagnostic;
use crate::lexer::token::{Keyword, Token, TokenKind};
use crate::span::Span;
use crate::suggest::nearest;

/// The words that items begin with.
const ITEM_WORDS: [&str; 9] = [
    "import", "let", "type", "option", "when", "variant", "assert", "warn", "test",
];

impl Parser<'_> {
    /// Items up to a closing brace or the end of the file; so many are expected.
    pub(super) fn items(&mut self, room: usize) -> Vec<Item> {
        let mut items = Vec::with_capacity(room);
        self.separated(false, "a definition", |parser| {
            let doc = parser.doc();
            let first = parser.next;
            if parser.at_word(Keyword::Inherit) && parser.foreign_inherit() {
                return;
            }
            let Some(kind) = parser.item() else {
                return parser.shape(Form::Item, first);
            };
            let span = parser.span_from(first);
            items.push(Item { kind, span, doc });
            parser.shape(Form::Item, first);
        });
        items
    }

    #[inline(never)]
    fn item(&mut self) -> Option<ItemKind> {
        let second = self.second();
        let is_key = matches!(
            second.kind,
            TokenKind::Equal | TokenKind::EqualEqual | TokenKind::Dot | TokenKind::Colon
        );
        let word = self.token().keyword.filter(|_| !is_key);
        let follows = self.begins_expression(self.next + 1);
        match word {
            Some(Keyword::Import) => self.import_item(),
            Some(Keyword::Let) => self.let_item(),
            Some(Keyword::Type) if second.kind == TokenKind::Word => self.type_item(),
            Some(Keyword::Option)
                if matches!(second.kind, TokenKind::Word | TokenKind::StrOpen) =>
            {
                self.option_item()
            }
            Some(Keyword::When) if follows => {
                self.bump();
                let condition = self.condition();
                let items = self.block()?;
                Some(ItemKind::When { condition, items })
            }
            Some(Keyword::Variant) if follows => {
                self.bump();
                let name = self.path_name()?;
                let items = self.block()?;
                Some(ItemKind::Variant { name, items })
            }
            Some(Keyword::Assert) if follows => {
                let (condition, message) = self.checked();
                Some(ItemKind::Assert { condition, message })
            }
            Some(Keyword::Warn) if follows => {
                let (condition, message) = self.checked();
                Some(ItemKind::Warn { condition, message })
            }
            Some(Keyword::Test) if second.kind == TokenKind::StrOpen => {
                let first = self.next;
                self.bump();
                let claim = self.path_name()?;
                if self.item_follows(first) {
                    self.report_empty_test(claim.span);
                    return None;
                }
                let expr = self.expression();
                Some(ItemKind::Test { claim, expr })
            }
            _ => self.definition(),
        }
    }

    /// `import "./x.cairn"`.
    fn import_item(&mut self) -> Option<ItemKind> {
        let token = self.bump();
        let word = token.span(self.id);
        let help =
            "write `import \"./x.cairn\"`; all imports are known before anything is evaluated";
        let path = if self.at(TokenKind::Path) {
            let path = self.bump();
            (self.text_of(path).to_owned(), path.span(self.id))
        } else if let Some((text, span)) = self.plain_string() {
            (text.into_owned(), span)
        } else {
            let first = self.next;
            let alone = self.token().line_before();
            self.skip_element();
            let span = if alone { word } else { self.span_from(first) };
            let error = "`import` takes a literal path";
            let choose = "to choose, import both and guard their definitions with `when`";
            let help = if alone {
                help.to_owned()
            } else {
                format!("{help}: {choose}")
            };
            self.report(Diagnostic::error("syntax::import", span, error).help(help));
            return None;
        };
        let token = self.token();
        if !token.line_before() && self.operator_follows() {
            let error = "`import` takes a literal path";
            self.report(Diagnostic::error("syntax::import", token.span(self.id), error).help(help));
            self.skip_element();
            return None;
        }
        Some(ItemKind::Import {
            path: path.0,
            path_span: path.1,
        })
    }

    fn operator_follows(&self) -> bool {
        let token = self.token();
        matches!(
            token.kind,
            TokenKind::Plus
                | TokenKind::PlusPlus
                | TokenKind::Slash
                | TokenKind::Dot
                | TokenKind::ParenOpen
        )
    }

    /// `let name = expr`.
    fn let_item(&mut self) -> Option<ItemKind> {
        let first = self.next;
        self.bump();
        let name = self.bound_name()?;
        if !self.defines("binding") {
            let error = self.expected("`=`");
            self.report_expected(error);
            return None;
        }
        let value = self.expression();
        if self.at_word(Keyword::In) {
            let opening = self.all[first].span(self.id);
            let error = Diagnostic::error(
                "syntax::let_in",
                self.span(),
                "`let … in` is an expression, and a module is a sequence of items",
            )
            .also(
                opening,
                "this `let` is an item: its name is known in the whole module",
            )
            .help("remove `in`");
            self.report(error);
            self.bump();
            // What follows was meant as a body: the braces of a record are no item.
            if self.at(TokenKind::BraceOpen) {
                self.expression();
            }
            return Some(ItemKind::Let(Binding { name, value }));
        }
        Some(ItemKind::Let(Binding { name, value }))
    }

    fn type_item(&mut self) -> Option<ItemKind> {
        self.bump();
        let name = self.bound_name()?;
        self.expect(TokenKind::Equal, "`=` and a type").then(|| {
            let ty = self.ty();
            ItemKind::Type { name, ty }
        })
    }

    fn option_item(&mut self) -> Option<ItemKind> {
        self.bump();
        let path = self.names_path()?;
        if self.at(TokenKind::Equal) {
            let error = self
                .expected("`:` and a type")
                .help("an option is declared as `option a.b: Type = default`");
            self.report(error);
            self.skip_element();
            return None;
        }
        if !self.expect(TokenKind::Colon, "`:` and a type") {
            return None;
        }
        let ty = self.ty();
        let default = self.eat(TokenKind::Equal).then(|| self.expression());
        Some(ItemKind::Option { path, ty, default })
    }

    /// `cond else message`, after its word.
    fn checked(&mut self) -> (crate::ast::Expr, crate::ast::Expr) {
        let first = self.next;
        let word = self.bump();
        let word = self.text_of(word);
        let condition = self.condition();
        let help = format!("`{word}` is written `{word} condition else \"message\"`");
        let message = self.after_keyword(Keyword::Else, first, &help);
        (condition, message)
    }

    /// Whether the item that began at `first` has come to its end although an expression is missing: the next line is another
    /// item, by its words or, where it could be an expression too, by its indent.
    fn item_follows(&self, first: usize) -> bool {
        let token = self.token();
        if token.kind == TokenKind::End || token.kind.is_closer() {
            return true;
        }
        if !token.line_before() {
            return false;
        }
        if self.sees(binding_head) {
            return true;
        }
        let second = self.second();
        let called = second.kind == TokenKind::ParenOpen && !second.space_before();
        let follows = !second.line_before() && self.begins_expression(self.next + 1) && !called;
        match token.keyword {
            Some(Keyword::Let | Keyword::Assert) => {
                self.column(token) <= self.column(self.all[first])
            }
            Some(Keyword::Type) => {
                let third = self.all.get(self.next + 2);
                third.is_some_and(|third| third.kind == TokenKind::Equal)
            }
            Some(
                Keyword::Import
                | Keyword::Option
                | Keyword::When
                | Keyword::Variant
                | Keyword::Warn
                | Keyword::Test,
            ) => follows,
            _ => false,
        }
    }

    /// How many bytes stand before a token on its line.
    fn column(&self, token: Token) -> usize {
        let before = &self.text[..token.start as usize];
        before.len() - before.rfind('\n').map_or(0, |at| at + 1)
    }

    fn report_empty_test(&mut self, claim: Span) {
        let error = Diagnostic::error("syntax::expected", claim, "this test claims nothing")
            .help("a test is written `test \"claim\" condition`");
        let next = self.token();
        let error = if next.line_before() && next.kind != TokenKind::End {
            error.also(next.span(self.id), "the next item begins here")
        } else {
            error
        };
        self.report(error);
    }

    /// `{ items }`.
    fn block(&mut self) -> Option<Vec<Item>> {
        if !self.at(TokenKind::BraceOpen) {
            let error = self.expected("`{` and definitions");
            self.report_expected(error);
            return None;
        }
        let (open, close) = (self.next, self.partner(self.next));
        self.shape_to(Form::Block, open, close + 1);
        let room = self.room(6);
        let items = self.deeper(
            |parser| Some(parser.inside(false, "`}`", |parser| parser.items(room))),
            |_| None,
        );
        if items.is_none() && self.next <= close {
            self.go_behind(close);
        }
        items
    }

    fn definition(&mut self) -> Option<ItemKind> {
        let first = self.next;
        if !matches!(self.token().kind, TokenKind::Word | TokenKind::StrOpen) {
            let error = self.expected("a definition").help(
                "a module is a sequence of definitions such as `a.b = 1`; a file with one expression is loaded with `import(…)`",
            );
            self.report_expected(error);
            return None;
        }
        let path = self.names_path()?;
        if self.defines("definition") {
            let value = self.annotated();
            return Some(ItemKind::Definition { path, value });
        }
        let whole = self.span_from(first);
        let written = &self.text[whole.start as usize..whole.end as usize];
        let error = self.expected("`=`").also(whole, "this has no value");
        let error = if self.token().line_before() || self.at(TokenKind::End) {
            error.help(format!("a definition is written `{written} = …`"))
        } else {
            match nearest(written, ITEM_WORDS.into_iter()) {
                Some(word) => error.help(format!("did you mean `{word}`?")),
                None => error,
            }
        };
        self.report_expected(error);
        if !self.token().line_before() {
            self.skip_element();
        }
        None
    }

    /// `a.b."c d"`, where nothing may be computed.
    fn names_path(&mut self) -> Option<Vec<Name>> {
        let mut path = Vec::with_capacity(4);
        loop {
            path.push(self.path_name()?);
            // A dot at the beginning of a line belongs to the path only if a definition's head follows.
            let dotted = self.at(TokenKind::Dot)
                && (!self.token().line_before() || self.sees(|rest| dot_head(rest)));
            if !dotted {
                return Some(path);
            }
            self.bump();
        }
    }

    /// A name, or a string without interpolation.
    pub(super) fn path_name(&mut self) -> Option<Name> {
        if self.at(TokenKind::Word) {
            return Some(self.read_name());
        }
        match self.literal_key() {
            Some(Key::Name(name)) => Some(name),
            Some(Key::Computed(key)) => {
                let error = "this can't be computed";
                self.report(
                    Diagnostic::error("syntax::literal_path", key.span, error)
                        .label("this name interpolates")
                        .help("make a record on the right side: `a = { \"${key}\" = … }`"),
                );
                Some(Name {
                    symbol: self.names.intern(""),
                    span: key.span,
                })
            }
            None => {
                let error = if self.at(TokenKind::BracketOpen) {
                    self.expected("a name").help("a definition's path is literal; make a record on the right side: `a = { \"${key}\" = … }`")
                } else {
                    self.expected("a name")
                };
                self.report_expected(error);
                None
            }
        }
    }
}

fn dot_head(input: Tokens<'_>) -> nom::IResult<Tokens<'_>, ()> {
    use nom::Parser as _;
    nom::sequence::preceded(super::tokens::kind(TokenKind::Dot), binding_head).parse(input)
}
