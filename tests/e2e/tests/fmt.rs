//! `cairn fmt`: tidy configurations.

use std::os::unix::fs::PermissionsExt as _;

use cairn_support::{Machine, Run};

const UNTIDY: &str =
    "a=1 # one\n\n\n\nb  = {c=0o644,d = [1,2,] # two\n}\nccc = $\"\"\"\n $x\n  \"\"\"\n";
const TIDY: &str =
    "a = 1 # one\n\nb = {\n  c = 0o644, d = [1, 2] # two\n}\nccc = $\"\"\"\n  $x\n  \"\"\"\n";

/// A machine with an untidy `system.cairn`.
fn untidy() -> Machine {
    let machine = Machine::bare();
    machine.write("system.cairn", UNTIDY);
    machine
}

fn check(input: &str, expect: &str) -> Run {
    let run = Machine::bare()
        .cairn_with_input(&["fmt", "-"], input)
        .done();
    assert_eq!(run.stdout, expect);
    run
}

#[test]
fn stdin_goes_to_stdout() {
    check(UNTIDY, TIDY);
    check(TIDY, TIDY);
    check("", "");
    check("{a=1}", "{ a = 1 }\n");
}

#[test]
fn a_file_is_formatted_in_place_and_keeps_its_mode() {
    let machine = untidy();
    let path = machine.config("system.cairn");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let run = machine.cairn(&["fmt", "system.cairn"]).done();
    run.says("formatted system.cairn");
    assert_eq!(machine.read("system.cairn"), TIDY);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let run = machine.cairn(&["fmt", "system.cairn"]).done();
    run.is_silent_on("formatted");
}

#[test]
fn a_link_stays_a_link() {
    let machine = untidy();
    std::os::unix::fs::symlink("system.cairn", machine.config("link.cairn")).unwrap();
    machine.cairn(&["fmt", "link.cairn"]).done();
    assert!(machine.config("link.cairn").is_symlink());
    assert_eq!(machine.read("system.cairn"), TIDY);
}

#[test]
fn check_shows_a_difference_and_writes_nothing() {
    let machine = untidy();
    let run = machine.cairn(&["fmt", "--check", "system.cairn"]).exits(1);
    assert!(
        run.stdout
            .starts_with("--- system.cairn\n+++ system.cairn\n@@")
    );
    run.says("-a=1 # one")
        .says("+a = 1 # one")
        .says("1 file would change");
    assert_eq!(machine.read("system.cairn"), UNTIDY);
    machine.write("system.cairn", TIDY);
    let run = machine.cairn(&["fmt", "--check", "system.cairn"]).done();
    assert_eq!(run.stdout, "");
    let run = machine.cairn_with_input(&["fmt", "--check", "-"], UNTIDY);
    run.exits(1).says("+a = 1 # one");
}

#[test]
fn a_file_with_errors_is_left_alone_and_the_others_are_not() {
    let machine = untidy();
    let wrong = "x=1\na = [1 2\ny=\n";
    machine.write("wrong.cairn", wrong);
    let run = machine
        .cairn(&["fmt", "system.cairn", "wrong.cairn"])
        .exits(1);
    run.says("wrong.cairn:2")
        .says("syntax::unclosed_bracket")
        .says("wrong.cairn:4");
    assert_eq!(machine.read("wrong.cairn"), wrong);
    assert_eq!(machine.read("system.cairn"), TIDY);
    let run = machine.cairn_with_input(&["fmt", "-"], wrong).exits(1);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_folder_stands_for_all_files_below_it() {
    let machine = Machine::bare();
    machine.write("sub/a.cairn", "a=1");
    machine.write("sub/b/c.cairn", "a=1");
    machine.write("sub/d.txt", "a=1");
    machine.cairn(&["fmt", "sub"]).done();
    assert_eq!(machine.read("sub/a.cairn"), "a = 1\n");
    assert_eq!(machine.read("sub/b/c.cairn"), "a = 1\n");
    assert_eq!(machine.read("sub/d.txt"), "a=1");
}

#[test]
fn without_a_file_the_configuration_and_its_imports_are_formatted() {
    let machine = Machine::bare();
    machine.write(
        "system.cairn",
        "import \"./sub/a.cairn\"\nb=import(\"./value\")",
    );
    machine.write("sub/a.cairn", "import ../b.cairn\na=1");
    machine.write("b.cairn", "import \"./system.cairn\"\na=1");
    machine.write("value", "{a=1}");
    machine.write("other.cairn", "a=1");
    machine.cairn(&["fmt", "-f", "system.cairn"]).done();
    assert_eq!(
        machine.read("system.cairn"),
        "import \"./sub/a.cairn\"\nb = import(\"./value\")\n"
    );
    assert_eq!(machine.read("sub/a.cairn"), "import ../b.cairn\na = 1\n");
    assert_eq!(
        machine.read("b.cairn"),
        "import \"./system.cairn\"\na = 1\n"
    );
    assert_eq!(machine.read("value"), "{ a = 1 }\n");
    assert_eq!(machine.read("other.cairn"), "a=1");
}

#[test]
fn the_library_and_the_examples_are_tidy() {
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let folders = ["modules/library", "docs/examples"].map(|one| format!("{repository}/{one}"));
    let run = Machine::bare().cairn(&["fmt", "--check", &folders[0], &folders[1]]);
    assert_eq!(run.done().stdout, "");
}

#[test]
fn a_file_that_is_read_only_or_no_text_is_refused_and_stays() {
    let machine = Machine::bare();
    machine.write("a.cairn", "a=1");
    let read_only = std::fs::Permissions::from_mode(0o444);
    std::fs::set_permissions(machine.config("a.cairn"), read_only).unwrap();
    let run = machine.cairn(&["fmt", "a.cairn"]).exits(1);
    run.says("cannot write a.cairn").says("it is read-only");
    assert_eq!(machine.read("a.cairn"), "a=1");
    std::fs::write(machine.config("b.cairn"), b"a=1\nb=\"\xff\"").unwrap();
    let run = machine.cairn(&["fmt", "b.cairn"]).exits(1);
    run.says("cannot read b.cairn")
        .says("line 2 is not UTF-8 text");
}

#[test]
fn odd_ends_of_lines_marks_and_blanks_become_plain_ones_without_a_change_of_values() {
    let odd = "\u{feff}let x = \"\"\"\r\n\ta\r\n\t  b\r\n\t\"\"\" in\t[x ,\t1]\r\n";
    let machine = Machine::bare();
    machine.write("odd.cairn", odd);
    let before = machine
        .cairn(&["eval", "odd.cairn", "--json"])
        .done()
        .stdout;
    machine.cairn(&["fmt", "odd.cairn"]).done();
    let text = machine.read("odd.cairn");
    assert!(!text.contains(['\r', '\u{feff}']), "{text:?}");
    let after = machine
        .cairn(&["eval", "odd.cairn", "--json"])
        .done()
        .stdout;
    assert_eq!(after, before);
    machine.cairn(&["fmt", "--check", "odd.cairn"]).done();
}

#[test]
fn an_empty_file_is_tidy_and_a_folder_without_files_too() {
    let machine = Machine::bare();
    machine.write("empty.cairn", "");
    std::fs::create_dir(machine.config("none")).unwrap();
    let run = machine.cairn(&["fmt", "empty.cairn", "none"]).done();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    assert_eq!(machine.read("empty.cairn"), "");
}
