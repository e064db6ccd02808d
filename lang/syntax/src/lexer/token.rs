//! What the lexer gives to the parser: flat tokens with byte ranges.
//!
//! In: nothing. Out: [`Token`] and the words that are reserved. Refuses to know grammar.

use crate::span::{SourceId, Span};

/// The kinds of tokens. A string is a run `StrOpen (StrText | InterpolationOpen … InterpolationClose)* StrClose`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TokenKind {
    /// A word: a name, a reserved word or a contextual one.
    Word,
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// `./x`, `../x`.
    Path,
    /// The opening quotes with their `$` prefix.
    StrOpen,
    /// Text of a string: which of the lexer's texts it stands for.
    StrText(u32),
    /// `${`, or with more `$` where the string's prefix asks for them.
    InterpolationOpen,
    /// The `}` that ends an interpolation.
    InterpolationClose,
    /// The closing quotes.
    StrClose,
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
    pub fn closer(&self) -> Option<Self> {
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
    pub fn is_closer(&self) -> bool {
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

/// A token where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// First byte.
    pub start: u32,
    /// One past the last byte; equal to `start` for what recovery put in.
    pub end: u32,
    /// Whether a line break stands between this token and the one before.
    pub line_before: bool,
    /// Whether anything at all stands between this token and the one before.
    pub space_before: bool,
    /// What kind of a word it is, where it is one.
    pub class: Class,
    /// The `##` lines before this token: which of the lexer's doc comments, counted from one; none for 0.
    pub doc: u32,
}

/// Whether a word may mean something of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It may not, or is no word.
    Plain,
    /// It always does, but as a key: see [`RESERVED`].
    Reserved,
    /// It does at some places, in this language or in others.
    Contextual,
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
}

/// The words that can't be variables. As keys (`r.if`, `{ for = 1 }`) they are names like any other.
pub const RESERVED: [&str; 14] = [
    "let", "in", "if", "then", "else", "and", "or", "not", "has", "true", "false", "null", "for",
    "where",
];

/// Whether `text` is in [`RESERVED`].
pub fn is_reserved(text: &str) -> bool {
    RESERVED.contains(&text)
}

/// The class of a word.
pub fn class(word: &[u8]) -> Class {
    match word {
        b"let" | b"in" | b"if" | b"then" | b"else" | b"and" | b"or" | b"not" | b"has" | b"true"
        | b"false" | b"null" | b"for" | b"where" => Class::Reserved,
        b"import" | b"type" | b"option" | b"when" | b"variant" | b"assert" | b"warn" | b"test"
        | b"force" | b"default" | b"priority" | b"before" | b"after" | b"order" | b"remove"
        | b"as" | b"with" | b"rec" | b"inherit" => Class::Contextual,
        _ => Class::Plain,
    }
}
