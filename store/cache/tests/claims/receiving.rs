//! What enters a store: nothing that is more, less or other than what was declared.

use crate::support::{folder, keys, machine, noise, pull_from, push_to, pushed};
use cairn_cache::place::Folder;
use cairn_cache::receive::Receiver;
use cairn_cache::{Closure, Error, PathFact, Statement, Wanted, pull};
use cairn_fetch::Cancel;
use cairn_graph::{Content, Digest, Entry, EntryKind, StorePath, Tree};
use std::fs;
use std::io::{self, Read};

fn closure(source: &crate::support::Machine, path: &StorePath) -> Closure {
    Closure::of(&source.store, &Wanted::paths(std::slice::from_ref(path))).unwrap()
}

/// Counts what was read.
struct Counted<R>(R, u64);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1 += count as u64;
        Ok(count)
    }
}

#[test]
fn no_more_is_read_of_a_content_than_was_declared() {
    const SIZE: usize = 2 << 20;
    let source = machine();
    let path = source.file_path("large", &noise(1, SIZE));
    let closure = closure(&source, &path);
    let target = machine();
    let mut receiver = Receiver::new(&target.store, &closure.statement).unwrap();
    let missing = receiver.find_objects().unwrap();
    let mut flood = Counted(io::repeat(7).take(64 << 20), 0);
    let error = receiver
        .put_stream(&missing[0], &mut flood, ("a cache", "a blob"))
        .unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(flood.1 <= SIZE as u64 + (1 << 20), "{} were read", flood.1);
}

#[test]
fn what_has_not_come_is_not_registered() {
    let source = machine();
    let path = source.path(
        "tree",
        &[("a", b"a", 0o644), ("b", &noise(1, 2 << 20), 0o644)],
        &[],
    );
    let closure = closure(&source, &path);
    let target = machine();
    let mut receiver = Receiver::new(&target.store, &closure.statement).unwrap();
    let tree = receiver.missing_trees()[0].digest;
    receiver.add_trees(vec![(tree, source.store.tree(&tree).unwrap())]);
    let missing = receiver.find_objects().unwrap();
    assert_eq!(missing.len(), 2);
    let small = missing.iter().find(|member| member.size == 1).unwrap();
    receiver.put(small, b"a", ("a cache", "a pack")).unwrap();
    let error = receiver.finish(true).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(target.store.path_record(&path).unwrap().is_none());
    assert!(!target.store.has_tree(&tree));
}

#[test]
fn a_tree_that_has_not_come_is_not_registered() {
    let source = machine();
    let path = source.path("tree", &[("a", b"a", 0o644)], &[]);
    let closure = closure(&source, &path);
    let target = machine();
    let mut receiver = Receiver::new(&target.store, &closure.statement).unwrap();
    assert_eq!(receiver.find_objects().unwrap(), []);
    receiver.finish(true).unwrap_err();
    assert!(target.store.path_record(&path).unwrap().is_none());
}

#[test]
fn an_object_that_was_cut_short_here_comes_again() {
    let pushed = pushed();
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    pull_from(&target, &caches, "web1", &trust).unwrap();
    let large = noise(1, 3 << 20);
    let object = target.store.layout().object(&Digest::of(&large), false);
    fs::write(&object, &large[..1000]).unwrap();
    let (pulled, _) = pull_from(&target, &caches, "web1", &trust).unwrap();
    assert_eq!(pulled.objects, 1);
    assert_eq!(fs::read(&object).unwrap(), large);
}

#[test]
fn a_damaged_object_is_not_copied_to_its_other_mode() {
    let pushed = pushed();
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    pull_from(&target, &caches, "web1", &trust).unwrap();
    let digest = Digest::of(b"#!/bin/sh\n");
    let of = |executable| target.store.layout().object(&digest, executable);
    fs::remove_file(of(true)).unwrap();
    fs::write(of(false), b"#!/bin/su\n").unwrap();
    let error = pull_from(&target, &caches, "web1", &trust).unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error}");
    assert!(!of(true).exists());
}

/// A statement of two trees whose files have these digests and sizes.
fn statement_of(trees: &[Tree]) -> Statement {
    let paths = trees.iter().map(|tree| {
        let digest = Digest::of(tree.encode().as_bytes());
        let content = Content::Tree { digest };
        let fact = PathFact {
            content,
            size: tree.encode().len() as u64,
            needs: Vec::new(),
        };
        (StorePath::new("tree", &content).unwrap(), fact)
    });
    let paths: std::collections::BTreeMap<_, _> = paths.collect();
    Statement {
        name: None,
        roots: paths.keys().cloned().collect(),
        paths,
        realisations: std::collections::BTreeMap::new(),
        outcomes: std::collections::BTreeMap::new(),
        generation: None,
    }
}

#[test]
fn a_content_that_two_trees_give_two_sizes_is_refused() {
    let digest = Digest::of(b"content");
    let trees = [7, 8].map(|size| {
        let mut tree = Tree::new();
        let entry = Entry::new(EntryKind::File { digest, size }, 0o644);
        tree.insert("file", entry).unwrap();
        tree
    });
    let statement = statement_of(&trees);
    let target = machine();
    let mut receiver = Receiver::new(&target.store, &statement).unwrap();
    let digests = trees.map(|tree| (Digest::of(tree.encode().as_bytes()), tree));
    receiver.add_trees(digests.into());
    let error = receiver.find_objects().unwrap_err();
    assert!(
        error.to_string().contains("it has 7 bytes, and 8 as"),
        "{error}"
    );
}

#[test]
fn a_pull_that_is_cancelled_when_all_has_come_registers_nothing() {
    let source = machine();
    let path = source.file_path("file", b"a file");
    let (cache, keys) = (tempfile::tempdir().unwrap(), keys());
    let wanted = Wanted::paths(std::slice::from_ref(&path));
    push_to(
        &source,
        &wanted,
        &Folder::new(cache.path()),
        &keys.secret("a"),
    );
    let trust = keys.trust(&["a"], 1);
    let found = pull::find(&folder(cache.path()), path.base_name(), &trust).unwrap();
    let target = machine();
    let cancel = Cancel::default();
    let plan = pull::plan(&target.store, &found, &cancel).unwrap();
    assert_eq!(plan.objects.len(), 1);
    let error = plan.apply(&cancel, &|_| cancel.cancel()).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    assert!(target.store.path_record(&path).unwrap().is_none());
}

#[test]
fn what_is_recorded_already_is_not_written_again() {
    use std::os::unix::fs::MetadataExt as _;
    let pushed = pushed();
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    let records = || {
        let entries = fs::read_dir(target.store.layout().realisations()).unwrap();
        let inode = |entry: io::Result<fs::DirEntry>| entry.unwrap().metadata().unwrap().ino();
        entries.map(inode).collect::<Vec<u64>>()
    };
    pull_from(&target, &caches, "web1", &trust).unwrap();
    let before = records();
    assert_eq!(before.len(), 1);
    pull_from(&target, &caches, "web1", &trust).unwrap();
    assert_eq!(records(), before);
}
