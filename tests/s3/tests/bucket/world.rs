//! Stores with a closure in them, keys, and the bucket as a cache.

use cairn_cache::{Closure, Place, SecretKey, Trust, Wanted, pull, push};
use cairn_disk::{ObjectMeta, Store};
use cairn_fetch::{Cancel, Client};
use cairn_graph::{Content, Digest, Entry, EntryKind, StorePath, Tree};
use cairn_tests_s3::{BUCKET, Server};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Where in the bucket the cache is.
pub const PREFIX: &str = "caches/one";

/// The cache in the bucket, for somebody whose environment is the server's with these changes.
pub fn place_with(variable: &dyn Fn(&str) -> Option<String>) -> Arc<dyn Place> {
    let client = Client::new(Cancel::default()).retrying(2, Duration::from_millis(1));
    cairn_cache::place(&format!("s3://{BUCKET}/{PREFIX}"), &client, variable).unwrap()
}

/// The cache in the bucket.
pub fn place(server: &Server) -> Arc<dyn Place> {
    place_with(&|name| server.variable(name))
}

/// A store.
pub struct Machine {
    pub store: Store,
    _folder: Option<TempDir>,
}

impl Machine {
    /// In a folder of its own, that vanishes with it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        Self {
            store,
            _folder: Some(folder),
        }
    }

    /// Below this root.
    pub fn at(root: &Path) -> Self {
        Self {
            store: Store::open(root).unwrap(),
            _folder: None,
        }
    }

    /// A path with files of these lengths, none of which compresses.
    pub fn path(&self, lengths: &[(&str, usize)]) -> StorePath {
        let mut tree = Tree::new();
        for (name, len) in lengths {
            let meta = ObjectMeta {
                executable: false,
                mtime: 1,
            };
            let (digest, size) = self.store.put_bytes(&noise(name, *len), meta).unwrap();
            tree.insert(name, Entry::new(EntryKind::File { digest, size }, 0o644))
                .unwrap();
        }
        let digest = self.store.put_tree(&tree).unwrap();
        self.store
            .add_path("tree", Content::Tree { digest }, &[])
            .unwrap()
    }

    /// A path whose files go alone: a dozen.
    pub fn dozen(&self) -> StorePath {
        let names: Vec<String> = (0..12).map(|number| format!("f{number}")).collect();
        let lengths: Vec<(&str, usize)> = names
            .iter()
            .map(|name| (name.as_str(), (1 << 20) + 1))
            .collect();
        self.path(&lengths)
    }
}

/// Bytes that do not compress, the same for the same name.
pub fn noise(name: &str, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// The name in the cache of a file that goes alone.
pub fn blob(name: &str, len: usize) -> String {
    cairn_cache::names::blob(&Digest::of(&noise(name, len)))
}

/// Pairs of keys by name.
pub struct Keys {
    dir: TempDir,
}

impl Keys {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            SecretKey::generate(&dir.path().join(name), None).unwrap();
        }
        Self { dir }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn secret(&self, name: &str) -> SecretKey {
        SecretKey::read(&self.file(name), None).unwrap()
    }

    /// So many of these keys must have signed.
    pub fn trust(&self, names: &[&str], threshold: usize) -> Trust {
        let files: Vec<PathBuf> = names
            .iter()
            .map(|name| self.file(&format!("{name}.pub")))
            .collect();
        Trust::read(&files, Some(threshold)).unwrap()
    }
}

pub fn closure(store: &Store, path: &StorePath) -> Closure {
    Closure::of(store, &Wanted::paths(std::slice::from_ref(path))).unwrap()
}

pub fn push_all(
    store: &Store,
    path: &StorePath,
    place: &dyn Place,
    key: &SecretKey,
) -> push::Pushed {
    let closure = closure(store, path);
    let cancel = Cancel::default();
    let plan = push::plan(&closure, place, &cancel).unwrap();
    push::apply(store, &closure, &plan, place, key, &cancel, &|_| {}).unwrap()
}

pub fn pull_all(
    store: &Store,
    path: &StorePath,
    place: Arc<dyn Place>,
    trust: &Trust,
) -> cairn_cache::Result<pull::Pulled> {
    let places = [place];
    let cancel = Cancel::default();
    let found = pull::find(&places, path.base_name(), trust)?;
    pull::plan(store, &found, &cancel)?.apply(&cancel, &|_| {})
}

/// What is in the cache, by the bucket's own folder.
pub fn objects(server: &Server) -> Vec<String> {
    let mut found = Vec::new();
    let base = server.object(PREFIX);
    list(&base, &base, &mut found);
    found.sort();
    found
}

fn list(base: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(base, &path, found);
        } else {
            let name = path.strip_prefix(base).unwrap();
            found.push(name.to_str().unwrap().to_owned());
        }
    }
}
