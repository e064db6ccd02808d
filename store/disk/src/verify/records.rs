//! Records: can each be read, and is what it names registered and there?
//!
//! In: the records and which contents are sound. Out: faults. A realisation that can't be read is made again by itself
//! and no fault; nor is one whose output is gone.

use super::{Contents, Fault};
use crate::error::Result;
use crate::files;
use crate::store::Store;
use cairn_graph::{Content, StorePath};
use std::collections::BTreeSet;
use std::path::PathBuf;

pub(crate) fn check(store: &Store, contents: &Contents, faults: &mut Vec<Fault>) -> Result<()> {
    let registered = paths(store, contents, faults)?;
    let mut needed = |by: PathBuf, path: &StorePath| {
        if !registered.contains(path) {
            let path = path.clone();
            faults.push(Fault::Unregistered { by, path });
        }
    };
    let listing = store.generations().list()?;
    for generation in &listing.generations {
        let by = store.layout.generation_record(generation.number);
        for path in generation.keeps.iter().chain([&generation.system]) {
            needed(by.clone(), path);
        }
    }
    for (name, paths) in store.roots().list()? {
        for path in &paths {
            needed(store.layout.roots().join(&name), path);
        }
    }
    for (number, error) in listing.unreadable {
        let why = error.to_string();
        faults.push(Fault::Generation { number, why });
    }
    Ok(())
}

/// Checks the records of paths; those that are registered, whole or not.
fn paths(
    store: &Store,
    contents: &Contents,
    faults: &mut Vec<Fault>,
) -> Result<BTreeSet<StorePath>> {
    let folder = store.layout.paths();
    let mut registered = BTreeSet::new();
    let mut referred: Vec<(PathBuf, StorePath)> = Vec::new();
    for name in files::names_in(&folder)? {
        let by = folder.join(&name);
        let Ok(path) = name.parse::<StorePath>() else {
            faults.push(Fault::Stray { path: by });
            continue;
        };
        let record = match store.path_record(&path) {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            Err(error) => {
                let why = error.to_string();
                faults.push(Fault::Unreadable { path: by, why });
                continue;
            }
        };
        match StorePath::new(path.name(), &record.content) {
            Ok(right) if right != path => {
                faults.push(Fault::Misnamed { path: by, right });
                continue;
            }
            _ => {}
        }
        let missing = match record.content {
            Content::File { digest, .. } if !contents.has(&digest) => Some(("object", digest)),
            Content::Tree { digest } if !contents.trees.contains(&digest) => Some(("tree", digest)),
            _ => None,
        };
        faults.extend(missing.map(|(what, digest)| Fault::Missing {
            by: by.clone(),
            what,
            digest,
        }));
        referred.extend(record.references.into_iter().map(|to| (by.clone(), to)));
        registered.insert(path);
    }
    let missing = referred
        .into_iter()
        .filter(|(_, path)| !registered.contains(path));
    faults.extend(missing.map(|(by, path)| Fault::Unregistered { by, path }));
    Ok(registered)
}
