use crate::support::machine;
use cairn_disk::{DerivationRecord, Store};
use cairn_graph::{ActionKey, Derivation, Digest, ResolvedDerivation};
use std::collections::BTreeMap;
use std::fs;

fn record(text: &str) -> DerivationRecord {
    let derivation = Derivation {
        name: "hello".into(),
        builder: "script".into(),
        builder_version: 1,
        args: serde_json::json!({ "script": text }),
        fixed: None,
    };
    let inputs = BTreeMap::new();
    let made_by = BTreeMap::from([("root".to_owned(), ActionKey(Digest::of(b"root")))]);
    DerivationRecord::new(ResolvedDerivation { derivation, inputs }, made_by)
}

#[test]
fn how_a_realisation_is_made_is_read_back_under_its_key() {
    let m = machine();
    let (first, second) = (record("echo 1"), record("echo 2"));
    m.store
        .derivations()
        .put_all(&[first.clone(), second.clone()])
        .unwrap();
    let again = Store::open(m.dir.path()).unwrap();
    assert_eq!(
        again.derivations().get(&first.action).unwrap(),
        Some(first.clone())
    );
    let mut keys = vec![first.action, second.action];
    keys.sort();
    assert_eq!(again.derivations().list().unwrap(), keys);
    let unknown = ActionKey(Digest::of(b"unknown"));
    assert_eq!(again.derivations().get(&unknown).unwrap(), None);
}

#[test]
fn a_derivation_that_is_not_its_keys_own_is_none() {
    let m = machine();
    let (first, second) = (record("echo 1"), record("rm -r /"));
    m.store
        .derivations()
        .put_all(&[first.clone(), second.clone()])
        .unwrap();
    let place = |record: &DerivationRecord| m.store.layout().derivation(&record.action);
    // One that was moved, and one whose key is claimed but not its own.
    fs::copy(place(&second), place(&first)).unwrap();
    assert_eq!(m.store.derivations().get(&first.action).unwrap(), None);
    let claimed = DerivationRecord {
        action: first.action,
        ..second
    };
    fs::write(place(&first), serde_json::to_vec(&claimed).unwrap()).unwrap();
    assert_eq!(m.store.derivations().get(&first.action).unwrap(), None);
    fs::write(place(&first), "{").unwrap();
    assert_eq!(m.store.derivations().get(&first.action).unwrap(), None);
}

#[test]
fn a_store_of_an_earlier_program_gets_the_folder_when_it_is_needed() {
    let m = machine();
    fs::remove_dir(m.store.layout().derivations()).unwrap();
    assert_eq!(m.store.derivations().list().unwrap(), []);
    m.store.derivations().put_all(&[record("true")]).unwrap();
    assert_eq!(m.store.derivations().list().unwrap().len(), 1);
}
