use crate::support::{machine, names, own};
use cairn_disk::{Error, IngestOptions, MaterialiseOptions};
use cairn_graph::{Digest, Entry, EntryKind, Tree};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

#[test]
fn a_file_is_a_link_only_where_its_object_looks_the_same() {
    let m = machine();
    let mut tree = Tree::new();
    let same = m.file("same", 0o644);
    let mut older = same.clone();
    older.mtime = -5;
    let mut noted = same.clone();
    noted.xattrs.insert("user.note".into(), b"hi".to_vec());
    tree.insert("d/same", same).unwrap();
    tree.insert("d/run", m.file("run", 0o755)).unwrap();
    tree.insert("d/older", older).unwrap();
    tree.insert("d/noted", noted).unwrap();
    tree.insert("d/secret", m.file("same", 0o600)).unwrap();
    tree.insert("d/setuid", m.file("run", 0o4755)).unwrap();
    tree.insert("d/empty", m.file("", 0o644)).unwrap();
    tree.entries
        .values_mut()
        .for_each(|entry| *entry = own(entry.clone()));
    let place = m.dir.path().join("out");
    let report = m
        .store
        .materialise(&tree, &place, MaterialiseOptions::EXACT)
        .unwrap();
    assert_eq!((report.linked, report.copied, report.folders), (2, 5, 2));
    let links = |name: &str| place.join("d").join(name).metadata().unwrap().nlink();
    assert_eq!(
        (links("same"), links("run"), links("older"), links("empty")),
        (2, 2, 1, 1)
    );
    assert_eq!(
        place.join("d/setuid").metadata().unwrap().mode() & 0o7777,
        0o4755
    );
    // Objects are as before.
    assert!(m.store.verify().unwrap().is_empty());
    assert_eq!(
        m.store
            .ingest_tree(&place, &IngestOptions::default())
            .unwrap(),
        tree
    );
}

#[test]
fn a_path_of_the_store_has_links_whatever_the_entries_say() {
    let m = machine();
    let mut tree = Tree::new();
    let mut file = m.file("run", 0o4755);
    file.mtime = 12345;
    tree.insert("bin/run", file).unwrap();
    tree.insert_dir("bin", 0o500).unwrap();
    let place = m.dir.path().join("out");
    let report = m
        .store
        .materialise(&tree, &place, MaterialiseOptions::STORE)
        .unwrap();
    assert_eq!((report.linked, report.copied), (1, 0));
    assert_eq!(
        place.join("bin/run").metadata().unwrap().mode() & 0o7777,
        0o755
    );
    assert_eq!(place.join("bin").metadata().unwrap().mode() & 0o7777, 0o755);
}

#[test]
fn a_failure_leaves_the_place_as_it_was() {
    let m = machine();
    let mut tree = m.tree(&["a/b=1"]);
    tree.insert_file("a/z", Digest::of(b"nowhere"), 7, 0o644)
        .unwrap();
    let place = m.dir.path().join("out");
    let error = m
        .store
        .materialise(&tree, &place, MaterialiseOptions::EXACT)
        .unwrap_err();
    assert!(
        matches!(error, Error::Missing { what: "object", .. }),
        "{error}"
    );
    assert!(!place.exists());
    std::fs::create_dir(&place).unwrap();
    m.store
        .materialise(&tree, &place, MaterialiseOptions::STORE)
        .unwrap_err();
    assert!(names(&place).is_empty());
    std::fs::write(place.join("mine"), "x").unwrap();
    let error = m
        .store
        .materialise(&m.tree(&["a=1"]), &place, MaterialiseOptions::EXACT)
        .unwrap_err();
    assert!(error.to_string().contains("not empty"), "{error}");
    assert_eq!(names(&place), ["mine"]);
}

#[test]
fn what_is_no_tree_is_not_made() {
    let m = machine();
    let mut tree = Tree::new();
    tree.insert_symlink("a", "/etc").unwrap();
    tree.entries.insert("a/passwd".into(), m.file("x", 0o644));
    let place = m.dir.path().join("out");
    assert!(matches!(
        m.store
            .materialise(&tree, &place, MaterialiseOptions::EXACT),
        Err(Error::Tree { .. })
    ));
    assert!(!place.exists());
}

#[test]
fn an_object_with_all_the_links_that_it_can_have_is_copied() {
    let m = machine();
    let entry = m.file("many", 0o644);
    let mut tree = Tree::new();
    // ext4 allows 65,000 links to a file; other file systems allow more and link them all.
    for number in 0..66_000 {
        tree.insert(&format!("d{}/f{number}", number / 1000), entry.clone())
            .unwrap();
    }
    let report = m
        .store
        .materialise(&tree, &m.dir.path().join("out"), MaterialiseOptions::STORE)
        .unwrap();
    assert_eq!(report.linked + report.copied, 66_000);
    assert!(report.linked > 30_000);
}

/// Kind, mode, time, length of the content, attribute.
type Item = (u8, u32, i64, u8, Option<Vec<u8>>);

fn entry() -> impl Strategy<Value = Item> {
    let note = prop::option::of(prop::collection::vec(any::<u8>(), 0..8));
    (
        0_u8..4,
        prop::sample::select(vec![0o644, 0o755, 0o600, 0o4755, 0o2750, 0o444]),
        0_i64..4_000_000_000,
        any::<u8>(),
        note,
    )
}

#[test]
fn what_was_made_exactly_is_ingested_as_the_same_tree() {
    let m = machine();
    let path = "[ab\u{e9} \n]{1,3}(/[ab]{1,2}){0,2}";
    let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
    let claim = |items: Vec<(String, Item)>| {
        let mut tree = Tree::new();
        for (path, (kind, mode, mtime, text, note)) in items {
            let mut entry = match kind {
                0 => Entry::new(EntryKind::Directory, mode | 0o700),
                1 => Entry::new(
                    EntryKind::Symlink {
                        target: format!("to/{text}"),
                    },
                    0o777,
                ),
                2 => Entry::new(EntryKind::Fifo, mode),
                _ => m.file(&"x".repeat(usize::from(text)), mode),
            };
            entry.mtime = mtime;
            if matches!(kind, 0 | 3) {
                entry
                    .xattrs
                    .extend(note.map(|note| ("user.note".to_owned(), note)));
            }
            let _ = tree.insert(&path, entry);
        }
        tree.entries
            .values_mut()
            .for_each(|entry| *entry = own(entry.clone()));
        let place = tempfile::tempdir_in(m.dir.path()).unwrap();
        m.store
            .materialise(&tree, place.path(), MaterialiseOptions::EXACT)
            .unwrap();
        prop_assert_eq!(
            m.store
                .ingest_tree(place.path(), &IngestOptions::default())
                .unwrap(),
            tree
        );
        Ok(())
    };
    runner
        .run(&prop::collection::vec((path, entry()), 0..20), claim)
        .unwrap();
}

#[test]
fn nobody_else_reaches_a_set_id_file_before_its_tree_has_its_place() {
    let m = machine();
    let mut tree = Tree::new();
    tree.insert("run", m.file("run", 0o6755)).unwrap();
    let place = m.store.tmp_path().unwrap();
    m.store
        .materialise(&tree, &place, MaterialiseOptions::EXACT)
        .unwrap();
    let run = place.join("run");
    assert_eq!(run.metadata().unwrap().mode() & 0o7777, 0o6755);
    let above = place.parent().unwrap();
    assert_eq!(above.parent().unwrap(), m.store.layout().tmp());
    assert_eq!(above.metadata().unwrap().mode() & 0o7777, 0o700);
    if rustix::process::geteuid().is_root() {
        std::fs::set_permissions(m.dir.path(), Permissions::from_mode(0o755)).unwrap();
        let sees = |path: &std::path::Path| {
            let mut command = std::process::Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command
                .args(["test", "-e"])
                .arg(path)
                .status()
                .unwrap()
                .success()
        };
        assert!(sees(above), "the control");
        assert!(!sees(&run));
    }
}
