//! The protocol itself: how it begins, ends and fails.

use std::fmt::Write as _;

use cairn_support::Machine;
use serde_json::{Value, json};

use super::RIGHT;

#[test]
fn it_ends_properly_only_after_shutdown() {
    let machine = Machine::bare();
    assert_eq!(machine.editor(&[]).end(), Some(0));
    let mut rude = machine.editor(&[]);
    rude.tell("exit", &Value::Null);
    assert_eq!(rude.hang_up(), Some(1));
    assert_eq!(machine.editor(&[]).hang_up(), Some(1));
}

#[test]
fn unknown_methods_and_wrong_parameters_are_errors_and_it_goes_on() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let unknown = editor
        .ask("textDocument/teleport", &json!({}))
        .expect_err("it is not known");
    assert_eq!(unknown["code"], -32601);
    let wrong = editor
        .ask("textDocument/hover", &json!({ "x": 1 }))
        .expect_err("no position");
    assert_eq!(wrong["code"], -32602);
    editor.tell("textDocument/didOpen", &json!({ "nonsense": true }));
    editor.tell("$/whatever", &json!({}));
    editor.open("system.cairn", RIGHT);
    assert!(editor.diagnostics("system.cairn").is_empty());
}

#[test]
fn a_check_ends_at_the_limits_of_the_command_line_and_of_the_editor() {
    let long = "host.name = \"a${list.fold(list.range(0, 200000), 0, (sum, n) => sum + n)}\"\n";
    let codes = |machine: &Machine, options: &Value| -> Vec<String> {
        let mut editor = machine.editor_with(&[], options);
        editor.open("system.cairn", long);
        let found = editor.diagnostics("system.cairn");
        let code = |one: &Value| one["code"].as_str().unwrap_or_default().to_owned();
        found.iter().map(code).collect()
    };
    let machine = Machine::bare();
    assert_eq!(codes(&machine, &Value::Null), [""; 0]);
    let options = json!({ "maxSteps": 100_000 });
    assert_eq!(codes(&machine, &options), ["eval::steps"]);
    let options = json!({ "maxMemory": 2_000_000 });
    assert_eq!(codes(&machine, &options), ["eval::memory"]);
    let machine = machine.env("CAIRN_MAX_STEPS", "100000");
    assert_eq!(
        codes(&machine, &json!({ "maxSteps": 100_000_000 })),
        ["eval::steps"]
    );
}

#[test]
fn a_cancelled_request_is_answered_with_an_error() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", RIGHT);
    editor.diagnostics("system.cairn");
    let params = json!({
        "textDocument": { "uri": editor.uri("system.cairn") },
        "position": { "line": 0, "character": 2 },
    });
    // Many that take their time, so that the last one still waits when it is cancelled.
    let many: Vec<i64> = (0..40)
        .map(|_| editor.begin("textDocument/completion", &params))
        .collect();
    let last = many[many.len() - 1];
    editor.tell("$/cancelRequest", &json!({ "id": last }));
    assert_eq!(
        editor.answer(last).expect_err("it was cancelled")["code"],
        -32800
    );
    assert!(editor.answer(many[0]).is_ok());
}

#[test]
fn no_broken_text_breaks_it() {
    let whole = "## doc\noption a.b: Map({ x: Int = 1, y: \"p\" | \"q\" }) = {}\n\
        let f = (x, { y, .. } as all, z: Int = 2) => \"${x} ${y}\" ++ all.z\n\
        a.b = { \"k ${f}\" = { x = [i for i in [1, 2] if i > 1] }, ...{} }\n\
        when config.a.b has c { type T = Int where (n => n > 0) }\n";
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", "");
    let requests = [
        "textDocument/hover",
        "textDocument/completion",
        "textDocument/definition",
        "textDocument/prepareRename",
    ];
    // Each beginning of the text, asked about at its end and in its middle.
    for end in (0..whole.len()).step_by(9) {
        let text = &whole[..end];
        editor.change("system.cairn", None, text);
        for offset in [end, end / 2] {
            let before = &text[..offset];
            let position = json!({
                "line": before.matches('\n').count(),
                "character": before.rsplit('\n').next().map_or(0, str::len),
            });
            for method in requests {
                if let Err(error) = editor.ask_at(method, "system.cairn", &position) {
                    assert_ne!(error["code"], -32603, "{method} after {before:?}: {error}");
                }
            }
        }
    }
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn deep_nesting_is_survived() {
    let mut text = String::from("host.name = ");
    for depth in 0..20_000 {
        let _ = write!(text, "({depth} + ");
    }
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open("system.cairn", &text);
    assert!(!editor.diagnostics("system.cairn").is_empty());
    let position = json!({ "line": 0, "character": 40 });
    assert!(
        editor
            .ask_at("textDocument/completion", "system.cairn", &position)
            .is_ok()
    );
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_configuration_that_takes_long_keeps_no_question_waiting() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let long = "let xs = list.range(0, 20000)\nlet sum = (start) => list.fold(xs, start, (a, x) => a + x)\n\
        host.name = \"x${list.fold(xs, 0, (a, x) => sum(a))}\"\n";
    editor.open("system.cairn", long);
    let position = json!({ "line": 2, "character": 6 });
    let hover = editor
        .ask_at("textDocument/hover", "system.cairn", &position)
        .expect("an answer");
    assert!(
        hover["contents"]["value"]
            .as_str()
            .expect("text")
            .contains("host.name: Str")
    );
    assert_eq!(editor.end(), Some(0));
}
