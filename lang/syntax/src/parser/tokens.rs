//! Small grammar over tokens as nom parsers: heads and look-aheads that never recurse.
//!
//! In: the rest of a token slice. Out: what stands at its beginning. Refuses to report errors: where one of
//! these does not match, the parser goes another way.

use nom::branch::alt;
use nom::combinator::{map_opt, not, opt, value, verify};
use nom::error::{Error, ErrorKind, ParseError};
use nom::multi::{many0_count, separated_list1};
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{IResult, Input, Needed, Parser};

use crate::ast::Annotation;
use crate::lexer::token::{Keyword, Number, Token, TokenKind};

/// The rest of a file's tokens.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    /// What its numbers stand for.
    pub numbers: &'a [Number],
    /// What is left.
    pub rest: &'a [Token],
}

type Read<'a, T> = IResult<Tokens<'a>, T>;

impl<'a> Tokens<'a> {
    fn with(self, rest: &'a [Token]) -> Self {
        Self { rest, ..self }
    }
}

impl<'a> Input for Tokens<'a> {
    type Item = &'a Token;
    type Iter = std::slice::Iter<'a, Token>;
    type IterIndices = std::iter::Enumerate<std::slice::Iter<'a, Token>>;

    fn input_len(&self) -> usize {
        self.rest.len()
    }

    fn take(&self, index: usize) -> Self {
        self.with(&self.rest[..index])
    }

    fn take_from(&self, index: usize) -> Self {
        self.with(&self.rest[index..])
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.take_from(index), self.take(index))
    }

    fn position<P: Fn(Self::Item) -> bool>(&self, predicate: P) -> Option<usize> {
        self.rest.iter().position(predicate)
    }

    fn iter_elements(&self) -> Self::Iter {
        self.rest.iter()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.rest.iter().enumerate()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        if count <= self.rest.len() {
            Ok(count)
        } else {
            Err(Needed::new(count - self.rest.len()))
        }
    }
}

fn one(input: Tokens<'_>) -> Read<'_, &Token> {
    match input.rest.split_first() {
        Some((token, rest)) => Ok((input.with(rest), token)),
        None => Err(nom::Err::Error(Error::from_error_kind(
            input,
            ErrorKind::Eof,
        ))),
    }
}

/// A token of this kind.
pub fn kind<'a>(
    wanted: TokenKind,
) -> impl Parser<Tokens<'a>, Output = &'a Token, Error = Error<Tokens<'a>>> {
    verify(one, move |token: &&Token| token.kind == wanted)
}

/// Any word.
pub fn word(input: Tokens<'_>) -> Read<'_, &Token> {
    kind(TokenKind::Word).parse(input)
}

/// This word.
pub fn exactly<'a>(
    wanted: Keyword,
) -> impl Parser<Tokens<'a>, Output = &'a Token, Error = Error<Tokens<'a>>> {
    verify(one, move |token: &&Token| token.keyword == Some(wanted))
}

/// A string without interpolation.
fn plain_string(input: Tokens<'_>) -> Read<'_, ()> {
    value(
        (),
        (
            kind(TokenKind::StrOpen),
            opt(kind(TokenKind::StrText)),
            kind(TokenKind::StrClose),
        ),
    )
    .parse(input)
}

/// `a.b."c" =`: something that can only be the beginning of a definition, a field or a binding.
pub fn binding_head(input: Tokens<'_>) -> Read<'_, ()> {
    let key = || alt((value((), word), plain_string));
    let rest = many0_count(preceded(kind(TokenKind::Dot), key()));
    value((), (key(), rest, kind(TokenKind::Equal))).parse(input)
}

/// `name =`: a named argument or a binding of a `let`.
pub fn named(input: Tokens<'_>) -> Read<'_, &Token> {
    terminated(word, kind(TokenKind::Equal)).parse(input)
}

/// `for k, v in`.
pub fn for_head(input: Tokens<'_>) -> Read<'_, Vec<&Token>> {
    let names = separated_list1(kind(TokenKind::Comma), word);
    delimited(exactly(Keyword::For), names, exactly(Keyword::In)).parse(input)
}

/// What stands before an annotated value: `force`, `priority(5)` and so on, and the last token of it.
pub fn annotation(input: Tokens<'_>) -> Read<'_, (Annotation, &Token)> {
    let number = map_opt(
        pair(opt(kind(TokenKind::Minus)), one),
        |(minus, token)| match (token.kind, input.numbers.get(token.value as usize)) {
            (TokenKind::Number, Some(Number::Int(number))) if minus.is_some() => {
                number.checked_neg()
            }
            (TokenKind::Number, Some(Number::Int(number))) => Some(*number),
            _ => None,
        },
    );
    let touching = verify(kind(TokenKind::ParenOpen), |token: &&Token| {
        !token.space_before()
    });
    let numbered = map_opt(
        (word, touching, number, kind(TokenKind::ParenClose)),
        |(name, _, number, close)| match name.keyword {
            Some(Keyword::Priority) => Some((Annotation::Priority(number), close)),
            Some(Keyword::Order) => Some((Annotation::Order(number), close)),
            _ => None,
        },
    );
    let simple = map_opt(word, |token| {
        let annotation = match token.keyword? {
            Keyword::Force => Annotation::Force,
            Keyword::Default => Annotation::Default,
            Keyword::Before => Annotation::Before,
            Keyword::After => Annotation::After,
            Keyword::Remove => Annotation::Remove,
            _ => return None,
        };
        Some((annotation, token))
    });
    let touched = verify(one, |token: &&Token| {
        token.kind == TokenKind::ParenOpen && !token.space_before()
    });
    alt((numbered, terminated(simple, not(touched)))).parse(input)
}

/// Whether a word is one of [`annotation`].
pub fn annotates(word: Keyword) -> bool {
    matches!(
        word,
        Keyword::Force
            | Keyword::Default
            | Keyword::Priority
            | Keyword::Before
            | Keyword::After
            | Keyword::Order
            | Keyword::Remove
    )
}
