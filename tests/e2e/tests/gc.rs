//! `cairn gc`: frees what nothing needs, and never what something does.

use crate::{default, numbers, two_generations};
use std::fs::{self, File};
use std::time::Duration;

#[test]
fn without_a_wish_every_generation_stays_and_works() {
    let (_archive, machine) = two_generations();
    machine.cairn(&["gc", "-y"]).done();
    assert_eq!(numbers(&machine), [1, 2]);
    machine.cairn(&["verify"]).done().says("the store is sound");
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("unchanged");
}

#[test]
fn keeps_as_many_as_it_is_told_and_frees_the_rest() {
    let (_archive, machine) = two_generations();
    let dry = machine
        .cairn(&["gc", "--keep", "1", "-n", "--json"])
        .done()
        .json();
    assert_eq!(dry["generations"], serde_json::json!([1]));
    assert!(dry["bytes"].as_u64() > Some(0), "{dry}");
    assert_eq!(numbers(&machine), [1, 2], "a dry run deletes nothing");
    let done = machine
        .cairn(&["gc", "--keep", "1", "-y", "--json"])
        .done()
        .json();
    assert_eq!(done["bytes"], dry["bytes"]);
    assert_eq!(numbers(&machine), [2]);
    machine
        .cairn(&["gc", "--keep", "1", "-y"])
        .done()
        .says("nothing to delete");
    machine.cairn(&["verify"]).done();
}

#[test]
fn the_default_and_the_pinned_stay_whatever_it_is_told() {
    let (_archive, machine) = two_generations();
    machine.edit("system.cairn", "\"tiny2\"", "\"tiny3\"");
    machine.switch();
    machine.cairn(&["rollback", "--to", "1", "-y"]).done();
    machine.cairn(&["generations", "pin", "2"]).done();
    machine.cairn(&["gc", "--keep", "0", "-y"]).done();
    assert_eq!(numbers(&machine), [1, 2]);
    assert_eq!(default(&machine), Some(1));
    machine.cairn(&["diff", "1", "2"]).done();
}

#[test]
fn young_generations_stay_by_their_age() {
    let (_archive, machine) = two_generations();
    machine.cairn(&["gc", "--keep-since", "1h", "-y"]).done();
    assert_eq!(numbers(&machine), [1, 2]);
    machine
        .cairn(&["gc", "--keep-since", "soon", "-y"])
        .exits(2)
        .says("cli::time");
}

#[test]
fn asks_before_it_deletes_a_generation() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["gc", "--keep", "1"])
        .exits(2)
        .says("cli::no_terminal");
    assert_eq!(numbers(&machine), [1, 2]);
}

#[test]
fn what_deletes_reads_the_records_and_asks_no_index() {
    let (_archive, machine) = two_generations();
    // A folder's last change must be over for what is in it to be remembered.
    std::thread::sleep(Duration::from_millis(100));
    let show = || machine.cairn(&["gc", "--keep", "1", "-n"]).done();
    show().says("would delete generation 1");
    assert!(machine.root().join("cairn/var/index").exists());
    let system = fs::read_link(machine.root().join("cairn/var/gens/2/system")).unwrap();
    let name = system.file_name().unwrap();
    let record = machine.root().join("cairn/var/paths").join(name);
    // Where it stands, which the index does not see.
    fs::write(record, "garbage").unwrap();
    show().says("would delete generation 1");
    machine
        .cairn(&["gc", "--keep", "1", "-y"])
        .exits(1)
        .says("verify and repair the store before collecting");
    assert_eq!(numbers(&machine), [1, 2]);
}

#[test]
fn while_a_person_is_asked_others_have_the_locks() {
    let (_archive, machine) = two_generations();
    let asked = machine
        .terminal(&["gc", "--keep", "1"])
        .expect("Delete generation 1");
    for name in ["store", "contents"] {
        let lock = File::open(machine.root().join("cairn/var/lock").join(name)).unwrap();
        lock.try_lock()
            .unwrap_or_else(|error| panic!("{name} is held: {error}"));
    }
    asked.send("y\n").finish().done();
    assert_eq!(numbers(&machine), [2]);
}
