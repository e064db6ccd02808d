//! Tidy texts.

use cairn_support::Machine;
use serde_json::{Value, json};

/// The edits that make the text of a file tidy.
fn edits(text: &str) -> Result<Value, Value> {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", text);
    let document = json!({ "uri": editor.uri("system.cairn") });
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    editor.ask(
        "textDocument/formatting",
        &json!({ "textDocument": document, "options": options }),
    )
}

#[test]
fn only_untidy_lines_are_replaced_and_comments_stay() {
    let found =
        edits("# mine\nhost.name   =   \"a\"   # why\ntime.zone = \"Etc/UTC\"\n").expect("edits");
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["newText"], "host.name = \"a\" # why\n");
    assert_eq!(
        found[0]["range"]["start"],
        json!({ "line": 1, "character": 0 })
    );
    assert_eq!(
        found[0]["range"]["end"],
        json!({ "line": 2, "character": 0 })
    );
}

#[test]
fn a_tidy_file_needs_no_edit_and_a_broken_one_gets_none() {
    assert_eq!(edits("host.name = \"a\"\n"), Ok(json!([])));
    let error = edits("host.name = [\n").expect_err("it is broken");
    let message = error["message"].as_str().expect("a reason");
    assert!(
        message.contains("can't be formatted while it has errors"),
        "{message}"
    );
}
