//! dpkg's database, synthesised: what `dpkg --unpack` would have left after unpacking the same packages.
//!
//! In: control members, listings and conffiles of unpacked packages. Out: the files of `/var/lib/dpkg`. Conffiles count as
//! installed already, by their real names, so no `.dpkg-new` is left to settle. Source: dpkg(1), deb-conffiles(5).

use crate::compose::Composition;
use crate::universe::Assumed;
use std::collections::BTreeMap;

/// One package, unpacked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Name of the control member (`control`, `postinst`, …) → its bytes.
    pub control: BTreeMap<String, Vec<u8>>,
    /// Every path of the data archive in its order, relative, no trailing slash; the root is the empty path.
    pub listing: Vec<Listed>,
    /// Relative path of each file named by `conffiles` → its bytes.
    pub conffiles: BTreeMap<String, Vec<u8>>,
}

/// One path of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Relative, no trailing slash.
    pub path: String,
    /// Directories may belong to many packages.
    pub directory: bool,
}

/// One file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFile {
    /// Relative to the root: `var/lib/dpkg/status`.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// Permission bits: scripts 0755, the rest 0644.
    pub mode: u32,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A package without a readable `control`.
    #[error("package number {0} has no readable control file")]
    Control(usize),
    /// A field that every package has.
    #[error("the control file of package number {number} has no {field}")]
    Field {
        /// Which package.
        number: usize,
        /// Which field.
        field: &'static str,
    },
    /// `conffiles` names a file whose bytes weren't given.
    #[error("the conffile /{path} of {package} is not in its data")]
    Conffile {
        /// Package name.
        package: String,
        /// Relative path.
        path: String,
    },
}

/// The whole database.
pub fn database(
    packages: &[Unpacked],
    composition: &Composition,
    assumed: &[Assumed],
) -> Result<Vec<DatabaseFile>, DatabaseError> {
    todo!()
}

/// The relative paths that a package's `conffiles` member names, so that the caller knows whose bytes to bring.
pub fn conffile_paths(conffiles: &[u8]) -> Vec<String> {
    todo!()
}
