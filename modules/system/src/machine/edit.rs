//! Changes to a tree by path, as a root sees its paths: through its own symbolic links.
//!
//! In: a tree and where contents come from. Out: the changed tree. Everything written shows one time.

use super::{Contents, MachineError};
use cairn_graph::{Content, Entry, EntryKind, Tree};
use std::collections::BTreeMap;

/// A tree that is being changed.
pub struct Edit<'a> {
    tree: Tree,
    contents: &'a dyn Contents,
    epoch: i64,
}

/// Why a path can't be changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EditError {
    /// A parent of the path is no folder.
    #[error("`/{path}` can't be made: `/{parent}` is no folder")]
    NoFolder {
        /// What was to be made.
        path: String,
        /// What is in the way.
        parent: String,
    },
    /// Links that lead to each other.
    #[error("`/{0}` leads through more than 40 symbolic links")]
    Loop(String),
    /// A folder is in the way of a file.
    #[error("`/{0}` is a folder of the packages; a file can't take its place")]
    Folder(String),
}

impl<'a> Edit<'a> {
    /// Begins with this tree; what is written shows `epoch` as its time.
    pub fn new(tree: Tree, contents: &'a dyn Contents, epoch: i64) -> Self {
        Self {
            tree,
            contents,
            epoch,
        }
    }

    /// The changed tree.
    pub fn finish(self) -> Tree {
        self.tree
    }

    fn entry(&self, kind: EntryKind, mode: u32) -> Entry {
        Entry {
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime: self.epoch,
            xattrs: BTreeMap::new(),
        }
    }

    /// The path with the links among its parents followed; the last part itself is not.
    fn resolve(&self, path: &str) -> Result<String, EditError> {
        let mut done: Vec<String> = Vec::new();
        let mut rest: Vec<String> = path
            .split('/')
            .rev()
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            if part == "." {
                continue;
            }
            if part == ".." {
                done.pop();
                continue;
            }
            done.push(part);
            let here = done.join("/");
            if let (
                false,
                Some(Entry {
                    kind: EntryKind::Symlink { target },
                    ..
                }),
            ) = (rest.is_empty(), self.tree.entries.get(&here))
            {
                links += 1;
                if links > 40 {
                    return Err(EditError::Loop(path.into()));
                }
                if target.starts_with('/') {
                    done.clear();
                } else {
                    done.pop();
                }
                rest.extend(
                    target
                        .split('/')
                        .rev()
                        .filter(|p| !p.is_empty())
                        .map(str::to_owned),
                );
            }
        }
        Ok(done.join("/"))
    }

    fn parents(&mut self, path: &str) -> Result<(), EditError> {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        for end in std::iter::once(0).chain(ends) {
            let parent = &path[..end];
            match self.tree.entries.get(parent).map(|entry| &entry.kind) {
                Some(EntryKind::Directory) => {}
                Some(_) => {
                    return Err(EditError::NoFolder {
                        path: path.into(),
                        parent: parent.into(),
                    });
                }
                None => {
                    let folder = self.entry(EntryKind::Directory, 0o755);
                    self.tree.entries.insert(parent.into(), folder);
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, path: &str, entry: Entry) -> Result<(), EditError> {
        let path = self.resolve(path)?;
        self.parents(&path)?;
        if let Some(Entry {
            kind: EntryKind::Directory,
            ..
        }) = self.tree.entries.get(&path)
            && entry.kind != EntryKind::Directory
        {
            return Err(EditError::Folder(path));
        }
        self.tree.entries.insert(path, entry);
        Ok(())
    }

    /// Writes a file of root's.
    pub fn write(&mut self, path: &str, bytes: &[u8], mode: u32) -> Result<(), MachineError> {
        let store = |cause| MachineError::Store {
            act: format!("keep `/{path}`"),
            cause,
        };
        let digest = self.contents.put(bytes, mode & 0o111 != 0).map_err(store)?;
        let entry = self.entry(
            EntryKind::File {
                digest,
                size: bytes.len() as u64,
            },
            mode,
        );
        Ok(self.set(path, entry)?)
    }

    /// Makes a symbolic link.
    pub fn link(&mut self, path: &str, target: &str) -> Result<(), EditError> {
        let entry = self.entry(
            EntryKind::Symlink {
                target: target.into(),
            },
            0o777,
        );
        self.set(path, entry)
    }

    /// Makes a folder, if it isn't there.
    pub fn folder(&mut self, path: &str, mode: u32) -> Result<(), EditError> {
        if self.tree.entries.contains_key(&self.resolve(path)?) {
            return Ok(());
        }
        let entry = self.entry(EntryKind::Directory, mode);
        self.set(path, entry)
    }

    /// Places a store path's content: a file with this mode, or a tree as it is.
    pub fn place(&mut self, path: &str, content: &Content, mode: u32) -> Result<(), MachineError> {
        match content {
            Content::File {
                digest,
                size,
                executable,
            } => {
                let mode = if *executable { mode | 0o111 } else { mode };
                let entry = self.entry(
                    EntryKind::File {
                        digest: *digest,
                        size: *size,
                    },
                    mode,
                );
                self.set(path, entry)?;
            }
            Content::Tree { digest } => {
                let store = |cause| MachineError::Store {
                    act: format!("read the tree for `/{path}`"),
                    cause,
                };
                let tree = self.contents.tree(digest).map_err(store)?;
                for (below, entry) in tree.entries {
                    let target = if below.is_empty() {
                        path.to_owned()
                    } else {
                        format!("{path}/{below}")
                    };
                    self.set(
                        &target,
                        Entry {
                            uid: 0,
                            gid: 0,
                            mtime: self.epoch,
                            ..entry
                        },
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Gives an entry to its owner.
    pub fn own(&mut self, path: &str, uid: u32, gid: u32) -> Result<(), EditError> {
        let path = self.resolve(path)?;
        if let Some(entry) = self.tree.entries.get_mut(&path) {
            (entry.uid, entry.gid) = (uid, gid);
        }
        Ok(())
    }

    /// The text of a file, links followed; `None` where there is none.
    pub fn read_text(&self, path: &str) -> Result<Option<String>, MachineError> {
        let mut path = self.resolve(path)?;
        for _ in 0..40 {
            match self.tree.entries.get(&path).map(|entry| &entry.kind) {
                Some(EntryKind::File { digest, .. }) => {
                    let store = |cause| MachineError::Store {
                        act: format!("read `/{path}`"),
                        cause,
                    };
                    let bytes = self.contents.read(digest).map_err(store)?;
                    return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
                }
                Some(EntryKind::Symlink { target }) => {
                    let from = path.rsplit_once('/').map_or("", |(dir, _)| dir);
                    let next = if target.starts_with('/') {
                        target.clone()
                    } else {
                        format!("{from}/{target}")
                    };
                    path = self.resolve(&next)?;
                }
                _ => return Ok(None),
            }
        }
        Err(EditError::Loop(path).into())
    }

    /// The names of a folder's entries.
    pub fn names_in(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{folder}/");
        let below = self
            .tree
            .entries
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix));
        below
            .map(|(path, _)| &path[prefix.len()..])
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect()
    }

    /// The paths of all that is no folder below `folder`, without `folder` itself.
    pub fn files_below(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{folder}/");
        let below = self
            .tree
            .entries
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix));
        below
            .filter(|(_, entry)| entry.kind != EntryKind::Directory)
            .map(|(path, _)| path[prefix.len()..].to_owned())
            .collect()
    }

    /// Removes every link below `folder` that is called `name`, or that leads to a file called so.
    pub fn remove_links(&mut self, folder: &str, name: &str) {
        let prefix = format!("{folder}/");
        let leads = |path: &str, target: &str| {
            path.ends_with(&format!("/{name}")) || target.ends_with(&format!("/{name}"))
        };
        self.tree.entries.retain(|path, entry| match &entry.kind {
            EntryKind::Symlink { target } => !(path.starts_with(&prefix) && leads(path, target)),
            _ => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cairn_graph::Digest;
    use std::cell::RefCell;

    #[derive(Default)]
    struct Memory(RefCell<BTreeMap<Digest, Vec<u8>>>);
    impl Contents for Memory {
        fn read(&self, digest: &Digest) -> Result<Vec<u8>, String> {
            self.0
                .borrow()
                .get(digest)
                .cloned()
                .ok_or_else(|| "missing".into())
        }
        fn put(&self, bytes: &[u8], _: bool) -> Result<Digest, String> {
            let digest = Digest::of(bytes);
            self.0.borrow_mut().insert(digest, bytes.to_vec());
            Ok(digest)
        }
        fn tree(&self, _: &Digest) -> Result<Tree, String> {
            Err("no trees".into())
        }
    }

    #[test]
    fn writes_through_a_linked_folder() {
        let memory = Memory::default();
        let mut edit = Edit::new(Tree::default(), &memory, 7);
        edit.folder("usr/lib", 0o755).unwrap();
        edit.link("lib", "usr/lib").unwrap();
        edit.write("lib/x.conf", b"1", 0o600).unwrap();
        assert_eq!(
            edit.read_text("usr/lib/x.conf").unwrap().as_deref(),
            Some("1")
        );
        let tree = edit.finish();
        assert_eq!(
            (
                tree.entries["usr/lib/x.conf"].mode,
                tree.entries["usr/lib/x.conf"].mtime
            ),
            (0o600, 7)
        );
    }

    #[test]
    fn a_file_is_no_parent() {
        let memory = Memory::default();
        let mut edit = Edit::new(Tree::default(), &memory, 0);
        edit.write("a", b"", 0o644).unwrap();
        let error = edit.link("a/b", "x").unwrap_err();
        assert_eq!(
            error,
            EditError::NoFolder {
                path: "a/b".into(),
                parent: "a".into()
            }
        );
    }

    #[test]
    fn files_below_a_folder_are_all_but_its_folders() {
        let memory = Memory::default();
        let mut edit = Edit::new(Tree::default(), &memory, 0);
        edit.write("a/b/c", b"", 0o644).unwrap();
        edit.link("a/d", "b/c").unwrap();
        edit.write("a-b", b"", 0o644).unwrap();
        assert_eq!(edit.files_below("a"), ["b/c", "d"]);
    }

    #[test]
    fn links_in_a_circle_are_an_error() {
        let memory = Memory::default();
        let mut edit = Edit::new(Tree::default(), &memory, 0);
        edit.link("a", "b").unwrap();
        edit.link("b", "a").unwrap();
        assert_eq!(edit.link("a/x", "y"), Err(EditError::Loop("a/x".into())));
    }
}
