//! Root images, judged by the kernel: mounted with their contents, every entry is as the tree says.
//!
//! These tests mount; without root rights they fail, they don't pass by doing nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use cairn_graph::{Digest, Entry, EntryKind, Tree};
use cairn_image::erofs::{self, Error};
use proptest::prelude::*;
use rustix::fs::XattrFlags;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::Command;

fn entry(kind: EntryKind, mode: u32) -> Entry {
    Entry {
        kind,
        mode,
        uid: 0,
        gid: 0,
        mtime: 1_700_000_000,
        xattrs: BTreeMap::new(),
    }
}

fn folder() -> Entry {
    entry(EntryKind::Directory, 0o755)
}

fn file(content: &[u8]) -> Entry {
    let digest = Digest::of(content);
    let size = content.len() as u64;
    entry(EntryKind::File { digest, size }, 0o644)
}

fn link(target: &str) -> Entry {
    let target = target.to_owned();
    entry(EntryKind::Symlink { target }, 0o777)
}

fn tree(entries: impl IntoIterator<Item = (String, Entry)>) -> Tree {
    let mut tree = Tree::default();
    tree.entries.insert(String::new(), folder());
    tree.entries.extend(entries);
    tree
}

/// A mounted root; everything is let go of at the end, also when a test fails.
struct Mounted {
    dir: tempfile::TempDir,
    device: String,
}

impl Mounted {
    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("root")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        for name in ["root", "meta"] {
            let _ = rustix::mount::unmount(
                self.dir.path().join(name),
                rustix::mount::UnmountFlags::DETACH,
            );
        }
        let _ = Command::new("losetup").args(["-d", &self.device]).status();
    }
}

/// Mounts as the initrd does, but over a loop device: file-backed erofs is younger than some builders' kernels.
fn mount(tree: &Tree, contents: &[&[u8]]) -> Mounted {
    let dir = tempfile::tempdir().unwrap();
    for name in ["root", "meta", "objects"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    for content in contents {
        for mode in [0o644, 0o755] {
            let place = dir
                .path()
                .join("objects")
                .join(erofs::object_path(&Digest::of(content), mode));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
        }
    }
    let image = dir.path().join("image");
    let bytes = erofs::image(tree, erofs::object_path).unwrap().bytes;
    fs::write(&image, &bytes).unwrap();
    fsck(&image);
    let loops = Command::new("losetup")
        .args(["--find", "--show", "--read-only"])
        .arg(&image)
        .output();
    let loops = loops.expect("losetup of package `mount` is needed");
    assert!(
        loops.status.success(),
        "these tests need root rights and loop devices: {loops:?}"
    );
    let device = String::from_utf8(loops.stdout).unwrap().trim().to_owned();
    let mounted = Mounted { dir, device };
    let at = |name: &str| mounted.dir.path().join(name);
    let flags = rustix::mount::MountFlags::RDONLY;
    rustix::mount::mount(&*mounted.device, at("meta"), "erofs", flags, None)
        .expect("the kernel takes the image");
    let options = format!(
        "lowerdir={}::{},metacopy=on,redirect_dir=on",
        at("meta").display(),
        at("objects").display()
    );
    let options = CString::new(options).unwrap();
    rustix::mount::mount("root", at("root"), "overlay", flags, &*options)
        .expect("the kernel takes the overlay");
    mounted
}

/// erofs' own checker has to agree, where it is installed; the kernel judges everywhere.
fn fsck(image: &Path) {
    if let Ok(output) = Command::new("fsck.erofs").arg(image).output() {
        assert!(output.status.success(), "{output:?}");
    }
}

/// Compares every entry with what the kernel says, both ways.
fn check(tree: &Tree, contents: &[&[u8]]) {
    let mounted = mount(tree, contents);
    let root = mounted.path();
    for (path, entry) in &tree.entries {
        let place = if path.is_empty() {
            root.clone()
        } else {
            root.join(path)
        };
        let found = fs::symlink_metadata(&place).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(found.mode() & 0o7777, entry.mode, "mode of {path}");
        assert_eq!(
            (found.uid(), found.gid()),
            (entry.uid, entry.gid),
            "owner of {path}"
        );
        assert_eq!(found.mtime(), entry.mtime, "time of {path}");
        match &entry.kind {
            EntryKind::Directory => {
                assert!(found.is_dir(), "{path}");
                let prefix = if path.is_empty() {
                    String::new()
                } else {
                    format!("{path}/")
                };
                let below = tree.entries.keys().filter(|key| {
                    key.strip_prefix(&prefix)
                        .is_some_and(|name| !name.is_empty() && !name.contains('/'))
                });
                let listed = fs::read_dir(&place).unwrap().count();
                assert_eq!(listed, below.count(), "names in {path}");
            }
            EntryKind::File { digest, size } => {
                assert_eq!(found.len(), *size, "size of {path}");
                let bytes = fs::read(&place).unwrap_or_else(|error| panic!("{path}: {error}"));
                assert_eq!(Digest::of(&bytes), *digest, "content of {path}");
            }
            EntryKind::Symlink { target } => {
                assert_eq!(fs::read_link(&place).unwrap(), Path::new(target), "{path}");
            }
            EntryKind::CharDevice { major, minor } => {
                assert!(found.file_type().is_char_device(), "{path}");
                let device = (
                    rustix::fs::major(found.rdev()),
                    rustix::fs::minor(found.rdev()),
                );
                assert_eq!(device, (*major, *minor), "{path}");
            }
            EntryKind::Fifo => assert!(found.file_type().is_fifo(), "{path}"),
        }
        for (name, value) in &entry.xattrs {
            let mut buffer = vec![0; 70_000];
            let length = rustix::fs::lgetxattr(&place, name.as_str(), &mut buffer[..])
                .unwrap_or_else(|error| panic!("{name} of {path}: {error}"));
            assert_eq!(&buffer[..length], value, "{name} of {path}");
        }
    }
    let refused = rustix::fs::lsetxattr(&root, "user.x", b"", XattrFlags::empty());
    assert_eq!(
        refused,
        Err(rustix::io::Errno::ROFS),
        "the root is immutable"
    );
}

#[test]
fn holds_every_kind_of_entry() {
    let program = b"#!/bin/sh\n";
    let mut setuid = file(program);
    (setuid.mode, setuid.uid, setuid.gid) = (0o4755, 7, 70_000);
    setuid.xattrs.insert("user.note".into(), b"n".to_vec());
    setuid.xattrs.insert("security.capability".into(), {
        // Version 2, CAP_NET_RAW permitted and effective.
        vec![
            1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]
    });
    let mut sticky = folder();
    sticky.mode = 0o1777;
    let mut early = file(b"early");
    early.mtime = 0;
    let tree = tree([
        ("bin".into(), folder()),
        ("bin/tool".into(), setuid),
        ("empty".into(), file(b"")),
        ("early".into(), early),
        ("link".into(), link("bin/tool")),
        (
            "null".into(),
            entry(EntryKind::CharDevice { major: 1, minor: 3 }, 0o666),
        ),
        (
            "odd".into(),
            entry(
                EntryKind::CharDevice {
                    major: 300,
                    minor: 70_000,
                },
                0o600,
            ),
        ),
        ("pipe".into(), entry(EntryKind::Fifo, 0o600)),
        ("tmp".into(), sticky),
    ]);
    check(&tree, &[program, b"early"]);
}

#[test]
fn two_files_with_one_content_keep_their_own_mode_owner_and_time() {
    let mut other = file(b"same");
    (other.mode, other.uid, other.mtime) = (0o600, 5, 5);
    let tree = tree([("a".into(), file(b"same")), ("b".into(), other)]);
    check(&tree, &[b"same"]);
}

#[test]
fn folders_of_many_blocks_and_names_of_every_length() {
    let mut entries = vec![("big".to_owned(), folder()), ("long".to_owned(), folder())];
    entries.extend((0..1500).map(|n| (format!("big/{n:x}-{}", "x".repeat(n % 40)), link("y"))));
    entries.extend((1..=255).map(|length| {
        (
            format!(
                "long/{}",
                "ä-".repeat(86)[..]
                    .chars()
                    .filter(char::is_ascii)
                    .chain("z".repeat(255).chars())
                    .take(length)
                    .collect::<String>()
            ),
            file(b""),
        )
    }));
    check(&tree(entries), &[]);
}

#[test]
fn tails_fit_at_every_place_of_a_block() {
    // Targets of all these lengths move the following inodes through all places of a block.
    let lengths = (1..700).step_by(7).chain([4000, 4031, 4032, 4033, 4095]);
    let entries = lengths.map(|length| (format!("l{length:04}"), link(&"t".repeat(length))));
    check(&tree(entries), &[]);
}

#[test]
fn many_and_big_attributes() {
    let mut crowded = file(b"x");
    for n in 0..100 {
        crowded.xattrs.insert(format!("user.n{n}"), vec![b'v'; n]);
    }
    let mut big = folder();
    big.xattrs.insert("user.big".into(), vec![7; 9000]);
    let below = ("big/below".to_owned(), link("x"));
    let tree = tree([("big".into(), big), below, ("crowded".into(), crowded)]);
    check(&tree, &[b"x"]);
}

#[test]
fn sizes_beyond_32_bits_need_no_space() {
    let content = vec![9; 1 << 20];
    let mut tree = tree([("file".into(), file(&content))]);
    check(&tree, &[&content]);
    let size = 5 << 40;
    let huge = EntryKind::File {
        digest: Digest::of(b"no matter"),
        size,
    };
    tree.entries.insert("huge".into(), entry(huge, 0o644));
    assert!(erofs::image(&tree, erofs::object_path).unwrap().bytes.len() <= 8192);
    let mounted = mount(&tree, &[&content]);
    assert_eq!(
        fs::symlink_metadata(mounted.path().join("huge"))
            .unwrap()
            .len(),
        size
    );
}

#[test]
fn same_tree_gives_same_bytes_and_any_change_another_digest() {
    let digest = |tree: &Tree| erofs::image(tree, erofs::object_path).unwrap().digest;
    let one = tree([("a".into(), file(b"1"))]);
    assert_eq!(digest(&one), digest(&one.clone()));
    let mut later = one.clone();
    later.entries.get_mut("a").unwrap().mtime += 1;
    assert_ne!(digest(&one), digest(&later));
    assert_ne!(digest(&one), digest(&tree([("a".into(), file(b"2"))])));
}

#[test]
fn refuses_what_no_image_can_hold() {
    let refused = |path: &str, entry: Entry| {
        let result = erofs::image(&tree([(path.to_owned(), entry)]), erofs::object_path);
        result.expect_err(path)
    };
    assert!(matches!(refused("a/b", folder()), Error::NoParent { path } if path == "a/b"));
    assert!(matches!(
        refused(&"n".repeat(256), folder()),
        Error::Name { .. }
    ));
    assert!(matches!(
        refused("l", link("")),
        Error::Target { length: 0, .. }
    ));
    assert!(matches!(
        refused("l", link(&"t".repeat(4096))),
        Error::Target { .. }
    ));
    let whiteout = EntryKind::CharDevice { major: 0, minor: 0 };
    assert!(matches!(
        refused("w", entry(whiteout, 0)),
        Error::Whiteout { .. }
    ));
    for name in ["trusted.overlay.redirect", "other.x", "user."] {
        let mut odd = folder();
        odd.xattrs.insert(name.into(), Vec::new());
        assert!(
            matches!(refused("o", odd), Error::Attribute { .. }),
            "{name}"
        );
    }
    let below_file = tree([("f".into(), file(b"x")), ("f/g".into(), folder())]);
    let error = erofs::image(&below_file, erofs::object_path).unwrap_err();
    assert!(matches!(error, Error::NoParent { path } if path == "f/g"));
    let nothing = erofs::image(&Tree::default(), erofs::object_path);
    assert!(matches!(nothing, Err(Error::NoParent { .. })));
}

const CONTENTS: [&[u8]; 3] = [b"", b"one", b"another content"];

fn any_entry() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![
        3 => Just(EntryKind::Directory),
        3 => (0..CONTENTS.len()).prop_map(|at| file(CONTENTS[at]).kind),
        1 => "[a-z/]{1,300}".prop_map(|target| EntryKind::Symlink { target }),
        1 => Just(EntryKind::Fifo),
    ];
    let attributes = prop::collection::btree_map(
        "user\\.[a-z]{1,20}",
        prop::collection::vec(any::<u8>(), 0..200),
        0..4,
    );
    (
        kind,
        0..0o10000_u32,
        0..100_000_u32,
        0..i64::from(u32::MAX),
        attributes,
    )
        .prop_map(|(kind, mode, uid, mtime, xattrs)| {
            // The kernel gives user attributes to files and folders only, and links have no mode of their own.
            let plain = matches!(kind, EntryKind::Directory | EntryKind::File { .. });
            let mode = if matches!(kind, EntryKind::Symlink { .. }) {
                0o777
            } else {
                mode
            };
            let xattrs = if plain { xattrs } else { BTreeMap::new() };
            Entry {
                kind,
                mode,
                uid,
                gid: uid / 2,
                mtime,
                xattrs,
            }
        })
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let name = prop_oneof![4 => "[a-zA-Z0-9+._-]{1,12}", 1 => "[ -.0-~]{1,255}"];
    prop::collection::vec((name, any::<prop::sample::Index>(), any_entry()), 0..120).prop_map(
        |list| {
            let mut tree = tree([]);
            let mut folders = vec![String::new()];
            for (name, parent, entry) in list {
                let parent = &folders[parent.index(folders.len())];
                let path = if parent.is_empty() {
                    name.clone()
                } else {
                    format!("{parent}/{name}")
                };
                if name == "."
                    || name == ".."
                    || path.len() > 3000
                    || tree.entries.contains_key(&path)
                {
                    continue;
                }
                if entry.kind == EntryKind::Directory {
                    folders.push(path.clone());
                }
                tree.entries.insert(path, entry);
            }
            tree
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kernel_and_tree_agree_on_random_trees(tree in any_tree()) {
        check(&tree, &CONTENTS);
    }
}
