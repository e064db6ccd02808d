//! A closure in one file: the same checks, without a cache.

use crate::support::{Machine, keys, machine, wanted};
use cairn_cache::{Closure, Error, Trust, Wanted, export};
use cairn_fetch::Cancel;
use std::io::BufReader;

fn exported(machine: &Machine, wanted: &Wanted, key: Option<&cairn_cache::SecretKey>) -> Vec<u8> {
    let closure = Closure::of(&machine.store, wanted).unwrap();
    let mut bytes = Vec::new();
    export::export(
        &machine.store,
        &closure,
        key,
        &mut bytes,
        &Cancel::default(),
        &|_| {},
    )
    .unwrap();
    bytes
}

fn import(
    machine: &Machine,
    bytes: &[u8],
    trust: Option<&Trust>,
) -> cairn_cache::Result<export::Imported> {
    let mut reader = BufReader::new(bytes);
    let head = export::read_head(&mut reader)?;
    export::import(
        &machine.store,
        head,
        trust,
        &mut reader,
        &Cancel::default(),
        &|_| {},
    )
}

#[test]
fn what_was_exported_comes_in_whole() {
    let source = machine();
    let generation = source.generation();
    let keys = keys();
    let bytes = exported(&source, &wanted(&generation), Some(&keys.secret("a")));
    let target = machine();
    let trust = keys.trust(&["a"], 1);
    let imported = import(&target, &bytes, Some(&trust)).unwrap();
    assert!(imported.is_signed);
    assert_eq!(target.entries(), source.entries());
    assert_eq!(target.store.verify().unwrap(), []);
    let again = import(&target, &bytes, Some(&trust)).unwrap();
    assert_eq!((again.objects, again.bytes), (0, 0));
}

#[test]
fn the_same_closure_is_the_same_bytes() {
    let (one, other) = (machine(), machine());
    let of = |machine: &Machine| {
        let path = machine.forest(4, 100);
        exported(machine, &Wanted::paths(&[path]), None)
    };
    assert_eq!(of(&one), of(&other));
}

#[test]
fn a_tree_whose_text_is_large_comes_before_its_files() {
    let source = machine();
    let names: Vec<String> = (0..9000).map(|n| format!("a/{n:0>100}")).collect();
    let files: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), name.as_bytes(), 0o644))
        .collect();
    let path = source.path("large", &files, &[]);
    let bytes = exported(&source, &Wanted::paths(&[path]), None);
    let target = machine();
    import(&target, &bytes, None).unwrap();
    assert_eq!(target.entries(), source.entries());
}

#[test]
fn without_a_trusted_signature_nothing_is_believed_but_what_contents_prove() {
    let source = machine();
    let generation = source.generation();
    let keys = keys();
    let trust = keys.trust(&["b"], 1);
    let signed_by_another = exported(&source, &wanted(&generation), Some(&keys.secret("a")));
    let unsigned = exported(&source, &wanted(&generation), None);
    for (bytes, trust) in [(&signed_by_another, Some(&trust)), (&unsigned, None)] {
        let target = machine();
        let imported = import(&target, bytes, trust).unwrap();
        assert!(!imported.is_signed);
        let entries = target.entries();
        let real = entries.iter().filter(|name| name.contains("var/real/"));
        assert_eq!(real.count(), 0);
        let expected: Vec<String> = source
            .entries()
            .into_iter()
            .filter(|name| !name.contains("var/real/"))
            .collect();
        assert_eq!(entries, expected);
    }
}

#[test]
fn no_part_of_it_may_be_missing_or_changed() {
    let source = machine();
    let path = source.path(
        "small",
        &[("a", b"some text", 0o644), ("b", b"more", 0o755)],
        &[],
    );
    let bytes = exported(&source, &Wanted::paths(&[path]), None);
    for len in (0..bytes.len()).step_by(23) {
        let target = machine();
        let error = import(&target, &bytes[..len], None).unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{len}: {error}");
        assert!(
            target.entries().iter().all(|name| !name.contains("/var/")),
            "{len}"
        );
    }
    for at in (0..bytes.len()).step_by(17) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 4;
        let target = machine();
        // A bit that zstd does not look at leaves all as it should be.
        if let Err(error) = import(&target, &bytes, None) {
            assert!(matches!(error, Error::Refused { .. }), "{at}: {error}");
        } else {
            assert_eq!(target.entries(), source.entries(), "{at}");
        }
        assert_eq!(target.store.verify().unwrap(), [], "{at}");
    }
}
