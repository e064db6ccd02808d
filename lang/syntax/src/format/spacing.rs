//! Blanks between two tokens of one line.
//!
//! In: two neighbouring tokens. Out: whether a blank stands between them. Refuses to know lines.
//!
//! Where a blank decides what a text means, it stays as it was: a call's bracket touches what is called, the word
//! `force` with a blank after it is an annotation, and without one it is a name like any other.

use crate::lexer::token::{Token, TokenKind as K};

/// Two neighbours and what is known of them.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'t> {
    /// The kind of the one in front.
    pub before: &'t K,
    /// Its text.
    pub text: &'t str,
    /// As what it stands there.
    pub role: Role,
    /// The one after it.
    pub after: &'t Token,
    /// Whether that one is a `?` or `??` of a type.
    pub nullable: bool,
}

/// As what the token in front stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A key, after a dot.
    Key,
    /// The first word of an item.
    ItemWord,
    /// A `-` that is a sign.
    Sign,
    /// Anything else.
    Plain,
}

/// The words that are an annotation or a form of their own only if a blank and an operand follow.
const BY_BLANK: [&str; 12] = [
    "type", "assert", "with", "rec", "import", "force", "default", "priority", "before", "after",
    "order", "remove",
];

/// Reserved words that an expression in brackets can follow; none of them can be called.
const NOT_CALLED: [&str; 10] = [
    "in", "if", "then", "else", "and", "or", "not", "has", "for", "where",
];

/// Whether a blank stands between the two.
pub fn blank(pair: Pair<'_>) -> bool {
    let after = &pair.after.kind;
    match (pair.before, after) {
        // A path would take the dot for its own.
        (K::Path, K::Dot) => true,
        (_, K::Comma | K::Colon | K::ParenClose | K::BracketClose | K::Dot | K::QuestionDot)
        | (K::ParenOpen | K::BracketOpen | K::Dot | K::QuestionDot | K::Ellipsis, _)
        | (K::BraceOpen, K::BraceClose) => false,
        _ if pair.role == Role::Sign || pair.nullable => false,
        (K::Word, K::ParenOpen) if pair.role == Role::ItemWord => true,
        (K::Word, K::ParenOpen) if NOT_CALLED.contains(&pair.text) && pair.role != Role::Key => {
            true
        }
        (
            K::Word
            | K::Number
            | K::Path
            | K::StrClose
            | K::ParenClose
            | K::BracketClose
            | K::BraceClose,
            K::ParenOpen,
        ) => pair.after.space_before(),
        (K::Word, K::StrOpen | K::BracketOpen | K::BraceOpen | K::Path)
            if BY_BLANK.contains(&pair.text) && pair.role != Role::ItemWord =>
        {
            pair.after.space_before()
        }
        _ => true,
    }
}
