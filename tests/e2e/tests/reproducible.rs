//! Same in, same out.

use crate::fresh;
use cairn_support::{CONFIG, Machine};

#[test]
fn two_roots_come_to_the_same_store_paths_and_the_same_root_digest() {
    let (archive, first) = fresh();
    first.switch();
    // The first build may add numbers of accounts to the lock; from then on the lock is the same.
    let (one, other) = (
        Machine::new(&archive, CONFIG),
        Machine::new(&archive, CONFIG),
    );
    for machine in [&one, &other] {
        machine.write("cairn.lock", &first.read("cairn.lock"));
        machine.switch();
        assert_eq!(machine.read("cairn.lock"), first.read("cairn.lock"));
        assert_eq!(
            machine.generations()[0]["path"],
            first.generations()[0]["path"]
        );
    }
    assert_eq!(
        names(&one, "cairn/var/paths"),
        names(&other, "cairn/var/paths")
    );
    assert_eq!(
        names(&one, "cairn/var/real"),
        names(&other, "cairn/var/real")
    );
    let (one, other) = (one.system(1), other.system(1));
    assert_eq!(one["root"].as_str().map(str::len), Some(64), "{one}");
    assert_eq!(one, other);
}

fn names(machine: &Machine, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(machine.root().join(folder))
        .expect(folder)
        .flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{folder} is empty");
    names
}
