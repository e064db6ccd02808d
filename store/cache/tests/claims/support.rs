//! Stores with a closure in them, caches in folders, keys.

use cairn_cache::place::Folder;
use cairn_cache::pull::{self, Pulled};
use cairn_cache::push::{self, Pushed};
use cairn_cache::{Closure, Place, SecretKey, Trust, Wanted, add_generation};
use cairn_disk::{Generation, NewGeneration, ObjectMeta, Store};
use cairn_fetch::Cancel;
use cairn_graph::{
    ActionKey, Content, Digest, Entry, EntryKind, Output, Realisation, StorePath, Tree,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A store in a folder of its own.
pub struct Machine {
    pub store: Store,
    pub dir: TempDir,
}

pub fn machine() -> Machine {
    let dir = tempfile::tempdir().unwrap();
    Machine {
        store: Store::open(dir.path()).unwrap(),
        dir,
    }
}

/// Bytes that do not compress, the same for the same seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

impl Machine {
    /// A file's entry whose object is put.
    pub fn file(&self, bytes: &[u8], mode: u32) -> Entry {
        let meta = ObjectMeta {
            executable: mode & 0o111 != 0,
            mtime: 1,
        };
        let (digest, size) = self.store.put_bytes(bytes, meta).unwrap();
        Entry::new(EntryKind::File { digest, size }, mode)
    }

    /// A registered path of a tree with these files.
    pub fn path(&self, name: &str, files: &[(&str, &[u8], u32)], needs: &[StorePath]) -> StorePath {
        let mut tree = Tree::new();
        for (path, bytes, mode) in files {
            tree.insert(path, self.file(bytes, *mode)).unwrap();
        }
        let digest = self.store.put_tree(&tree).unwrap();
        let content = Content::Tree { digest };
        self.store.add_path(name, content, needs).unwrap()
    }

    /// A registered path of one file.
    pub fn file_path(&self, name: &str, bytes: &[u8]) -> StorePath {
        let meta = ObjectMeta {
            executable: false,
            mtime: 1,
        };
        let (digest, size) = self.store.put_bytes(bytes, meta).unwrap();
        let content = Content::File {
            digest,
            size,
            executable: false,
        };
        self.store.add_path(name, content, &[]).unwrap()
    }

    /// A generation of a small system: a tree with a large and a small file, one with a file in both modes, and a
    /// package that is kept.
    pub fn generation(&self) -> Generation {
        let root = self.path(
            "root",
            &[
                ("usr/bin/tool", b"#!/bin/sh\n", 0o755),
                ("usr/share/tool", b"#!/bin/sh\n", 0o644),
                ("usr/share/empty", b"", 0o644),
                ("usr/lib/large", &noise(1, 3 << 20), 0o644),
            ],
            &[],
        );
        let system = self.path("system-web1", &[("manifest.json", b"{}", 0o644)], &[root]);
        let package = self.file_path("tool.deb", &noise(2, 5000));
        let realisation = Realisation::new(
            ActionKey(Digest::of(b"an action")),
            Output {
                path: system.clone(),
                content: self.store.path_content(&system).unwrap(),
            },
            Vec::new(),
        );
        self.store.realisations().put(&realisation).unwrap();
        self.store
            .generations()
            .add(NewGeneration {
                system,
                date: "2026-01-02T03:04:05Z".parse().unwrap(),
                description: "the first".into(),
                config: "/etc/cairn/system.cairn".into(),
                lock: Some(Digest::of(b"a lock")),
                command: "switch".into(),
                keeps: vec![package],
            })
            .unwrap()
    }

    /// A large closure: so many trees with so many files of 1 to 8,000 bytes each.
    pub fn forest(&self, trees: usize, files: usize) -> StorePath {
        let paths: Vec<StorePath> = (0..trees)
            .map(|tree| {
                let contents: Vec<(String, Vec<u8>)> = (0..files)
                    .map(|file| {
                        let seed = (tree * files + file) as u64;
                        (
                            format!("d{}/f{file}", file % 7),
                            noise(seed, 1 + seed as usize * 37 % 8000),
                        )
                    })
                    .collect();
                let list: Vec<_> = contents
                    .iter()
                    .map(|(path, bytes)| (path.as_str(), bytes.as_slice(), 0o644))
                    .collect();
                self.path(&format!("tree-{tree}"), &list, &[])
            })
            .collect();
        self.path("forest", &[("leaf", b"leaf", 0o644)], &paths)
    }

    /// Every object, tree and record of a path.
    pub fn entries(&self) -> Vec<String> {
        let mut found = Vec::new();
        for folder in ["objects", "trees", "var/paths", "var/real"] {
            list(&self.dir.path().join("cairn").join(folder), &mut found);
        }
        let base = format!("{}/", self.dir.path().display());
        let mut found: Vec<String> = found.iter().map(|path| path.replace(&base, "")).collect();
        found.sort();
        found
    }
}

pub fn list(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, found);
        } else {
            found.push(path.display().to_string());
        }
    }
}

/// All files of a cache, sorted, relative.
pub fn cache_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    list(folder, &mut found);
    let base = format!("{}/", folder.display());
    let mut found: Vec<String> = found.iter().map(|path| path.replace(&base, "")).collect();
    found.sort();
    found
}

/// Keys in a folder.
pub struct Keys {
    dir: TempDir,
}

pub fn keys() -> Keys {
    Keys {
        dir: tempfile::tempdir().unwrap(),
    }
}

impl Keys {
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A key of this name, made when it is not there.
    pub fn secret(&self, name: &str) -> SecretKey {
        let path = self.file(name);
        if !path.exists() {
            SecretKey::generate(&path, None).unwrap();
        }
        SecretKey::read(&path, None).unwrap()
    }

    /// Trust in so many of these.
    pub fn trust(&self, names: &[&str], threshold: usize) -> Trust {
        let files: Vec<PathBuf> = names
            .iter()
            .map(|name| {
                self.secret(name);
                self.file(&format!("{name}.pub"))
            })
            .collect();
        Trust::read(&files, Some(threshold)).unwrap()
    }
}

pub fn wanted(generation: &Generation) -> Wanted {
    Wanted::generation(generation, true, "web1")
}

/// Pushes to a folder.
pub fn push_to(machine: &Machine, wanted: &Wanted, cache: &dyn Place, key: &SecretKey) -> Pushed {
    let closure = Closure::of(&machine.store, wanted).unwrap();
    let cancel = Cancel::default();
    let plan = push::plan(&closure, cache, &cancel).unwrap();
    push::apply(
        &machine.store,
        &closure,
        &plan,
        cache,
        key,
        &cancel,
        &|_| {},
    )
    .unwrap()
}

/// Pulls a name, and registers its generation.
pub fn pull_from(
    machine: &Machine,
    caches: &[Arc<dyn Place>],
    name: &str,
    trust: &Trust,
) -> cairn_cache::Result<(Pulled, Option<Generation>)> {
    let cancel = Cancel::default();
    let found = pull::find(caches, name, trust)?;
    let plan = pull::plan(&machine.store, &found, &cancel)?;
    let pulled = plan.apply(&cancel, &|_| {})?;
    let generation = add_generation(&machine.store, &found.statement, "a test", "cache pull")?;
    Ok((pulled, generation))
}

pub fn folder(path: &Path) -> Vec<Arc<dyn Place>> {
    vec![Arc::new(Folder::new(path))]
}

/// A cache with a generation in it, signed by the key `a`.
pub struct Pushed1 {
    pub source: Machine,
    pub generation: Generation,
    pub cache: TempDir,
    pub keys: Keys,
}

pub fn pushed() -> Pushed1 {
    let source = machine();
    let generation = source.generation();
    let cache = tempfile::tempdir().unwrap();
    let keys = keys();
    let place = Folder::new(cache.path());
    push_to(&source, &wanted(&generation), &place, &keys.secret("a"));
    Pushed1 {
        source,
        generation,
        cache,
        keys,
    }
}
