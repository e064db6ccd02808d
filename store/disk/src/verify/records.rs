//! Records: can each be read, and is what it names registered and there?
//!
//! In: the records, then which contents are sound. Out: faults. A realisation that can't be read is made again by itself
//! and no fault; nor is one whose output is gone.

use super::{Contents, Fault};
use crate::error::Result;
use crate::files;
use crate::paths::PathRecord;
use crate::store::Store;
use cairn_graph::{Content, StorePath};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the records said at one moment.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Registered paths whose records are theirs.
    pub paths: BTreeMap<StorePath, PathRecord>,
    /// Records of generations, roots and paths, and what each names.
    named: Vec<(PathBuf, StorePath)>,
}

impl Records {
    /// Reads all records, what refers before what it refers to: what others add meanwhile is no fault.
    pub(crate) fn read(store: &Store, faults: &mut Vec<Fault>) -> Result<Self> {
        let mut records = Self::default();
        let listing = store.generations().list()?;
        for generation in listing.generations {
            let by = store.layout.generation_record(generation.number);
            let named = generation.keeps.into_iter().chain([generation.system]);
            records.named.extend(named.map(|path| (by.clone(), path)));
        }
        for (number, error) in listing.unreadable {
            let why = error.to_string();
            faults.push(Fault::Generation { number, why });
        }
        for (name, paths) in store.roots().list()? {
            let by = store.layout.roots().join(&name);
            let named = paths.into_iter();
            records.named.extend(named.map(|path| (by.clone(), path)));
        }
        let folder = store.layout.paths();
        let names = files::names_in(&folder)?.into_iter();
        let strays = names.filter(|name| name.parse::<StorePath>().is_err());
        faults.extend(strays.map(|name| Fault::Stray {
            path: folder.join(name),
        }));
        for (path, record) in store.path_records()? {
            let by = store.layout.path_record(&path);
            match record {
                Ok(None) => {}
                Err(error) => faults.push(Fault::Unreadable {
                    path: by,
                    why: error.to_string(),
                }),
                Ok(Some(record)) => records.add(by, path, record),
            }
        }
        Ok(records)
    }

    fn add(&mut self, by: PathBuf, path: StorePath, record: PathRecord) {
        let references = record.references.iter();
        self.named
            .extend(references.map(|to| (by.clone(), to.clone())));
        self.paths.insert(path, record);
    }

    /// Looks up what the records name.
    pub(crate) fn check(&self, store: &Store, contents: &Contents, faults: &mut Vec<Fault>) {
        let gone = self
            .named
            .iter()
            .filter(|(_, path)| !self.paths.contains_key(path));
        faults.extend(gone.map(|(by, path)| Fault::Unregistered {
            by: by.clone(),
            path: path.clone(),
        }));
        for (path, record) in &self.paths {
            let missing = match record.content {
                Content::File { digest, .. } if !contents.has(&digest) => Some(("object", digest)),
                Content::Tree { digest } if !contents.trees.contains(&digest) => {
                    Some(("tree", digest))
                }
                _ => None,
            };
            faults.extend(missing.map(|(what, digest)| Fault::Missing {
                by: store.layout.path_record(path),
                what,
                digest,
            }));
        }
    }
}
