use crate::support::{machine, own};
use cairn_disk::ingest::IdRange;
use cairn_disk::{Error, IngestOptions, Owners};
use cairn_graph::{Content, Digest};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

#[test]
fn a_file_and_a_folder_become_contents() {
    let m = machine();
    let folder = m.dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let script = folder.join("script");
    std::fs::write(&script, "#!").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let options = IngestOptions {
        mtime: Some(5),
        ..IngestOptions::default()
    };
    let file = m.store.ingest(&script, &options).unwrap();
    assert_eq!(
        file,
        Content::File {
            digest: Digest::of(b"#!"),
            size: 2,
            executable: true
        }
    );
    let Content::Tree { digest } = m.store.ingest(&folder, &options).unwrap() else {
        panic!("no tree")
    };
    let tree = m.store.tree(&digest).unwrap();
    let entry = own(m.file("#!", 0o700));
    assert_eq!(
        tree.get("script"),
        Some(&cairn_graph::Entry { mtime: 5, ..entry })
    );
}

#[test]
fn what_can_not_be_stored_is_named() {
    let m = machine();
    let folder = m.dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let refused = |said: &str| {
        let error = m
            .store
            .ingest_tree(&folder, &IngestOptions::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{error}");
    };
    let _socket = UnixListener::bind(folder.join("sock")).unwrap();
    refused("sock can't enter the store: it is a socket");
    std::fs::remove_file(folder.join("sock")).unwrap();
    let odd = folder.join(OsStr::from_bytes(b"odd\xff"));
    std::fs::write(&odd, "").unwrap();
    refused("its name is not UTF-8");
    std::fs::remove_file(&odd).unwrap();
    symlink(OsStr::from_bytes(b"\xff"), folder.join("link")).unwrap();
    refused("link can't enter the store: its target is not UTF-8");
}

#[test]
fn a_link_is_taken_as_a_link_and_never_followed() {
    let m = machine();
    let link = m.dir.path().join("link");
    symlink("/etc", &link).unwrap();
    assert!(matches!(
        m.store.ingest(&link, &IngestOptions::default()),
        Err(Error::Unstorable { .. })
    ));
    assert!(
        m.store
            .ingest_tree(&link, &IngestOptions::default())
            .is_err()
    );
    let folder = m.dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    symlink("/etc", folder.join("out")).unwrap();
    let tree = m
        .store
        .ingest_tree(&folder, &IngestOptions::default())
        .unwrap();
    assert_eq!(tree.entries.len(), 2);
}

#[test]
fn owners_are_given_as_asked() {
    let m = machine();
    let folder = m.dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let me = rustix::process::getuid().as_raw();
    let group = rustix::process::getgid().as_raw();
    let owner = |owners: Owners| {
        let options = IngestOptions {
            owners,
            mtime: None,
        };
        let tree = m.store.ingest_tree(&folder, &options)?;
        tree.get("")
            .map(|root| (root.uid, root.gid))
            .ok_or(Error::Missing {
                what: "root",
                name: String::new(),
            })
    };
    assert_eq!(owner(Owners::AsSeen).unwrap(), (me, group));
    assert_eq!(owner(Owners::Fixed { uid: 3, gid: 4 }).unwrap(), (3, 4));
    let ranges = |seen: u32| {
        Owners::Mapped(vec![IdRange {
            inside: 100,
            seen,
            count: 10,
        }])
    };
    if me == group {
        assert_eq!(owner(ranges(me)).unwrap(), (100, 100));
    }
    assert!(matches!(
        owner(ranges(me + 1)),
        Err(Error::Unstorable { .. })
    ));
}

#[test]
fn mentioned_paths_are_found_and_others_not() {
    let m = machine();
    let paths: Vec<_> = (0..4)
        .map(|n| m.path(&format!("p{n}"), &[&format!("f={n}")], &[]))
        .collect();
    let mut text = vec![b'z'; 1024 * 1024 - 10];
    text.extend(format!("a{}/bin", paths[1]).bytes());
    let mut tree = m.tree(&[]);
    let (digest, size) = m.store.put_bytes(&text, crate::support::PLAIN).unwrap();
    tree.insert_file("file", digest, size, 0o644).unwrap();
    tree.insert_symlink("link", &format!("../{}/x", paths[3].base_name()))
        .unwrap();
    let content = Content::Tree {
        digest: m.store.put_tree(&tree).unwrap(),
    };
    let found = m.store.scan_references(&content, &paths).unwrap();
    let mut expected = vec![paths[1].clone(), paths[3].clone()];
    expected.sort();
    assert_eq!(found, expected);
}
