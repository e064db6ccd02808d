//! The script that turns a composed root into a configured one.
//!
//! In: the unpacked packages and an epoch. Out: a shell script that runs as root inside the composed root, without network: the
//! preinsts in order, `dpkg --configure -a`, the gates (`--audit`, `--verify`), then the [rules](crate::normalise).
//! Needs inside: `/proc`, `/dev` (null, zero, full, random, urandom, tty), an empty `/tmp` and `/run`.

use crate::database::{DatabaseError, Unpacked};

/// What is run in one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The whole script, for `/bin/sh`.
    pub script: String,
    /// Its environment; nothing else may be inherited.
    pub environment: Vec<(String, String)>,
    /// Files that must exist in the root before the script runs: (relative path, content, mode). The script removes what must not stay.
    pub files: Vec<(String, Vec<u8>, u32)>,
}

/// Raised whenever the recipe gives another result for the same packages.
pub const VERSION: u32 = 1;

/// Writes the recipe.
///
/// Errors: a control file can't be read.
pub fn recipe(packages: &[Unpacked], epoch: i64) -> Result<Recipe, DatabaseError> {
    todo!()
}

/// The numbers of the packages so that each stands behind what it pre-depends and depends on, as far as there are no cycles.
pub fn order(packages: &[Unpacked]) -> Result<Vec<usize>, DatabaseError> {
    todo!()
}
