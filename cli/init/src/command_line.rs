//! The words of the kernel's command line that are ours.
//!
//! In: text. Out: a [`CommandLine`], and, when nothing is missing, a [`Wanted`]. Words that aren't ours are nobody's
//! business here; the last of several equal keys wins.

use crate::error::Error;
use std::io;

/// Which partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partition {
    /// By its unique id, lower-case.
    Id(String),
    /// By its name in the partition table.
    Label(String),
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "PARTUUID={id}"),
            Self::Label(label) => write!(f, "PARTLABEL={label}"),
        }
    }
}

/// What happens to edits below `/etc`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Etc {
    /// They work and are gone after a reboot.
    #[default]
    Transient,
    /// They are refused.
    Immutable,
}

/// Our words, as found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// `cairn.gen`, a label.
    pub generation: Option<String>,
    /// `cairn.root`, as written.
    pub root: Option<String>,
    /// `cairn.state`, as written.
    pub state: Option<String>,
    /// `cairn.etc`, as written.
    pub etc: Option<String>,
    /// `cairn.rescue`: stay instead of rebooting.
    pub rescue: bool,
    /// `systemd.watchdog_sec` is set: somebody will take over the watchdog.
    pub watchdog: bool,
}

/// What shall be booted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// A label.
    pub generation: String,
    /// BLAKE3 of the root image, 64 lower-case hexadecimal digits.
    pub root: String,
    /// Where everything lies.
    pub state: Partition,
    /// What happens to edits below `/etc`.
    pub etc: Etc,
}

impl CommandLine {
    /// Reads our words.
    pub fn parse(text: &str) -> Self {
        let mut line = Self::default();
        for word in text.split_ascii_whitespace() {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let place = match key {
                "cairn.gen" => &mut line.generation,
                "cairn.root" => &mut line.root,
                "cairn.state" => &mut line.state,
                "cairn.etc" => &mut line.etc,
                "cairn.rescue" => {
                    line.rescue = true;
                    continue;
                }
                "systemd.watchdog_sec" => {
                    line.watchdog = !matches!(value, "" | "0" | "off");
                    continue;
                }
                _ => continue,
            };
            *place = Some(value.to_owned());
        }
        line
    }

    /// What shall be booted.
    ///
    /// Errors: a word that is missing, or has a form that can't be meant.
    pub fn wanted(&self) -> Result<Wanted, Error> {
        let need = |value: &Option<String>, name: &str| {
            let missing = || Error::new(format!("the kernel's command line has no `{name}`"));
            value.clone().ok_or_else(missing)
        };
        let root = need(&self.root, "cairn.root")?;
        let digits = root
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if root.len() != 64 || !digits {
            return Err(Error::new(format!(
                "`cairn.root={root}` is no digest of 64 hexadecimal digits"
            )));
        }
        let state = need(&self.state, "cairn.state")?;
        let state = match state.split_once('=') {
            Some(("PARTUUID", id)) => Partition::Id(id.to_ascii_lowercase()),
            Some(("PARTLABEL", label)) => Partition::Label(label.to_owned()),
            _ => {
                return Err(Error::new(format!(
                    "`cairn.state={state}` is neither PARTUUID=… nor PARTLABEL=…"
                )));
            }
        };
        let etc = match self.etc.as_deref() {
            None | Some("transient") => Etc::Transient,
            Some("immutable") => Etc::Immutable,
            Some(other) => {
                return Err(Error::new(format!(
                    "`cairn.etc={other}` is neither transient nor immutable"
                )));
            }
        };
        Ok(Wanted {
            generation: self.generation.clone().unwrap_or_else(|| "?".into()),
            root,
            state,
            etc,
        })
    }
}

/// The command line of the running kernel.
pub(crate) fn read() -> io::Result<CommandLine> {
    Ok(CommandLine::parse(&std::fs::read_to_string(
        "/proc/cmdline",
    )?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ROOT: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn wanted(rest: &str) -> Result<Wanted, String> {
        let text = format!("quiet cairn.root={ROOT} {rest}\n");
        let line = CommandLine::parse(&text);
        line.wanted().map_err(|error| error.to_string())
    }

    #[test]
    fn takes_our_words_and_leaves_the_others() {
        let wanted = wanted("ro cairn.gen=7 cairn.state=PARTUUID=AB-CD cairn.etc=immutable x.y=z");
        let wanted = wanted.unwrap();
        assert_eq!(wanted.generation, "7");
        assert_eq!(wanted.state, Partition::Id("ab-cd".into()));
        assert_eq!(wanted.etc, Etc::Immutable);
    }

    #[test]
    fn last_of_equal_keys_wins() {
        let wanted = wanted("cairn.state=PARTLABEL=a cairn.state=PARTLABEL=b").unwrap();
        assert_eq!(wanted.state, Partition::Label("b".into()));
    }

    #[test]
    fn etc_is_transient_unless_said_otherwise() {
        assert_eq!(
            wanted("cairn.state=PARTLABEL=a").unwrap().etc,
            Etc::Transient
        );
        let error = wanted("cairn.state=PARTLABEL=a cairn.etc=odd").unwrap_err();
        assert!(error.contains("cairn.etc=odd"), "{error}");
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        assert!(wanted("").unwrap_err().contains("no `cairn.state`"));
        assert!(
            wanted("cairn.state=/dev/sda1")
                .unwrap_err()
                .contains("neither")
        );
        let short = wanted("cairn.state=PARTLABEL=a cairn.root=abc").unwrap_err();
        assert!(short.contains("64 hexadecimal digits"), "{short}");
        let path = wanted("cairn.state=PARTLABEL=a cairn.root=../../../etc/passwd").unwrap_err();
        assert!(path.contains("64 hexadecimal digits"), "{path}");
    }

    #[test]
    fn watchdog_is_armed_only_if_somebody_takes_it_over() {
        assert!(CommandLine::parse("systemd.watchdog_sec=60").watchdog);
        assert!(!CommandLine::parse("systemd.watchdog_sec=0").watchdog);
        assert!(!CommandLine::parse("quiet").watchdog);
    }
}
