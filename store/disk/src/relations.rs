//! What refers to what among store paths, and what keeps a path: loaded once, asked often.
//!
//! In: the records of paths, generations and named roots. Out: closures, referrers, the shortest chains from roots.
//! Contents are not read. A record that can't be read is told, and refers to nothing.

use crate::error::{Error, Result};
use crate::files::{self, Folder};
use crate::parallel;
use crate::paths::PathRecord;
use crate::store::Store;
use cairn_graph::{ActionKey, Realisation, StorePath};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;

/// All paths of a store with what they refer to, and the roots.
#[derive(Debug, Clone, Default)]
pub struct Relations {
    /// Registered paths.
    pub records: BTreeMap<StorePath, PathRecord>,
    /// Registered, but the record can't be read.
    pub unreadable: Vec<StorePath>,
    /// What the collector keeps by itself, generations by number and then named roots.
    pub roots: Vec<(Root, StorePath)>,
}

/// Why the collector keeps a path by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// It is the system of this generation.
    System(u64),
    /// This generation was made of it.
    Part(u64),
    /// A root of this name.
    Named(String),
}

/// A root that keeps a path, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    /// The root.
    pub root: Root,
    /// From the root's own path to the path that was asked for, each referring to the next: a shortest chain.
    pub chain: Vec<StorePath>,
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(number) => write!(f, "generation {number}"),
            Self::Part(number) => write!(f, "generation {number} was made of it"),
            Self::Named(name) => write!(f, "root {name}"),
        }
    }
}

impl Store {
    /// Loads what refers to what.
    pub fn relations(&self) -> Result<Relations> {
        let mut relations = Relations::default();
        for (path, record) in self.path_records()? {
            match record {
                Ok(Some(record)) => drop(relations.records.insert(path, record)),
                Ok(None) => {}
                Err(_) => relations.unreadable.push(path),
            }
        }
        for generation in self.generations().list()?.generations {
            let number = generation.number;
            let system = generation.system;
            let parts = generation.keeps.into_iter();
            let parts = parts.filter(|path| *path != system);
            let parts: Vec<_> = parts.map(|path| (Root::Part(number), path)).collect();
            relations.roots.push((Root::System(number), system));
            relations.roots.extend(parts);
        }
        for (name, paths) in self.roots().list()? {
            let named = paths.into_iter();
            relations
                .roots
                .extend(named.map(|path| (Root::Named(name.clone()), path)));
        }
        Ok(relations)
    }

    /// Every registered path, sorted.
    pub fn paths(&self) -> Result<Vec<StorePath>> {
        let names = files::names_in(&self.layout.paths())?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The keys of the realisations that came out as this path, sorted: who made it.
    pub fn makers(&self, path: &StorePath) -> Result<Vec<ActionKey>> {
        let of = |(made, key): (StorePath, ActionKey)| (made == *path).then_some(key);
        Ok(self.all_makers()?.into_iter().filter_map(of).collect())
    }

    /// Every realisation that can be read: the path that came out, and the key; sorted by key.
    pub fn all_makers(&self) -> Result<Vec<(StorePath, ActionKey)>> {
        let folder = Folder::open(self.layout.realisations())?;
        let names = files::names_in(&self.layout.realisations())?;
        let keys: Vec<ActionKey> = names.iter().filter_map(|name| name.parse().ok()).collect();
        let made = parallel::try_map(&keys, |key| {
            let record = folder.read_json::<Realisation>(&key.to_string());
            let path = record.ok().flatten().map(|record| record.output.path);
            Ok::<_, Error>(path.map(|path| (path, *key)))
        })?;
        Ok(made.into_iter().flatten().collect())
    }
}

impl Relations {
    /// What refers to a path, sorted.
    pub fn referrers(&self, path: &StorePath) -> Vec<&StorePath> {
        let refers = self.records.iter().filter(|(from, record)| {
            *from != path && record.references.binary_search(path).is_ok()
        });
        refers.map(|(from, _)| from).collect()
    }

    /// These paths and all that they refer to, directly or not, sorted. Paths that are not registered are among them.
    pub fn closure<'a>(
        &'a self,
        paths: impl IntoIterator<Item = &'a StorePath>,
    ) -> BTreeSet<&'a StorePath> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&StorePath> = paths.into_iter().collect();
        while let Some(next) = open.pop() {
            if found.insert(next)
                && let Some(record) = self.records.get(next)
            {
                open.extend(&record.references);
            }
        }
        found
    }

    /// The roots that keep a path, each with a shortest chain, the shortest first.
    pub fn keepers(&self, path: &StorePath) -> Vec<Keeper> {
        let mut referrers: HashMap<&StorePath, Vec<&StorePath>> = HashMap::new();
        for (from, record) in &self.records {
            for to in record.references.iter().filter(|to| *to != from) {
                referrers.entry(to).or_default().push(from);
            }
        }
        // From the path upwards: for each that leads to it, the next one on the way.
        let mut onward: HashMap<&StorePath, Option<&StorePath>> = HashMap::from([(path, None)]);
        let mut open = VecDeque::from([path]);
        while let Some(at) = open.pop_front() {
            for from in referrers.get(at).into_iter().flatten() {
                if !onward.contains_key(from) {
                    onward.insert(from, Some(at));
                    open.push_back(from);
                }
            }
        }
        let mut keepers: Vec<Keeper> = Vec::new();
        for (root, start) in &self.roots {
            let Some(mut next) = onward.get(start).copied() else {
                continue;
            };
            let mut chain = vec![start.clone()];
            while let Some(at) = next {
                chain.push(at.clone());
                next = onward.get(at).copied().flatten();
            }
            // A root of several paths is named once, by its shortest way.
            match keepers.iter_mut().find(|known| known.root == *root) {
                Some(known) if known.chain.len() > chain.len() => known.chain = chain,
                Some(_) => {}
                None => keepers.push(Keeper {
                    root: root.clone(),
                    chain,
                }),
            }
        }
        keepers.sort_by(|a, b| (a.chain.len(), &a.root).cmp(&(b.chain.len(), &b.root)));
        keepers
    }
}
