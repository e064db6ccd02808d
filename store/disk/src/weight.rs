//! How much paths weigh: bytes of the objects that they need, each object counted once.
//!
//! In: sets of paths. Out: figures. Reads manifests, and no contents; bytes are those of the contents, whatever the file system makes of them.

use crate::error::{Error, Result};
use crate::parallel;
use crate::store::Store;
use cairn_graph::tree::encoding::{FileObject, file_objects};
use cairn_graph::{Content, StorePath};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The objects of paths, by path, each once and sorted.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    objects: BTreeMap<StorePath, Vec<FileObject>>,
}

/// What one set of paths weighs among others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// Bytes of all objects in the set.
    pub bytes: u64,
    /// Bytes of those objects that no other set has.
    pub unique: u64,
}

impl Store {
    /// Looks up the objects of paths. Errors: [`Error::Missing`], [`Error::Damaged`] for a manifest.
    pub fn weights(&self, paths: &BTreeSet<&StorePath>) -> Result<Weights> {
        let paths: Vec<&StorePath> = paths.iter().copied().collect();
        let found = parallel::try_map(&paths, |path| {
            Ok::<_, Error>(match self.path_content(path)? {
                Content::File {
                    digest,
                    size,
                    executable,
                } => vec![FileObject {
                    digest,
                    executable,
                    size,
                }],
                Content::Tree { digest } => {
                    let mut objects: Vec<_> = file_objects(&self.manifest(&digest)?).collect();
                    objects.sort_unstable();
                    objects.dedup();
                    objects
                }
            })
        })?;
        Ok(Weights {
            objects: paths.into_iter().cloned().zip(found).collect(),
        })
    }
}

impl Weights {
    /// Bytes of a path's own objects, each once.
    pub fn of(&self, path: &StorePath) -> u64 {
        let objects = self.objects.get(path).into_iter().flatten();
        objects.map(|object| object.size).sum()
    }

    /// What each set weighs, and all together.
    pub fn among<'a, S>(&self, sets: &'a [S]) -> (Vec<Weight>, u64)
    where
        &'a S: IntoIterator<Item = &'a &'a StorePath>,
    {
        // Which set has an object; nothing when several have.
        let mut owners: HashMap<FileObject, Option<usize>> = HashMap::new();
        let mut weights = vec![Weight::default(); sets.len()];
        for (index, set) in sets.iter().enumerate() {
            let mut seen = BTreeSet::new();
            let paths = set.into_iter();
            let objects = paths.flat_map(|path| self.objects.get(*path).into_iter().flatten());
            for object in objects.filter(|object| seen.insert(**object)) {
                weights[index].bytes += object.size;
                owners
                    .entry(*object)
                    .and_modify(|owner| *owner = owner.filter(|owner| *owner == index))
                    .or_insert(Some(index));
            }
        }
        for (object, owner) in &owners {
            if let Some(index) = owner {
                weights[*index].unique += object.size;
            }
        }
        (weights, owners.keys().map(|object| object.size).sum())
    }
}
