//! Everything that could be installed: the indexes of several suites, joined and searchable by name.
//!
//! In: indexes and assumed packages. Out: candidates and providers of a name, the highest version first.

use crate::index::{Index, Package};
use std::collections::{BTreeSet, HashMap};

/// A package that Cairn itself stands for: present, but never fetched.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Assumed {
    /// Its name, e.g. `cairn-initrd`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it provides, as in a `Provides` field, e.g. `linux-initramfs-tool`.
    pub provides: Vec<String>,
}

/// The candidates. Package numbers index [`Universe::packages`].
#[derive(Debug)]
pub struct Universe<'a> {
    /// Every package for the architecture; of one name and version, the first index wins.
    pub packages: Vec<Package<'a>>,
    /// The native architecture.
    pub architecture: String,
    pub(crate) by_name: HashMap<&'a str, Vec<u32>>,
    pub(crate) providers: HashMap<&'a str, Vec<(u32, Option<&'a str>)>>,
    pub(crate) assumed: BTreeSet<u32>,
}

impl<'a> Universe<'a> {
    /// Joins indexes; packages of other architectures than `architecture` and `all` are left out.
    pub fn new(indexes: &[Index<'a>], architecture: &str, assumed: &'a [Assumed]) -> Self {
        todo!()
    }

    /// The candidates of this real name, the highest version first.
    pub fn candidates(&self, name: &str) -> impl Iterator<Item = (u32, &Package<'a>)> {
        self.by_name
            .get(name)
            .into_iter()
            .flatten()
            .map(|number| (*number, &self.packages[*number as usize]))
    }

    /// Whether any package has or provides this name.
    pub fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.providers.contains_key(name)
    }
}
