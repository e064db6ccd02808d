//! Chooses the packages that a wish list needs.
//!
//! In: a [`Universe`] and a [`Request`]. Out: a checked [`Solution`], or why there is none. Depth first and greedy: the
//! first viable alternative, the real package before a provider. No recommends. Agrees with apt from an empty system.

use crate::index::Package;
use crate::universe::Universe;
use std::collections::BTreeMap;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Relations as in a `Depends` field, one each: `nginx`, `linux-image-amd64`, `a | b`, `foo (>= 1)`.
    pub wanted: Vec<String>,
    /// Also everything marked `Essential: yes`, as every root needs.
    pub essential: bool,
    /// Name → version that must be kept where the package is needed and the version is still offered.
    pub held: BTreeMap<String, String>,
}

/// A set that is complete and free of conflicts.
#[derive(Debug, Clone)]
pub struct Solution<'a> {
    /// Sorted by name; assumed packages are not in it.
    pub packages: Vec<Package<'a>>,
    /// Names of the assumed packages that were used.
    pub assumed: Vec<String>,
}

/// There is no set, or greed found none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", crate::explain::text(self))]
pub struct Unsolvable {
    /// From the wish to the obstacle: `nginx`, `nginx depends on libc6 (>= 99)` …
    pub chain: Vec<String>,
    /// The obstacle.
    pub obstacle: Obstacle,
}

/// What stands in the way.
#[derive(Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// No package has or provides the name.
    Unknown {
        /// As asked for.
        name: String,
        /// The nearest names, the nearest first.
        nearest: Vec<String>,
    },
    /// The name is there, but in no version that is allowed.
    Version {
        /// The relation.
        wanted: String,
        /// What the archive has.
        offered: Vec<String>,
    },
    /// Two packages exclude each other.
    Conflict {
        /// The package that could not be added, with its version.
        package: String,
        /// The chosen package, with its version.
        with: String,
        /// Words: `postfix conflicts with mail-transport-agent`.
        reason: String,
        /// Why the other one is there, from its wish on.
        chain: Vec<String>,
    },
}

/// Solves.
pub fn solve<'a>(universe: &Universe<'a>, request: &Request) -> Result<Solution<'a>, Unsolvable> {
    todo!()
}
