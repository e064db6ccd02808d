//! The lock: which packages a configuration means, exactly.
//!
//! In: solutions, or the text of `cairn.lock`. Out: that text, with a package a line so that its diffs are read, and the answers
//! to "does it still cover the configuration?" and "what changed?". Names no mirror.

use crate::index::{Origin, Package};
use crate::solve::Solution;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Name of a set (`system`, `tools`) → the relations that were asked for.
pub type Wanted = BTreeMap<String, BTreeSet<String>>;

/// `cairn.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of the form: 1.
    pub version: u32,
    /// The archive it was solved against.
    pub archive: LockedArchive,
    /// Date of the newest InRelease, seconds since 1970: `SOURCE_DATE_EPOCH` of everything built from it.
    pub epoch: i64,
    /// What was asked for.
    pub wanted: Wanted,
    /// What it came to, each sorted by name.
    pub sets: BTreeMap<String, Vec<LockedPackage>>,
}

/// The archive of a lock, without mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedArchive {
    /// `trixie`.
    pub suite: String,
    /// `main` …
    pub components: Vec<String>,
    /// `amd64`.
    pub architecture: String,
    /// One for each suite (`trixie`, `trixie-updates`, `trixie-security`).
    pub releases: Vec<LockedRelease>,
}

/// One signed suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRelease {
    /// `trixie-security`.
    pub suite: String,
    /// Which mirror has it.
    pub origin: Origin,
    /// Seconds since 1970.
    pub date: i64,
    /// Index path → SHA-256 of the index as fetched.
    pub indexes: BTreeMap<String, String>,
}

/// One package, with all that is needed to fetch it without an index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `amd64` or `all`.
    pub architecture: String,
    /// Bytes of the .deb.
    pub size: u64,
    /// SHA-256 of the .deb.
    pub sha256: String,
    /// Which mirror has it.
    pub origin: Origin,
    /// Pool path below the mirror.
    pub path: String,
    /// Kibibytes when unpacked, as its maintainers say.
    pub installed_size_kib: u64,
}

/// Whether a lock covers a wish list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// (set, relation) asked for but not locked.
    pub missing: Vec<(String, String)>,
    /// (set, relation) locked but no longer asked for.
    pub superfluous: Vec<(String, String)>,
}

impl Coverage {
    /// Whether lock and wish list agree.
    pub fn is_exact(&self) -> bool {
        self.missing.is_empty() && self.superfluous.is_empty()
    }
}

/// What one lock has that another has not, over all sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockDiff {
    /// New packages.
    pub added: Vec<LockedPackage>,
    /// Packages that went.
    pub removed: Vec<LockedPackage>,
    /// (before, after), the version rose (or only the content changed).
    pub upgraded: Vec<(LockedPackage, LockedPackage)>,
    /// (before, after), the version fell.
    pub downgraded: Vec<(LockedPackage, LockedPackage)>,
}

/// Why a lock can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Not JSON of this form.
    #[error("the lock can't be read")]
    Form(#[from] serde_json::Error),
    /// Made by a later Cairn.
    #[error("the lock has form {0}, this Cairn reads form 1")]
    Version(u64),
}

impl From<&Package<'_>> for LockedPackage {
    fn from(package: &Package<'_>) -> Self {
        Self {
            name: package.name.into(),
            version: package.version.into(),
            architecture: package.architecture.into(),
            size: package.size,
            sha256: package.sha256.into(),
            origin: package.origin,
            path: package.filename.into(),
            installed_size_kib: package.installed_size_kib,
        }
    }
}

impl Lock {
    /// Joins solved sets to a lock.
    pub fn new(
        archive: LockedArchive,
        wanted: Wanted,
        sets: &BTreeMap<String, Solution<'_>>,
    ) -> Self {
        todo!()
    }

    /// Reads `cairn.lock`.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        todo!()
    }

    /// Writes `cairn.lock`: JSON, a package a line.
    pub fn print(&self) -> String {
        todo!()
    }

    /// Compares what was asked for then with what is asked for now.
    pub fn covers(&self, wanted: &Wanted) -> Coverage {
        todo!()
    }

    /// The versions of a set, to hold them when solving again ([`crate::solve::Request::held`]).
    pub fn held(&self, set: &str) -> BTreeMap<String, String> {
        self.sets
            .get(set)
            .into_iter()
            .flatten()
            .map(|p| (p.name.clone(), p.version.clone()))
            .collect()
    }

    /// Every locked package once, sorted by name, whatever set it is in.
    pub fn packages(&self) -> Vec<&LockedPackage> {
        todo!()
    }

    /// What `after` changes.
    pub fn diff(&self, after: &Self) -> LockDiff {
        todo!()
    }
}
