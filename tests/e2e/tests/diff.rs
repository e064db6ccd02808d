//! `cairn diff`: two generations side by side.

use crate::{one_generation, two_generations};

#[test]
fn names_what_differs_in_each_kind() {
    let (_archive, machine) = one_generation();
    machine.edit("system.cairn", "[\"hello\"]", "[\"greeter\"]");
    machine.write(
        "system.cairn",
        &format!(
            "{}files.\"/etc/motd\".text = \"hi\\n\"\nunits.\"greeter.service\".enable = true\nusers.ada.groups = [\"sudo\"]\n",
            machine.read("system.cairn")
        ),
    );
    machine.switch();
    let run = machine.cairn(&["diff", "1", "2"]).done();
    let run = run
        .says("+ greeter 2.0-1")
        .says("+ /etc/motd")
        .says("+ greeter.service enabled")
        .says("+ ada sudo");
    run.says("size");
    let json = machine.cairn(&["diff", "1", "2", "--json"]).done().json();
    assert_eq!(json["version"], 1);
    assert_eq!(
        json["packages"],
        serde_json::json!([{ "name": "greeter", "change": "added", "after": "2.0-1" }])
    );
    assert!(
        json["bytes"]["after"].as_u64() > json["bytes"]["before"].as_u64(),
        "{json}"
    );
}

#[test]
fn the_other_way_round_everything_is_the_other_way_round() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["diff", "1", "2"])
        .done()
        .says("\"tiny\" → \"tiny2\"")
        .says("- tiny + tiny2");
    machine
        .cairn(&["diff", "2", "1"])
        .done()
        .says("\"tiny2\" → \"tiny\"");
    machine
        .cairn(&["diff", "1", "1"])
        .done()
        .says("nothing that is declared or installed differs");
}

#[test]
fn the_later_one_is_the_default_if_it_is_not_named() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["diff", "1"])
        .done()
        .says("generation 1 → 2");
    machine
        .cairn(&["diff", "5"])
        .exits(1)
        .says("store::no_generation");
}
