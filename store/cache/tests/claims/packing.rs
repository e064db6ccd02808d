//! How a closure is cut into files.

use crate::support::machine;
use cairn_cache::packing::BLOB_MIN;
use cairn_cache::{Closure, Packing, Wanted};
use std::collections::BTreeSet;

fn of(machine: &crate::support::Machine, path: &cairn_graph::StorePath) -> Packing {
    let wanted = Wanted::paths(std::slice::from_ref(path));
    Closure::of(&machine.store, &wanted).unwrap().packing
}

#[test]
fn thousands_of_small_files_are_a_few_packs() {
    let machine = machine();
    let path = machine.forest(10, 500);
    let packing = of(&machine, &path);
    // 20 MB of files in packs of 1 to 4 MiB.
    assert!(packing.packs.len() <= 20, "{} packs", packing.packs.len());
    assert!(packing.blobs.is_empty());
    assert!(packing.packs.iter().all(|pack| pack.size() <= 4 << 20));
    let members: usize = packing.packs.iter().map(|pack| pack.members.len()).sum();
    // Every file, eleven trees, and the one file of the root.
    assert_eq!(members, 5000 + 11 + 1);
}

#[test]
fn a_content_that_many_trees_have_travels_once() {
    let machine = machine();
    let files: &[(&str, &[u8], u32)] = &[("a", b"shared", 0o644), ("b", b"", 0o755)];
    let one = machine.path("one", files, &[]);
    let other = machine.path("other", files, &[one]);
    let packing = of(&machine, &other);
    let members: Vec<_> = packing
        .packs
        .iter()
        .flat_map(|pack| &pack.members)
        .collect();
    let different: BTreeSet<_> = members.iter().collect();
    assert_eq!(members.len(), different.len());
    // One tree's text, as the trees are equal, and two files.
    assert_eq!(members.len(), 3);
}

#[test]
fn contents_above_the_bound_travel_alone() {
    let machine = machine();
    let bytes = crate::support::noise(7, BLOB_MIN as usize + 1);
    let path = machine.path(
        "two",
        &[
            ("at", &bytes[..BLOB_MIN as usize], 0o644),
            ("above", &bytes, 0o644),
        ],
        &[],
    );
    let packing = of(&machine, &path);
    assert_eq!(packing.blobs.len(), 1);
    assert_eq!(packing.blobs[0].size, BLOB_MIN + 1);
}

#[test]
fn one_file_more_leaves_most_packs_as_they_were() {
    let machine = machine();
    let path = machine.forest(10, 500);
    let before = of(&machine, &path);
    let extra = machine.path("tree-3-extra", &[("new", b"new", 0o644)], &[]);
    let after = machine.path("forest", &[("leaf", b"leaf", 0o644)], &[path, extra]);
    let after = of(&machine, &after);
    let names =
        |packing: &Packing| -> BTreeSet<_> { packing.packs.iter().map(|pack| pack.name).collect() };
    let (before, after) = (names(&before), names(&after));
    let kept = before.intersection(&after).count();
    assert!(before.len() >= 8, "{} packs", before.len());
    assert!(
        kept + 3 >= before.len(),
        "{kept} of {} stayed",
        before.len()
    );
}
