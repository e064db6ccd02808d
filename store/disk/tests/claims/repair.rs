use crate::support::{Machine, PLAIN, machine, own};
use cairn_disk::repair::Lack;
use cairn_disk::{Deed, ObjectMeta};
use cairn_graph::{ActionKey, Content, Digest, Entry, EntryKind, Output, Realisation, StorePath};
use std::path::PathBuf;

const PROGRAM: ObjectMeta = ObjectMeta {
    executable: true,
    mtime: 1,
};

fn object(m: &Machine, text: &str, executable: bool) -> PathBuf {
    m.store
        .layout()
        .object(&Digest::of(text.as_bytes()), executable)
}

/// Mends what is wrong; afterwards the store is sound.
fn mended(m: &Machine) -> Vec<Deed> {
    let faults = m.store.verify().unwrap();
    assert!(!faults.is_empty());
    let lock = m.store.lock("repair").unwrap();
    let mut deeds = m.store.mend(&lock, &faults).unwrap();
    deeds.extend(m.store.remake_paths(&lock).unwrap());
    assert_eq!(m.store.verify().unwrap(), []);
    assert!(m.store.lacking().unwrap().is_empty());
    deeds
}

fn sources(deeds: &[Deed]) -> Vec<PathBuf> {
    let from = |deed: &Deed| match deed {
        Deed::Restored { from, .. } => Some(from.clone()),
        _ => None,
    };
    deeds.iter().filter_map(from).collect()
}

#[test]
fn a_damaged_object_comes_back_from_its_other_form() {
    let m = machine();
    m.path("p", &["a=1"], &[]);
    m.store.put_bytes(b"1", PROGRAM).unwrap();
    std::fs::write(object(&m, "1", false), "!").unwrap();
    let deeds = mended(&m);
    assert_eq!(sources(&deeds), [object(&m, "1", true)]);
    assert_eq!(std::fs::read(object(&m, "1", false)).unwrap(), b"1");
}

#[test]
fn a_missing_object_comes_back_from_a_copy_at_a_materialised_path() {
    let m = machine();
    let path = m.path("p", &["d/a=1"], &[]);
    let place = m.store.ensure_materialised(&path).unwrap().join("d/a");
    std::fs::remove_file(&place).unwrap();
    std::fs::write(&place, "1").unwrap();
    std::fs::remove_file(object(&m, "1", false)).unwrap();
    assert_eq!(sources(&mended(&m)), [place]);
}

#[test]
fn a_path_whose_link_is_the_damaged_object_is_made_again() {
    let m = machine();
    let path = m.path("p", &["a=1", "b=2"], &[]);
    let place = m.store.ensure_materialised(&path).unwrap();
    m.store.put_bytes(b"1", PROGRAM).unwrap();
    // Written through the link: the object and the path are one inode.
    std::fs::write(place.join("a"), "!").unwrap();
    let deeds = mended(&m);
    assert!(deeds.contains(&Deed::Remade { path }), "{deeds:?}");
    assert_eq!(std::fs::read(place.join("a")).unwrap(), b"1");
}

#[test]
fn what_nothing_has_is_taken_away_and_told() {
    let m = machine();
    let path = m.path("p", &["a=1"], &[]);
    let place = m.store.ensure_materialised(&path).unwrap();
    std::fs::write(place.join("a"), "!").unwrap();
    let faults = m.store.verify().unwrap();
    let lock = m.store.lock("repair").unwrap();
    let deeds = m.store.mend(&lock, &faults).unwrap();
    assert!(
        matches!(&deeds[..], [Deed::Quarantined { .. }]),
        "{deeds:?}"
    );
    assert!(!object(&m, "1", false).exists());
    let lacks = [(path, [Lack::Object(Digest::of(b"1"))].into())].into();
    assert_eq!(m.store.lacking().unwrap(), lacks);
    // Nothing is made of contents that are not there.
    assert_eq!(m.store.remake_paths(&lock).unwrap(), []);
    m.store.put_bytes(b"1", PLAIN).unwrap();
    m.store.remake_paths(&lock).unwrap();
    assert_eq!(m.store.verify().unwrap(), []);
}

#[test]
fn a_manifest_comes_back_from_a_folder_that_says_all_of_it() {
    let m = machine();
    let mut tree = m.tree(&["d/a=1"]);
    tree.entries
        .values_mut()
        .for_each(|entry| (entry.uid, entry.gid) = (0, 0));
    let digest = m.store.put_tree(&tree).unwrap();
    let path = m
        .store
        .add_path("p", Content::Tree { digest }, &[])
        .unwrap();
    let place = m.store.ensure_materialised(&path).unwrap();
    std::fs::write(m.store.layout().tree(&digest), "garbage").unwrap();
    assert_eq!(sources(&mended(&m)), [place]);
}

#[test]
fn a_record_comes_back_from_the_realisation_that_made_it() {
    let m = machine();
    let needed = m.path("needed", &["b=2"], &[]);
    let path = m.path("p", &["a=1"], std::slice::from_ref(&needed));
    let output = Output {
        path: path.clone(),
        content: m.store.path_content(&path).unwrap(),
    };
    let action = ActionKey(Digest::of(b"action"));
    let made = Realisation::new(action, output, vec![needed.clone()]);
    m.store.realisations().put(&made).unwrap();
    m.store
        .roots()
        .set("mine", std::slice::from_ref(&path))
        .unwrap();
    std::fs::write(m.store.layout().path_record(&path), "{").unwrap();
    let deeds = mended(&m);
    let registered = Deed::Registered {
        path: path.clone(),
        action,
    };
    assert!(deeds.contains(&registered), "{deeds:?}");
    let record = m.store.path_record(&path).unwrap().unwrap();
    assert_eq!(record.references, [needed]);
}

#[test]
fn modes_are_set_right_where_they_stand() {
    use std::os::unix::fs::PermissionsExt as _;
    let m = machine();
    m.path("p", &["a=1"], &[]);
    let object = object(&m, "1", false);
    std::fs::set_permissions(&object, std::fs::Permissions::from_mode(0o600)).unwrap();
    let set = Deed::ModeSet {
        path: object,
        mode: 0o644,
    };
    assert_eq!(mended(&m), [set]);
}

#[test]
fn makers_that_are_forgotten_are_made_again() {
    let m = machine();
    let path: StorePath = m.path("p", &["a=1"], &[]);
    let output = Output {
        path: path.clone(),
        content: m.store.path_content(&path).unwrap(),
    };
    let action = ActionKey(Digest::of(b"action"));
    m.store
        .realisations()
        .put(&Realisation::new(action, output, Vec::new()))
        .unwrap();
    assert_eq!(m.store.makers(&path).unwrap(), [action]);
    let lock = m.store.lock("repair").unwrap();
    assert_eq!(m.store.forget_makers(&lock, &path).unwrap(), [action]);
    assert_eq!(m.store.realisations().get(&action).unwrap(), None);
}

#[test]
fn a_copy_becomes_a_link_again_and_only_where_its_bytes_are_right() {
    use std::os::unix::fs::MetadataExt as _;
    let m = machine();
    let path = m.path("p", &["a=one", "b=two", "c=three", "empty="], &[]);
    let place = m.store.ensure_materialised(&path).unwrap();
    let copy = |name: &str, text: &str| {
        std::fs::remove_file(place.join(name)).unwrap();
        std::fs::write(place.join(name), text).unwrap();
    };
    copy("a", "one");
    copy("b", "owt");
    let lock = m.store.lock("optimise").unwrap();
    let inode = |path: PathBuf| std::fs::metadata(path).unwrap().ino();
    let would = m.store.optimise(&lock, true).unwrap();
    assert_ne!(
        inode(place.join("a")),
        inode(object(&m, "one", false)),
        "looking changes nothing"
    );
    let won = m.store.optimise(&lock, false).unwrap();
    assert_eq!((would.linked, would.linked_bytes), (1, 3));
    assert_eq!((won.linked, won.linked_bytes, won.wrong), (1, 3, 1));
    assert_eq!(inode(place.join("a")), inode(object(&m, "one", false)));
    assert_eq!(std::fs::read(place.join("b")).unwrap(), b"owt");
    assert_eq!(m.store.optimise(&lock, false).unwrap().linked, 0);
}

#[test]
fn a_damaged_object_never_takes_a_good_copy_s_place() {
    let m = machine();
    let path = m.path("p", &["a=one"], &[]);
    let place = m.store.ensure_materialised(&path).unwrap();
    std::fs::remove_file(place.join("a")).unwrap();
    std::fs::write(place.join("a"), "one").unwrap();
    std::fs::write(object(&m, "one", false), "eno").unwrap();
    let lock = m.store.lock("optimise").unwrap();
    assert_eq!(m.store.optimise(&lock, false).unwrap().linked, 0);
    assert_eq!(std::fs::read(place.join("a")).unwrap(), b"one");
}

#[test]
fn files_of_one_entry_are_linked_too() {
    let m = machine();
    let (digest, size) = m.store.put_bytes(b"one", PROGRAM).unwrap();
    let mut tree = m.tree(&[]);
    tree.insert(
        "run",
        own(Entry::new(EntryKind::File { digest, size }, 0o755)),
    )
    .unwrap();
    let content = Content::Tree {
        digest: m.store.put_tree(&tree).unwrap(),
    };
    let path = m.store.add_path("p", content, &[]).unwrap();
    let place = m.store.ensure_materialised(&path).unwrap().join("run");
    std::fs::remove_file(&place).unwrap();
    std::fs::write(&place, "one").unwrap();
    let lock = m.store.lock("optimise").unwrap();
    assert_eq!(m.store.optimise(&lock, false).unwrap().linked, 1);
    assert_eq!(m.store.verify().unwrap(), []);
}
