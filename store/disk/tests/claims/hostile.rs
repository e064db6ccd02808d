//! Folders, manifests and records that mean harm: each is refused by name or does none.

use crate::support::{PLAIN, in_namespace, machine, names, new_generation, objects};
use cairn_disk::{Error, IngestOptions, MaterialiseOptions, Store};
use cairn_graph::tree::limits::DEPTH_MAX;
use cairn_graph::{ActionKey, Content, Digest, Entry, EntryKind, Output, Realisation, Tree};
use rustix::fs::{self as rfs, CWD, FileType, Mode, OFlags};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// An error with its causes.
fn said(error: &Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

/// Makes folders one in the other, so deep that no path reaches the last.
fn nest(folder: &Path, name: &str, depth: usize) {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = rfs::openat(CWD, folder, flags, Mode::empty()).unwrap();
    for _ in 0..depth {
        rfs::mkdirat(&at, name, Mode::RWXU).unwrap();
        at = rfs::openat(&at, name, flags, Mode::empty()).unwrap();
    }
}

#[test]
fn every_attack_by_a_folder_is_refused_and_named() {
    type Attack = (&'static str, fn(&Path), &'static str);
    fn make(path: PathBuf, kind: FileType, device: (u32, u32)) {
        let device = rfs::makedev(device.0, device.1);
        // Who may not make devices meets none.
        let _ = rfs::mknodat(CWD, path, kind, Mode::RUSR, device);
    }
    let attacks: [Attack; 9] = [
        (
            "a socket",
            |at| drop(UnixListener::bind(at.join("it")).unwrap()),
            "it is a socket",
        ),
        (
            "a whiteout",
            |at| make(at.join("it"), FileType::CharacterDevice, (0, 0)),
            "a device 0/0",
        ),
        (
            "a block device",
            |at| make(at.join("it"), FileType::BlockDevice, (7, 99)),
            "it is a block device",
        ),
        (
            "a name that is not UTF-8",
            |at| std::fs::write(at.join(OsStr::from_bytes(b"it\xff")), "").unwrap(),
            "its name is not UTF-8",
        ),
        (
            "a folder's name that is not UTF-8",
            |at| std::fs::create_dir(at.join(OsStr::from_bytes(b"it\xc3"))).unwrap(),
            "its name is not UTF-8",
        ),
        (
            "a target that is not UTF-8",
            |at| symlink(OsStr::from_bytes(b"\xff"), at.join("it")).unwrap(),
            "its target is not UTF-8",
        ),
        (
            "folders deeper than trees",
            |at| nest(at, "it", DEPTH_MAX + 1),
            "more than 256 components",
        ),
        (
            "folders deeper than paths",
            |at| nest(at, &"it".repeat(100), 30),
            "ititit",
        ),
        (
            "attributes that no tree has room for",
            |at| {
                let file = std::fs::File::create(at.join("it")).unwrap();
                let value = vec![7; 65536];
                // File systems that have no room for it either refuse it now.
                if cairn_sys::fs::set_xattr(&file, "user.it", &value).is_err() {
                    drop(UnixListener::bind(at.join("it.sock")).unwrap());
                }
            },
            "it",
        ),
    ];
    for (what, make, words) in attacks {
        let m = machine();
        let folder = m.dir.path().join("in");
        std::fs::create_dir(&folder).unwrap();
        make(&folder);
        if names_lossy(&folder).is_empty() {
            continue;
        }
        let error = m
            .store
            .ingest_tree(&folder, &IngestOptions::default())
            .expect_err(what);
        let text = said(&error);
        assert!(
            text.contains("it") && text.contains(words),
            "{what}: {text}"
        );
    }
}

fn names_lossy(folder: &Path) -> Vec<String> {
    let items = std::fs::read_dir(folder).unwrap();
    items
        .map(|item| item.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn what_is_only_odd_is_taken_as_what_it_is() {
    let m = machine();
    let folder = m.dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    // Whoever opened it would wait for a writer.
    rfs::mknodat(CWD, folder.join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    for (name, target) in [
        ("up", "../../../etc/shadow"),
        ("out", "/etc/shadow"),
        ("self", "self"),
    ] {
        symlink(target, folder.join(name)).unwrap();
    }
    let su = folder.join("su");
    std::fs::write(&su, "#!").unwrap();
    std::fs::set_permissions(&su, std::fs::Permissions::from_mode(0o6755)).unwrap();
    std::fs::write(folder.join("line\nbreak"), "x").unwrap();
    let tree = m
        .store
        .ingest_tree(&folder, &IngestOptions::default())
        .unwrap();
    assert_eq!(tree.get("su").unwrap().mode, 0o6755);
    assert_eq!(tree.get("pipe").unwrap().kind, EntryKind::Fifo);
    assert_eq!(Tree::decode(&tree.encode()).as_ref(), Ok(&tree));
    // No object and no path of the store is ever set-id.
    let place = m.dir.path().join("out");
    m.store
        .materialise(&tree, &place, MaterialiseOptions::STORE)
        .unwrap();
    assert_eq!(place.join("su").metadata().unwrap().mode() & 0o7777, 0o755);
    let object = m.store.object_path(&Digest::of(b"#!"), true).unwrap();
    assert_eq!(object.metadata().unwrap().mode() & 0o7777, 0o755);
    assert_eq!(
        std::fs::read_link(place.join("out")).unwrap(),
        Path::new("/etc/shadow")
    );
}

#[test]
fn a_folder_that_is_swapped_for_a_link_while_it_is_read_leads_nowhere() {
    let m = machine();
    let (folder, secret) = (m.dir.path().join("in"), m.dir.path().join("secret"));
    std::fs::create_dir_all(folder.join("real")).unwrap();
    std::fs::create_dir(&secret).unwrap();
    for number in 0..50 {
        std::fs::write(folder.join(format!("real/{number}")), "mine").unwrap();
        std::fs::write(secret.join(number.to_string()), "secret").unwrap();
    }
    symlink(&secret, folder.join("link")).unwrap();
    let done = AtomicBool::new(false);
    let (mut read, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = cairn_sys::fs::exchange(&folder.join("real"), &folder.join("link"));
            }
        });
        for _ in 0..200 {
            match m.store.ingest_tree(&folder, &IngestOptions::default()) {
                Ok(_) => read += 1,
                Err(_) => refused += 1,
            }
            assert!(!m.store.has_object(&Digest::of(b"secret")));
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(read + refused, 200);
}

#[test]
fn a_sparse_file_beyond_the_disk_is_refused_and_leaves_nothing() {
    let name = "hostile::a_sparse_file_beyond_the_disk_is_refused_and_leaves_nothing";
    let Some(dir) = in_namespace(name, "true") else {
        return;
    };
    let store = Store::open(&dir).unwrap();
    let folder = dir.join("in");
    std::fs::create_dir(&folder).unwrap();
    let sparse = std::fs::File::create(folder.join("sparse")).unwrap();
    sparse.set_len(1 << 30).unwrap();
    let error = store
        .ingest_tree(&folder, &IngestOptions::default())
        .unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{}", said(&error));
    assert!(objects(&store).is_empty());
    let tmp = store.tmp_path().unwrap();
    assert_eq!(names(tmp.parent().unwrap()), ["roots"]);
    store.put_bytes(b"there is room", PLAIN).unwrap();
}

#[test]
fn manifests_that_hash_right_and_mean_harm_are_refused_by_their_file() {
    let m = machine();
    let attacks = [
        ("up", "cairn-tree 1\nd 755 0 0 1 /\np 644 0 0 1 /../x\n"),
        (
            "below a link",
            "cairn-tree 1\nd 755 0 0 1 /\nl 777 0 0 1 /a /etc\np 644 0 0 1 /a/b\n",
        ),
        (
            "twice",
            "cairn-tree 1\nd 755 0 0 1 /\np 644 0 0 1 /a\np 600 0 0 1 /a\n",
        ),
        (
            "a device that opening sets off",
            "cairn-tree 1\nd 755 0 0 1 /\nc 600 0 0 1 10 130 /dog\nx user.a 00\n",
        ),
        (
            "a redirect",
            "cairn-tree 1\nd 755 0 0 1 /\nd 755 0 0 1 /a\nx trusted.overlay.redirect 2f657463\n",
        ),
        ("no root", "cairn-tree 1\np 644 0 0 1 /a\n"),
        ("nothing", ""),
        ("an object", "#!/bin/sh\n"),
    ];
    for (what, text) in attacks {
        let digest = Digest::of(text.as_bytes());
        let file = m.store.layout().tree(&digest);
        std::fs::write(&file, text).unwrap();
        let error = m.store.tree(&digest).expect_err(what);
        assert!(
            matches!(error, Error::Manifest { .. }),
            "{what}: {}",
            said(&error)
        );
        assert!(said(&error).contains(&file.display().to_string()), "{what}");
        let faults = m.store.verify().unwrap();
        assert!(
            faults.iter().any(|fault| fault.path() == Some(&file)),
            "{what}: {faults:?}"
        );
        // A path that claims it is registered, and never made.
        let path = m
            .store
            .add_path("harm", Content::Tree { digest }, &[])
            .unwrap();
        m.store.ensure_materialised(&path).expect_err(what);
        assert!(
            m.store
                .layout()
                .store_path(&path)
                .symlink_metadata()
                .is_err()
        );
        std::fs::remove_file(&file).unwrap();
        std::fs::remove_file(m.store.layout().path_record(&path)).unwrap();
    }
    let digest = Digest::of(b"\xff\xfe");
    std::fs::write(m.store.layout().tree(&digest), b"\xff\xfe").unwrap();
    let error = m.store.tree(&digest).unwrap_err();
    assert!(
        said(&error).contains(&digest.to_string()),
        "{}",
        said(&error)
    );
}

#[test]
fn a_tree_of_devices_is_no_path_of_the_store() {
    let m = machine();
    let mut tree = m.tree(&["a/b=1"]);
    let device = Entry::new(EntryKind::CharDevice { major: 1, minor: 1 }, 0o666);
    tree.insert("a/mem", device).unwrap();
    let place = m.dir.path().join("out");
    let error = m
        .store
        .materialise(&tree, &place, MaterialiseOptions::STORE)
        .unwrap_err();
    assert!(error.to_string().contains("out/a/mem"), "{error}");
    assert!(!place.exists());
}

#[test]
fn records_that_mean_harm_are_refused_by_their_file() {
    let m = machine();
    let right = m.path("right", &["a=1"], &[]);
    let other = m.path("other", &["a=2"], &[]);
    let file = m.store.layout().path_record(&right);
    let good = std::fs::read_to_string(&file).unwrap();
    let of_other = std::fs::read_to_string(m.store.layout().path_record(&other)).unwrap();
    let deep = "[".repeat(1_000_000);
    let reference = |text: &str| {
        good.replace(
            "\"references\": []",
            &format!("\"references\": [\"{text}\"]"),
        )
    };
    let long = format!("{}{}", right.base_name(), "n".repeat(300));
    let attacks = [
        ("another path's content", of_other),
        (
            "another version",
            good.replace("\"version\": 1", "\"version\": 2"),
        ),
        (
            "a negative version",
            good.replace("\"version\": 1", "\"version\": -1"),
        ),
        (
            "a digest that is a path",
            good.replace("\"digest\": \"", "\"digest\": \"../../../../etc/"),
        ),
        ("a reference that is a path", reference("../../etc")),
        (
            "a reference to a hidden file",
            reference("0123456789abcdfghijklmnpqrsvwxyz-.x"),
        ),
        ("a reference that is no name of a file", reference(&long)),
        (
            "a field twice",
            good.replace("\"version\": 1", "\"version\": 1, \"version\": 1"),
        ),
        ("two records", format!("{good}{good}")),
        ("a record that is cut", good[..good.len() / 2].to_owned()),
        ("brackets without end", deep.clone()),
        ("nothing", String::new()),
    ];
    for (what, text) in &attacks {
        std::fs::write(&file, text).unwrap();
        let error = m.store.path_record(&right).expect_err(what);
        assert!(
            matches!(error, Error::Record { .. }),
            "{what}: {}",
            said(&error)
        );
        assert!(said(&error).contains(&file.display().to_string()), "{what}");
        assert!(
            said(&error).len() < 1000,
            "{what}: {} bytes",
            said(&error).len()
        );
        m.store.ensure_materialised(&right).expect_err(what);
        let faults = m.store.verify().unwrap();
        assert!(
            faults.iter().any(|fault| fault.path() == Some(&file)),
            "{what}: {faults:?}"
        );
    }
    // Registering again mends it.
    std::fs::write(&file, &good).unwrap();
    let content = m.store.path_content(&right).unwrap();
    std::fs::write(&file, &attacks[0].1).unwrap();
    m.store.add_path("right", content, &[]).unwrap();
    assert_eq!(m.store.path_content(&right).unwrap(), content);

    // A realisation that can't be believed is none.
    let action = ActionKey(Digest::of(b"action"));
    let output = Output {
        path: right,
        content,
    };
    m.store
        .realisations()
        .put(&Realisation::new(action, output, Vec::new()))
        .unwrap();
    let file = m.store.layout().realisation(&action);
    let good = std::fs::read_to_string(&file).unwrap();
    assert!(m.store.realisations().get(&action).unwrap().is_some());
    let lies = [
        good.replace("\"version\": 1", "\"version\": 2"),
        good.replace(&action.to_string(), &Digest::of(b"another").to_string()),
        good.replace("-right", "-wrong"),
        deep.clone(),
        "null".into(),
    ];
    for text in lies {
        std::fs::write(&file, &text).unwrap();
        assert!(
            m.store.realisations().get(&action).unwrap().is_none(),
            "{}",
            &text[..text.len().min(300)]
        );
    }

    // A generation that can't be read is reported, and hides no other.
    let made = m.store.generations().add(new_generation(&other)).unwrap();
    let kept = m.store.generations().add(new_generation(&other)).unwrap();
    let file = m.store.layout().generation_record(made.number);
    let good = std::fs::read_to_string(&file).unwrap();
    let lies = [
        good.replace("\"number\": 1", "\"number\": 2"),
        good.replace("\"version\": 1", "\"version\": 9"),
        good.replace(other.base_name(), "../../../etc"),
        good.replace("2025-01-02", "2025-13-41"),
        deep,
    ];
    for text in lies {
        std::fs::write(&file, &text).unwrap();
        let listing = m.store.generations().list().unwrap();
        assert_eq!(listing.generations.len(), 1);
        assert_eq!(listing.generations[0].number, kept.number);
        let [(number, error)] = &listing.unreadable[..] else {
            panic!("{:?}", listing.unreadable)
        };
        assert_eq!(*number, made.number);
        assert!(said(error).contains(&file.display().to_string()));
    }
}

/// Tells a test that it runs as nobody; its value is the folder to use.
const AS_NOBODY: &str = "CAIRN_TEST_AS_NOBODY";

#[test]
fn folders_that_their_owner_can_not_change_are_removed_all_the_same() {
    let claim = |dir: &Path| {
        let store = Store::open(dir).unwrap();
        let mut tree = Tree::new();
        tree.insert_dir("a/b/c", 0).unwrap();
        tree.insert_dir("a/b", 0o500).unwrap();
        tree.insert_dir("a", 0).unwrap();
        // In the store's own temporary folder, which goes with the store.
        let place = store.tmp_path().unwrap();
        let folder = place.parent().unwrap().to_owned();
        store
            .materialise(&tree, &place, MaterialiseOptions::EXACT)
            .unwrap();
        assert_eq!(place.join("a").metadata().unwrap().mode() & 0o7777, 0);
        drop(store);
        assert!(!folder.exists());
    };
    if let Some(folder) = std::env::var_os(AS_NOBODY) {
        return claim(Path::new(&folder));
    }
    let dir = tempfile::tempdir().unwrap();
    if !rustix::process::geteuid().is_root() {
        return claim(dir.path());
    }
    // Root changes every folder: this very test again, as nobody.
    let program = dir.path().join("claims");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::os::unix::fs::chown(dir.path(), Some(65534), Some(65534)).unwrap();
    let ran = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args([
            "--exact",
            "hostile::folders_that_their_owner_can_not_change_are_removed_all_the_same",
        ])
        .env(AS_NOBODY, dir.path().join("store"))
        .current_dir(dir.path())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success() && words.contains("1 passed"),
        "{words}"
    );
}
