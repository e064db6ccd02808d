//! Store paths: a record of what each holds; the real file or folder only when somebody asks for it.
//!
//! In: contents that are in the store. Out: paths, records, and on demand what is at `store/<hash>-<name>`.

use crate::error::{Act, Error, Result};
use crate::files::{self, Folder};
use crate::materialise::MaterialiseOptions;
use crate::parallel;
use crate::store::Store;
use crate::temporary_roots::Need;
use cairn_graph::{Content, Output, StorePath};
use cairn_sys::fs as sys;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a store path holds and needs: kept as `var/paths/<hash>-<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathRecord {
    /// Version of this record's form: 1.
    pub version: u32,
    /// What it holds.
    pub content: Content,
    /// Other store paths that it needs at run time, sorted.
    pub references: Vec<StorePath>,
}

impl Store {
    /// Registers content under a name. See [`Store::register`].
    pub fn add_path(
        &self,
        name: &str,
        content: Content,
        references: &[StorePath],
    ) -> Result<StorePath> {
        let path = path_of(name, &content)?;
        self.register(
            &Output {
                path: path.clone(),
                content,
            },
            references,
        )?;
        Ok(path)
    }

    /// Registers an output; makes nothing at the path itself. Durable after the next [`Store::commit`].
    ///
    /// References of an earlier registration stay. Errors: [`Error::WrongPath`], [`Error::Missing`] when the tree or
    /// the object is not in the store.
    pub fn register(&self, output: &Output, references: &[StorePath]) -> Result<()> {
        let right = path_of(output.path.name(), &output.content)?;
        if right != output.path {
            return Err(Error::WrongPath {
                path: output.path.clone(),
                right,
            });
        }
        self.beside_no_collection(|| self.register_kept(output, references))
    }

    fn register_kept(&self, output: &Output, references: &[StorePath]) -> Result<()> {
        self.need(Need::Path(&output.path))?;
        match &output.content {
            Content::Tree { digest } if !self.has_tree(digest) => {
                return Err(Error::Missing {
                    what: "tree",
                    name: digest.to_string(),
                });
            }
            Content::File {
                digest, executable, ..
            } if self.object_path(digest, *executable).is_none() => {
                return Err(Error::Missing {
                    what: "object",
                    name: digest.to_string(),
                });
            }
            _ => {}
        }
        let mut references = references.to_vec();
        // A record that a crash cut short is written anew.
        let known = self.path_record(&output.path).ok().flatten();
        references.extend(
            known
                .iter()
                .flat_map(|record| record.references.iter().cloned()),
        );
        references.sort();
        references.dedup();
        let record = PathRecord {
            version: 1,
            content: output.content,
            references,
        };
        if known.as_ref() == Some(&record) {
            return Ok(());
        }
        let file = self.layout.path_record(&output.path);
        files::write_whole(&self.tmp_path()?, &file, &files::to_json(&record, &file)?)
    }

    /// What a path holds and needs; nothing when it was never registered. Errors: [`Error::Record`], also for a content
    /// that is not the path's.
    pub fn path_record(&self, path: &StorePath) -> Result<Option<PathRecord>> {
        let file = self.layout.path_record(path);
        let record = files::read_json::<PathRecord>(&file)?;
        record.map(|record| self.sound(path, record)).transpose()
    }

    /// What all path records say, sorted: for each [`Store::path_record`].
    pub(crate) fn path_records(&self) -> Result<Vec<(StorePath, Result<Option<PathRecord>>)>> {
        let folder = Folder::open(self.layout.paths())?;
        let paths = self.paths()?;
        let records = parallel::try_map(&paths, |path| {
            let record = folder.read_json::<PathRecord>(path.base_name());
            let sound = |record: Option<PathRecord>| record.map(|record| self.sound(path, record));
            Ok::<_, Error>(record.and_then(|record| sound(record).transpose()))
        })?;
        Ok(paths.into_iter().zip(records).collect())
    }

    /// The record, if it is this path's.
    fn sound(&self, path: &StorePath, record: PathRecord) -> Result<PathRecord> {
        let why = if record.version != 1 {
            format!("it says version {}", record.version)
        } else if path_of(path.name(), &record.content)? != *path {
            "its content is that of another path".into()
        } else {
            return Ok(record);
        };
        let path = self.layout.path_record(path);
        Err(Error::Record { path, why })
    }

    /// What a path holds. Errors: [`Error::Missing`] when it was never registered.
    pub fn path_content(&self, path: &StorePath) -> Result<Content> {
        let missing = || Error::Missing {
            what: "path",
            name: path.base_name().into(),
        };
        Ok(self.path_record(path)?.ok_or_else(missing)?.content)
    }

    /// A path and all that it needs, directly or not, sorted. Errors: [`Error::Missing`].
    pub fn closure(&self, path: &StorePath) -> Result<Vec<StorePath>> {
        let mut found = std::collections::BTreeSet::new();
        let mut open = vec![path.clone()];
        while let Some(next) = open.pop() {
            let missing = || Error::Missing {
                what: "path",
                name: next.base_name().into(),
            };
            let record = self.path_record(&next)?.ok_or_else(missing)?;
            if found.insert(next) {
                open.extend(record.references);
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Makes the real file or folder of a registered path, if it is not there; returns where it is. It stays there while this
    /// store is open.
    ///
    /// Files are hard links to objects. Errors: [`Error::Missing`], [`Error::Full`]; then nothing is at the path.
    pub fn ensure_materialised(&self, path: &StorePath) -> Result<PathBuf> {
        let place = self.layout.store_path(path);
        match self.hold(path) {
            // Who may only read has no part in what is kept.
            Err(Error::Io { source, .. })
                if matches!(
                    source.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) => {}
            other => other?,
        }
        if place.symlink_metadata().is_ok() {
            return Ok(place);
        }
        let content = self.path_content(path)?;
        let tmp = self.tmp_path()?;
        let made =
            self.make(&content, &tmp)
                .and_then(|()| match sys::rename_no_replace(&tmp, &place) {
                    // Another thread or process was faster with the same content.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        files::remove_all(&tmp)
                    }
                    other => other.act("put the path", &place),
                });
        if made.is_err() {
            let _ = files::remove_all(&tmp);
        }
        made.map(|()| place)
    }

    fn make(&self, content: &Content, place: &Path) -> Result<()> {
        match content {
            Content::Tree { digest } => self
                .materialise(&self.tree(digest)?, place, MaterialiseOptions::STORE)
                .map(drop),
            Content::File {
                digest,
                size,
                executable,
            } => {
                let object = self.layout.object(digest, *executable);
                if *size > 0 && object.exists() && fs::hard_link(&object, place).is_ok() {
                    return Ok(());
                }
                self.copy_object(digest, *executable, place)
            }
        }
    }
}

fn path_of(name: &str, content: &Content) -> Result<StorePath> {
    StorePath::new(name, content).map_err(|error| Error::Name {
        name: name.into(),
        why: error.to_string(),
    })
}
