//! `cairn lock` and `cairn update`: which packages a configuration means.

use crate::{fresh, one_generation};
use cairn_support::small::hello;

#[test]
fn a_lock_names_every_package_with_its_digest_and_no_mirror() {
    let (archive, machine) = fresh();
    machine
        .cairn(&["lock", "system.cairn"])
        .done()
        .says("locks");
    let lock = machine.read("cairn.lock");
    assert!(
        lock.contains("\"hello\"") && lock.contains("sha256"),
        "{lock}"
    );
    assert!(!lock.contains("127.0.0.1"), "{lock}");
    assert_eq!(
        archive.package_requests("hello"),
        0,
        "a lock fetches no package"
    );
    machine
        .cairn(&["lock", "system.cairn"])
        .done()
        .says("unchanged");
}

#[test]
fn an_update_shows_what_changes_and_switch_makes_it() {
    let (mut archive, machine) = one_generation();
    archive.publish([hello("1.1")]);
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("unchanged");
    let before = machine.read("cairn.lock");
    machine
        .cairn(&["update", "system.cairn", "-n"])
        .done()
        .says("~ hello 1.0 → 1.1");
    assert_eq!(
        machine.read("cairn.lock"),
        before,
        "a dry run writes nothing"
    );
    machine
        .cairn(&["update", "system.cairn"])
        .exits(2)
        .says("cli::no_terminal");
    machine
        .cairn(&["update", "system.cairn", "-y"])
        .done()
        .says("~ hello 1.0 → 1.1");
    machine
        .switch()
        .says("~ hello 1.0 → 1.1")
        .says("made generation 2");
}

#[test]
fn a_lock_that_is_no_lock_is_refused() {
    let (_archive, machine) = fresh();
    machine.write("cairn.lock", "{ \"version\": 1");
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .exits(1)
        .says("archive::lock")
        .says("cairn.lock");
    assert_eq!(machine.read("cairn.lock"), "{ \"version\": 1");
}

#[test]
fn with_a_lock_and_the_store_no_network_is_needed() {
    let (archive, machine) = one_generation();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    drop(archive);
    machine
        .cairn(&["switch", "system.cairn", "-y", "--offline"])
        .done()
        .says("made generation 2");
}

#[test]
fn an_update_keeps_the_packages_of_expressions_beside_the_configuration_and_renews_them() {
    let (mut archive, machine) = one_generation();
    machine.write(
        "tool.cairn",
        "build({ name = \"tool\", tools = [\"hello\"], script = \"echo > $out\" })\n",
    );
    machine.cairn(&["build", "tool.cairn"]).done();
    let sets = |machine: &cairn_support::Machine| {
        let lock: serde_json::Value =
            serde_json::from_str(&machine.read("cairn.lock")).expect("a lock");
        lock["sets"].clone()
    };
    let before = sets(&machine)["build:hello"].clone();
    assert!(before.is_array(), "{}", sets(&machine));
    archive.publish([hello("1.1")]);
    machine.cairn(&["update", "system.cairn", "-y"]).done();
    let after = sets(&machine)["build:hello"].clone();
    assert!(after.to_string().contains("1.1"), "{after}");
    // It is locked: nothing is looked up anew.
    let lock = machine.read("cairn.lock");
    machine.cairn(&["build", "tool.cairn"]).done();
    assert_eq!(machine.read("cairn.lock"), lock);
}
