//! `cairn gc`: frees what nothing needs, and never what something does.

use crate::{default, numbers, two_generations};

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
