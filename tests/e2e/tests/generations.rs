//! `cairn generations`: what there is, pinned or deleted.

use crate::{fresh, numbers, two_generations};

#[test]
fn before_the_first_the_list_is_empty() {
    let (_archive, machine) = fresh();
    let run = machine.cairn(&["generations", "list", "--json"]).done();
    assert_eq!(run.json(), serde_json::json!([]));
    machine
        .cairn(&["generations", "list"])
        .done()
        .says("no generations yet");
    assert_eq!(
        machine.snapshot(),
        Vec::<String>::new(),
        "looking writes nothing"
    );
}

#[test]
fn json_is_an_array_with_number_path_date_and_state() {
    let (_archive, machine) = two_generations();
    let all = machine.generations();
    assert_eq!(all.len(), 2);
    for (index, one) in all.iter().enumerate() {
        assert_eq!(one["number"], index + 1);
        assert_eq!(one["state"], "pending");
        let path = one["path"].as_str().expect("a path");
        assert!(
            path.starts_with("/cairn/store/") && path.contains("-system-tiny"),
            "{path}"
        );
        let date = one["date"].as_str().expect("a date");
        assert!(
            date.ends_with('Z') && date.contains('T'),
            "{date} is not RFC 3339 in UTC"
        );
    }
    assert_eq!(
        (&all[0]["default"], &all[1]["default"]),
        (&false.into(), &true.into())
    );
}

#[test]
fn the_list_for_people_has_a_line_for_each() {
    let (_archive, machine) = two_generations();
    let run = machine.cairn(&["generations", "list"]).done();
    assert_eq!(run.stdout.lines().count(), 3, "{run}");
    assert!(
        run.stdout
            .lines()
            .nth(2)
            .is_some_and(|line| line.contains("default")),
        "{run}"
    );
}

#[test]
fn a_pinned_generation_cannot_be_deleted_until_it_is_unpinned() {
    let (_archive, machine) = two_generations();
    machine.cairn(&["generations", "pin", "1"]).done();
    machine
        .cairn(&["generations", "delete", "1", "-y"])
        .exits(1)
        .says("store::kept")
        .says("pinned");
    machine
        .cairn(&["generations", "pin", "1", "--remove"])
        .done();
    machine.cairn(&["generations", "delete", "1", "-y"]).done();
    assert_eq!(numbers(&machine), [2]);
}

#[test]
fn the_default_cannot_be_deleted_and_numbers_are_never_given_twice() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["generations", "delete", "2", "-y"])
        .exits(1)
        .says("it is the default");
    machine.cairn(&["rollback", "-y"]).done();
    machine.cairn(&["generations", "delete", "2", "-y"]).done();
    machine.edit("system.cairn", "\"tiny2\"", "\"tiny3\"");
    machine.switch().says("made generation 3");
}

#[test]
fn an_unknown_number_is_answered_with_those_that_are_there() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["generations", "pin", "7"])
        .exits(1)
        .says("store::no_generation")
        .says("there are 1, 2");
}

#[test]
fn the_configuration_is_written_down_from_the_root_on() {
    let (_archive, machine) = crate::one_generation();
    let config = machine.config("system.cairn").display().to_string();
    assert_eq!(machine.generations()[0]["config"], config);
}
