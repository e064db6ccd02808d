//! What the running kernel's command line says of the generation that was booted.
//!
//! In: text. Out: a [`Booted`]. The root's digest is what counts; the number is a label. Source of the words:
//! `cairn_boot::CommandLine`.

use crate::error::Error;
use cairn_boot::{ADDED, StatePartition};
use cairn_graph::Digest;

/// The generation that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booted {
    /// Its label.
    pub generation: Option<u32>,
    /// The digest of its root image.
    pub root: Digest,
    /// Where the store is.
    pub state: StatePartition,
    /// All words of the command line.
    pub words: Vec<String>,
}

impl Booted {
    /// Reads a command line; `None` when Cairn did not boot this machine.
    ///
    /// As in the initrd, the last of several equal words counts. Errors: [`Error::CommandLine`] when some of our words are there
    /// and make no sense.
    pub fn parse(text: &str) -> Result<Option<Self>, Error> {
        let words: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
        let value = |key: &str| {
            let mut matching = words.iter().rev().filter_map(|word| word.split_once('='));
            matching.find(|(name, _)| *name == key).map(|(_, v)| v)
        };
        let (root, state) = match (value("cairn.root"), value("cairn.state")) {
            (None, None) => return Ok(None),
            (Some(root), Some(state)) => (root, state),
            (None, Some(_)) => return Err(wrong("it has no `cairn.root`".into())),
            (Some(_), None) => return Err(wrong("it has no `cairn.state`".into())),
        };
        let no_digest = || wrong(format!("`cairn.root={root}` is no digest"));
        let partition = match state.split_once('=') {
            Some(("PARTUUID", id)) => StatePartition::PartUuid(id.to_owned()),
            Some(("PARTLABEL", label)) => StatePartition::PartLabel(label.to_owned()),
            _ => return Err(wrong(format!("`cairn.state={state}` names no partition"))),
        };
        Ok(Some(Self {
            generation: value("cairn.gen").and_then(|number| number.parse().ok()),
            root: root.parse().ok().ok_or_else(no_digest)?,
            state: partition,
            words,
        }))
    }

    /// The words that a generation decides: without its label, and without what boot loaders add.
    pub(crate) fn own_words(words: &[String]) -> Vec<&str> {
        let added = ["cairn.gen=", "initrd=", "BOOT_IMAGE="];
        let own = |word: &&str| !added.iter().any(|prefix| word.starts_with(prefix));
        let words = words.iter().map(String::as_str);
        words
            .take_while(|word| *word != ADDED)
            .filter(own)
            .collect()
    }
}

fn wrong(why: String) -> Error {
    Error::CommandLine { why }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_last_of_equal_words_counts_and_the_state_keeps_its_form() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let text = format!(
            "quiet cairn.gen=4 cairn.root={a} cairn.gen=7 cairn.root={b} cairn.state=PARTUUID=12-AB initrd=\\x\n"
        );
        let booted = Booted::parse(&text).unwrap().unwrap();
        assert_eq!(booted.generation, Some(7));
        assert_eq!(booted.root, b);
        assert_eq!(booted.state, StatePartition::PartUuid("12-AB".into()));
        assert!(!Booted::own_words(&booted.words).contains(&"initrd=\\x"));
    }

    #[test]
    fn what_a_machine_adds_at_a_boot_is_no_part_of_the_generation() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let running = words("initrd=\\x cairn.gen=1 ro quiet cairn.added tsc=reliable loglevel=5");
        assert_eq!(Booted::own_words(&running), ["ro", "quiet"]);
        let chosen = words("cairn.gen=2 ro quiet loglevel=5");
        assert_eq!(Booted::own_words(&chosen), ["ro", "quiet", "loglevel=5"]);
    }

    #[test]
    fn another_systems_command_line_is_nobodys_fault_and_half_of_ours_is() {
        assert_eq!(Booted::parse("ro quiet root=/dev/sda1").unwrap(), None);
        let root = Digest::of(b"a");
        for half in [
            format!("cairn.root={root}"),
            "cairn.state=PARTUUID=1".into(),
            "cairn.root=12 cairn.state=PARTUUID=1".into(),
            format!("cairn.root={root} cairn.state=/dev/sda2"),
        ] {
            assert!(
                matches!(Booted::parse(&half), Err(Error::CommandLine { .. })),
                "{half}"
            );
        }
    }
}
