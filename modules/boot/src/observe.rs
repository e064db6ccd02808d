//! What is on the boot partition now.
//!
//! In: the folder where it is mounted. Out: an [`ObservedEsp`]. Reads only; decides nothing.

use crate::entry::EntryName;
use crate::error::Error;
use crate::manifest::Manifest;
use cairn_graph::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// A file of the partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedFile {
    /// Bytes.
    pub size: u64,
    /// What it holds.
    pub digest: Digest,
}

/// The boot partition as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedEsp {
    /// Files below `cairn/`, `loader/` and the two places of the loader, by path without leading slash.
    pub files: BTreeMap<String, ObservedFile>,
    /// Texts of `loader.conf` and of the entries, by path.
    pub texts: BTreeMap<String, String>,
    /// Which files are ours; `None` when there is no manifest.
    pub manifest: Option<Manifest>,
    /// Bytes free.
    pub free_bytes: u64,
    /// Bytes of a cluster: what every file is rounded up to.
    pub cluster_bytes: u64,
}

impl ObservedEsp {
    /// A freshly made partition with this much room.
    pub fn empty(free_bytes: u64, cluster_bytes: u64) -> Self {
        Self {
            files: BTreeMap::new(),
            texts: BTreeMap::new(),
            manifest: None,
            free_bytes,
            cluster_bytes,
        }
    }

    /// Our entries on the partition.
    pub fn entries(&self) -> impl Iterator<Item = (EntryName, &str)> {
        self.files.keys().filter_map(|path| {
            let name = path.strip_prefix(crate::ENTRIES)?.strip_prefix('/')?;
            Some((EntryName::parse(name)?, path.as_str()))
        })
    }

    /// Generations whose entry booted well.
    pub fn blessed(&self) -> Vec<u32> {
        let blessed = self.entries().filter(|(name, _)| name.is_blessed());
        blessed.map(|(name, _)| name.generation).collect()
    }
}

/// Looks at a mounted partition.
///
/// Errors: [`Error::Read`], [`Error::Manifest`].
pub fn observe(dir: &Path) -> Result<ObservedEsp, Error> {
    let read = |path: &Path, source: io::Error| Error::Read {
        path: path.to_owned(),
        source,
    };
    let room = rustix::fs::statvfs(dir).map_err(|source| read(dir, source.into()))?;
    let mut seen = ObservedEsp::empty(room.f_bavail * room.f_frsize, room.f_frsize);
    for path in [crate::LOADER, crate::FALLBACK_LOADER] {
        file(dir, path, &mut seen)?;
    }
    for folder in [crate::PAYLOADS, "loader"] {
        walk(dir, folder, &mut seen)?;
    }
    if seen.files.contains_key(crate::MANIFEST) {
        let path = dir.join(crate::MANIFEST);
        let text = fs::read(&path).map_err(|source| read(&path, source))?;
        let manifest = Manifest::parse(&text).map_err(|source| Error::Manifest { path, source })?;
        seen.manifest = Some(manifest);
    }
    Ok(seen)
}

fn walk(dir: &Path, folder: &str, seen: &mut ObservedEsp) -> Result<(), Error> {
    let path = dir.join(folder);
    let read = |source| Error::Read {
        path: path.clone(),
        source,
    };
    let listing = match fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(read)?,
    };
    for item in listing {
        let item = item.map_err(read)?;
        // A name that is no text can't be ours.
        let Ok(name) = item.file_name().into_string() else {
            continue;
        };
        let below = format!("{folder}/{name}");
        if item.file_type().map_err(read)?.is_dir() {
            walk(dir, &below, seen)?;
        } else {
            file(dir, &below, seen)?;
        }
    }
    Ok(())
}

fn file(dir: &Path, path: &str, seen: &mut ObservedEsp) -> Result<(), Error> {
    let place = dir.join(path);
    let bytes = match fs::read(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(|source| Error::Read {
            path: place,
            source,
        })?,
    };
    let found = ObservedFile {
        size: bytes.len() as u64,
        digest: Digest::of(&bytes),
    };
    seen.files.insert(path.to_owned(), found);
    let is_text = path == crate::LOADER_CONF || path.starts_with(crate::ENTRIES);
    if is_text && let Ok(text) = String::from_utf8(bytes) {
        seen.texts.insert(path.to_owned(), text);
    }
    Ok(())
}
