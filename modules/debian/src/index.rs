//! A Packages file, read without copying.
//!
//! In: the decompressed text, its digest checked by others. Out: one [`Package`] of slices for each stanza.

/// Which archive a package's pool path belongs to: the two have mirrors of their own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The main archive, with `-updates`.
    Debian,
    /// The archive of security updates.
    Security,
}

/// Why an index can't be read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A stanza lacks what every package has.
    #[error("the package index, near byte {offset}: `{package}` has no {field}")]
    Missing {
        /// Where its stanza begins.
        offset: usize,
        /// Its name as far as known.
        package: String,
        /// What is missing.
        field: &'static str,
    },
    /// Not UTF-8.
    #[error("the package index is not UTF-8")]
    Encoding(#[from] std::str::Utf8Error),
}

/// One package as the archive offers it. Relations are unparsed: see [`crate::relation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the fields")]
pub struct Package<'a> {
    pub origin: Origin,
    pub name: &'a str,
    pub version: &'a str,
    pub architecture: &'a str,
    pub essential: bool,
    pub priority: &'a str,
    pub section: &'a str,
    pub multi_arch: &'a str,
    /// Kibibytes.
    pub installed_size_kib: u64,
    pub pre_depends: &'a str,
    pub depends: &'a str,
    pub conflicts: &'a str,
    pub breaks: &'a str,
    pub provides: &'a str,
    pub replaces: &'a str,
    /// Pool path below the mirror.
    pub filename: &'a str,
    /// Bytes of the .deb.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: &'a str,
    /// The first line only.
    pub description: &'a str,
}

/// All packages of an index, in its order.
#[derive(Debug, Clone, Default)]
pub struct Index<'a> {
    /// In the file's order.
    pub packages: Vec<Package<'a>>,
}

impl<'a> Index<'a> {
    /// Reads an index.
    pub fn parse(bytes: &'a [u8], origin: Origin) -> Result<Self, IndexError> {
        todo!()
    }
}
