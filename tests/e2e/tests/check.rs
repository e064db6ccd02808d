//! `cairn check` and `why`: looking into a configuration.

use crate::fresh;

#[test]
fn a_right_configuration_is_called_right_without_archive_or_store() {
    let (archive, machine) = fresh();
    machine
        .cairn(&["check", "system.cairn"])
        .done()
        .says("system.cairn is right");
    assert_eq!(archive.server().requests().len(), 0);
    assert_eq!(machine.snapshot(), Vec::<String>::new());
}

#[test]
fn all_errors_are_reported_not_only_the_first() {
    let (_archive, machine) = fresh();
    machine.write(
        "system.cairn",
        "host.name = 5\ntime.zome = \"Europe/Berlin\"\n",
    );
    let run = machine.cairn(&["check", "system.cairn"]).exits(1);
    run.says("system.cairn:1")
        .says("system.cairn:2")
        .says("did you mean")
        .says("2 errors");
}

#[test]
fn tests_of_a_configuration_run() {
    let (_archive, machine) = fresh();
    let config = machine.read("system.cairn");
    machine.write(
        "system.cairn",
        &format!("{config}test \"the name is short\" string.length(config.host.name) < 9\n"),
    );
    machine
        .cairn(&["check", "system.cairn"])
        .done()
        .says("1 test hold");
    machine.write(
        "system.cairn",
        &format!("{config}test \"the name is long\" string.length(config.host.name) > 9\n"),
    );
    machine
        .cairn(&["check", "system.cairn"])
        .exits(1)
        .says("the name is long")
        .says("cli::tests");
}

#[test]
fn why_tells_which_definitions_won_and_where() {
    let (_archive, machine) = fresh();
    let config = machine.read("system.cairn");
    machine.write(
        "system.cairn",
        &format!("{config}time.zone = default \"Etc/UTC\"\ntime.zone = \"Europe/Berlin\"\n"),
    );
    let run = machine
        .cairn(&["why", "time.zone", "-f", "system.cairn"])
        .done();
    run.says("time.zone = \"Europe/Berlin\"")
        .says("system.cairn:3")
        .says("system.cairn:4")
        .says("lost");
}

#[test]
fn errors_are_an_array_with_places_for_programs() {
    let (_archive, machine) = fresh();
    let right = machine.cairn(&["check", "system.cairn", "--json"]).done();
    assert_eq!(right.json(), serde_json::json!([]));
    machine.write("system.cairn", "host.name = 5\ntime.zome = \"x\"\n");
    let wrong = machine.cairn(&["check", "system.cairn", "--json"]).exits(1);
    let errors = wrong.json();
    let lines: Vec<_> = errors
        .as_array()
        .expect("an array")
        .iter()
        .map(|error| error["primary"]["line"].as_u64())
        .collect();
    assert_eq!(lines, [Some(1), Some(2)]);
}
