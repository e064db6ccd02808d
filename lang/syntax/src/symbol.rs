//! Names as small integers: comparing two names is comparing two `u32`.

use foldhash::HashMap;

/// An interned name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// The table of all names of one evaluation.
#[derive(Debug, Default, Clone)]
pub struct Interner {
    /// Most names are short: these are found without reading a text from memory.
    short: HashMap<Short, Symbol>,
    long: HashMap<Box<str>, Symbol>,
    texts: Vec<Box<str>>,
}

impl Interner {
    /// The symbol of a name; the same text always gives the same symbol.
    pub fn intern(&mut self, text: &str) -> Symbol {
        let short = Short::new(text.as_bytes());
        let known = short.as_ref().and_then(|short| self.short.get(short));
        known
            .copied()
            .unwrap_or_else(|| self.intern_seldom(short, text))
    }

    /// The symbol of a long name or a new one.
    #[cold]
    fn intern_seldom(&mut self, short: Option<Short>, text: &str) -> Symbol {
        if short.is_none()
            && let Some(symbol) = self.long.get(text)
        {
            return *symbol;
        }
        let symbol = Symbol(self.texts.len() as u32);
        self.texts.push(text.into());
        match short {
            Some(short) => self.short.insert(short, symbol),
            None => self.long.insert(text.into(), symbol),
        };
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

/// A text of at most 15 bytes, the first one lowest, and its length in the highest byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Short(u64, u64);

impl Short {
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
        }
        assert_eq!(Short::new(text.as_bytes()), None);
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
