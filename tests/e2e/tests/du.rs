//! `cairn du` and `cairn tree`: what takes the space, and what needs what.

use cairn_support::Machine;

use crate::{one_generation, two_generations};

#[test]
fn what_is_unique_to_a_generation_is_what_its_end_frees() {
    let (_archive, machine) = two_generations();
    machine.cairn(&["gc", "-y"]).done();
    let du = machine.cairn(&["du", "--json"]).done().json();
    let unique = du["lines"][0]["unique"].as_u64().expect("bytes");
    assert_eq!(du["lines"][0]["name"], "generation 1");
    let objects = || -> u64 {
        let all = machine.snapshot();
        let objects = all.iter().filter(|line| line.contains("/cairn/objects/"));
        let sizes = objects.filter_map(|line| {
            line.split_whitespace()
                .rev()
                .find_map(|word| word.parse::<u64>().ok())
        });
        sizes.sum()
    };
    let before = objects();
    machine.cairn(&["gc", "--keep", "1", "-y"]).done();
    assert_eq!(before - objects(), unique, "{du}");
    let du = machine.cairn(&["du"]).done();
    assert_eq!(
        du.stdout.lines().count(),
        2,
        "a heading and a generation: {du}"
    );
}

#[test]
fn shared_contents_count_once_and_garbage_has_a_line() {
    let machine = Machine::bare();
    machine.write("a/one", "shared\n");
    machine.write("a/two", "alone\n");
    machine.write("b/one", "shared\n");
    let add = |words: &[&str]| machine.cairn(words).done().stdout.trim().to_owned();
    let a = add(&["store", "add", "a", "--keep"]);
    let b = add(&["store", "add", "b"]);
    let du = machine.cairn(&["du", "--json"]).done().json();
    assert_eq!(du["bytes"], 13);
    assert_eq!(du["lines"][0]["name"], "root a");
    assert_eq!(
        (&du["lines"][0]["bytes"], &du["lines"][0]["unique"]),
        (&13.into(), &6.into())
    );
    assert_eq!(du["lines"][1]["name"], "needed by nothing");
    let du = machine.cairn(&["du", &a, &b]).done();
    du.says("13 B 6 B 1")
        .says("7 B 0 B 1")
        .says("13 B 2 all together");
    let paths = machine.cairn(&["du", "--paths", "--json"]).done().json();
    assert_eq!(paths["lines"][0]["path"], a, "the largest first");
}

#[test]
fn a_generation_s_tree_begins_with_its_system() {
    let (_archive, machine) = one_generation();
    let system = machine.generations()[0]["path"]
        .as_str()
        .expect("a path")
        .to_owned();
    let tree = machine.cairn(&["tree", "1"]).done();
    let lines: Vec<&str> = tree.stdout.lines().collect();
    assert_eq!(lines[0], "generation 1");
    assert_eq!(lines[1], format!("├── {system}"));
    assert!(
        lines[2].starts_with("│   └── ") && lines[2].ends_with("-root"),
        "{tree}"
    );
    assert!(
        lines[3].contains("paths that it was made of: `--all` shows them"),
        "{tree}"
    );
    machine
        .cairn(&["tree", "1", "--all"])
        .done()
        .says("-hello_1.0_amd64.deb");
    let json = machine.cairn(&["tree", &system, "--json"]).done().json();
    assert_eq!(
        json["references"].as_object().map(serde_json::Map::len),
        Some(2)
    );
    machine
        .cairn(&["tree", "7"])
        .exits(1)
        .says("store::no_generation");
}
