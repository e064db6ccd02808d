use crate::support::{machine, new_generation};
use cairn_disk::{GenerationState, Root};
use std::collections::BTreeSet;

#[test]
fn closures_referrers_and_keepers_follow_the_references() {
    let m = machine();
    let deep = m.path("deep", &["a=1"], &[]);
    let middle = m.path("middle", &["b=2"], std::slice::from_ref(&deep));
    let other = m.path("other", &["c=3"], std::slice::from_ref(&middle));
    let system = m.path("system", &["d=4"], &[middle.clone(), other.clone()]);
    let alone = m.path("alone", &["e=5"], std::slice::from_ref(&deep));
    let first = m.generation(&system, GenerationState::Good);
    let mut new = new_generation(&other);
    new.keeps = vec![deep.clone()];
    let second = m.store.generations().add(new).unwrap().number;
    m.store
        .roots()
        .set("mine", &[alone.clone(), deep.clone()])
        .unwrap();

    let relations = m.store.relations().unwrap();
    let closure = relations.closure([&system]);
    assert_eq!(closure, BTreeSet::from([&deep, &middle, &other, &system]));
    let mut referrers = relations.referrers(&deep);
    referrers.sort();
    let mut expected = vec![&alone, &middle];
    expected.sort();
    assert_eq!(referrers, expected);

    let kept: Vec<_> = relations
        .keepers(&deep)
        .into_iter()
        .map(|keeper| (keeper.root, keeper.chain))
        .collect();
    assert_eq!(
        kept,
        [
            (Root::Part(second), vec![deep.clone()]),
            (Root::Named("mine".into()), vec![deep.clone()]),
            // The shortest of two chains.
            (
                Root::System(first),
                vec![system.clone(), middle.clone(), deep.clone()]
            ),
            (Root::System(second), vec![other, middle, deep]),
        ]
    );
    let alone = relations.keepers(&alone);
    assert_eq!(alone.len(), 1);
}

#[test]
fn of_many_ways_the_shortest_is_told() {
    let m = machine();
    let deep = m.path("deep", &["a=1"], &[]);
    let short = m.path("short", &["b=2"], std::slice::from_ref(&deep));
    let mut tops = vec![short.clone()];
    for number in 0..8 {
        let near = m.path(
            &format!("near{number}"),
            &["c=3"],
            std::slice::from_ref(&deep),
        );
        tops.push(m.path(&format!("far{number}"), &["d=4"], &[near]));
    }
    let top = m.path("top", &["e=5"], &tops);
    m.store
        .roots()
        .set("mine", std::slice::from_ref(&top))
        .unwrap();
    let keepers = m.store.relations().unwrap().keepers(&deep);
    let chains: Vec<_> = keepers.into_iter().map(|keeper| keeper.chain).collect();
    assert_eq!(chains, [vec![top, short, deep]]);
}

#[test]
fn contents_count_once_and_unique_ones_are_told() {
    let m = machine();
    let one = m.path("one", &["a=1111", "b=1111", "c=22"], &[]);
    let two = m.path("two", &["d=22", "e=333"], &[]);
    let paths = BTreeSet::from([&one, &two]);
    let weights = m.store.weights(&paths).unwrap();
    assert_eq!((weights.of(&one), weights.of(&two)), (6, 5));
    let (each, total) = weights.among(&[vec![&one], vec![&two], vec![&one, &two]]);
    let pairs: Vec<_> = each
        .iter()
        .map(|weight| (weight.bytes, weight.unique))
        .collect();
    assert_eq!((pairs, total), (vec![(6, 0), (5, 0), (9, 0)], 9));
    let (each, _) = weights.among(&[vec![&one], vec![&two]]);
    let unique: Vec<_> = each.iter().map(|weight| weight.unique).collect();
    assert_eq!(unique, [4, 3]);
}

#[test]
fn an_object_is_read_in_parts_and_checked_at_its_end() {
    let m = machine();
    let text = vec![7; 3 << 20];
    let (digest, _) = m.store.put_bytes(&text, crate::support::PLAIN).unwrap();
    let mut read = Vec::new();
    let all = m.store.read_object_in_parts(&digest, &mut |part| {
        read.extend_from_slice(part);
        true
    });
    assert!(all.is_ok() && read == text);
    let mut parts = 0;
    let first = m.store.read_object_in_parts(&digest, &mut |_| {
        parts += 1;
        false
    });
    assert!(first.is_ok() && parts == 1);
    std::fs::write(m.store.layout().object(&digest, false), "!").unwrap();
    let damaged = m.store.read_object_in_parts(&digest, &mut |_| true);
    assert!(matches!(damaged, Err(cairn_disk::Error::Damaged { .. })));
}
