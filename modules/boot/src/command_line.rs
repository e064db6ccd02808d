//! The kernel's command line of a generation.
//!
//! In: what the initrd has to know. Out: words. The hash decides what runs; the number is a label.

use cairn_graph::Digest;
use cairn_spec::{Console, EtcPolicy, SystemSpec};
use std::collections::BTreeSet;
use std::fmt;

/// What follows this word on a running kernel's command line was added by the machine at this boot, and is no part of the generation.
pub const ADDED: &str = "cairn.added";

/// Which partition holds store, `/var` and `/home`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatePartition {
    /// By the unique id of its entry in the partition table.
    PartUuid(String),
    /// By the name in the partition table.
    PartLabel(String),
}

impl fmt::Display for StatePartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PartUuid(uuid) => write!(f, "PARTUUID={}", uuid.to_ascii_lowercase()),
            Self::PartLabel(label) => write!(f, "PARTLABEL={label}"),
        }
    }
}

/// What a generation's command line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Its number, for people.
    pub generation: u32,
    /// BLAKE3 of the root image: what the initrd checks and mounts.
    pub root: Digest,
    /// Where the root image and all contents lie.
    pub state: StatePartition,
    /// What happens to edits below `/etc`.
    pub etc: EtcPolicy,
    /// Whether the kernel talks over the serial line.
    pub console: Console,
    /// Further words of the configuration, last, so that they win.
    pub params: Vec<String>,
}

impl CommandLine {
    /// The command line of this configuration as this generation.
    pub fn of(spec: &SystemSpec, generation: u32, root: Digest, state: StatePartition) -> Self {
        Self {
            generation,
            root,
            state,
            etc: spec.etc.policy,
            console: spec.boot.console,
            params: spec.kernel.params.clone(),
        }
    }

    /// The words, in order.
    ///
    /// `panic=10`: Debian's kernel halts for ever on a panic otherwise. `ro systemd.gpt_auto=0`: systemd
    /// neither mounts nor remounts what the initrd has set up. `systemd.watchdog_sec`: the initrd arms the hardware
    /// watchdog and systemd takes it over.
    pub fn words(&self) -> Vec<String> {
        let etc = match self.etc {
            EtcPolicy::Transient => "transient",
            EtcPolicy::Immutable => "immutable",
        };
        let mut words = vec![
            format!("cairn.gen={}", self.generation),
            format!("cairn.root={}", self.root),
            format!("cairn.state={}", self.state),
            format!("cairn.etc={etc}"),
            "ro".into(),
            "panic=10".into(),
            "systemd.gpt_auto=0".into(),
            "systemd.watchdog_sec=60".into(),
        ];
        if self.console == Console::Serial {
            words.extend(["console=tty0", "console=ttyS0,115200"].map(String::from));
        }
        words.extend(self.params.iter().cloned());
        // The library says some of these in its own words; what stands twice is the same word.
        let mut said = BTreeSet::new();
        words.retain(|word| said.insert(word.clone()));
        words
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}
