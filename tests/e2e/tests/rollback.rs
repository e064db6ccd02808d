//! `cairn rollback`: without network, evaluation or build.

use crate::{default, one_generation, two_generations};

#[test]
fn goes_to_the_generation_before_the_default() {
    let (archive, machine) = two_generations();
    let url = archive.url();
    drop(archive);
    // No archive, no configuration: nothing of them is needed.
    machine.write("system.cairn", "this is = not cairn (");
    machine
        .cairn(&["rollback", "-y", "--mirror", &url])
        .done()
        .says("generation 1 is the default now");
    assert_eq!(default(&machine), Some(1));
}

#[test]
fn goes_to_any_kept_number_and_back() {
    let (_archive, machine) = two_generations();
    machine.cairn(&["rollback", "--to", "1", "-y"]).done();
    assert_eq!(default(&machine), Some(1));
    machine.cairn(&["rollback", "--to", "2", "-y"]).done();
    assert_eq!(default(&machine), Some(2));
    machine
        .cairn(&["rollback", "--to", "2", "-y"])
        .done()
        .says("already");
}

#[test]
fn shows_what_changes_and_asks() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["rollback"])
        .exits(2)
        .says("\"tiny2\" → \"tiny\"")
        .says("cli::no_terminal");
    assert_eq!(default(&machine), Some(2));
    machine
        .cairn(&["rollback", "-n"])
        .done()
        .says("would make generation 1 the default");
    assert_eq!(default(&machine), Some(2));
    let run = machine
        .terminal(&["rollback"])
        .expect("[Y/n]")
        .send("y\n")
        .finish();
    run.done();
    assert_eq!(default(&machine), Some(1));
}

#[test]
fn there_is_nothing_before_the_first() {
    let (_archive, machine) = one_generation();
    machine
        .cairn(&["rollback", "-y"])
        .exits(1)
        .says("store::nothing_older");
    machine
        .cairn(&["rollback", "--to", "9", "-y"])
        .exits(1)
        .says("store::no_generation");
}

#[test]
fn switching_again_after_a_rollback_chooses_the_newest_and_makes_no_other() {
    let (_archive, machine) = two_generations();
    machine.cairn(&["rollback", "-y"]).done();
    machine
        .switch()
        .says("chose generation 2")
        .is_silent_on("made generation");
    assert_eq!(default(&machine), Some(2));
    assert_eq!(machine.generations().len(), 2);
}

#[test]
fn in_a_folder_there_is_no_machine_to_speak_of() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["rollback", "-y"])
        .done()
        .is_silent_on("on this machine")
        .is_silent_on("reboot");
    let status = machine.cairn(&["status", "--json"]).done().json();
    assert_eq!(status["machine"], serde_json::Value::Null);
}
