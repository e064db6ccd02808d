use crate::support::{Machine, machine, names};
use cairn_disk::Store;
use cairn_graph::Digest;
use std::fs;
use std::path::PathBuf;

/// Says that a process of another boot was at work, and never ended in order.
fn left_by_another_boot(m: &Machine) -> PathBuf {
    let folder = m.store.layout().tmp().join("0123456789ab-77-0");
    fs::create_dir(&folder).unwrap();
    folder
}

fn cut(path: &PathBuf) {
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(2)
        .unwrap();
}

#[test]
fn after_a_power_cut_what_is_half_there_goes_and_the_rest_stays() {
    let m = machine();
    let whole = m.path("whole", &["a=whole"], &[]);
    let half = m.path("half", &["a=whole", "b=half there"], &[]);
    let made = m.store.ensure_materialised(&whole).unwrap();
    let object = m
        .store
        .object_path(&Digest::of(b"half there"), false)
        .unwrap();
    cut(&object);
    let empty = m.path("empty", &["c=other"], &[]);
    fs::write(m.store.layout().path_record(&empty), "").unwrap();
    let folder = left_by_another_boot(&m);
    assert_ne!(m.store.verify().unwrap(), []);

    let store = Store::open(m.dir.path()).unwrap();
    assert_eq!(store.verify().unwrap(), []);
    assert!(!object.exists() && !folder.exists() && made.is_dir());
    assert!(store.path_record(&whole).unwrap().is_some());
    for gone in [&half, &empty] {
        assert_eq!(store.path_record(gone).unwrap(), None);
    }
    // It is done once.
    let mut left = names(&store.layout().tmp());
    left.retain(|name| name.contains("0123456789ab"));
    assert_eq!(left, ["recovered-0123456789ab-77-0"]);
}

#[test]
fn a_path_that_was_made_by_half_is_made_anew() {
    let m = machine();
    let path = m.path("path", &["a=one", "b=two"], &[]);
    let made = m.store.ensure_materialised(&path).unwrap();
    fs::remove_file(made.join("b")).unwrap();
    left_by_another_boot(&m);
    let store = Store::open(m.dir.path()).unwrap();
    assert!(!made.exists());
    store.ensure_materialised(&path).unwrap();
    assert_eq!(names(&made), ["a", "b"]);
}

#[test]
fn without_a_power_cut_nobody_takes_damage_away() {
    let m = machine();
    m.path("path", &["a=damaged later"], &[]);
    let object = m
        .store
        .object_path(&Digest::of(b"damaged later"), false)
        .unwrap();
    cut(&object);
    let store = Store::open(m.dir.path()).unwrap();
    assert!(object.exists());
    assert_eq!(store.verify().unwrap().len(), 2);
}
