//! Loading what the collector decides over.

use crate::error::{Act, Result};
use crate::files;
use crate::generations::Generation;
use crate::paths::PathRecord;
use crate::store::Store;
use crate::temporary_roots::TemporaryRoots;
use cairn_graph::tree::encoding::file_digests;
use cairn_graph::{ActionKey, Digest, Realisation, StorePath};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

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
    /// When its inode changed last, in seconds since 1970.
    pub changed: i64,
}

impl Store {
    /// Loads what the collector decides over.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let listing = self.generations().list()?;
        let unreadable = listing.unreadable.into_iter().map(|(number, _)| {
            let target = fs::read_link(self.generations().system_link(number)).ok();
            let name = target
                .as_ref()
                .and_then(|target| target.file_name()?.to_str());
            (number, name.and_then(|name| name.parse().ok()))
        });
        Ok(Snapshot {
            unreadable_generations: unreadable.collect(),
            generations: listing.generations,
            default: self.generations().default()?,
            booted: self.generations().booted()?,
            roots: self.roots().list()?,
            temporary: self.temporary_roots()?,
            paths: self.all_paths()?,
            materialised: files::names_in(&self.layout.store())?,
            realisations: self.all_realisations()?,
            trees: self.all_trees()?,
            objects: self.all_objects()?,
        })
    }

    fn all_paths(&self) -> Result<BTreeMap<StorePath, Option<PathRecord>>> {
        let names = files::names_in(&self.layout.paths())?;
        let paths = names
            .iter()
            .filter_map(|name| name.parse::<StorePath>().ok());
        Ok(paths
            .map(|path| (path.clone(), self.path_record(&path).ok().flatten()))
            .collect())
    }

    fn all_realisations(&self) -> Result<Vec<(ActionKey, Option<StorePath>)>> {
        let names = files::names_in(&self.layout.realisations())?;
        let keys = names
            .iter()
            .filter_map(|name| name.parse::<ActionKey>().ok());
        let record = |key: &ActionKey| {
            files::read_json::<Realisation>(&self.layout.realisation(key))
                .ok()
                .flatten()
        };
        Ok(keys
            .map(|key| (key, record(&key).map(|record| record.output.path)))
            .collect())
    }

    fn all_trees(&self) -> Result<Vec<TreeFile>> {
        let mut trees = Vec::new();
        for name in files::names_in(&self.layout.trees())? {
            let Ok(digest) = name.parse() else { continue };
            let path = self.layout.tree(&digest);
            let metadata = path.metadata().act("read", &path)?;
            let objects = self
                .manifest(&digest)
                .ok()
                .map(|text| file_digests(&text).collect());
            trees.push(TreeFile {
                digest,
                size: metadata.len(),
                changed: metadata.ctime(),
                objects,
            });
        }
        Ok(trees)
    }

    fn all_objects(&self) -> Result<Vec<ObjectFile>> {
        let mut objects = Vec::new();
        for shard in files::names_in(&self.layout.objects())? {
            let folder = self.layout.objects().join(shard);
            for item in fs::read_dir(&folder).act("list", &folder)? {
                let item = item.act("list", &folder)?;
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
                    changed: metadata.ctime(),
                });
            }
        }
        objects.sort_unstable_by_key(|object| (object.digest, object.executable));
        Ok(objects)
    }
}
