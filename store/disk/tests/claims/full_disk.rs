use crate::support::{PLAIN, in_namespace, names, new_generation, objects};
use cairn_disk::{Error, MaterialiseOptions, ObjectMeta, Store};
use cairn_graph::{Content, Tree};

#[test]
fn a_full_disk_is_its_own_error_and_leaves_nothing_half_made() {
    let test = "full_disk::a_full_disk_is_its_own_error_and_leaves_nothing_half_made";
    let Some(dir) = in_namespace(test, "true") else {
        return;
    };
    let store = Store::open(&dir).unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let (digest, size) = store.put_bytes(&bytes, PLAIN).unwrap();
    let before = objects(&store);

    let too_much = vec![1; 6_000_000];
    let error = store.put_bytes(&too_much, PLAIN).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert_eq!(objects(&store), before);
    let tmp = store.tmp_path().unwrap();
    assert_eq!(names(tmp.parent().unwrap()), ["roots"]);

    // Three copies, as they look different from the object, are one too many.
    let mut tree = Tree::new();
    for name in ["a", "b", "c"] {
        tree.insert_file(name, digest, size, 0o600).unwrap();
    }
    let error = store
        .materialise(&tree, &dir.join("out"), MaterialiseOptions::EXACT)
        .unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(!dir.join("out").exists());

    // The disk is filled to the last byte: no record either, and no generation.
    let mut small = Tree::new();
    small.insert_file("a", digest, size, 0o644).unwrap();
    let content = Content::Tree {
        digest: store.put_tree(&small).unwrap(),
    };
    let system = store.add_path("system", content, &[]).unwrap();
    let mut filler = std::fs::File::create(dir.join("filler")).unwrap();
    let filled = std::io::copy(&mut std::io::repeat(7), &mut filler).unwrap_err();
    assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);
    let error = store
        .generations()
        .add(new_generation(&system))
        .unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(store.generations().list().unwrap().generations.is_empty());
    let error = store
        .put_bytes(
            b"small",
            ObjectMeta {
                executable: true,
                mtime: 1,
            },
        )
        .unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");

    // Collecting works nevertheless.
    store.release().unwrap();
    let lock = store.collecting().unwrap();
    let plan = cairn_disk::GcPlan::new(
        &store.snapshot().unwrap(),
        &cairn_disk::GcOptions::default(),
    )
    .unwrap();
    store.apply(&lock, &plan).unwrap();
    drop(lock);
    store.empty_trash().unwrap();
    assert!(objects(&store).is_empty());
    store.put_bytes(b"small", PLAIN).unwrap();
}
