use crate::support::{Machine, PLAIN, machine};
use cairn_disk::{Fault, GenerationState};
use cairn_graph::{Content, Digest, StorePath};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn every_kind_of_damage_is_found() {
    let m = machine();
    let path = m.path("p", &["a=1", "b=2", "c=3"], &[]);
    let other = m.path("q", &["z=26"], &[]);
    assert!(m.store.verify().unwrap().is_empty());
    let layout = m.store.layout();
    let object = |text: &str| layout.object(&Digest::of(text.as_bytes()), false);
    std::fs::write(object("1"), "!").unwrap();
    std::fs::remove_file(object("2")).unwrap();
    std::fs::write(layout.objects().join("00/stray"), "x").unwrap();
    let Content::Tree { digest } = m.store.path_content(&other).unwrap() else {
        panic!("no tree")
    };
    std::fs::write(layout.tree(&digest), "garbage").unwrap();
    let Content::Tree { digest: whole } = m.store.path_content(&path).unwrap() else {
        panic!("no tree")
    };
    let missing = |text: &str| Fault::Missing {
        by: layout.tree(&whole),
        what: "object",
        digest: Digest::of(text.as_bytes()),
    };
    let mut expected = vec![
        Fault::Damaged {
            path: object("1"),
            found: Digest::of(b"!"),
        },
        Fault::Damaged {
            path: layout.tree(&digest),
            found: Digest::of(b"garbage"),
        },
        Fault::Stray {
            path: layout.objects().join("00/stray"),
        },
        missing("1"),
        missing("2"),
        Fault::Missing {
            by: layout.path_record(&other),
            what: "tree",
            digest,
        },
    ];
    expected.sort();
    assert_eq!(m.store.verify().unwrap(), expected);
}

/// What is wrong at a materialised path, by its place in it.
fn wrong(m: &Machine, path: &StorePath) -> Vec<(String, String)> {
    let root = m.store.layout().store_path(path);
    let faults = m.store.verify().unwrap().into_iter();
    faults
        .map(|fault| match fault {
            Fault::Differs { place, why, .. } => {
                let inner = place.strip_prefix(&root).unwrap();
                (inner.display().to_string(), why)
            }
            other => panic!("{other}"),
        })
        .collect()
}

#[test]
fn a_materialised_path_is_held_against_its_tree() {
    let m = machine();
    let path = m.path("p", &["a=1", "d/b=2", "d/c=3", "e/f=4", "g/h=5"], &[]);
    let place = m.store.ensure_materialised(&path).unwrap();
    assert_eq!(wrong(&m, &path), []);
    // A copy with the right bytes is as good as a link.
    std::fs::remove_file(place.join("a")).unwrap();
    std::fs::write(place.join("a"), "1").unwrap();
    assert_eq!(wrong(&m, &path), []);
    let replace = |name: &str, text: &str| {
        std::fs::remove_file(place.join(name)).unwrap();
        std::fs::write(place.join(name), text).unwrap();
    };
    replace("a", "!");
    replace("d/b", "22");
    std::fs::remove_file(place.join("d/c")).unwrap();
    std::fs::write(place.join("e/new"), "x").unwrap();
    std::fs::remove_dir_all(place.join("g")).unwrap();
    std::os::unix::fs::symlink("e", place.join("g")).unwrap();
    let expected = [
        ("a", "its contents are others"),
        ("d/b", "it has 2 bytes, not 1"),
        ("d/c", "it is missing"),
        ("e/new", "it should not be there"),
        ("g", "it is no folder"),
    ];
    let expected = expected.map(|(place, why)| (place.to_owned(), why.to_owned()));
    assert_eq!(wrong(&m, &path), expected);
}

#[test]
fn modes_and_links_of_a_materialised_path_count() {
    let m = machine();
    let mut tree = m.tree(&["d/a=1"]);
    tree.insert_symlink("l", "d/a").unwrap();
    let digest = m.store.put_tree(&tree).unwrap();
    let path = m
        .store
        .add_path("p", Content::Tree { digest }, &[])
        .unwrap();
    let place = m.store.ensure_materialised(&path).unwrap();
    assert_eq!(wrong(&m, &path), []);
    let writable = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(place.join("d"), writable.clone()).unwrap();
    std::fs::remove_file(place.join("l")).unwrap();
    std::os::unix::fs::symlink("/etc/shadow", place.join("l")).unwrap();
    let expected = [
        ("d", "the folder's mode is not 0755"),
        ("l", "it leads to /etc/shadow"),
    ];
    let expected = expected.map(|(place, why)| (place.to_owned(), why.to_owned()));
    assert_eq!(wrong(&m, &path), expected);
    let object = m.store.layout().object(&Digest::of(b"1"), false);
    std::fs::set_permissions(&object, writable).unwrap();
    let mode = Fault::Mode {
        path: object,
        found: 0o777,
        right: 0o644,
    };
    // The file is the object: that is one fault, not two.
    let faults = m.store.verify().unwrap();
    assert!(faults.contains(&mode) && faults.len() == 3, "{faults:?}");
}

#[test]
fn a_path_that_is_one_file_is_hashed_where_it_is_a_copy() {
    let m = machine();
    let (digest, size) = m.store.put_bytes(b"one", PLAIN).unwrap();
    let executable = false;
    let content = Content::File {
        digest,
        size,
        executable,
    };
    let path = m.store.add_path("one", content, &[]).unwrap();
    let place = m.store.ensure_materialised(&path).unwrap();
    assert_eq!(wrong(&m, &path), []);
    std::fs::remove_file(&place).unwrap();
    std::fs::write(&place, "eno").unwrap();
    assert_eq!(
        wrong(&m, &path),
        [(String::new(), "its contents are others".to_owned())]
    );
}

#[test]
fn what_a_record_names_must_be_registered() {
    let m = machine();
    let needed = m.path("needed", &["a=1"], &[]);
    let path = m.path("p", &["b=2"], std::slice::from_ref(&needed));
    let number = m.generation(&path, GenerationState::Pending);
    m.store
        .roots()
        .set("mine", std::slice::from_ref(&path))
        .unwrap();
    assert!(m.store.verify().unwrap().is_empty());
    let layout = m.store.layout();
    std::fs::remove_file(layout.path_record(&needed)).unwrap();
    let missing = |by, path: &StorePath| Fault::Unregistered {
        by,
        path: path.clone(),
    };
    assert_eq!(
        m.store.verify().unwrap(),
        [missing(layout.path_record(&path), &needed)]
    );
    // A record with the content of another path is none of this one.
    std::fs::copy(layout.path_record(&path), layout.path_record(&needed)).unwrap();
    std::fs::remove_file(layout.path_record(&path)).unwrap();
    let mut expected = vec![
        Fault::Unreadable {
            path: layout.path_record(&needed),
            why: m.store.path_record(&needed).unwrap_err().to_string(),
        },
        missing(layout.generation_record(number), &path),
        missing(layout.roots().join("mine"), &path),
    ];
    expected.sort();
    assert_eq!(m.store.verify().unwrap(), expected);
}

#[test]
fn what_nothing_registers_is_left_to_the_collector() {
    let m = machine();
    let path = m.path("p", &["a=1"], &[]);
    let place = m.store.ensure_materialised(&path).unwrap();
    std::fs::remove_file(m.store.layout().path_record(&path)).unwrap();
    std::fs::write(place.join("new"), "x").unwrap();
    assert!(m.store.verify().unwrap().is_empty());
}
