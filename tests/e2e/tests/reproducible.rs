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
    // The paths are hashes of contents; so that a wrong hash can't hide, the contents are compared too.
    let path = one_list[0]["path"]
        .as_str()
        .expect("a path")
        .trim_start_matches('/')
        .to_owned();
    let manifest = |machine: &Machine| {
        std::fs::read_to_string(machine.root().join(&path).join("manifest.json"))
            .expect("a manifest")
    };
    assert_eq!(manifest(&one), manifest(&other));
    assert!(manifest(&one).contains("\"root\""));
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
