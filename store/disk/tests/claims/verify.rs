use crate::support::{PLAIN, machine};
use cairn_disk::Fault;
use cairn_graph::{Content, Digest};

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

#[test]
fn what_is_quarantined_can_be_put_again() {
    let m = machine();
    m.path("p", &["a=1"], &[]);
    let (digest, _) = m.store.put_bytes(b"1", PLAIN).unwrap();
    std::fs::write(m.store.layout().object(&digest, false), "!").unwrap();
    let faults = m.store.verify().unwrap();
    let lock = m.store.lock("repair").unwrap();
    assert_eq!(m.store.quarantine(&lock, &faults).unwrap(), 1);
    assert!(!m.store.has_object(&digest));
    m.store.put_bytes(b"1", PLAIN).unwrap();
    assert!(m.store.verify().unwrap().is_empty());
}
