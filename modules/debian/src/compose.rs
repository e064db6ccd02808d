//! Whose file it is when several packages bring the same path.
//!
//! In: the listings and control files of a set of unpacked packages. Out: which entries lose, or the conflict that no
//! `Replaces` explains. Knows no contents.

use crate::database::Unpacked;
use std::collections::BTreeSet;

/// Links that every merged root has, before any package is put in: (path, target).
pub const MERGED_LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
];

/// How listings merge into one root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Composition {
    /// (number of the package, path as it is in its listing) that must be left out, because another package replaces it.
    pub losers: BTreeSet<(usize, String)>,
}

/// Two packages bring the same file and neither may.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "packages {first} and {second} both bring /{path}, and neither says that it replaces the other"
)]
pub struct ComposeError {
    /// Package name.
    pub first: String,
    /// Package name.
    pub second: String,
    /// Relative to the root.
    pub path: String,
}

/// Where a path of a package lands: behind the links of a merged root (`bin/ls` → `usr/bin/ls`).
pub fn merged(path: &str) -> String {
    todo!()
}

/// Merges.
pub fn compose(packages: &[Unpacked]) -> Result<Composition, ComposeError> {
    todo!()
}
