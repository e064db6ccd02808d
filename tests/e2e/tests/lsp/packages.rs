//! Names of packages where a configuration names some.

use cairn_support::deb::Deb;
use cairn_support::small::hello;
use cairn_support::{Archive, Machine, small};
use serde_json::{Value, json};

use super::RIGHT;
use crate::fresh;

/// A machine that has locked the small system, so that Cairn keeps the indexes of its archive.
fn locked() -> (Archive, Machine) {
    let (archive, machine) = fresh();
    machine.cairn(&["lock", "system.cairn"]).done();
    (archive, machine)
}

/// What is offered at the cursor of the configuration, and whether that is not all.
fn completion(machine: &Machine, marked: &str) -> (Vec<Value>, bool) {
    let mut editor = machine.editor(&[]);
    let position = editor.open_at("system.cairn", marked);
    let answer = editor
        .ask_at("textDocument/completion", "system.cairn", &position)
        .expect("items");
    match answer {
        Value::Array(items) => (items, false),
        list => (
            list["items"].as_array().expect("items").clone(),
            list["isIncomplete"] == true,
        ),
    }
}

fn labels(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["label"].as_str().expect("a label"))
        .collect()
}

#[track_caller]
fn offers_only(machine: &Machine, marked: &str, expect: &[&str]) {
    let (items, _) = completion(machine, marked);
    assert_eq!(labels(&items), expect, "{marked:?}");
}

#[test]
fn packages_of_the_locked_archive_are_offered_with_a_line_each_and_nobody_is_asked() {
    let (archive, machine) = locked();
    let before = archive.server().requests().len();
    let (items, more) = completion(&machine, "host.name = \"a\"\npackages = [\"gree¦\"]\n");
    assert_eq!(labels(&items), ["\"greeter\""]);
    assert_eq!(items[0]["detail"], "greeter, made by a test");
    let range =
        json!({ "start": { "line": 1, "character": 12 }, "end": { "line": 1, "character": 18 } });
    let edit = json!({ "range": range, "newText": "\"greeter\"" });
    assert_eq!(items[0]["textEdit"], edit);
    assert!(!more);
    assert_eq!(archive.server().requests().len(), before);
}

#[test]
fn they_are_offered_wherever_the_type_says_that_a_package_is_named() {
    let (_archive, machine) = locked();
    let greeter = ["\"greeter\""];
    offers_only(
        &machine,
        "packages = force [\"hello\", \"gree¦\"]",
        &greeter,
    );
    offers_only(
        &machine,
        "when true { packages = after [\"gree¦\"] }",
        &greeter,
    );
    offers_only(&machine, "packages = remove [\"gree¦\"]", &greeter);
    offers_only(&machine, "packages = [\"gree¦", &greeter);
    offers_only(&machine, "kernel.package = \"gree¦\"", &greeter);
    offers_only(
        &machine,
        "kernel = { package = if true then \"gree¦\" else \"\" }",
        &greeter,
    );
    offers_only(
        &machine,
        "when config.kernel.package == \"gree¦\" {}",
        &greeter,
    );
    let own = "type Tool = Package\ntype Tools = { all: List(Tool?) }\noption tools: Tools\n";
    offers_only(&machine, &format!("{own}tools.all = [\"gree¦\"]"), &greeter);
    let (items, _) = completion(&machine, "packages = [gree¦]");
    let found = items.iter().find(|one| one["label"] == "\"greeter\"");
    assert_eq!(found.expect("it is offered")["filterText"], "greeter");
}

#[test]
fn no_package_is_offered_where_another_text_is_wanted() {
    let (_archive, machine) = locked();
    offers_only(&machine, "host.name = \"gree¦\"", &[]);
    offers_only(&machine, "kernel.params = [\"gree¦\"]", &[]);
    // A module's own type of that name is another one.
    let own = "type Package = Str\noption boxes: List(Package)\n";
    offers_only(&machine, &format!("{own}boxes = [\"gree¦\"]"), &[]);
    offers_only(
        &machine,
        &format!("{own}packages = [\"gree¦\"]"),
        &["\"greeter\""],
    );
}

#[test]
fn of_many_packages_a_part_is_offered_and_more_when_more_is_typed() {
    let many = (0..300).map(|n| Deb::new(&format!("many{n:03}"), "1.0"));
    let archive = small()
        .packages(many)
        .package(Deb::new("so-many", "1"))
        .build();
    let machine = Machine::new(&archive, cairn_support::CONFIG);
    machine.cairn(&["lock", "system.cairn"]).done();
    let (items, more) = completion(&machine, "packages = [\"¦\"]");
    assert_eq!((items.len(), more), (200, true));
    let (items, more) = completion(&machine, "packages = [\"many¦\"]");
    assert_eq!((items.len(), more), (200, true));
    // What begins as typed comes first, in the editor's order too.
    let (items, more) = completion(&machine, "packages = [\"many29¦9\"]");
    assert_eq!((items.len(), more), (10, false));
    let (items, _) = completion(&machine, "packages = [\"man¦\"]");
    assert!(items.iter().all(|one| one["label"] != "\"so-many\""));
    let (items, _) = completion(&machine, "packages = [\"o-many¦\"]");
    assert_eq!(labels(&items), ["\"so-many\""]);
}

#[test]
fn another_lock_is_seen_while_the_editor_runs() {
    let (mut archive, machine) = locked();
    let mut editor = machine.editor(&[]);
    let position = editor.open_at("system.cairn", "packages = [\"newc¦\"]");
    let mut ask = || {
        editor
            .ask_at("textDocument/completion", "system.cairn", &position)
            .expect("items")
    };
    assert_eq!(ask(), json!([]));
    archive.publish([hello("1.1"), Deb::new("newcomer", "1.0")]);
    machine.cairn(&["update", "system.cairn", "-y"]).done();
    let items = ask();
    assert_eq!(labels(items.as_array().expect("items")), ["\"newcomer\""]);
}

#[test]
fn a_configuration_that_is_broken_just_now_names_those_of_its_archive() {
    let archive = small().suite("bookworm").build();
    let config = format!("{}debian.suite = \"bookworm\"\n", cairn_support::CONFIG);
    let machine = Machine::new(&archive, &config);
    machine.cairn(&["lock", "system.cairn"]).done();
    let broken = format!("{config}packages = [\"gree¦\", \n");
    // Without a check that went well the lock says which archive it is.
    offers_only(&machine, &broken, &["\"greeter\""]);
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", &config);
    assert_eq!(editor.diagnostics("system.cairn"), [Value::Null; 0]);
    let (text, position) = cairn_support::editor::cursor(&broken);
    editor.change("system.cairn", None, &text);
    assert_ne!(editor.diagnostics("system.cairn"), [Value::Null; 0]);
    let items = editor
        .ask_at("textDocument/completion", "system.cairn", &position)
        .expect("items");
    assert_eq!(labels(items.as_array().expect("items")), ["\"greeter\""]);
}

#[test]
fn without_the_indexes_the_packages_of_the_lock_are_offered() {
    let (_archive, machine) = locked();
    std::fs::remove_dir_all(machine.root().join("cairn/var/cache/index")).expect("it was there");
    let (items, _) = completion(&machine, "packages = [\"hell¦\"]");
    assert!(labels(&items).contains(&"\"hello\""), "{items:?}");
}

#[test]
fn a_lock_that_cannot_be_read_keeps_no_answer_back() {
    let machine = Machine::bare();
    machine.write("cairn.lock", "{ \"version\": 1, nonsense");
    machine.write("system.cairn", RIGHT);
    let (items, _) = completion(&machine, "packages = [\"no such name¦\"]");
    assert_eq!(items, [Value::Null; 0]);
}
