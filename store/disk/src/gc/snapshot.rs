//! Loading what the collector decides over.

use crate::error::{Act, Error, Result};
use crate::files::{self, Folder};
use crate::generations::Generation;
use crate::index::Index;
use crate::parallel;
use crate::paths::PathRecord;
use crate::store::Store;
use crate::temporary_roots::TemporaryRoots;
use cairn_graph::tree::encoding::file_digests;
use cairn_graph::{ActionKey, Digest, StorePath};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Everything in the store that refers or is referred to, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Generations that can be read.
    pub generations: Vec<Generation>,
    /// Generations that can't: number, and the system that the link names, if it does.
    pub unreadable_generations: Vec<(u64, Option<StorePath>)>,
    /// The default generation.
    pub default: Option<u64>,
    /// The booted generation.
    pub booted: Option<u64>,
    /// Named roots.
    pub roots: Vec<(String, Vec<StorePath>)>,
    /// What open stores rely on.
    pub temporary: TemporaryRoots,
    /// Path records; nothing for one that can't be read.
    pub paths: BTreeMap<StorePath, Option<PathRecord>>,
    /// Names of what is in `store/`.
    pub materialised: Vec<String>,
    /// Realisations: key, and the path that came out; nothing for one that can't be read.
    pub realisations: Vec<(ActionKey, Option<StorePath>)>,
    /// Derivations: key, and the keys of those that gave its inputs.
    pub derivations: Vec<(ActionKey, Vec<ActionKey>)>,
    /// Manifests.
    pub trees: Vec<TreeFile>,
    /// Objects, executable or not each on its own.
    pub objects: Vec<ObjectFile>,
}

/// A manifest in the store.
#[derive(Debug, Clone)]
pub struct TreeFile {
    /// Its name.
    pub digest: Digest,
    /// Bytes of the manifest.
    pub size: u64,
    /// When it came, in seconds since 1970.
    pub changed: i64,
    /// The objects of its files; nothing when it is damaged.
    pub objects: Option<Vec<Digest>>,
}

/// An object in the store.
#[derive(Debug, Clone, Copy)]
pub struct ObjectFile {
    /// Its name.
    pub digest: Digest,
    /// Whether it is the executable one.
    pub executable: bool,
    /// Bytes.
    pub size: u64,
    /// When its inode changed last, in seconds since 1970; an [overview](Store::overview) may not know.
    pub changed: Option<i64>,
}

impl Store {
    /// Loads what the collector decides over: every record is read.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.snapshot_with(&Index::default())
    }

    /// As [`Store::snapshot`], to show and not to decide by: what records and objects lie in a folder that has not changed since, and what they
    /// say, comes from the [index](crate::index), which is then brought up to date, unless it may not be written. A record or an object that
    /// something else than Cairn changed where it stands is shown as it was.
    pub fn overview(&self) -> Result<Snapshot> {
        let index = Index::load(&self.layout);
        let snapshot = self.snapshot_with(&index)?;
        index.save(&self.layout);
        Ok(snapshot)
    }

    fn snapshot_with(&self, index: &Index) -> Result<Snapshot> {
        let listing = self.generations().list()?;
        let unreadable = listing.unreadable.into_iter().map(|(number, _)| {
            let target = fs::read_link(self.generations().system_link(number)).ok();
            let name = target
                .as_ref()
                .and_then(|target| target.file_name()?.to_str());
            (number, name.and_then(|name| name.parse().ok()))
        });
        let layout = &self.layout;
        let paths = index.rows(&layout.paths(), || self.all_paths())?;
        let derivations = index.rows(&layout.derivations(), || self.all_derivations())?;
        let derivations = derivations.into_iter();
        let derivations = derivations.map(|(key, inputs)| (key, inputs.unwrap_or_default()));
        Ok(Snapshot {
            unreadable_generations: unreadable.collect(),
            generations: listing.generations,
            default: self.generations().default()?,
            booted: self.generations().booted()?,
            roots: self.roots().list()?,
            temporary: self.temporary_roots()?,
            paths: paths.into_iter().collect(),
            materialised: files::names_in(&layout.store())?,
            realisations: index.rows(&layout.realisations(), || self.all_realisations())?,
            derivations: derivations.collect(),
            trees: self.all_trees()?,
            objects: self.all_objects(index)?,
        })
    }

    fn all_paths(&self) -> Result<Vec<(StorePath, Option<PathRecord>)>> {
        let records = self.path_records()?.into_iter();
        let read = records.map(|(path, record)| (path, record.ok().flatten()));
        Ok(read.collect())
    }

    fn all_realisations(&self) -> Result<Vec<(ActionKey, Option<StorePath>)>> {
        let folder = Folder::open(self.layout.realisations())?;
        let names = files::names_in(&self.layout.realisations())?;
        let keys: Vec<ActionKey> = names.iter().filter_map(|name| name.parse().ok()).collect();
        let outputs = parallel::try_map(&keys, |key| {
            let found = folder.read_json::<MadeAs>(&key.to_string()).ok().flatten();
            Ok::<_, Error>(found.map(|found| found.output.path))
        })?;
        Ok(keys.into_iter().zip(outputs).collect())
    }

    fn all_derivations(&self) -> Result<Vec<(ActionKey, Option<Vec<ActionKey>>)>> {
        let keys = self.derivations().list()?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let folder = Folder::open(self.layout.derivations())?;
        let inputs = parallel::try_map(&keys, |key| {
            let found = folder.read_json::<MadeBy>(&key.to_string()).ok().flatten();
            Ok::<_, Error>(found.map(|found| found.made_by.into_values().collect()))
        })?;
        Ok(keys.into_iter().zip(inputs).collect())
    }

    fn all_trees(&self) -> Result<Vec<TreeFile>> {
        let names = files::names_in(&self.layout.trees())?;
        let digests: Vec<Digest> = names.iter().filter_map(|name| name.parse().ok()).collect();
        parallel::try_map(&digests, |digest| {
            let path = self.layout.tree(digest);
            let metadata = path.metadata().act("read", &path)?;
            let text = self.manifest(digest).ok();
            Ok(TreeFile {
                digest: *digest,
                size: metadata.len(),
                changed: metadata.ctime(),
                objects: text.map(|text| file_digests(&text).collect()),
            })
        })
    }

    fn all_objects(&self, index: &Index) -> Result<Vec<ObjectFile>> {
        let shards = files::names_in(&self.layout.objects())?;
        let found = parallel::try_map_large(&shards, |shard| {
            let folder = self.layout.objects().join(shard);
            index.rows(&folder, || objects_of(&folder))
        })?;
        let mut objects: Vec<ObjectFile> = found.into_iter().flatten().collect();
        objects.sort_unstable_by_key(|object| (object.digest, object.executable));
        Ok(objects)
    }
}

fn objects_of(folder: &Path) -> Result<Vec<ObjectFile>> {
    let mut objects = Vec::new();
    for item in fs::read_dir(folder).act("list", folder)? {
        let item = item.act("list", folder)?;
        let name = item.file_name();
        let name = name.to_string_lossy();
        let (hex, executable) = name
            .strip_suffix(".x")
            .map_or((name.as_ref(), false), |hex| (hex, true));
        let Ok(digest) = hex.parse() else { continue };
        let metadata = item.metadata().act("read", &item.path())?;
        objects.push(ObjectFile {
            digest,
            executable,
            size: metadata.len(),
            changed: Some(metadata.ctime()),
        });
    }
    Ok(objects)
}

/// Of a realisation's record, what the collector needs.
#[derive(Deserialize)]
struct MadeAs {
    output: OutputPath,
}

#[derive(Deserialize)]
struct OutputPath {
    path: StorePath,
}

/// Of a derivation's record, what the collector needs.
#[derive(Deserialize)]
struct MadeBy {
    made_by: BTreeMap<String, ActionKey>,
}
