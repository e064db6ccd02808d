//! Layers with removals: what an overlay's upper folder holds, as a value.
//!
//! In: a base and a delta. Out: the tree that the overlay shows. How whiteouts look on a disk is not known here.

use super::{Entry, Tree, TreeError};
use std::collections::{BTreeMap, BTreeSet};

/// What changes a tree: first the removals with all below them, then the entries that are added or replaced.
///
/// A folder that hides what was below it (an opaque directory) is both removed and put.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// Added or replaced, by path; the same rules for paths as in [`Tree`].
    pub upserts: BTreeMap<String, Entry>,
    /// Removed, with everything below.
    pub removed: BTreeSet<String>,
}

impl Delta {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.upserts.is_empty() && self.removed.is_empty()
    }

    /// Bytes of the regular files in it.
    pub fn size(&self) -> u64 {
        let sizes = self.upserts.values().map(Entry::size);
        sizes.fold(0, u64::saturating_add)
    }

    /// The delta that leads from one tree to the other.
    pub fn between(from: &Tree, to: &Tree) -> Self {
        let changed = to
            .entries
            .iter()
            .filter(|(path, entry)| from.entries.get(*path) != Some(entry));
        let mut delta = Self {
            upserts: changed
                .map(|(path, entry)| (path.clone(), entry.clone()))
                .collect(),
            ..Self::default()
        };
        for path in from
            .entries
            .keys()
            .filter(|path| !to.entries.contains_key(*path))
        {
            let covered = super::parent(path).is_some_and(|above| !to.entries.contains_key(above));
            if !covered {
                delta.removed.insert(path.clone());
            }
        }
        delta
    }
}

impl Tree {
    /// The tree that an overlay of this delta on this tree shows.
    ///
    /// Something else than a directory that replaces a directory hides what was below it.
    /// Errors: [`TreeError`] when the result is no tree, as when an entry lies in a folder that neither has.
    pub fn overlay(&self, delta: &Delta) -> Result<Self, TreeError> {
        let mut tree = self.clone();
        for path in &delta.removed {
            tree.remove(path);
        }
        for (path, entry) in &delta.upserts {
            if !entry.is_dir() && tree.entries.get(path).is_some_and(Entry::is_dir) {
                tree.remove(path);
            }
        }
        tree.entries.extend(
            delta
                .upserts
                .iter()
                .map(|(path, entry)| (path.clone(), entry.clone())),
        );
        tree.check()?;
        Ok(tree)
    }
}
