use crate::support::{PLAIN, machine, names, objects};
use cairn_disk::{Error, ObjectMeta, Store};
use cairn_graph::Digest;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

#[test]
fn an_object_shows_mode_and_time_and_is_found_by_its_bytes() {
    let m = machine();
    let (digest, size) = m
        .store
        .put_bytes(
            b"hello",
            ObjectMeta {
                executable: true,
                mtime: 77,
            },
        )
        .unwrap();
    assert_eq!((digest, size), (Digest::of(b"hello"), 5));
    let shown = m
        .store
        .object_path(&digest, true)
        .unwrap()
        .metadata()
        .unwrap();
    assert_eq!((shown.mode() & 0o7777, shown.mtime()), (0o755, 77));
    m.store.put_bytes(b"hello", PLAIN).unwrap();
    assert_eq!(
        objects(&m.store),
        [digest.to_string(), format!("{digest}.x")]
    );
    let plain = m.store.layout().object(&digest, false).metadata().unwrap();
    assert_eq!(plain.mode() & 0o7777, 0o644);
    assert_eq!(m.store.read_object(&digest).unwrap(), b"hello");
}

#[test]
fn a_put_that_fails_leaves_nothing() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("broken"));
            }
            self.0 -= 1;
            buffer.fill(7);
            Ok(buffer.len())
        }
    }
    let m = machine();
    for chunks in [0, 1, 20] {
        let error = m
            .store
            .put(&mut Broken(chunks), PLAIN, Path::new("somewhere"))
            .unwrap_err();
        assert_eq!(error.to_string(), "cannot read somewhere");
    }
    assert!(objects(&m.store).is_empty());
    let tmp = m.store.tmp_path().unwrap();
    assert_eq!(names(tmp.parent().unwrap()), ["roots"]);
}

#[test]
fn an_object_that_a_crash_cut_short_is_put_again() {
    let m = machine();
    let (digest, _) = m.store.put_bytes(b"hello", PLAIN).unwrap();
    let place = m.store.layout().object(&digest, false);
    std::fs::write(&place, "").unwrap();
    m.store.put_bytes(b"hello", PLAIN).unwrap();
    assert_eq!(std::fs::read(&place).unwrap(), b"hello");
}

#[test]
fn damaged_bytes_are_not_handed_out() {
    let m = machine();
    let (digest, _) = m.store.put_bytes(b"hello", PLAIN).unwrap();
    std::fs::write(m.store.layout().object(&digest, false), "HELLO").unwrap();
    assert!(matches!(
        m.store.read_object(&digest),
        Err(Error::Damaged { .. })
    ));
    assert!(matches!(
        m.store.read_object(&Digest::of(b"x")),
        Err(Error::Missing { what: "object", .. })
    ));
}

#[test]
fn files_of_every_size_are_put_whole() {
    let m = machine();
    for size in [0_usize, 1, 256 * 1024, 256 * 1024 + 1, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|at| (at * 7 % 251) as u8).collect();
        let path = m.dir.path().join("file");
        std::fs::write(&path, &bytes).unwrap();
        let (digest, found) = m.store.put_file(&path, PLAIN).unwrap();
        assert_eq!((digest, found), (Digest::of(&bytes), size as u64));
        assert_eq!(m.store.read_object(&digest).unwrap(), bytes);
    }
}

#[test]
fn a_store_of_another_version_is_refused() {
    let m = machine();
    let path = m.store.layout().version();
    std::fs::write(&path, "cairn-store 2\n").unwrap();
    assert!(
        matches!(Store::open(m.dir.path()), Err(Error::Version { found, .. }) if found == "cairn-store 2")
    );
}

#[test]
fn a_tree_is_hashed_when_it_is_read() {
    let m = machine();
    let tree = m.tree(&["a=1"]);
    let digest = m.store.put_tree(&tree).unwrap();
    assert_eq!(m.store.tree(&digest).unwrap(), tree);
    let place = m.store.layout().tree(&digest);
    std::fs::write(&place, tree.encode().replace("/a", "/b")).unwrap();
    assert!(matches!(m.store.tree(&digest), Err(Error::Damaged { .. })));
}

#[test]
fn writing_in_pieces_is_writing_at_once() {
    let m = machine();
    let piece = prop::collection::vec(any::<u8>(), 0..200_000);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(16));
    let claim = |pieces: Vec<Vec<u8>>| {
        let mut writer = m.store.object_writer(PLAIN);
        for piece in &pieces {
            writer.write_all(piece).unwrap();
        }
        let (digest, size) = writer.finish().unwrap();
        let whole = pieces.concat();
        prop_assert_eq!((digest, size), (Digest::of(&whole), whole.len() as u64));
        prop_assert_eq!(m.store.read_object(&digest).unwrap(), whole);
        Ok(())
    };
    runner
        .run(&prop::collection::vec(piece, 0..5), claim)
        .unwrap();
}

#[test]
fn an_object_that_is_not_the_one_it_must_be_is_given_up() {
    let m = machine();
    // One that is kept in memory, and one that is not.
    for len in [5, 1 << 20] {
        let bytes = vec![7; len];
        let right = Digest::of(&bytes);
        let write = || {
            let mut writer = m.store.object_writer(PLAIN);
            writer.append(&bytes).unwrap();
            writer
        };
        let wrong = write().finish_as(&Digest::of(b"another")).unwrap();
        assert_eq!((wrong, m.store.has_object(&right)), (None, false));
        let ended = write().finish_as(&right).unwrap();
        assert_eq!(
            (ended, m.store.has_object(&right)),
            (Some(len as u64), true)
        );
    }
    assert_eq!(objects(&m.store).len(), 2);
}
