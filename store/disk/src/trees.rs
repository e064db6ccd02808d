//! Trees in the store: manifests named by their digest, hashed again whenever they are read.

use crate::error::{Error, Result};
use crate::files;
use crate::store::Store;
use crate::temporary_roots::Need;
use cairn_graph::{Content, Digest, Tree};

impl Store {
    /// Puts a tree's manifest. Its objects should be there already. Errors: [`Error::Tree`] when it is no tree.
    pub fn put_tree(&self, tree: &Tree) -> Result<Digest> {
        tree.check().map_err(|source| Error::Tree {
            path: self.layout.trees(),
            source,
        })?;
        let text = tree.encode();
        let digest = Digest::of(text.as_bytes());
        let path = self.layout.tree(&digest);
        self.beside_no_collection(|| {
            self.need(Need::Tree(&digest))?;
            let there = path
                .metadata()
                .is_ok_and(|metadata| metadata.len() == text.len() as u64);
            if !there {
                files::write_whole(&self.tmp_path()?, &path, text.as_bytes())?;
            }
            Ok(digest)
        })
    }

    /// Reads a tree. Errors: [`Error::Missing`], [`Error::Damaged`], [`Error::Manifest`].
    pub fn tree(&self, digest: &Digest) -> Result<Tree> {
        let text = self.manifest(digest)?;
        Tree::decode(&text).map_err(|source| Error::Manifest {
            path: self.layout.tree(digest),
            source,
        })
    }

    /// As [`Store::tree`]; the tree and its objects then stay while this store is open.
    pub fn rely_on_tree(&self, digest: &Digest) -> Result<Tree> {
        self.beside_no_collection(|| {
            self.need(Need::Tree(digest))?;
            self.tree(digest)
        })
    }

    /// Whether the manifest is there.
    pub fn has_tree(&self, digest: &Digest) -> bool {
        self.layout.tree(digest).is_file()
    }

    /// A path's content as a tree; a file becomes a tree of nothing but the file `name`.
    pub fn content_tree(&self, content: &Content, name: &str) -> Result<Tree> {
        match content {
            Content::Tree { digest } => self.tree(digest),
            Content::File {
                digest,
                size,
                executable,
            } => {
                let mut tree = Tree::new();
                tree.insert_file(
                    name,
                    *digest,
                    *size,
                    if *executable { 0o755 } else { 0o644 },
                )
                .map_err(|source| Error::Tree {
                    path: name.into(),
                    source,
                })?;
                Ok(tree)
            }
        }
    }

    /// A manifest's text, checked against its digest.
    pub(crate) fn manifest(&self, digest: &Digest) -> Result<String> {
        let path = self.layout.tree(digest);
        let text = files::read_if_there(&path)?;
        let text = text.ok_or_else(|| Error::Missing {
            what: "tree",
            name: digest.to_string(),
        })?;
        let found = Digest::of(text.as_bytes());
        if found == *digest {
            Ok(text)
        } else {
            Err(Error::Damaged {
                path,
                expected: *digest,
                found,
            })
        }
    }
}
