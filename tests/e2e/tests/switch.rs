//! `cairn switch`: a configuration becomes a generation, once.

use crate::{default, fresh, numbers, one_generation, two_generations};
use cairn_support::small::hello;

#[test]
fn the_first_switch_makes_generation_1_and_says_what_to_do_next() {
    let (_archive, machine) = fresh();
    let run = machine.cairn(&["switch", "system.cairn", "-y"]).done();
    let run = run
        .says("made generation 1")
        .says("next")
        .says("cairn vm system.cairn");
    assert_eq!(run.stdout, "", "switch has no data to print");
    let all = machine.generations();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["number"], 1);
    assert_eq!(all[0]["default"], true);
    let path = all[0]["path"].as_str().expect("a path");
    let name = path.strip_prefix("/cairn/store/").expect("a store path");
    let record = machine.root().join("cairn/var/paths").join(name);
    assert!(record.exists(), "{path} is not registered");
}

#[test]
fn the_first_switch_needs_no_answer_where_there_is_nothing_to_lose() {
    let (_archive, machine) = fresh();
    machine.cairn(&["switch", "system.cairn"]).done();
    assert_eq!(numbers(&machine), [1]);
}

#[test]
fn an_unchanged_configuration_makes_no_generation_and_touches_no_network() {
    let (archive, machine) = one_generation();
    let requests = archive.server().requests().len();
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("unchanged");
    assert_eq!(numbers(&machine), [1]);
    assert_eq!(archive.server().requests().len(), requests);
    machine
        .cairn(&["switch", "system.cairn", "-y", "--exit-unchanged"])
        .exits(77);
}

#[test]
fn an_edit_shows_its_difference_and_makes_generation_2() {
    let (_archive, machine) = one_generation();
    machine.edit("system.cairn", "[\"hello\"]", "[\"hello\", \"greeter\"]");
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    let run = machine.cairn(&["switch", "system.cairn", "-y"]).done();
    run.says("changes from generation 1")
        .says("+ greeter 2.0-1")
        .says("~ /etc/hostname")
        .says("~ host.name \"tiny\" → \"tiny2\"")
        .says("made generation 2");
    assert_eq!(numbers(&machine), [1, 2]);
    assert_eq!(default(&machine), Some(2));
}

#[test]
fn a_package_that_is_added_holds_all_others() {
    let (mut archive, machine) = one_generation();
    archive.publish([hello("1.1")]);
    machine.edit("system.cairn", "[\"hello\"]", "[\"hello\", \"greeter\"]");
    machine.switch().says("+ greeter").is_silent_on("hello 1.1");
}

#[test]
fn a_change_needs_an_answer_and_says_so_where_nobody_can_give_it() {
    let (_archive, machine) = one_generation();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    machine
        .cairn(&["switch", "system.cairn"])
        .exits(2)
        .says("cli::no_terminal")
        .says("-y");
    assert_eq!(numbers(&machine), [1]);
}

#[test]
fn on_a_terminal_yes_makes_and_no_changes_nothing() {
    let (_archive, machine) = one_generation();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    let before = machine.snapshot();
    let run = machine
        .terminal(&["switch", "system.cairn"])
        .expect("[Y/n]")
        .send("n\n")
        .finish();
    run.exits(1).says("nothing was changed");
    assert_eq!(machine.snapshot(), before);
    let run = machine
        .terminal(&["switch", "system.cairn"])
        .expect("[Y/n]")
        .send("\n")
        .finish();
    run.done().says("generation 2");
    assert_eq!(numbers(&machine), [1, 2]);
}

#[test]
fn a_dry_run_shows_what_would_be_and_writes_nothing() {
    let (_archive, machine) = fresh();
    machine
        .cairn(&["switch", "system.cairn", "-n"])
        .done()
        .says("the first generation")
        .says("tiny");
    assert_eq!(machine.snapshot(), Vec::<String>::new());
    assert!(!machine.config("cairn.lock").exists());
    machine.switch();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    let before = machine.snapshot();
    machine
        .cairn(&["switch", "system.cairn", "-n"])
        .done()
        .says("\"tiny\" → \"tiny2\"");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn going_back_in_the_configuration_makes_a_new_generation_of_the_old_system() {
    let (_archive, machine) = one_generation();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    machine.switch();
    machine.edit("system.cairn", "\"tiny2\"", "\"tiny\"");
    machine.switch().says("made generation 3");
    let all = machine.generations();
    assert_eq!(all[0]["path"], all[2]["path"]);
    assert_ne!(all[0]["path"], all[1]["path"]);
}

#[test]
fn packages_scripts_ran_and_files_of_the_configuration_are_in_the_root() {
    let (_archive, machine) = one_generation();
    let manifest = machine.system(1);
    assert_eq!(manifest["host"], "tiny");
    assert_eq!(manifest["packages"]["hello"], "1.0");
    assert_eq!(
        manifest["kernel_release"],
        cairn_support::small::KERNEL_RELEASE
    );
}

#[test]
fn a_generation_and_a_configuration_are_not_named_together() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["switch", "system.cairn", "--generation", "1", "-y"])
        .exits(2)
        .says("--generation")
        .says("cannot be used with");
    assert_eq!(default(&machine), Some(2));
    // The variable names the usual one: it contradicts nothing.
    let machine = machine.env("CAIRN_CONFIG", "system.cairn");
    machine
        .cairn(&["switch", "--generation", "1", "-y"])
        .done()
        .says("generation 1 is the default now");
    machine
        .cairn(&["switch", "-y"])
        .done()
        .says("chose generation 2");
}
