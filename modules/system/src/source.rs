//! Local files and folders that a configuration names: their content as it would stand in the store.
//!
//! In: a path below the configuration's root. Out: a [`Source`], whose store path is known before anything is copied.
//! Writes nothing; [`Source::keep`] puts it into a store later.

use cairn_disk::{ObjectMeta, Store};
use cairn_graph::{
    Content, Digest, Entry, EntryKind, Output, StorePath, Tree, path::StorePathError,
};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A local file or folder, hashed.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it will be, and what it is.
    pub output: Output,
    /// Its manifest, where it is a folder.
    pub tree: Option<Tree>,
    /// Content → the file that holds it, and whether it may be executed.
    files: BTreeMap<(Digest, bool), PathBuf>,
}

/// Why a source can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file system failed.
    #[error("cannot read {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Neither file, folder nor symbolic link.
    #[error(
        "{0} is a socket, pipe or device: only files, folders and links can be part of a configuration"
    )]
    Special(PathBuf),
    /// A name that can't be written.
    #[error("{0} has a name that is not UTF-8")]
    Name(PathBuf),
    /// The base name can't name a store path.
    #[error(transparent)]
    StorePath(#[from] StorePathError),
    /// It changed after it was hashed.
    #[error("{0} changed while Cairn was reading it; run the command again")]
    Changed(PathBuf),
    /// The store failed.
    #[error("cannot copy {path} into the store")]
    Store {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: Box<cairn_disk::Error>,
    },
}

impl Source {
    /// Hashes a file or folder. Modes become 0644 or 0755, owners root, times 1: a checkout on any machine gives the same.
    ///
    /// Errors: [`SourceError`].
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .ok_or_else(|| SourceError::Name(path.into()))?;
        let name = name.trim_start_matches('.');
        let mut files = BTreeMap::new();
        let metadata = fs::metadata(path).map_err(|source| SourceError::Read {
            path: path.into(),
            source,
        })?;
        let (content, tree) = if metadata.is_dir() {
            let mut tree = Tree::default();
            walk(path, "", &mut tree, &mut files)?;
            (
                Content::Tree {
                    digest: tree.digest(),
                },
                Some(tree),
            )
        } else if metadata.is_file() {
            let executable = metadata.permissions().mode() & 0o111 != 0;
            let (digest, size) = hash(path)?;
            files.insert((digest, executable), path.into());
            (
                Content::File {
                    digest,
                    size,
                    executable,
                },
                None,
            )
        } else {
            return Err(SourceError::Special(path.into()));
        };
        let output = Output {
            path: StorePath::new(if name.is_empty() { "source" } else { name }, &content)?,
            content,
        };
        Ok(Self {
            output,
            tree,
            files,
        })
    }

    /// Puts it into the store.
    ///
    /// Errors: [`SourceError::Changed`] when a file is no longer what was hashed.
    pub fn keep(&self, store: &Store) -> Result<(), SourceError> {
        for ((digest, executable), path) in &self.files {
            let failed = |source| SourceError::Store {
                path: path.clone(),
                source: Box::new(source),
            };
            let meta = ObjectMeta {
                executable: *executable,
                mtime: 1,
            };
            let (kept, _) = store.put_file(path, meta).map_err(failed)?;
            if kept != *digest {
                return Err(SourceError::Changed(path.clone()));
            }
        }
        let failed = |source| SourceError::Store {
            path: self.output.path.logical().into(),
            source: Box::new(source),
        };
        if let Some(tree) = &self.tree {
            store.put_tree(tree).map_err(failed)?;
        }
        store.register(&self.output, &[]).map_err(failed)
    }
}

fn hash(path: &Path) -> Result<(Digest, u64), SourceError> {
    let failed = |source| SourceError::Read {
        path: path.into(),
        source,
    };
    let mut hasher = blake3::Hasher::new();
    let size = io::copy(&mut fs::File::open(path).map_err(failed)?, &mut hasher).map_err(failed)?;
    Ok((Digest(*hasher.finalize().as_bytes()), size))
}

fn walk(
    path: &Path,
    below: &str,
    tree: &mut Tree,
    files: &mut BTreeMap<(Digest, bool), PathBuf>,
) -> Result<(), SourceError> {
    let failed = |source| SourceError::Read {
        path: path.into(),
        source,
    };
    let entry = |kind, mode| Entry {
        kind,
        mode,
        uid: 0,
        gid: 0,
        mtime: 1,
        xattrs: BTreeMap::new(),
    };
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        tree.entries
            .insert(below.into(), entry(EntryKind::Directory, 0o755));
        for child in fs::read_dir(path).map_err(failed)? {
            let child = child.map_err(failed)?;
            let name = child
                .file_name()
                .into_string()
                .map_err(|_| SourceError::Name(child.path()))?;
            let inner = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            walk(&child.path(), &inner, tree, files)?;
        }
    } else if kind.is_symlink() {
        let target = fs::read_link(path).map_err(failed)?;
        let target = target
            .into_os_string()
            .into_string()
            .map_err(|_| SourceError::Name(path.into()))?;
        tree.entries
            .insert(below.into(), entry(EntryKind::Symlink { target }, 0o777));
    } else if kind.is_file() {
        let executable = metadata.permissions().mode() & 0o111 != 0;
        let (digest, size) = hash(path)?;
        files.insert((digest, executable), path.into());
        tree.entries.insert(
            below.into(),
            entry(
                EntryKind::File { digest, size },
                if executable { 0o755 } else { 0o644 },
            ),
        );
    } else {
        return Err(SourceError::Special(path.into()));
    }
    Ok(())
}
