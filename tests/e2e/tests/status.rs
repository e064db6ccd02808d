//! `cairn status`: what runs, what boots, what there is.

use crate::{fresh, two_generations};

#[test]
fn says_what_boots_next_and_what_the_store_holds() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["status"])
        .done()
        .says("default generation 2")
        .says("booted none")
        .says("2 generations");
    let json = machine.cairn(&["status", "--json"]).done().json();
    assert_eq!(json["default"]["number"], 2);
    assert_eq!(json["booted"], serde_json::Value::Null);
    assert!(json["store_bytes"].as_u64() > Some(1000), "{json}");
}

#[test]
fn an_empty_root_has_a_status_too_and_stays_empty() {
    let (_archive, machine) = fresh();
    machine.cairn(&["status"]).done().says("default none");
    assert_eq!(machine.snapshot(), Vec::<String>::new());
}
