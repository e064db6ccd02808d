//! What is wrong, pushed when texts change.

use cairn_support::Machine;
use serde_json::json;

use super::{RIGHT, range};

#[test]
fn all_errors_of_a_file_are_shown_with_code_range_and_help() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open(
        "system.cairn",
        "host.name = 5\ntime.zome = \"Europe/Berlin\"\n",
    );
    let found = editor.diagnostics("system.cairn");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[0]["code"], "types::mismatch");
    assert_eq!(found[0]["range"], range(0, 12, 13));
    assert_eq!(found[0]["severity"], 1);
    assert_eq!(found[1]["code"], "options::unknown");
    assert_eq!(found[1]["range"], range(1, 5, 9));
    let message = found[1]["message"].as_str().expect("a message");
    assert!(message.contains("did you mean `time.zone`?"), "{message}");
    assert_eq!(found[1]["source"], "cairn");
}

#[test]
fn the_page_of_an_error_and_other_places_can_be_opened() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", "host.name = \"a\"\nhost.name = \"b\"\n");
    let found = editor.diagnostics("system.cairn");
    let page = found[0]["codeDescription"]["href"]
        .as_str()
        .expect("a page");
    let path = page.strip_prefix("file://").expect("a file");
    let text = std::fs::read_to_string(path).expect("it can be read");
    assert!(text.contains("options::conflict"), "{text}");
    let related = &found[0]["relatedInformation"];
    assert_eq!(
        related[0]["location"]["uri"],
        editor.uri("system.cairn").as_str()
    );
    assert!(related[0]["location"]["range"]["start"]["line"].is_number());
}

#[test]
fn the_editors_text_counts_and_not_the_disks() {
    let machine = Machine::bare();
    machine.write("system.cairn", "host.nmae = \"web1\"\n");
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", RIGHT);
    assert!(editor.diagnostics("system.cairn").is_empty());
    editor.change("system.cairn", Some(range(0, 5, 9)), "nmae");
    assert_eq!(
        editor.diagnostics("system.cairn")[0]["code"],
        "options::unknown"
    );
    editor.change("system.cairn", None, RIGHT);
    assert!(editor.diagnostics("system.cairn").is_empty());
}

#[test]
fn a_broken_file_is_reported_while_it_is_written() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", "host.name = \"web1\nusers.ada = {\n");
    let found = editor.diagnostics("system.cairn");
    assert!(!found.is_empty());
    let code = found[0]["code"].as_str().expect("a code");
    assert!(code.starts_with("syntax::"), "{code}");
}

#[test]
fn an_imported_file_is_checked_as_part_of_what_imports_it() {
    let machine = Machine::bare();
    machine.write(
        "system.cairn",
        &format!("import \"./parts/web.cairn\"\n{RIGHT}"),
    );
    let mut editor = machine.editor(&[]);
    editor.open("parts/web.cairn", "services.nginx.level = 3\n");
    let found = editor.diagnostics("parts/web.cairn");
    assert_eq!(found.len(), 1, "{found:#?}");
    editor.change("parts/web.cairn", None, "services.nginx.enable = true\n");
    assert!(editor.diagnostics("parts/web.cairn").is_empty());
}

#[test]
fn errors_of_imported_files_are_shown_in_them_though_they_are_not_open() {
    let machine = Machine::bare();
    machine.write("web.cairn", "services.nginx.enable = 3\n");
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", &format!("import \"./web.cairn\"\n{RIGHT}"));
    assert_eq!(
        editor.diagnostics("web.cairn")[0]["code"],
        "types::mismatch"
    );
    assert!(editor.diagnostics("system.cairn").is_empty());
    // Unsaved texts of imported files count too; what was shown before is taken back.
    editor.open("web.cairn", "services.nginx.enable = true\n");
    assert!(editor.diagnostics("web.cairn").is_empty());
}

#[test]
fn what_the_machine_cannot_use_and_tests_that_fail_are_shown_too() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let text = format!("{RIGHT}users.ada = {{ groups = [\"Sudo\"] }}\ntest \"lies\" 1 == 2\n");
    editor.open("system.cairn", &text);
    let found = editor.diagnostics("system.cairn");
    let codes: Vec<_> = found
        .iter()
        .filter_map(|one| one["code"].as_str())
        .collect();
    assert_eq!(codes, ["spec::invalid", "options::test_failed"]);
}

#[test]
fn what_a_file_need_not_say_is_a_warning() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let text = "let unused = 1\nhost.name = force \"web1\"\n";
    editor.open("system.cairn", text);
    let found = editor.diagnostics("system.cairn");
    let codes: Vec<_> = found
        .iter()
        .filter_map(|one| one["code"].as_str())
        .collect();
    assert_eq!(codes, ["lint::unused", "lint::redundant_force"]);
    assert_eq!(found[0]["severity"], 2);
}

#[test]
fn a_closed_file_is_not_spoken_of_any_more() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", "host.nmae = \"a\"\n");
    assert!(!editor.diagnostics("system.cairn").is_empty());
    editor.close("system.cairn");
    assert!(editor.diagnostics("system.cairn").is_empty());
}

#[test]
fn an_expression_file_and_a_part_of_a_system_are_not_taken_for_a_system() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("function.cairn", "({ a }) => a +\n");
    let found = editor.diagnostics("function.cairn");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["code"], "syntax::expected");
    // What a part lacks of a system is no error of its.
    editor.open("part.cairn", "time.zone = \"Etc/UTC\"\n");
    let found = editor.diagnostics("part.cairn");
    assert_eq!(found[0]["code"], "options::unset");
    assert_eq!(found[0]["severity"], 3);
    editor.open("system.cairn", "time.zone = \"Etc/UTC\"\n");
    assert_eq!(editor.diagnostics("system.cairn")[0]["severity"], 1);
}

#[test]
fn columns_count_utf16_units_unless_bytes_were_agreed_on() {
    let text = "host.name = \"🪨\" + 5\n";
    for (offered, agreed, column) in [
        (&[][..], "utf-16", 18),
        (&["utf-8", "utf-16"][..], "utf-8", 20),
        (&["utf-32"][..], "utf-32", 17),
    ] {
        let machine = Machine::bare();
        let mut editor = machine.editor(offered);
        assert_eq!(editor.capabilities["positionEncoding"], json!(agreed));
        editor.open("system.cairn", text);
        let found = editor.diagnostics("system.cairn");
        let end = &found[0]["range"]["end"]["character"];
        assert_eq!(*end, json!(column), "{found:#?}");
    }
}
