//! Same in, same out.

use crate::fresh;
use cairn_support::{CONFIG, Machine};

#[test]
fn two_roots_come_to_the_same_store_paths_and_the_same_root_digest() {
    let (archive, one) = fresh();
    let other = Machine::new(&archive, CONFIG);
    one.switch();
    other.write("cairn.lock", &one.read("cairn.lock"));
    other.switch();
    let (one_list, other_list) = (one.generations(), other.generations());
    assert_eq!(one_list[0]["path"], other_list[0]["path"]);
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
