//! Caches in a bucket of S3: pushed, pulled, tampered with, through a server that checks every signature.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

use cairn_cache::{Closure, Error, Place, SecretKey, Trust, Wanted, pull, push};
use cairn_disk::{ObjectMeta, Store};
use cairn_fetch::{Cancel, Client};
use cairn_graph::{Content, Entry, EntryKind, StorePath, Tree};
use cairn_support::Machine;
use cairn_tests_s3::{BUCKET, Server};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

fn place(server: &Server, variable: &dyn Fn(&str) -> Option<String>) -> Arc<dyn Place> {
    let client = Client::new(Cancel::default()).retrying(2, Duration::from_millis(1));
    let variable = |name: &str| variable(name).or_else(|| server.variable(name));
    cairn_cache::place(&format!("s3://{BUCKET}/caches/one"), &client, &variable).unwrap()
}

/// A store with a path of a small and a large file: one that is kept in memory when it is sent, and one that is not.
fn source() -> (TempDir, Store, StorePath) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let mut tree = Tree::new();
    for (name, len) in [("small", 100), ("large", 3 << 20), ("huge", 40 << 20)] {
        let bytes: Vec<u8> = (0..len as u32)
            .flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes())
            .take(len)
            .collect();
        let meta = ObjectMeta {
            executable: false,
            mtime: 1,
        };
        let (digest, size) = store.put_bytes(&bytes, meta).unwrap();
        tree.insert(name, Entry::new(EntryKind::File { digest, size }, 0o644))
            .unwrap();
    }
    let digest = store.put_tree(&tree).unwrap();
    let path = store
        .add_path("tree", Content::Tree { digest }, &[])
        .unwrap();
    (dir, store, path)
}

struct Keys {
    dir: TempDir,
}

impl Keys {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        SecretKey::generate(&dir.path().join("key"), None).unwrap();
        Self { dir }
    }
    fn secret(&self) -> SecretKey {
        SecretKey::read(&self.dir.path().join("key"), None).unwrap()
    }
    fn public(&self) -> PathBuf {
        self.dir.path().join("key.pub")
    }
    fn trust(&self) -> Trust {
        Trust::read(&[self.public()], None).unwrap()
    }
}

fn push_all(store: &Store, path: &StorePath, place: &dyn Place, key: &SecretKey) -> push::Pushed {
    let closure = Closure::of(store, &Wanted::paths(std::slice::from_ref(path))).unwrap();
    let cancel = Cancel::default();
    let plan = push::plan(&closure, place, &cancel).unwrap();
    push::apply(store, &closure, &plan, place, key, &cancel, &|_| {}).unwrap()
}

fn pull_all(
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

#[test]
fn what_is_pushed_to_a_bucket_is_pulled_from_it_and_tampering_is_named() {
    let server = Server::start();
    let (_dir, store, path) = source();
    let keys = Keys::new();
    let bucket = place(&server, &|_| None);
    let pushed = push_all(&store, &path, bucket.as_ref(), &keys.secret());
    assert_eq!(pushed.files, 4, "two packs and two blobs");
    let again = push_all(&store, &path, bucket.as_ref(), &keys.secret());
    assert_eq!(again.files, 0);

    let dir = tempfile::tempdir().unwrap();
    let target = Store::open(dir.path()).unwrap();
    let pulled = pull_all(&target, &path, place(&server, &|_| None), &keys.trust()).unwrap();
    assert_eq!(pulled.objects, 3);
    assert_eq!(target.verify().unwrap(), []);
    assert_eq!(target.closure(&path).unwrap(), [path.clone()]);

    let huge = store.tree(&match store.path_content(&path).unwrap() {
        Content::Tree { digest } => digest,
        Content::File { .. } => unreachable!("it is a tree"),
    });
    let EntryKind::File { digest, .. } = huge.unwrap().get("huge").unwrap().kind.clone() else {
        unreachable!("it is a file");
    };
    let name = cairn_cache::names::blob(&digest);
    let object = server.object(&format!("caches/one/{name}"));
    let mut bytes = std::fs::read(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&object, bytes).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let target = Store::open(dir.path()).unwrap();
    let error = pull_all(&target, &path, place(&server, &|_| None), &keys.trust()).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let error = error.to_string();
    assert!(
        error.contains(&name) && error.contains("s3://machines/caches/one"),
        "{error}"
    );
    assert_eq!(target.verify().unwrap(), []);
}

#[test]
fn wrong_credentials_are_refused_and_never_printed() {
    let server = Server::start();
    let (_dir, store, path) = source();
    let wrong = |name: &str| (name == "AWS_SECRET_ACCESS_KEY").then(|| "another".to_owned());
    let bucket = place(&server, &wrong);
    let closure = Closure::of(&store, &Wanted::paths(&[path])).unwrap();
    let error = push::plan(&closure, bucket.as_ref(), &Cancel::default()).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("403"), "{text}");
    assert!(
        !text.contains("Signature") && !text.contains("another"),
        "{text}"
    );
}

#[test]
fn the_commands_take_the_usual_variables() {
    let server = Server::start();
    let (dir, _store, path) = source();
    let keys = Keys::new();
    let mut machine = Machine::bare();
    for name in [
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
    ] {
        machine = machine.env(name, &server.variable(name).unwrap());
    }
    let key = keys.dir.path().join("key").display().to_string();
    let root = dir.path().display().to_string();
    let address = format!("s3://{BUCKET}/caches/two");
    let name = path.base_name();
    machine
        .cairn(&[
            "--root", &root, "cache", "push", &address, name, "--key", &key,
        ])
        .done();
    let public = keys.public().display().to_string();
    machine
        .cairn(&["cache", "pull", &address, name, "--trust", &public])
        .done()
        .says(&path.logical());
    machine.cairn(&["verify"]).done().says("the store is sound");
}
