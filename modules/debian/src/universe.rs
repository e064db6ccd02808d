//! Everything that could be installed: the indexes of several suites, joined and searchable by name.
//!
//! In: indexes and assumed packages. Out: candidates and providers of a name, the highest version first.

use crate::index::{Index, Origin, Package};
use crate::relation::{Relation, relation, relations};
use crate::version;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

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
    by_name: HashMap<&'a str, Vec<u32>>,
    providers: HashMap<&'a str, Vec<(u32, Option<&'a str>)>>,
    assumed: BTreeMap<u32, &'a Assumed>,
}

impl<'a> Universe<'a> {
    /// Joins indexes; packages of other architectures than `architecture` and `all` are left out.
    pub fn new(indexes: &[Index<'a>], architecture: &str, assumed: &'a [Assumed]) -> Self {
        let count = indexes
            .iter()
            .map(|index| index.packages.len())
            .sum::<usize>()
            + assumed.len();
        let mut universe = Self {
            packages: Vec::with_capacity(count),
            architecture: architecture.into(),
            by_name: HashMap::with_capacity(count),
            providers: HashMap::new(),
            assumed: BTreeMap::new(),
        };
        for stand_in in assumed {
            let package = Package::bare(Origin::Debian, &stand_in.name, &stand_in.version);
            if let Some(number) = universe.add(&package) {
                for provided in stand_in.provides.iter().filter_map(|text| relation(text)) {
                    universe.provide(number, provided);
                }
                universe.assumed.insert(number, stand_in);
            }
        }
        for package in indexes.iter().flat_map(|index| &index.packages) {
            if package.architecture != architecture && package.architecture != "all" {
                continue;
            }
            if let Some(number) = universe.add(package) {
                for provided in relations(package.provides) {
                    universe.provide(number, provided);
                }
            }
        }
        universe
    }

    /// Adds a package behind the higher versions of its name, unless that version is known.
    fn add(&mut self, package: &Package<'a>) -> Option<u32> {
        let number = self.packages.len() as u32;
        let known = self.by_name.entry(package.name).or_default();
        let mut place = known.len();
        for (i, other) in known.iter().enumerate() {
            match version::compare(package.version, self.packages[*other as usize].version) {
                Ordering::Equal => return None,
                Ordering::Greater => {
                    place = i;
                    break;
                }
                Ordering::Less => {}
            }
        }
        known.insert(place, number);
        self.packages.push(*package);
        Some(number)
    }

    fn provide(&mut self, number: u32, provided: Relation<'a>) {
        let version = provided.version.map(|(_, version)| version);
        self.providers
            .entry(provided.name)
            .or_default()
            .push((number, version));
    }

    /// The package of this number.
    pub fn package(&self, number: u32) -> &Package<'a> {
        &self.packages[number as usize]
    }

    /// The assumed package behind this number, if it is one.
    pub fn assumed(&self, number: u32) -> Option<&'a Assumed> {
        self.assumed.get(&number).copied()
    }

    /// The numbers of all assumed packages.
    pub fn all_assumed(&self) -> Vec<u32> {
        self.assumed.keys().copied().collect()
    }

    /// The candidates of this real name, the highest version first.
    pub fn candidates(&self, name: &str) -> impl Iterator<Item = u32> + use<'_, 'a> {
        self.by_name.get(name).into_iter().flatten().copied()
    }

    /// Every package that provides this name, with the version that it provides it as, in the order of the indexes.
    pub fn providers(
        &self,
        name: &str,
    ) -> impl Iterator<Item = (u32, Option<&'a str>)> + use<'_, 'a> {
        self.providers.get(name).into_iter().flatten().copied()
    }

    /// What a package provides.
    pub fn provides(&self, number: u32) -> Vec<Relation<'a>> {
        match self.assumed(number) {
            Some(stand_in) => stand_in
                .provides
                .iter()
                .filter_map(|text| relation(text))
                .collect(),
            None => relations(self.package(number).provides).collect(),
        }
    }

    /// Whether any package has or provides this name.
    pub fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.providers.contains_key(name)
    }

    /// Every name that a package has or provides, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.by_name.keys().chain(self.providers.keys()).copied()
    }
}
