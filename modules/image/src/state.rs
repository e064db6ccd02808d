//! What the state partition of a new disk holds, and its staging for `mke2fs`.
//!
//! In: the trees of the generations and the paths of a store. Out: a [`StatePlan`] (pure), and a folder of hard links made
//! from it. Knows the layout only through what it is told; `/var` and `/home` are the initrd's to fill at the first boot.
//!
//! ```text
//! cairn/objects/ab/<digest>[.x]   contents of the roots, and the root images themselves
//! cairn/store/<path>              store paths that a generation refers to
//! cairn/trees/…  cairn/var/…      manifests, generations and their records, as the caller lists them
//! var/  home/  root/  srv/        empty
//! ```

use cairn_graph::{Digest, EntryKind, Tree};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// One thing on the partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A folder.
    Folder {
        /// Permission bits.
        mode: u32,
    },
    /// A file that is linked (or copied, from another file system) from the builder's store.
    File {
        /// Where it is now.
        source: PathBuf,
    },
    /// A folder of the builder's store with all that is below.
    Copy {
        /// Where it is now.
        source: PathBuf,
    },
    /// A small file that is made for the disk.
    Text {
        /// What it holds.
        text: Vec<u8>,
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Its text.
        target: String,
    },
}

/// What the partition holds, by path without leading slash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatePlan {
    /// By path; parents that are missing become folders with mode 0755.
    pub items: BTreeMap<String, Item>,
    /// Bytes of the listed contents, each once; without those of [`Item::Copy`].
    pub content_bytes: u64,
}

/// Why staging stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of the sources.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One of the staged things.
    #[error("cannot stage {path}")]
    Stage {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl StatePlan {
    /// A partition with empty folders for the running system.
    pub fn new() -> Self {
        let mut plan = Self::default();
        let folders = [
            ("var", 0o755),
            ("home", 0o755),
            ("root", 0o700),
            ("srv", 0o755),
            ("cairn", 0o755),
            ("cairn/objects", 0o755),
            ("cairn/store", 0o755),
            ("cairn/trees", 0o755),
            ("cairn/var", 0o755),
            ("cairn/var/gens", 0o755),
            ("cairn/var/roots", 0o755),
            ("cairn/var/tmp", 0o755),
        ];
        for (path, mode) in folders {
            plan.items.insert(path.into(), Item::Folder { mode });
        }
        plan
    }

    /// Adds one object of the builder's store, which lies at `source`.
    ///
    /// `path` is relative to the folder of objects, as [`crate::erofs::object_path`] gives it.
    pub fn add_object(&mut self, path: &str, size: u64, source: PathBuf) {
        let place = format!("cairn/objects/{path}");
        if self.items.insert(place, Item::File { source }).is_none() {
            self.content_bytes += size;
        }
    }

    /// Adds every content of a tree; `object_path` is the store's, `objects` the builder's folder of objects.
    pub fn add_contents(
        &mut self,
        tree: &Tree,
        object_path: impl Fn(&Digest, u32) -> String,
        objects: &Path,
    ) {
        for entry in tree.entries.values() {
            if let EntryKind::File { digest, size } = &entry.kind
                && *size > 0
            {
                let path = object_path(digest, entry.mode);
                let source = objects.join(&path);
                self.add_object(&path, *size, source);
            }
        }
    }

    /// Adds a store path by its base name; `source` is a file or a folder.
    pub fn add_store_path(&mut self, base_name: &str, source: PathBuf) {
        let place = format!("cairn/store/{base_name}");
        self.items.insert(place, Item::Copy { source });
    }

    /// Makes `folder`, which must be empty, look like the partition.
    ///
    /// Errors: see [`Error`].
    pub fn stage(&self, folder: &Path) -> Result<(), Error> {
        for (path, item) in &self.items {
            let place = folder.join(path);
            if let Some(parent) = place.parent() {
                make_folder(parent, 0o755)?;
            }
            let failed = |source| Error::Stage {
                path: place.clone(),
                source,
            };
            match item {
                Item::Folder { mode } => make_folder(&place, *mode)?,
                Item::File { source } => link(source, &place)?,
                Item::Copy { source } => copy(source, &place)?,
                Item::Link { target } => symlink(target, &place).map_err(failed)?,
                Item::Text { text, mode } => {
                    fs::write(&place, text).map_err(failed)?;
                    let permissions = fs::Permissions::from_mode(*mode);
                    fs::set_permissions(&place, permissions).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

fn make_folder(place: &Path, mode: u32) -> Result<(), Error> {
    let failed = |source| Error::Stage {
        path: place.to_owned(),
        source,
    };
    if place.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o755);
    builder.create(place).map_err(failed)?;
    // The mode of creation passes through the umask.
    fs::set_permissions(place, fs::Permissions::from_mode(mode)).map_err(failed)
}

fn link(source: &Path, place: &Path) -> Result<(), Error> {
    match fs::hard_link(source, place) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::Read {
                path: source.to_owned(),
                source: error,
            });
        }
        // Another file system, too many links, or a link that the kernel forbids.
        Err(_) => {}
    }
    let copied = fs::copy(source, place);
    copied.map(drop).map_err(|error| Error::Stage {
        path: place.to_owned(),
        source: error,
    })
}

/// Links a file, or a folder with all that is below, keeping modes and times of folders.
fn copy(source: &Path, place: &Path) -> Result<(), Error> {
    let read = |error| Error::Read {
        path: source.to_owned(),
        source: error,
    };
    let failed = |error| Error::Stage {
        path: place.to_owned(),
        source: error,
    };
    let kind = fs::symlink_metadata(source).map_err(read)?;
    if kind.is_symlink() {
        let target = fs::read_link(source).map_err(read)?;
        return symlink(target, place).map_err(failed);
    }
    if !kind.is_dir() {
        return link(source, place);
    }
    fs::create_dir(place).map_err(failed)?;
    for item in fs::read_dir(source).map_err(read)? {
        let item = item.map_err(read)?;
        copy(&item.path(), &place.join(item.file_name()))?;
    }
    let permissions = fs::Permissions::from_mode(kind.mode() & 0o7777);
    fs::set_permissions(place, permissions).map_err(failed)?;
    let seconds = |secs| rustix::fs::Timespec {
        tv_sec: secs,
        tv_nsec: 0,
    };
    let times = rustix::fs::Timestamps {
        last_access: seconds(kind.mtime()),
        last_modification: seconds(kind.mtime()),
    };
    rustix::fs::utimensat(
        rustix::fs::CWD,
        place,
        &times,
        rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
    )
    .map_err(|error| failed(error.into()))
}
