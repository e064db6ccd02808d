//! Packages into one root: a merge of lists.
//!
//! In: unpacked packages, as trees with `control/` and `data/`. Out: the tree of all their files, and what dpkg's
//! database is made from. Touches no content but control files and conffiles.

use crate::machine::Contents;
use cairn_debian::compose::{self, ComposeError, Composition, MERGED_LINKS};
use cairn_debian::database::{Listed, Unpacked, conffile_paths};
use cairn_graph::{Digest, Entry, EntryKind, Tree};
use std::collections::BTreeMap;

/// One unpacked package.
#[derive(Debug, Clone)]
pub struct PackageTree {
    /// Its name.
    pub name: String,
    /// Control member → its content.
    pub control: BTreeMap<String, Digest>,
    /// Its files, relative to the root.
    pub data: Tree,
}

/// Why packages can't be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposingError {
    /// Two packages claim one path.
    #[error(transparent)]
    Conflict(#[from] ComposeError),
    /// A path is a folder in one package and something else in another.
    #[error("/{path} is a folder in one package and a file in {package}")]
    Kind {
        /// The path.
        path: String,
        /// The package that came later.
        package: String,
    },
    /// The store failed.
    #[error("cannot read {what} of {package}: {cause}")]
    Store {
        /// Which content.
        what: String,
        /// Whose.
        package: String,
        /// Why.
        cause: String,
    },
}

impl PackageTree {
    /// Splits the tree that unpacking made.
    pub fn split(name: &str, tree: &Tree) -> Self {
        let mut package = Self {
            name: name.into(),
            control: BTreeMap::new(),
            data: tree.subtree("data").unwrap_or_default(),
        };
        for (member, entry) in tree.children("control") {
            if let EntryKind::File { digest, .. } = entry.kind {
                package.control.insert(member.into(), digest);
            }
        }
        package
    }

    /// What the database needs to know of it.
    ///
    /// Errors: [`ComposingError::Store`].
    pub fn unpacked(&self, contents: &dyn Contents) -> Result<Unpacked, ComposingError> {
        let read = |what: &str, digest: &Digest| {
            let failed = |cause| ComposingError::Store {
                what: what.into(),
                package: self.name.clone(),
                cause,
            };
            contents.read(digest).map_err(failed)
        };
        let mut unpacked = Unpacked::default();
        for (member, digest) in &self.control {
            unpacked
                .control
                .insert(member.clone(), read(member, digest)?);
        }
        for (path, entry) in &self.data.entries {
            let directory = entry.kind == EntryKind::Directory;
            unpacked.listing.push(Listed {
                path: path.clone(),
                directory,
            });
        }
        let conffiles = unpacked
            .control
            .get("conffiles")
            .map(|bytes| conffile_paths(bytes))
            .unwrap_or_default();
        for path in conffiles {
            if let Some(Entry {
                kind: EntryKind::File { digest, .. },
                ..
            }) = self.data.entries.get(&path)
            {
                unpacked
                    .conffiles
                    .insert(path.clone(), read(&path, digest)?);
            }
        }
        Ok(unpacked)
    }
}

/// The root that these packages make, without database and before any script. `composition` counts them in this order.
///
/// Errors: [`ComposingError`].
pub fn compose_root(
    packages: &[PackageTree],
    composition: &Composition,
    epoch: i64,
) -> Result<Tree, ComposingError> {
    let new = |kind, mode| Entry {
        kind,
        mode,
        uid: 0,
        gid: 0,
        mtime: epoch,
        xattrs: BTreeMap::new(),
    };
    let mut root = Tree::default();
    root.entries
        .insert(String::new(), new(EntryKind::Directory, 0o755));
    for (path, target) in MERGED_LINKS {
        root.entries.insert(
            (*path).into(),
            new(
                EntryKind::Symlink {
                    target: (*target).into(),
                },
                0o777,
            ),
        );
    }
    for (number, package) in packages.iter().enumerate() {
        for (path, entry) in &package.data.entries {
            let is_merged_link = MERGED_LINKS.iter().any(|(link, _)| link == path);
            if path.is_empty()
                || is_merged_link
                || composition.losers.contains(&(number, path.clone()))
            {
                continue;
            }
            let place = compose::merged(path);
            let kind = root
                .entries
                .get(&place)
                .map(|known| known.kind == EntryKind::Directory);
            match (kind, entry.kind == EntryKind::Directory) {
                (Some(true), true) => {}
                (Some(there), here) if there != here && !is_link_to_folder(&root, &place, here) => {
                    return Err(ComposingError::Kind {
                        path: place,
                        package: package.name.clone(),
                    });
                }
                (Some(false), true) => {}
                _ => {
                    root.entries.insert(place, entry.clone());
                }
            }
        }
    }
    add_parents(&mut root, epoch);
    Ok(root)
}

/// A package's folder where another one has a symbolic link: dpkg follows the link.
fn is_link_to_folder(root: &Tree, place: &str, here_is_folder: bool) -> bool {
    here_is_folder
        && matches!(
            root.entries.get(place).map(|e| &e.kind),
            Some(EntryKind::Symlink { .. })
        )
}

fn add_parents(root: &mut Tree, epoch: i64) {
    let mut missing = Vec::new();
    for path in root.entries.keys() {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        missing.extend(
            parents
                .filter(|parent| !root.entries.contains_key(*parent))
                .map(str::to_owned),
        );
    }
    for path in missing {
        let folder = Entry {
            kind: EntryKind::Directory,
            mode: 0o755,
            uid: 0,
            gid: 0,
            mtime: epoch,
            xattrs: BTreeMap::new(),
        };
        root.entries.entry(path).or_insert(folder);
    }
}
