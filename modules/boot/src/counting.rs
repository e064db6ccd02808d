//! The counter in the name of a boot entry: `+LEFT-DONE`.
//!
//! Source: Boot Loader Specification, "Boot counting". In and out: text; knows no files.

use std::fmt;

/// How often an entry may still be tried, and how often it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counter {
    /// Tries left; at zero the entry is bad and sorts last.
    pub tries_left: u32,
    /// Tries done.
    pub tries_done: u32,
}

impl Counter {
    /// The counter of an entry that was never booted.
    pub const fn fresh() -> Self {
        Self {
            tries_left: crate::TRIES,
            tries_done: 0,
        }
    }

    /// Whether the loader has given the entry up.
    pub const fn is_spent(self) -> bool {
        self.tries_left == 0
    }

    /// Splits `name+LEFT-DONE` or `name+LEFT`; a name without a counter comes back whole.
    pub(crate) fn split(stem: &str) -> (&str, Option<Self>) {
        let Some((name, counter)) = stem.rsplit_once('+') else {
            return (stem, None);
        };
        let (left, done) = counter.split_once('-').unwrap_or((counter, "0"));
        match (number(left), number(done)) {
            (Some(tries_left), Some(tries_done)) => (
                name,
                Some(Self {
                    tries_left,
                    tries_done,
                }),
            ),
            _ => (stem, None),
        }
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}-{}", self.tries_left, self.tries_done)
    }
}

/// Digits only: `u32::from_str` would take a sign.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
