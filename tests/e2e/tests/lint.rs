//! `cairn lint`: what it finds in files, and that `--fix` writes it down.

use cairn_support::Machine;

const TEXT: &str = "host.name = force \"a\"\nlet old = 1\nassert not (config.host.name == \"\") else \"no name\"\n";
const MENDED: &str = "host.name = \"a\"\nassert config.host.name != \"\" else \"no name\"\n";

#[test]
fn lints_are_reported_with_places_and_fixes_and_nothing_is_written() {
    let machine = Machine::bare();
    machine.write("system.cairn", TEXT);
    machine
        .cairn(&["lint", "system.cairn"])
        .exits(1)
        .says("lint::unused")
        .says("system.cairn:2:5")
        .says("3 lints, 3 of them are mended by `--fix`");
    let run = machine.cairn(&["lint", "system.cairn", "--json"]).exits(1);
    let json = run.json();
    let codes: Vec<_> = (0..3).map(|at| json[at]["code"].as_str()).collect();
    assert!(codes.contains(&Some("lint::redundant_force")), "{run}");
    let unused = json.as_array().expect("an array").iter();
    let unused = unused.clone().find(|one| one["code"] == "lint::unused");
    let fix = &unused.expect("it is there")["fix"];
    assert_eq!(
        (fix["start"].as_u64(), fix["end"].as_u64()),
        (Some(22), Some(34))
    );
    assert_eq!(machine.read("system.cairn"), TEXT);
}

#[test]
fn fixes_are_written_once_and_change_no_value() {
    let machine = Machine::bare();
    machine.write("parts/system.cairn", TEXT);
    let value = || {
        machine
            .cairn(&["eval", "parts/system.cairn", "--json"])
            .done()
            .stdout
    };
    let before = value();
    machine
        .cairn(&["lint", "--fix", "."])
        .done()
        .says("parts/system.cairn: 3 fixes");
    assert_eq!(machine.read("parts/system.cairn"), MENDED);
    assert_eq!(value(), before);
    let again = machine.cairn(&["lint", "--fix", "parts"]).done();
    assert_eq!((again.stdout, again.stderr), (String::new(), String::new()));
}

#[test]
fn a_force_that_overrules_somebody_stays() {
    let machine = Machine::bare();
    machine.write(
        "system.cairn",
        "host.name = force \"a\"\nimport \"./other.cairn\"\n",
    );
    machine.write("other.cairn", "host.name = \"b\"\n");
    machine.cairn(&["lint", "system.cairn"]).done();
    machine.write("other.cairn", "host.name = default \"b\"\n");
    machine
        .cairn(&["lint", "system.cairn"])
        .exits(1)
        .says("lint::redundant_force");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_is_left_alone() {
    let machine = Machine::bare();
    machine.write("system.cairn", "host.name = = 1\n");
    machine
        .cairn(&["lint", "--fix", "system.cairn"])
        .exits(1)
        .says("syntax::expected");
    assert_eq!(machine.read("system.cairn"), "host.name = = 1\n");
}

#[test]
fn links_to_folders_are_not_followed_and_lead_round_nowhere() {
    let machine = Machine::bare();
    machine.write("sub/a.cairn", "let a = 1\n");
    std::os::unix::fs::symlink(".", machine.config("sub/loop.cairn")).unwrap();
    std::os::unix::fs::symlink("nowhere", machine.config("sub/broken.cairn")).unwrap();
    let run = machine.cairn(&["lint", "sub"]).exits(1);
    run.says("1 lint").says("sub/a.cairn:1:5");
}

#[test]
fn a_fix_leaves_a_read_only_file_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::bare();
    machine.write("a.cairn", "let a = 1\n");
    let read_only = std::fs::Permissions::from_mode(0o444);
    std::fs::set_permissions(machine.config("a.cairn"), read_only).unwrap();
    machine
        .cairn(&["lint", "--fix", "a.cairn"])
        .exits(1)
        .says("it is read-only");
    assert_eq!(machine.read("a.cairn"), "let a = 1\n");
}
