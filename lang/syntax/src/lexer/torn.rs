//! Brackets in strings that did not end: they may be the partners of brackets outside.
//!
//! In: a text and the bytes of such strings. Out: whether it is certain that a bracket outside has no partner. Each bracket in
//! such a string speaks for one bracket outside, the nearest of its kind. Refuses to know tokens.

use std::ops::Range;

use super::token::TokenKind;

/// How many such strings are looked into; in a text with more of them nothing after those is certain.
const MOST: usize = 64;

/// The strings of a text that did not end, and what their brackets may still belong to.
pub struct Torn {
    strings: Vec<Loose>,
    /// The byte after which nothing is certain.
    end: usize,
}

/// A string that did not end.
struct Loose {
    bytes: Range<usize>,
    /// Of each kind, closing brackets in it that nothing in it opens.
    closing: [usize; 3],
    /// Of each kind, opening brackets in it that nothing in it closes.
    opening: [usize; 3],
}

impl Torn {
    /// Reads the brackets in strings that did not end.
    pub fn new(text: &str, strings: &[Range<usize>]) -> Self {
        let end = strings.get(MOST).map_or(usize::MAX, |bytes| bytes.start);
        let strings = strings.iter().take(MOST).map(|bytes| {
            let (mut closing, mut opening) = ([0; 3], [0; 3]);
            for byte in text[bytes.clone()].bytes() {
                if let Some(kind) = b"([{".iter().position(|sign| *sign == byte) {
                    opening[kind] += 1;
                } else if let Some(kind) = b")]}".iter().position(|sign| *sign == byte) {
                    match opening[kind] {
                        0 => closing[kind] += 1,
                        _ => opening[kind] -= 1,
                    }
                }
            }
            Loose {
                bytes: bytes.clone(),
                closing,
                opening,
            }
        });
        Self {
            strings: strings.collect(),
            end,
        }
    }

    /// Whether nothing closes an opening bracket whose contents reach from one byte to another. To be asked of the later ones first.
    pub fn is_unclosed(&mut self, sign: TokenKind, contents: &Range<usize>) -> bool {
        let Some(kind) = kind_of(sign) else {
            return true;
        };
        if contents.end > self.end {
            return false;
        }
        for string in &mut self.strings {
            if string.bytes.contains(&contents.start) {
                return false;
            }
            if contents.contains(&string.bytes.start) && string.closing[kind] > 0 {
                string.closing[kind] -= 1;
                return false;
            }
        }
        true
    }

    /// Whether nothing opens a closing bracket at a byte. To be asked of the earlier ones first.
    pub fn is_stray(&mut self, sign: TokenKind, at: usize) -> bool {
        let Some(kind) = kind_of(sign) else {
            return true;
        };
        if at > self.end {
            return false;
        }
        for string in self.strings.iter_mut().rev() {
            if string.bytes.contains(&at) {
                return false;
            }
            if string.bytes.end <= at && string.opening[kind] > 0 {
                string.opening[kind] -= 1;
                return false;
            }
        }
        true
    }
}

fn kind_of(sign: TokenKind) -> Option<usize> {
    Some(match sign {
        TokenKind::ParenOpen | TokenKind::ParenClose => 0,
        TokenKind::BracketOpen | TokenKind::BracketClose => 1,
        TokenKind::BraceOpen | TokenKind::BraceClose => 2,
        _ => return None,
    })
}
