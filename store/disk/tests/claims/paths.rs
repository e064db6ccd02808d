use crate::support::{PLAIN, machine, names};
use cairn_disk::Error;
use cairn_graph::{ActionKey, Content, Digest, Output, Realisation, StorePath};
use std::os::unix::fs::MetadataExt;

#[test]
fn a_path_is_known_before_it_is_made_and_made_when_asked_for() {
    let m = machine();
    let path = m.path("hello", &["bin/a=1", "bin/b=2"], &[]);
    assert!(names(&m.store.layout().store()).is_empty());
    assert!(matches!(
        m.store.path_content(&path),
        Ok(Content::Tree { .. })
    ));
    let place = m.store.ensure_materialised(&path).unwrap();
    assert_eq!(std::fs::read(place.join("bin/a")).unwrap(), b"1");
    assert_eq!(place.join("bin/a").metadata().unwrap().nlink(), 2);
    assert_eq!(m.store.ensure_materialised(&path).unwrap(), place);
}

#[test]
fn a_path_can_be_a_file() {
    let m = machine();
    let (digest, size) = m.store.put_bytes(b"text", PLAIN).unwrap();
    let path = m
        .store
        .add_path(
            "file.txt",
            Content::File {
                digest,
                size,
                executable: false,
            },
            &[],
        )
        .unwrap();
    let place = m.store.ensure_materialised(&path).unwrap();
    assert_eq!(std::fs::read(place).unwrap(), b"text");
    let (digest, size) = m.store.put_bytes(b"", PLAIN).unwrap();
    let path = m
        .store
        .add_path(
            "empty",
            Content::File {
                digest,
                size,
                executable: false,
            },
            &[],
        )
        .unwrap();
    let place = m.store.ensure_materialised(&path).unwrap();
    assert_eq!(place.metadata().unwrap().nlink(), 1);
}

#[test]
fn only_a_true_path_of_present_content_is_registered() {
    let m = machine();
    let content = Content::Tree {
        digest: Digest::of(b"nowhere"),
    };
    assert!(matches!(
        m.store.add_path("x", content, &[]),
        Err(Error::Missing { what: "tree", .. })
    ));
    assert!(matches!(
        m.store.add_path("a/b", content, &[]),
        Err(Error::Name { .. })
    ));
    let path = StorePath::new(
        "x",
        &Content::Tree {
            digest: Digest::of(b"another"),
        },
    )
    .unwrap();
    assert!(matches!(
        m.store.register(
            &Output {
                path: path.clone(),
                content
            },
            &[]
        ),
        Err(Error::WrongPath { .. })
    ));
    assert!(matches!(
        m.store.ensure_materialised(&path),
        Err(Error::Missing { what: "path", .. })
    ));
}

#[test]
fn a_closure_follows_references() {
    let m = machine();
    let a = m.path("a", &["f=a"], &[]);
    let b = m.path("b", &["f=b"], std::slice::from_ref(&a));
    let c = m.path("c", &["f=c"], std::slice::from_ref(&b));
    let mut expected = vec![a, b, c.clone()];
    expected.sort();
    assert_eq!(m.store.closure(&c).unwrap(), expected);
}

#[test]
fn a_realisation_is_found_by_its_key_as_long_as_its_output_is_there() {
    let m = machine();
    let path = m.path("out", &["f=1"], &[]);
    let output = Output {
        path: path.clone(),
        content: m.store.path_content(&path).unwrap(),
    };
    let key = ActionKey(Digest::of(b"key"));
    let realisation = Realisation::new(key, output, Vec::new());
    assert_eq!(m.store.realisations().get(&key).unwrap(), None);
    m.store.realisations().put(&realisation).unwrap();
    assert_eq!(
        m.store.realisations().get(&key).unwrap(),
        Some(realisation.clone())
    );

    // A record that a crash cut short is none.
    std::fs::write(m.store.layout().realisation(&key), "{").unwrap();
    assert_eq!(m.store.realisations().get(&key).unwrap(), None);
    m.store.realisations().put(&realisation).unwrap();
    std::fs::remove_file(m.store.layout().path_record(&path)).unwrap();
    assert_eq!(m.store.realisations().get(&key).unwrap(), None);
}

#[test]
fn closing_the_store_leaves_no_temporary_folder() {
    let m = machine();
    m.path("out", &["f=1"], &[]);
    let tmp = m.store.layout().tmp();
    assert_eq!(names(&tmp).len(), 1);
    drop(m.store);
    assert!(names(&tmp).is_empty());
}
