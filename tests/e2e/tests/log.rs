//! `cairn log`: the log of a build, however it is named.

use crate::one_generation;

#[test]
fn a_build_is_named_by_its_path_its_name_or_its_key() {
    let (_archive, machine) = one_generation();
    let list = machine.cairn(&["log", "--list", "--json"]).done().json();
    let logs = list["logs"].as_array().expect("logs");
    let log = logs
        .iter()
        .find(|log| {
            log["path"]
                .as_str()
                .is_some_and(|path| path.ends_with("-packages"))
        })
        .expect("dpkg says something");
    let (action, path) = (
        log["action"].as_str().expect("a key"),
        log["path"].as_str().expect("a path"),
    );
    let by_key = machine.cairn(&["log", &action[..12]]).done().stdout;
    assert!(!by_key.is_empty());
    for name in [path, "packages", &path["/cairn/store/".len()..][..10]] {
        assert_eq!(
            machine.cairn(&["log", name]).done().stdout,
            by_key,
            "{name}"
        );
    }
    let json = machine.cairn(&["log", "packages", "--json"]).done().json();
    assert_eq!(json["action"], action);
    machine.cairn(&["log", "--list"]).done().says("-packages");
}

#[test]
fn a_build_that_said_nothing_is_told_from_one_that_is_unknown() {
    let (_archive, machine) = one_generation();
    machine
        .cairn(&["log", "hello_1.0_amd64.deb"])
        .exits(1)
        .says("cli::no_log")
        .says("it printed nothing");
    machine
        .cairn(&["log", "nonesuch"])
        .exits(1)
        .says("cairn log --list");
}
