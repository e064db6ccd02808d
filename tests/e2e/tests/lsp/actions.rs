//! What the server offers to do about lints.

use cairn_support::{Editor, Machine};
use serde_json::{Value, json};

/// Two lints with fixes on lines 1 and 3, and one without.
const LINTED: &str = "host.name = \"a\"
let unused = 1
let truth = (1 < 2) == true
when (1 < 2) == true { }
time.zone = force (let zone = \"Etc/UTC\" in zone)
users.ada.groups = [truth for truth in [\"sudo\"]]
test \"it is so\" truth
";

/// The actions for a line of a file.
fn actions(editor: &mut Editor, name: &str, line: u32, only: &Value) -> Vec<Value> {
    let place = json!({ "line": line, "character": 0 });
    let mut context = json!({ "diagnostics": [] });
    if !only.is_null() {
        context["only"] = only.clone();
    }
    let params = json!({
        "textDocument": { "uri": editor.uri(name) },
        "range": { "start": place, "end": { "line": line, "character": 200 } },
        "context": context,
    });
    let found = editor.ask("textDocument/codeAction", &params);
    let found = found.expect("actions");
    found.as_array().expect("an array").clone()
}

/// The text of a file after an action.
fn applied(editor: &Editor, name: &str, text: &str, action: &Value) -> String {
    let uri = editor.uri(name);
    let edits = action["edit"]["changes"][uri.as_str()].as_array();
    let edits = edits.expect("edits of this file");
    assert_eq!(edits.len(), 1, "{action}");
    let offset = |place: &Value| {
        let line = place["line"].as_u64().expect("a line") as usize;
        let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        before + place["character"].as_u64().expect("a column") as usize
    };
    let range = &edits[0]["range"];
    let mut text = text.to_owned();
    let new = edits[0]["newText"].as_str().expect("a text");
    text.replace_range(offset(&range["start"])..offset(&range["end"]), new);
    text
}

fn titles<'a>(actions: &'a [Value]) -> Vec<&'a str> {
    let title = |one: &'a Value| one["title"].as_str().expect("a title");
    actions.iter().map(title).collect()
}

#[test]
fn each_lint_with_a_fix_has_a_quick_fix_that_writes_it() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", LINTED);
    let lints = editor.diagnostics("system.cairn");
    let found = actions(&mut editor, "system.cairn", 1, &json!(["quickfix"]));
    assert_eq!(titles(&found), ["Fix: the name `unused` is never used"]);
    assert_eq!(found[0]["kind"], "quickfix");
    assert_eq!(found[0]["isPreferred"], true);
    // It mends one of those that are shown.
    assert!(lints.contains(&found[0]["diagnostics"][0]), "{found:?}");
    let text = applied(&editor, "system.cairn", LINTED, &found[0]);
    assert_eq!(text, LINTED.replace("let unused = 1\n", ""));
    // A place without a lint, and a lint without a fix.
    for line in [0, 5] {
        let found = actions(&mut editor, "system.cairn", line, &json!(["quickfix"]));
        assert_eq!(titles(&found), [""; 0]);
    }
}

#[test]
fn one_action_writes_what_lint_fix_writes() {
    let machine = Machine::bare();
    machine.write("system.cairn", LINTED);
    machine.cairn(&["lint", "--fix", "system.cairn"]);
    let mended = machine.read("system.cairn");
    assert_ne!(mended, LINTED);
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", LINTED);
    editor.diagnostics("system.cairn");
    for only in ["source", "source.fixAll", "source.fixAll.cairn"] {
        let found = actions(&mut editor, "system.cairn", 0, &json!([only]));
        assert_eq!(found.len(), 1, "{only}: {found:?}");
        assert_eq!(found[0]["kind"], "source.fixAll.cairn");
        let text = applied(&editor, "system.cairn", LINTED, &found[0]);
        assert_eq!(text, mended);
    }
    assert!(
        actions(
            &mut editor,
            "system.cairn",
            0,
            &json!(["source.organizeImports"])
        )
        .is_empty()
    );
    let both = actions(&mut editor, "system.cairn", 1, &Value::Null);
    assert_eq!(both.len(), 2, "{both:?}");
}

#[test]
fn a_force_over_nobody_is_mended_and_one_over_somebody_is_left() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let text =
        "host.name = force \"a\"\ntime.zone = force \"Etc/UTC\"\ntime.zone = \"Europe/Berlin\"\n";
    editor.open("system.cairn", text);
    editor.diagnostics("system.cairn");
    let found = actions(&mut editor, "system.cairn", 0, &json!(["quickfix"]));
    assert_eq!(found.len(), 1, "{found:?}");
    let mended = applied(&editor, "system.cairn", text, &found[0]);
    assert_eq!(mended, text.replace("force \"a\"", "\"a\""));
    assert!(actions(&mut editor, "system.cairn", 1, &json!(["quickfix"])).is_empty());
}

#[test]
fn a_text_that_was_changed_since_is_mended_as_it_is_now() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", LINTED);
    editor.diagnostics("system.cairn");
    // The answer comes before the next check ends, or after it: it is the same.
    let text = "host.name = \"a\"\n\n\nlet other = 2\n";
    editor.change("system.cairn", None, text);
    let found = actions(&mut editor, "system.cairn", 3, &json!(["quickfix"]));
    assert_eq!(titles(&found), ["Fix: the name `other` is never used"]);
    assert_eq!(
        applied(&editor, "system.cairn", text, &found[0]),
        "host.name = \"a\"\n\n\n"
    );
    // What can't be read is left alone.
    editor.change("system.cairn", None, "let a = [\n");
    assert!(actions(&mut editor, "system.cairn", 0, &Value::Null).is_empty());
}
