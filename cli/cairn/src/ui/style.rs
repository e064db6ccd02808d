//! Colours and units: how a number of bytes, a time or an emphasis is written.
//!
//! Colours are always written; `anstream` takes them out where they are not wanted.

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE forces it.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl ColorChoice {
    /// Makes this the choice of the whole process.
    pub fn apply(self) {
        match self {
            Self::Auto => {}
            Self::Always => anstream::ColorChoice::Always.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
        }
    }

    /// Whether what goes to stderr is coloured.
    pub fn on_stderr(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
            }
        }
    }
}

/// For what is added or good.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// For what is removed or bad.
pub const BAD: Style = AnsiColor::Red.on_default();
/// For what is changed or deserves a look.
pub const CHANGED: Style = AnsiColor::Yellow.on_default();
/// For what may be overlooked.
pub const QUIET: Style = Style::new().dimmed();
/// For what must not be overlooked.
pub const STRONG: Style = Style::new().bold();

/// Text in a style.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A number of bytes with three digits at least: `0 B`, `999 B`, `1.5 KiB`, `12.0 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "one decimal is shown, 52 bits are plenty"
    )]
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A difference of bytes with its sign: `+1.5 KiB`, `-12 B`, `±0 B`.
pub fn signed_bytes(change: i64) -> String {
    let size = bytes(change.unsigned_abs());
    match change.signum() {
        1 => format!("+{size}"),
        -1 => format!("-{size}"),
        _ => format!("±{size}"),
    }
}

/// A duration: `85 ms`, `3.2 s`, `2 min 05 s`.
pub fn duration(time: std::time::Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// A word in the number that fits its count: `1 package`, `2 packages`.
pub fn count(number: usize, word: &str) -> String {
    if number == 1 {
        format!("1 {word}")
    } else {
        format!("{number} {word}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn bytes_are_written_in_binary_units() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(185 << 20), "185.0 MiB");
        assert_eq!(signed_bytes(-1536), "-1.5 KiB");
        assert_eq!(signed_bytes(0), "±0 B");
    }

    #[test]
    fn durations_get_coarser_as_they_grow() {
        assert_eq!(duration(Duration::from_millis(85)), "85 ms");
        assert_eq!(duration(Duration::from_millis(3210)), "3.2 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 05 s");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [count(1, "unit"), count(0, "unit"), count(2, "unit")],
            ["1 unit", "0 units", "2 units"]
        );
    }
}
