//! Positions as editors count them.
//!
//! In: a text and byte offsets, or lines and columns. Out: the other of the two. Columns count UTF-16 units unless the
//! editor agreed on bytes or characters. A position beyond its line stands for the line's end, as the protocol says.

use gen_lsp_types::{Position, PositionEncodingKind, Range};

/// What a column counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// What the protocol counts by itself: a character beyond U+FFFF counts twice.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// Bytes where the editor can count them; characters over UTF-16 never, so that what is common stays common.
    pub fn choose(offered: &[PositionEncodingKind]) -> Self {
        if offered.contains(&PositionEncodingKind::UTF8) {
            Self::Utf8
        } else if offered.contains(&PositionEncodingKind::UTF16) || offered.is_empty() {
            Self::Utf16
        } else if offered.contains(&PositionEncodingKind::UTF32) {
            Self::Utf32
        } else {
            Self::Utf16
        }
    }

    /// Its name in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn width(self, letter: char) -> u32 {
        match self {
            Self::Utf8 => letter.len_utf8() as u32,
            Self::Utf16 => letter.len_utf16() as u32,
            Self::Utf32 => 1,
        }
    }

    /// The byte that a position stands for; always at a character's edge.
    pub fn offset(self, text: &str, position: Position) -> usize {
        let Some(start) = line_start(text, position.line) else {
            return text.len();
        };
        let mut column = 0;
        for (at, letter) in text[start..].char_indices() {
            if matches!(letter, '\n' | '\r') || column + self.width(letter) > position.character {
                return start + at;
            }
            column += self.width(letter);
        }
        text.len()
    }

    /// The position of a byte.
    pub fn position(self, text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let (mut line, mut start) = (0, 0);
        for (at, _) in lines(before) {
            (line, start) = (line + 1, at);
        }
        let column = before[start..]
            .chars()
            .map(|letter| self.width(letter))
            .sum();
        Position::new(line, column)
    }

    /// The range of some bytes. Walks the text from its beginning: who asks for many has [`Lines`].
    pub fn range(self, text: &str, start: usize, end: usize) -> Range {
        Range::new(self.position(text, start), self.position(text, end))
    }
}

/// Where the lines of a text begin, to find many positions in it.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    encoding: Encoding,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// The lines of a text.
    pub fn of(text: &'t str, encoding: Encoding) -> Self {
        let starts = std::iter::once(0).chain(lines(text).map(|(at, _)| at));
        Self {
            text,
            encoding,
            starts: starts.collect(),
        }
    }

    /// The position of a byte.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts[line];
        let within = self.encoding.position(&self.text[start..], offset - start);
        Position::new(line as u32 + within.line, within.character)
    }

    /// The range of some bytes.
    pub fn range(&self, start: usize, end: usize) -> Range {
        Range::new(self.position(start), self.position(end))
    }
}

/// The first byte of each line but the first, with the line break before it; `\r\n` and `\r` are line breaks too.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices(['\n', '\r']).filter_map(|(at, found)| {
        let pair = found == "\r" && text[at + 1..].starts_with('\n');
        (!pair).then_some((at + 1, found))
    })
}

fn line_start(text: &str, line: u32) -> Option<usize> {
    match line.checked_sub(1) {
        None => Some(0),
        Some(breaks) => lines(text).nth(breaks as usize).map(|(at, _)| at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = \"ä🪨x\"\r\nb\n\nlast";

    #[test]
    fn lines_find_what_a_walk_from_the_beginning_finds() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for text in [TEXT, "", "\r", "\r\n\r\n", "a\rb\n"] {
                let lines = Lines::of(text, encoding);
                for offset in 0..text.len() + 2 {
                    let walked = encoding.position(text, offset);
                    assert_eq!(lines.position(offset), walked, "{text:?} {offset}");
                }
            }
        }
    }

    #[test]
    fn columns_count_what_was_agreed_on() {
        let after_stone = TEXT.find('x').unwrap();
        for (encoding, column) in [
            (Encoding::Utf8, 11),
            (Encoding::Utf16, 8),
            (Encoding::Utf32, 7),
        ] {
            let position = Position::new(0, column);
            assert_eq!(encoding.position(TEXT, after_stone), position);
            assert_eq!(encoding.offset(TEXT, position), after_stone);
        }
    }

    #[test]
    fn every_offset_comes_back() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (offset, letter) in TEXT.char_indices() {
                // Between `\r` and `\n` is no place to be.
                if letter != '\n' {
                    assert_eq!(
                        encoding.offset(TEXT, encoding.position(TEXT, offset)),
                        offset
                    );
                }
            }
        }
    }

    #[test]
    fn a_position_outside_of_the_text_is_the_nearest_inside() {
        let encoding = Encoding::Utf16;
        assert_eq!(
            encoding.offset(TEXT, Position::new(0, 99)),
            TEXT.find('\r').unwrap()
        );
        assert_eq!(
            encoding.offset(TEXT, Position::new(2, 5)),
            TEXT.find("\nlast").unwrap()
        );
        assert_eq!(encoding.offset(TEXT, Position::new(9, 0)), TEXT.len());
        // Inside of a pair: before it.
        assert_eq!(
            encoding.offset(TEXT, Position::new(0, 7)),
            TEXT.find('🪨').unwrap()
        );
    }
}
