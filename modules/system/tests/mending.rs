//! What the store lost is made again by the records of what made it: inputs first, and believed only where it is the same.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cairn_build::{Builders, realise};
use cairn_disk::{DerivationRecord, ObjectMeta, Store};
use cairn_fetch::Cancel;
use cairn_fetch::http::Client;
use cairn_graph::{
    ActionKey, BuildGraph, Content, Derivation, Digest, Output, Realisation, StorePath,
};
use cairn_spec::Debian;
use cairn_system::builders::adapters;
use cairn_system::session::{Again, Outcome};
use cairn_system::{Options, Session};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;

const INIT: &[u8] = b"a program that runs first";

/// A package with one file.
fn deb(text: &str) -> Vec<u8> {
    let tar = |path: &str, text: &str| {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        tar.append(&header, text.as_bytes()).unwrap();
        tar.into_inner().unwrap()
    };
    let mut bytes = b"!<arch>\n".to_vec();
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar", tar("./control", "Package: hello\n")),
        ("data.tar", tar("./hello", text)),
    ];
    for (name, member) in members {
        let size = member.len();
        writeln!(
            bytes,
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`",
            0, 0, 0, 100_644
        )
        .unwrap();
        bytes.extend(member);
        if size % 2 == 1 {
            bytes.push(b'\n');
        }
    }
    bytes
}

/// A path, and the realisation that gave it.
struct Made {
    output: Output,
    action: ActionKey,
}

impl Made {
    fn path(&self) -> &StorePath {
        &self.output.path
    }
}

/// A package, what is in it, and an image of that: each made from the one before.
struct Chain {
    deb: Made,
    unpacked: Made,
    image: Made,
    text: Vec<u8>,
}

struct World {
    folder: tempfile::TempDir,
    store: Store,
    cancel: Cancel,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(folder.path()).unwrap(),
            folder,
            cancel: Cancel::default(),
        }
    }

    fn builders(&self) -> Builders {
        adapters::all(None, Client::new(self.cancel.clone()))
    }

    /// Makes a chain of a package that holds this text. All chains have the same names.
    fn chain(&self, text: &str) -> Chain {
        let meta = ObjectMeta {
            executable: false,
            mtime: 1,
        };
        let (digest, size) = self.store.put_bytes(&deb(text), meta).unwrap();
        let content = Content::File {
            digest,
            size,
            executable: false,
        };
        let derivation = |name: &str, builder: &str, args| Derivation {
            name: name.into(),
            builder: builder.into(),
            builder_version: 1,
            args,
            fixed: None,
        };
        let mut graph = BuildGraph::new();
        let args = serde_json::to_value(content).unwrap();
        let deb = graph.add(derivation("hello.deb", "source", args));
        let null = serde_json::Value::Null;
        let unpacked = graph.add(derivation("hello", "debian-unpack", null.clone()));
        graph.add_input(unpacked, "deb", deb).unwrap();
        let image = graph.add(derivation("hello.erofs", "root-image", null));
        graph.add_input(image, "root", unpacked).unwrap();
        let realised = realise(
            &graph,
            &[image],
            &self.builders(),
            &self.store,
            &cairn_build::Options::default(),
            &AtomicBool::new(false),
            &|_| {},
        )
        .unwrap();
        let made = |id| Made {
            output: realised.outputs[&id].clone(),
            action: realised.actions[&id],
        };
        Chain {
            deb: made(deb),
            unpacked: made(unpacked),
            image: made(image),
            text: text.into(),
        }
    }

    fn make_again(&self) -> Vec<Again> {
        let options = Options {
            offline: true,
            jobs: 2,
            mirror: None,
            keyring: None,
            apt: self.folder.path().join("apt"),
            init: INIT,
            keep_failed: false,
            keep_going: false,
            limits: cairn_eval::Limits::default(),
            cache: None,
            elsewhere: None,
        };
        let root = self.folder.path();
        let session = Session::new(Path::new(""), root, options, self.cancel.clone());
        session
            .make_again(&self.store, &Debian::default(), &|_| {})
            .unwrap()
    }

    fn lose(&self, digest: &Digest) {
        fs::remove_file(self.store.layout().object(digest, false)).unwrap();
    }

    fn lose_file(&self, made: &Made) {
        let Content::File { digest, .. } = &made.output.content else {
            panic!("a file")
        };
        self.lose(digest);
    }

    fn forget(&self, made: &Made) {
        let lock = self.store.lock("a test").unwrap();
        let forgotten = self.store.forget_makers(&lock, made.path()).unwrap();
        assert_eq!(forgotten, [made.action]);
    }

    fn is_recorded(&self, made: &Made) -> bool {
        let found = self.store.realisations().get(&made.action).unwrap();
        found.is_some_and(|found| found.output == made.output)
    }
}

/// The names of what was tried, and whether it was built.
fn told(again: &[Again]) -> Vec<(&str, bool)> {
    again
        .iter()
        .map(|one| (one.path.name(), matches!(one.outcome, Outcome::Built)))
        .collect()
}

#[test]
fn what_is_lost_is_made_again_after_what_it_needs() {
    let world = World::new();
    let chain = world.chain("hello");
    world.lose(&Digest::of(&chain.text));
    world.lose_file(&chain.image);
    assert_eq!(world.store.lacking().unwrap().len(), 2);
    let again = world.make_again();
    assert_eq!(told(&again), [("hello", true), ("hello.erofs", true)]);
    assert_eq!(world.store.verify().unwrap(), []);
    assert!(world.store.lacking().unwrap().is_empty());
}

#[test]
fn what_lacks_nothing_is_not_made_again() {
    let world = World::new();
    world.chain("hello");
    assert_eq!(told(&world.make_again()), []);
}

#[test]
fn what_comes_out_otherwise_is_not_taken_for_what_was_lost() {
    let world = World::new();
    let chain = world.chain("hello");
    // A record that says of the image's own derivation, with another version of its builder, that it gave this.
    let lie = world.store.put_bytes(
        b"a lie",
        ObjectMeta {
            executable: false,
            mtime: 1,
        },
    );
    let (digest, size) = lie.unwrap();
    let content = Content::File {
        digest,
        size,
        executable: false,
    };
    let path = world.store.add_path("hello.erofs", content, &[]).unwrap();
    let record = world.store.derivations().get(&chain.image.action).unwrap();
    let mut resolved = record.unwrap().resolved;
    resolved.derivation.builder_version += 1;
    let record = DerivationRecord::new(resolved, std::collections::BTreeMap::new());
    let output = Output {
        path: path.clone(),
        content,
    };
    let realisation = Realisation::new(record.action, output, Vec::new());
    world.store.derivations().put_all(&[record]).unwrap();
    world.store.realisations().put(&realisation).unwrap();
    world.lose(&digest);
    let again = world.make_again();
    let [
        Again {
            path: tried,
            outcome: Outcome::Otherwise(other),
        },
    ] = again.as_slice()
    else {
        panic!("{again:?}")
    };
    assert_eq!((tried, other), (&path, chain.image.path()));
    assert!(world.store.lacking().unwrap().contains_key(&path));
}

#[test]
fn what_needs_something_that_stays_lost_is_not_tried() {
    let world = World::new();
    let chain = world.chain("hello");
    // Nothing here can give the package again.
    world.lose_file(&chain.deb);
    world.lose(&Digest::of(&chain.text));
    world.lose_file(&chain.image);
    let again = world.make_again();
    assert_eq!(told(&again), [("hello.deb", false)]);
    assert!(matches!(again[0].outcome, Outcome::Failed(_)), "{again:?}");
    assert_eq!(world.store.lacking().unwrap().len(), 3);
}

#[test]
fn what_needs_something_that_is_not_registered_any_more_is_not_tried() {
    let world = World::new();
    let chain = world.chain("hello");
    fs::remove_file(world.store.layout().path_record(chain.unpacked.path())).unwrap();
    world.lose_file(&chain.image);
    assert_eq!(told(&world.make_again()), []);
}

#[test]
fn what_nothing_is_known_to_have_made_is_left_out() {
    let world = World::new();
    let chain = world.chain("hello");
    fs::remove_dir_all(world.store.layout().derivations()).unwrap();
    world.lose_file(&chain.image);
    assert_eq!(told(&world.make_again()), []);
    assert_eq!(world.store.lacking().unwrap().len(), 1);
}

#[test]
fn what_an_earlier_repair_forgot_is_found_by_its_name_and_known_again() {
    let world = World::new();
    let chain = world.chain("hello");
    world.lose_file(&chain.image);
    world.forget(&chain.image);
    assert_eq!(told(&world.make_again()), [("hello.erofs", true)]);
    assert!(world.is_recorded(&chain.image));
    assert!(world.store.lacking().unwrap().is_empty());
}

#[test]
fn of_those_with_its_name_all_are_tried_that_gave_nothing_else() {
    let world = World::new();
    let chains = ["one", "two", "three"].map(|text| world.chain(text));
    // What the third one gave is known: it is not asked.
    for chain in &chains[..2] {
        world.lose_file(&chain.image);
        world.forget(&chain.image);
    }
    let again = world.make_again();
    let all = [("hello.erofs", true), ("hello.erofs", true)];
    assert_eq!(told(&again), all, "{again:?}");
    assert!(chains.iter().all(|chain| world.is_recorded(&chain.image)));
    assert!(world.store.lacking().unwrap().is_empty());
}

#[test]
fn a_derivation_that_is_known_to_have_given_another_path_is_not_tried() {
    let world = World::new();
    let [lost, _] = ["one", "two"].map(|text| world.chain(text));
    world.lose_file(&lost.image);
    world.forget(&lost.image);
    fs::remove_file(world.store.layout().derivation(&lost.image.action)).unwrap();
    assert_eq!(told(&world.make_again()), []);
}

#[test]
fn the_program_that_initrds_begin_with_is_there_to_be_built_with() {
    let world = World::new();
    world.make_again();
    let object = world.store.layout().object(&Digest::of(INIT), true);
    assert_eq!(fs::read(object).unwrap(), INIT);
}

#[test]
fn a_repair_that_is_cancelled_begins_nothing() {
    let world = World::new();
    let chain = world.chain("hello");
    world.lose_file(&chain.image);
    world.cancel.cancel();
    assert_eq!(told(&world.make_again()), []);
    assert_eq!(world.store.lacking().unwrap().len(), 1);
}
