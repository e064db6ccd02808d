//! The signed description of a suite (InRelease).
//!
//! In: the *verified* text, never what surrounded it. Out: dates, names and the digests of the indexes.
//! Has no clock: whether it is too old is asked with a time. Source: DebianRepository/Format.

use std::collections::BTreeMap;

/// Why a text is no Release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A field is missing.
    #[error("the release file has no field `{0}`")]
    Missing(&'static str),
    /// A date that isn't one.
    #[error("the release file's `{field}` is not a date: `{value}`")]
    Date {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// A line of the digest table.
    #[error("the release file's SHA256 table has a line `{0}`")]
    Table(String),
    /// The index of this component and architecture isn't listed.
    #[error("the suite {suite} has no index of component {component} for {architecture}")]
    NoIndex {
        /// Suite or code name.
        suite: String,
        /// Asked for.
        component: String,
        /// Asked for.
        architecture: String,
    },
}

/// A suite's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// `stable`, `stable-updates` …; empty when it isn't said.
    pub suite: String,
    /// `trixie`, `trixie-updates`, `trixie-security`.
    pub codename: String,
    /// `Debian`, `Debian-Security`… as signed.
    pub origin: String,
    /// `Debian`, `Debian-Security`.
    pub label: String,
    /// `13.1`; empty when it isn't said.
    pub version: String,
    /// Seconds since 1970.
    pub date: i64,
    /// Seconds since 1970; the end of validity, where the archive states one.
    pub valid_until: Option<i64>,
    /// `main`, `contrib` … (`updates/main` of security suites is written without its prefix).
    pub components: Vec<String>,
    /// `amd64` …
    pub architectures: Vec<String>,
    /// Whether indexes can be fetched by digest.
    pub acquire_by_hash: bool,
    /// Path below `dists/<suite>/` → digest and size.
    pub files: BTreeMap<String, ReleaseFile>,
}

/// One line of the digest table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// Where an index is fetched and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// Path below `dists/<suite>/` in the table.
    pub path: String,
    /// Path below `dists/<suite>/` to fetch: by digest where the archive has it.
    pub fetch_path: String,
    /// Lower-case hexadecimal, of the file as fetched.
    pub sha256: String,
    /// Bytes, of the file as fetched.
    pub size: u64,
}

impl Release {
    /// Reads the verified text.
    pub fn parse(text: &str) -> Result<Self, ReleaseError> {
        todo!()
    }

    /// Seconds by which it has expired at `now` (seconds since 1970); zero while it is valid or never expires.
    pub fn expired_secs(&self, now: i64) -> u64 {
        self.valid_until
            .map_or(0, |until| now.saturating_sub(until).max(0) as u64)
    }

    /// The binary index of a component: `.xz`, else `.gz`, else plain.
    pub fn index(&self, component: &str, architecture: &str) -> Result<IndexFile, ReleaseError> {
        todo!()
    }
}
