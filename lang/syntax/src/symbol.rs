//! Names as small integers: comparing two names is comparing two `u32`.

use foldhash::HashMap;

/// An interned name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// The table of all names of one evaluation.
#[derive(Debug, Clone)]
pub struct Interner {
    /// Short names that were met last, each at its place: the same few are met over and over, and need no table.
    last: Box<[(Short, Symbol); LAST]>,
    short: HashMap<Short, Symbol>,
    long: HashMap<Box<str>, Symbol>,
    texts: Vec<Box<str>>,
}

/// How many names are kept at hand.
const LAST: usize = 512;

impl Default for Interner {
    fn default() -> Self {
        Self {
            last: Box::new([(Short::NONE, Symbol(0)); LAST]),
            short: HashMap::default(),
            long: HashMap::default(),
            texts: Vec::new(),
        }
    }
}

impl Interner {
    /// The symbol of a name; the same text always gives the same symbol.
    pub fn intern(&mut self, text: &str) -> Symbol {
        self.intern_part(text, 0, text.len())
    }

    /// The symbol of the name that is a part of a text, from one byte to another.
    #[inline]
    pub fn intern_part(&mut self, text: &str, start: usize, end: usize) -> Symbol {
        match Short::part(text.as_bytes(), start, end) {
            Some(short) => match self.last[short.place()] {
                (known, symbol) if known == short => symbol,
                _ => self.intern_short(short, &text[start..end]),
            },
            None => self.intern_long(&text[start..end]),
        }
    }

    #[inline(never)]
    fn intern_short(&mut self, short: Short, text: &str) -> Symbol {
        let texts = &mut self.texts;
        let symbol = *self.short.entry(short).or_insert_with(|| add(texts, text));
        self.last[short.place()] = (short, symbol);
        symbol
    }

    #[inline(never)]
    fn intern_long(&mut self, text: &str) -> Symbol {
        if let Some(symbol) = self.long.get(text) {
            return *symbol;
        }
        let symbol = add(&mut self.texts, text);
        self.long.insert(text.into(), symbol);
        symbol
    }

    /// The text of a symbol that this table gave.
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol.0 as usize]
    }

    /// The symbol of a text that was interned before.
    pub fn get(&self, text: &str) -> Option<Symbol> {
        match Short::new(text.as_bytes()) {
            Some(short) => self.short.get(&short).copied(),
            None => self.long.get(text).copied(),
        }
    }
}

fn add(texts: &mut Vec<Box<str>>, text: &str) -> Symbol {
    texts.push(text.into());
    Symbol(texts.len() as u32 - 1)
}

/// A text of at most 15 bytes, the first one lowest, and its length in the highest byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Short(u64, u64);

impl Short {
    /// What no text is.
    const NONE: Self = Self(0, u64::MAX);

    /// Its place among the names at hand.
    #[inline]
    fn place(self) -> usize {
        let mixed = (self.0 ^ self.1.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as usize % LAST
    }

    /// As [`Short::new`] of a part of a text, with all read at once where sixteen bytes follow.
    #[inline]
    fn part(text: &[u8], start: usize, end: usize) -> Option<Self> {
        let length = end - start;
        let Some(window) = text.get(start..start + 16) else {
            return Self::new(&text[start..end]);
        };
        if length > 15 {
            return None;
        }
        let window = u128::from_le_bytes(window.try_into().ok()?);
        let (low, high) = (window as u64, (window >> 64) as u64);
        let length_byte = (length as u64) << 56;
        Some(if length < 8 {
            Self(low & !(u64::MAX << (8 * length)), length_byte)
        } else {
            let kept = !(u64::MAX << (8 * (length - 8)));
            Self(low, high & kept | length_byte)
        })
    }

    /// `None` for longer texts. Reads few times many bytes, some of them twice.
    #[inline]
    fn new(text: &[u8]) -> Option<Self> {
        let length = text.len();
        let (low, high) = match length {
            0 => (0, 0),
            1..=3 => {
                let byte = |at: usize| u64::from(text[at]) << (8 * at);
                (byte(0) | byte(length / 2) | byte(length - 1), 0)
            }
            4..=7 => {
                let (first, last) = (text.first_chunk()?, text.last_chunk()?);
                let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
                let last = u64::from(last) << (8 * (length - 4));
                (u64::from(first) | last, 0)
            }
            8..=15 => {
                let (first, last) = (text.first_chunk()?, text.last_chunk()?);
                let last = u64::from_le_bytes(*last) >> 8 >> (8 * (15 - length));
                (u64::from_le_bytes(*first), last)
            }
            _ => return None,
        };
        Some(Self(low, high | (length as u64) << 56))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_kept_whole() {
        let text = "abcdefghijklmnop";
        for length in 0..16 {
            let Short(low, high) = Short::new(&text.as_bytes()[..length]).unwrap();
            let bytes = [low.to_le_bytes(), high.to_le_bytes()].concat();
            assert_eq!(&bytes[..length], &text.as_bytes()[..length]);
            assert!(bytes[length..15].iter().all(|byte| *byte == 0));
            assert_eq!(bytes[15] as usize, length);
            let longer = format!("-{text}{text}");
            let part = Short::part(longer.as_bytes(), 1, length + 1);
            assert_eq!(part, Some(Short(low, high)));
        }
        assert_eq!(Short::new(text.as_bytes()), None);
        assert_eq!(Short::part(text.as_bytes(), 0, 16), None);
    }

    #[test]
    fn the_same_text_is_the_same_symbol() {
        let mut names = Interner::default();
        let texts: Vec<String> = (0..40)
            .flat_map(|length| ["a", "b", "\0"].map(|letter| letter.repeat(length)))
            .collect();
        let symbols: Vec<Symbol> = texts.iter().map(|text| names.intern(text)).collect();
        for (text, symbol) in texts.iter().zip(&symbols) {
            assert_eq!(names.intern(text), *symbol);
            assert_eq!(names.get(text), Some(*symbol));
            assert_eq!(names.text(*symbol), text);
        }
        // Three empty texts are one.
        let distinct: std::collections::BTreeSet<_> = symbols.iter().collect();
        assert_eq!(distinct.len(), texts.len() - 2);
        assert_eq!(names.get("never"), None);
    }
}
