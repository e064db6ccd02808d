//! What happens while a graph is realised, for whoever shows it.

use crate::builder::Kind;
use cairn_graph::{ActionKey, DerivationId, Output};
use std::time::Duration;

/// A derivation that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub id: DerivationId,
    /// Its name.
    pub name: String,
    /// What kind of work it is.
    pub kind: Kind,
    /// Bytes of a download, where they are declared.
    pub size: Option<u64>,
    /// Those of its inputs that are to be made too, each once.
    pub inputs: Vec<DerivationId>,
    /// How long everything takes that waits for it, and it itself: about, in milliseconds.
    pub urgency: u64,
}

/// One thing that happened; sent from any thread, in order for each derivation.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What is to be made, before anything is.
    Planned {
        /// Derivations in the wanted closure.
        wanted: usize,
        /// What is missing, or may be, each after what it needs.
        steps: Vec<Step>,
    },
    /// Actions are asked for elsewhere.
    Asking {
        /// How many.
        actions: usize,
    },
    /// Outputs come from elsewhere: so many bytes have.
    Taking {
        /// Bytes so far.
        done: u64,
    },
    /// An output came from elsewhere in place of a build.
    Taken {
        /// It.
        output: Output,
        /// From where, in words.
        whence: String,
    },
    /// A derivation needs no build: its output came from elsewhere after the plan was made.
    Came {
        /// Which.
        id: DerivationId,
        /// What it came out as there.
        output: Output,
    },
    /// Something went wrong that does not keep anything from being made.
    Warning {
        /// In words.
        text: String,
    },
    /// A build began.
    Started {
        /// Which.
        id: DerivationId,
        /// Its name.
        name: String,
        /// What kind of work it is.
        kind: Kind,
        /// Its key.
        action: ActionKey,
    },
    /// A build went on.
    Progress {
        /// Which.
        id: DerivationId,
        /// Bytes, or another unit that only the builder knows.
        done: u64,
        /// Of how many, where it is known.
        total: Option<u64>,
    },
    /// A line of a build's log.
    Line {
        /// Which.
        id: DerivationId,
        /// The line.
        line: String,
    },
    /// A build came to its end.
    Finished {
        /// Which.
        id: DerivationId,
        /// What came out.
        output: Output,
        /// How long it took.
        wall: Duration,
    },
    /// A derivation that seemed to need a build did not: its inputs came out as they were before.
    Skipped {
        /// Which.
        id: DerivationId,
        /// What it came out as then.
        output: Output,
    },
    /// A build failed.
    Failed {
        /// Which.
        id: DerivationId,
        /// Its name.
        name: String,
        /// The error and its causes, on one line.
        error: String,
        /// Whether it only ended since something else failed or the user wished it.
        cancelled: bool,
    },
}
