//! What can stand at a place.

use cairn_support::Machine;
use serde_json::Value;

/// The labels that are offered at the cursor of a file.
fn offered(marked: &str) -> Vec<String> {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let position = editor.open_at("system.cairn", marked);
    let items = editor
        .ask_at("textDocument/completion", "system.cairn", &position)
        .expect("items");
    let label = |item: &Value| item["label"].as_str().expect("a label").to_owned();
    items
        .as_array()
        .map(|items| items.iter().map(label).collect())
        .unwrap_or_default()
}

#[track_caller]
fn offers(marked: &str, expect: &[&str]) {
    let found = offered(marked);
    for label in expect {
        assert!(
            found.iter().any(|one| one == label),
            "no {label} at {marked:?} in {found:?}"
        );
    }
}

#[track_caller]
fn offers_only(marked: &str, expect: &[&str]) {
    assert_eq!(offered(marked), expect, "{marked:?}");
}

#[test]
fn option_paths_are_offered_at_every_depth() {
    offers("¦", &["host", "services", "option", "when"]);
    offers("serv¦", &["services"]);
    offers("services.¦\nhost.name = \"a\"\n", &["nginx", "ssh"]);
    offers("services.nginx.¦", &["enable", "sites"]);
    offers("services.ng¦inx.enable = true", &["nginx"]);
}

#[test]
fn fields_are_offered_in_records_and_below_the_keys_of_maps() {
    offers("services.nginx = {\n  ¦\n}", &["enable", "sites"]);
    offers("services.nginx = { enable = true\n  si¦ }", &["sites"]);
    offers("services.nginx.sites.\"example.org\".¦", &["page", "root"]);
    offers(
        "services.nginx = { sites.\"example.org\" = { ¦ } }",
        &["page", "root"],
    );
    offers("when true {\n  users.ada = force { ¦ }\n}", &["groups"]);
    offers("users = { ada = if true then { ¦ } else {} }", &["groups"]);
}

#[test]
fn values_of_enumerations_and_booleans_are_offered() {
    let level = "option level: \"debug\" | \"info\" | null = null\n";
    offers(
        &format!("{level}level = ¦"),
        &["\"debug\"", "\"info\"", "null", "force"],
    );
    offers_only(
        &format!("{level}level = \"in¦\""),
        &["\"debug\"", "\"info\""],
    );
    offers(
        &format!("{level}when config.level == ¦ {{}}"),
        &["\"debug\""],
    );
    offers("services.nginx.enable = ¦", &["true", "false"]);
    offers("services.nginx = { enable = t¦ }", &["true"]);
    offers(
        "option all: List(\"a\" | \"b\") = []\nall = [¦]",
        &["\"a\"", "\"b\""],
    );
}

#[test]
fn config_and_what_stands_for_parts_of_it_are_followed() {
    offers("host.name = config.¦", &["services", "host"]);
    offers("host.name = config.services.nginx.¦", &["enable"]);
    offers(
        "let nginx = config.services.nginx\nhost.name = nginx.¦",
        &["enable"],
    );
    offers("when config.services.¦", &["nginx"]);
    offers(
        "a = [site.¦ for key, site in config.services.nginx.sites]",
        &["page"],
    );
    offers(
        "let u = { nick = 1, age = 2 }\nhost.name = u.¦",
        &["nick", "age"],
    );
    offers(
        "type T = { a: Int, b: Int = self.¦ }\noption t: T?",
        &["a", "b"],
    );
}

#[test]
fn names_in_sight_are_offered_and_no_others() {
    let found = offered("let outer = 1\nhost.name = (param => ¦)(let hidden = 2 in hidden)\n");
    for name in ["outer", "param", "config", "list", "error"] {
        assert!(
            found.iter().any(|one| one == name),
            "no {name} in {found:?}"
        );
    }
    assert!(!found.iter().any(|one| one == "hidden"), "{found:?}");
}

#[test]
fn functions_of_a_namespace_and_types_are_offered() {
    offers("host.name = string.¦", &["join", "upper"]);
    offers("host.name = [1] |> list.m¦", &["map"]);
    offers(
        "type Mine = Int\noption a: ¦",
        &["Mine", "Port", "Str", "List"],
    );
}

#[test]
fn what_is_offered_replaces_the_word_and_tells_about_itself() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let position = editor.open_at("system.cairn", "services.nginx.ena¦");
    let items = editor
        .ask_at("textDocument/completion", "system.cairn", &position)
        .expect("items");
    let items = items.as_array().expect("items");
    let enable = items
        .iter()
        .find(|item| item["label"] == "enable")
        .expect("it is offered");
    assert_eq!(enable["textEdit"]["range"], super::range(0, 15, 18));
    assert_eq!(enable["detail"], "Bool");
    let doc = enable["documentation"]["value"].as_str().expect("words");
    assert!(doc.contains("services.nginx.enable: Bool = false"), "{doc}");
}

#[test]
fn nothing_is_offered_in_comments_and_texts() {
    offers_only("# serv¦", &[]);
    offers_only("host.name = \"ho¦\"", &[]);
    offers_only("host.name = 12¦", &[]);
}

#[test]
fn files_are_offered_in_paths_and_modules_in_imports() {
    let machine = Machine::bare();
    for name in [
        "www/index.html",
        "www/style.css",
        "parts/disk.cairn",
        "ada.pub",
    ] {
        machine.write(name, "");
    }
    let mut editor = machine.editor(&[]);
    let mut offered = |name: &str, marked: &str| -> Vec<String> {
        let position = editor.open_at(name, marked);
        let items = editor.ask_at("textDocument/completion", name, &position);
        let items = items.expect("items");
        let label = |item: &Value| item["label"].as_str().expect("a label").to_owned();
        items
            .as_array()
            .expect("an array")
            .iter()
            .map(label)
            .collect()
    };
    let all = ["ada.pub", "parts", "www"];
    assert_eq!(
        offered("system.cairn", "users.ada.ssh.keys = [read_file(./¦)]"),
        all
    );
    let inner = ["index.html", "style.css"];
    assert_eq!(offered("system.cairn", "a = ./www/in¦"), inner);
    assert_eq!(
        offered("system.cairn", "import \"./¦\"\n"),
        ["parts", "www"]
    );
    assert_eq!(
        offered("system.cairn", "import \"./parts/¦\"\n"),
        ["disk.cairn"]
    );
    assert_eq!(offered("system.cairn", "a = ../¦"), [""; 0]);
}
