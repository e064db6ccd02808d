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

#[test]
fn eight_mistakes_in_two_files_are_told_at_once_each_with_its_file_and_place() {
    let (_archive, machine) = fresh();
    machine.write(
        "system.cairn",
        "import \"./more.cairn\"\n\
         host.name = 5\n\
         time.zome = \"Europe/Berlin\"\n\
         packages = [\"curl\", pkgss]\n\
         services.ssh.enable = \"true\"\n\
         assert false else \"never\"\n\
         test \"one is two\" 1 == 2\n",
    );
    machine.write(
        "more.cairn",
        "firewall.tcp = [80, \"443\"]\nkernel.params = \"quiet\"\n",
    );
    let run = machine.cairn(&["check", "system.cairn", "--json"]).exits(1);
    let told = places(&run.json());
    assert_eq!(
        told,
        [
            "system.cairn:2 types::mismatch",
            "system.cairn:3 options::unknown",
            "system.cairn:4 eval::unknown_name",
            "system.cairn:5 types::mismatch",
            "system.cairn:6 options::assertion",
            "system.cairn:7 options::test_failed",
            "more.cairn:1 types::mismatch",
            "more.cairn:2 types::mismatch",
        ]
    );
    machine
        .cairn(&["check", "system.cairn"])
        .exits(1)
        .says("8 errors");
}

#[test]
fn a_mistake_of_syntax_in_one_file_does_not_hide_those_of_others() {
    let (_archive, machine) = fresh();
    machine.write(
        "system.cairn",
        "import \"./more.cairn\"\nhost.name = 5\nassert config.firewall.tcp != [] else \"no port\"\n",
    );
    machine.write(
        "more.cairn",
        "firewall.tcp = [80 443]\ntime.zone = force 1\n",
    );
    let run = machine.cairn(&["check", "system.cairn", "--json"]).exits(1);
    let errors = run.json();
    assert_eq!(
        places(&errors),
        [
            "system.cairn:2 types::mismatch",
            "more.cairn:1 syntax::expected",
            "more.cairn:2 types::mismatch",
        ]
    );
    let mismatch = &errors[0];
    assert_eq!(mismatch["primary"]["column"], 13);
    assert_eq!(mismatch["primary"]["end_column"], 14);
    assert_eq!(mismatch["help"], "put it in quotes: \"5\"");
    assert_eq!(mismatch["secondary"][0]["text"], "declared here");
}

/// `file:line code` of each error of `--json`.
fn places(errors: &serde_json::Value) -> Vec<String> {
    let errors = errors.as_array().expect("an array");
    let place = |error: &serde_json::Value| {
        let (primary, code) = (&error["primary"], error["code"].as_str());
        let file = primary["file"].as_str().unwrap_or_default();
        format!("{file}:{} {}", primary["line"], code.unwrap_or_default())
    };
    errors.iter().map(place).collect()
}
