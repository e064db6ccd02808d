//! What the lexer gives to the parser: flat tokens with byte ranges.
//!
//! In: nothing. Out: [`Token`] and the words that mean something of their own. Refuses to know grammar.

use crate::span::{SourceId, Span};

/// The kinds of tokens. A string is a run `StrOpen (StrText | InterpolationOpen … InterpolationClose)* StrClose`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word: a name, a reserved word or a contextual one.
    Word,
    /// A [`Number`].
    Number,
    /// `./x`, `../x`.
    Path,
    /// Text of a string.
    StrText,
    /// The opening quotes with their `$` prefix.
    StrOpen,
    /// The closing quotes.
    StrClose,
    /// `${`, or with more `$` where the string's prefix asks for them.
    InterpolationOpen,
    /// The `}` that ends an interpolation.
    InterpolationClose,
    /// `(`.
    ParenOpen,
    /// `)`.
    ParenClose,
    /// `[`.
    BracketOpen,
    /// `]`.
    BracketClose,
    /// `{`.
    BraceOpen,
    /// `}`.
    BraceClose,
    /// `,`.
    Comma,
    /// `;`, which the language does not have: the parser says so.
    Semicolon,
    /// `:`.
    Colon,
    /// `=`.
    Equal,
    /// `==`.
    EqualEqual,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `=>`.
    Arrow,
    /// `|>`.
    Pipe,
    /// `|`.
    Bar,
    /// `?`.
    Question,
    /// `?.`.
    QuestionDot,
    /// `??`.
    QuestionQuestion,
    /// `+`.
    Plus,
    /// `++`.
    PlusPlus,
    /// `-`.
    Minus,
    /// `*`.
    Star,
    /// `/`.
    Slash,
    /// `%`.
    Percent,
    /// `.`.
    Dot,
    /// `..`.
    DotDot,
    /// `...`.
    Ellipsis,
    /// `~`, which the language does not have: the parser says so.
    Tilde,
    /// A character that nothing begins with; the lexer reported it.
    Unknown,
    /// The end of the text.
    End,
}

impl TokenKind {
    /// What closes this opening bracket.
    pub fn closer(self) -> Option<Self> {
        Some(match self {
            Self::ParenOpen => Self::ParenClose,
            Self::BracketOpen => Self::BracketClose,
            Self::BraceOpen => Self::BraceClose,
            Self::InterpolationOpen => Self::InterpolationClose,
            Self::StrOpen => Self::StrClose,
            _ => return None,
        })
    }

    /// Whether this closes a bracket, an interpolation or a string.
    pub fn is_closer(self) -> bool {
        matches!(
            self,
            Self::ParenClose
                | Self::BracketClose
                | Self::BraceClose
                | Self::InterpolationClose
                | Self::StrClose
        )
    }
}

/// What a number stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
}

/// What stands between a token and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing at all.
    Nothing,
    /// Blanks or a comment.
    Space,
    /// A line break among them.
    Line,
}

impl Before {
    /// The same with blanks added.
    #[inline]
    pub(super) fn or_space(self) -> Self {
        if self == Self::Line {
            Self::Line
        } else {
            Self::Space
        }
    }
}

/// A token where it stands. There are as many as words and signs, so it is 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Which word it is, where it is one that may mean something of its own.
    pub keyword: Option<Keyword>,
    /// What stands between this token and the one before.
    pub before: Before,
    /// First byte.
    pub start: u32,
    /// One past the last byte; equal to `start` for what recovery put in.
    pub end: u32,
    /// Of an opening token, the index of its closing one; of a number, which of the lexer's numbers it is; of a
    /// string's text, which of the lexer's texts it is, counted from one, or 0 for the text as written.
    pub value: u32,
}

impl Token {
    /// The token's range.
    pub fn span(&self, source: SourceId) -> Span {
        Span {
            source,
            start: self.start,
            end: self.end,
        }
    }

    /// Whether a line break stands between this token and the one before.
    pub fn line_before(&self) -> bool {
        self.before == Before::Line
    }

    /// Whether anything at all stands between this token and the one before.
    pub fn space_before(&self) -> bool {
        self.before != Before::Nothing
    }

    /// Whether this is a reserved word.
    pub fn is_reserved(&self) -> bool {
        self.keyword.is_some_and(Keyword::is_reserved)
    }
}

/// The words that may mean something of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is called as it is written")]
pub enum Keyword {
    // The reserved words.
    Let,
    In,
    If,
    Then,
    Else,
    And,
    Or,
    Not,
    Has,
    True,
    False,
    Null,
    For,
    Where,
    // The others mean something at some places, in this language or in others.
    Import,
    Type,
    Option,
    When,
    Variant,
    Assert,
    Warn,
    Test,
    Force,
    Default,
    Priority,
    Before,
    After,
    Order,
    Remove,
    As,
    With,
    Rec,
    Inherit,
}

/// All keywords with their texts, in the order of their declaration.
const KEYWORDS: [(&str, Keyword); 33] = [
    ("let", Keyword::Let),
    ("in", Keyword::In),
    ("if", Keyword::If),
    ("then", Keyword::Then),
    ("else", Keyword::Else),
    ("and", Keyword::And),
    ("or", Keyword::Or),
    ("not", Keyword::Not),
    ("has", Keyword::Has),
    ("true", Keyword::True),
    ("false", Keyword::False),
    ("null", Keyword::Null),
    ("for", Keyword::For),
    ("where", Keyword::Where),
    ("import", Keyword::Import),
    ("type", Keyword::Type),
    ("option", Keyword::Option),
    ("when", Keyword::When),
    ("variant", Keyword::Variant),
    ("assert", Keyword::Assert),
    ("warn", Keyword::Warn),
    ("test", Keyword::Test),
    ("force", Keyword::Force),
    ("default", Keyword::Default),
    ("priority", Keyword::Priority),
    ("before", Keyword::Before),
    ("after", Keyword::After),
    ("order", Keyword::Order),
    ("remove", Keyword::Remove),
    ("as", Keyword::As),
    ("with", Keyword::With),
    ("rec", Keyword::Rec),
    ("inherit", Keyword::Inherit),
];

impl Keyword {
    /// Whether it can't be a variable. As a key (`r.if`, `{ for = 1 }`) it is a name like any other.
    pub fn is_reserved(self) -> bool {
        self <= Self::Where
    }

    /// The word.
    pub fn text(self) -> &'static str {
        KEYWORDS[self as usize].0
    }

    /// Which one a word is.
    pub fn of(word: &str) -> Option<Self> {
        let start = word.as_bytes().get(..LONGEST).unwrap_or(word.as_bytes());
        Self::in_window(pack(start), word.len())
    }

    /// Which one a word of so many bytes is, where these are its first eight bytes with what follows a shorter one.
    #[expect(clippy::inline_always, reason = "a call for each word shows")]
    #[inline(always)]
    pub(super) fn in_window(window: u64, length: usize) -> Option<Self> {
        if !(SHORTEST..=LONGEST).contains(&length) {
            return None;
        }
        let packed = window & (u64::MAX >> (64 - 8 * length));
        let (known, keyword) = BY_PACKED[slot(packed)];
        if known == packed { keyword } else { None }
    }
}

/// How many bytes a keyword has.
const SHORTEST: usize = 2;
const LONGEST: usize = 8;

/// Up to eight bytes, the first one lowest.
pub(super) const fn pack(bytes: &[u8]) -> u64 {
    let (mut packed, mut left) = (0, bytes.len());
    while left > 0 {
        left -= 1;
        packed = packed << 8 | bytes[left] as u64;
    }
    packed
}

/// Where a packed word stands in [`BY_PACKED`] if it is a keyword: the factor was found by trying until no two shared a place.
#[inline]
const fn slot(packed: u64) -> usize {
    (packed.wrapping_mul(0x81b6_98ac_13cf_ba03) >> 58) as usize
}

/// The keywords by their packed texts, so that a word is compared with one of them at most.
static BY_PACKED: [(u64, Option<Keyword>); 64] = {
    let mut table = [(0, None); 64];
    let mut next = 0;
    while next < KEYWORDS.len() {
        let (text, keyword) = KEYWORDS[next];
        let packed = pack(text.as_bytes());
        assert!(keyword as usize == next && table[slot(packed)].1.is_none());
        table[slot(packed)] = (packed, Some(keyword));
        next += 1;
    }
    table
};

/// Whether `text` can't be a variable.
pub fn is_reserved(text: &str) -> bool {
    Keyword::of(text).is_some_and(Keyword::is_reserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_found_by_its_text_alone() {
        for (text, keyword) in KEYWORDS {
            assert_eq!(Keyword::of(text), Some(keyword));
            assert_eq!(keyword.text(), text);
            for other in [&text[1..], &text[..text.len() - 1]] {
                let known = KEYWORDS.iter().any(|(text, _)| *text == other);
                assert!(known || Keyword::of(other).is_none(), "{other}");
            }
            let (before, after) = (format!("x{text}"), format!("{text}x"));
            assert_eq!(Keyword::of(&before), None);
            assert_eq!(Keyword::of(&after), None);
            let window = pack(&[text.as_bytes(), b"= 123456"].concat()[..LONGEST]);
            assert_eq!(Keyword::in_window(window, text.len()), Some(keyword));
            assert_eq!(Keyword::in_window(window, text.len() + 8), None);
        }
        assert_eq!(Keyword::of(""), None);
        assert_eq!(Keyword::of("\0\0"), None);
    }
}
