//! What happens while a graph is realised, for whoever shows it.

use crate::builder::Kind;
use cairn_graph::{ActionKey, DerivationId, Output};
use std::time::Duration;

/// One thing that happened; sent from any thread, in order for each derivation.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What is to be made, before anything is.
    Planned {
        /// Derivations in the wanted closure.
        wanted: usize,
        /// Known to be made.
        to_make: Vec<DerivationId>,
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
