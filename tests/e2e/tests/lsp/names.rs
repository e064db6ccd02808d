//! Names: what they are, where they come from, other names for them.

use cairn_support::{Editor, Machine, cursor};
use serde_json::{Value, json};

use super::{RIGHT, hover, places};

#[test]
fn hover_tells_type_default_words_place_and_present_value_of_an_option() {
    let text = hover(&format!("{RIGHT}time.zo¦ne = \"Europe/Berlin\"\n"));
    assert!(text.contains("time.zone: Str"), "{text}");
    assert!(text.contains("= \"Etc/UTC\""), "{text}");
    assert!(text.contains("<library>/time.cairn:"), "{text}");
    assert!(text.contains("now `\"Europe/Berlin\"`"), "{text}");
    let inner = hover(&format!("{RIGHT}services.nginx = {{ ena¦ble = false }}\n"));
    assert!(
        inner.contains("services.nginx.enable: Bool = false"),
        "{inner}"
    );
}

#[test]
fn hover_tells_of_functions_types_and_own_names() {
    let function = hover("host.name = string.jo¦in([\"a\"])\n");
    assert!(function.contains("string.join(list: "), "{function}");
    let prelude = hover("option a: Por¦t = 80\n");
    assert!(prelude.contains("type Port ="), "{prelude}");
    let own = hover("## How many.\nlet count = 1 + 1\nhost.name = \"${cou¦nt}\"\n");
    assert!(
        own.contains("let count = 1 + 1") && own.contains("How many."),
        "{own}"
    );
}

/// Where the definition of what stands at the cursor is.
fn definition(editor: &mut Editor, name: &str, marked: &str) -> Value {
    let position = editor.open_at(name, marked);
    editor
        .ask_at("textDocument/definition", name, &position)
        .expect("an answer")
}

#[test]
fn a_name_leads_to_its_binding() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let text = "let x = 1\nlet f = x => [\n  x¦\n]\n";
    let found = definition(&mut editor, "system.cairn", text);
    assert_eq!(places(&found), [("system.cairn".to_owned(), 1)]);
    let text = "type Site = Int\nlet x = 1\noption a: List(Si¦te) = []\n";
    let found = definition(&mut editor, "system.cairn", text);
    assert_eq!(places(&found), [("system.cairn".to_owned(), 0)]);
}

#[test]
fn an_option_leads_to_its_declaration_also_in_the_library() {
    let machine = Machine::bare();
    machine.write("own.cairn", "\noption own.deep: { a: Int = 1 }\n");
    let mut editor = machine.editor(&[]);
    let text = "import \"./own.cairn\"\nown.deep = { a¦ = 2 }\n";
    let found = definition(&mut editor, "system.cairn", text);
    assert_eq!(places(&found), [("own.cairn".to_owned(), 1)]);
    let text = "host.name = \"${config.time.zo¦ne}\"\n";
    let found = definition(&mut editor, "system.cairn", text);
    let (file, line) = &places(&found)[0];
    assert_eq!(file, "time.cairn");
    let path = found[0]["uri"]
        .as_str()
        .and_then(|uri| uri.strip_prefix("file://"));
    let text = std::fs::read_to_string(path.expect("a file")).expect("it can be read");
    assert!(
        text.lines()
            .nth(*line as usize)
            .is_some_and(|line| line.contains("zone")),
        "{text}"
    );
}

#[test]
fn the_librarys_own_files_can_be_walked_too() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let found = definition(
        &mut editor,
        "system.cairn",
        "services.nginx.ena¦ble = true\n",
    );
    let uri = found[0]["uri"].as_str().expect("a file").to_owned();
    let text = std::fs::read_to_string(uri.strip_prefix("file://").expect("a file")).expect("text");
    let at = text
        .find("config.services.nginx")
        .expect("it reads its options");
    let (_, position) = cursor(&format!("{}¦{}", &text[..at + 8], &text[at + 8..]));
    let item = json!({ "uri": uri, "languageId": "cairn", "version": 1, "text": text });
    editor.tell("textDocument/didOpen", &json!({ "textDocument": item }));
    let params = json!({ "textDocument": { "uri": uri }, "position": position });
    let hover = editor
        .ask("textDocument/hover", &params)
        .expect("an answer");
    assert!(
        hover["contents"]["value"]
            .as_str()
            .expect("text")
            .contains("services"),
        "{hover}"
    );
}

#[test]
fn a_path_leads_to_its_file() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    for text in [
        "import \"./a/b¦.cairn\"\n",
        "let x = import(\"./a/¦b.cairn\")\n",
    ] {
        let found = definition(&mut editor, "system.cairn", text);
        assert_eq!(found[0]["uri"], editor.uri("a/b.cairn").as_str());
    }
    let found = definition(
        &mut editor,
        "system.cairn",
        "let x = read_file(./k¦ey.pub)\n",
    );
    assert_eq!(found[0]["uri"], editor.uri("key.pub").as_str());
}

#[test]
fn all_uses_of_a_name_and_of_an_option_are_found() {
    let machine = Machine::bare();
    machine.write(
        "other.cairn",
        "when config.time.zone == \"x\" { host.name = \"y\" }\n",
    );
    let mut editor = machine.editor(&[]);
    let text = "import \"./other.cairn\"\nlet zone = \"x\"\ntime.zone¦ = zone\ntime = { zone }\n";
    let position = editor.open_at("system.cairn", text);
    let document = json!({ "uri": editor.uri("system.cairn") });
    let context = json!({ "includeDeclaration": false });
    let params = json!({ "textDocument": document, "position": position, "context": context });
    let found = editor
        .ask("textDocument/references", &params)
        .expect("an answer");
    // The library reads it too.
    let mut lines = places(&found);
    lines.retain(|(file, _)| file == "system.cairn" || file == "other.cairn");
    lines.sort();
    let system = |line| ("system.cairn".to_owned(), line);
    assert_eq!(lines, [("other.cairn".to_owned(), 0), system(2), system(3)]);
    let params = json!({
        "textDocument": document,
        "position": { "line": 1, "character": 5 },
        "context": { "includeDeclaration": true },
    });
    let found = editor
        .ask("textDocument/references", &params)
        .expect("an answer");
    assert_eq!(places(&found), [system(1), system(2), system(3)]);
}

/// The text after what stands at the cursor was renamed, or why it was not.
fn renamed(marked: &str, new: &str) -> Result<String, String> {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let (text, position) = cursor(marked);
    editor.open("system.cairn", &text);
    let document = json!({ "uri": editor.uri("system.cairn") });
    let params = json!({ "textDocument": document, "position": position, "newName": new });
    let edits = editor
        .ask("textDocument/rename", &params)
        .map_err(|error| error["message"].as_str().unwrap_or_default().to_owned())?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let edits = edits["changes"][editor.uri("system.cairn")]
        .as_array()
        .expect("edits")
        .clone();
    // From the back, so that places stay; all texts here are ASCII.
    for edit in edits.iter().rev() {
        let number = |pointer: &str| {
            edit.pointer(pointer)
                .and_then(Value::as_u64)
                .expect("a number") as usize
        };
        let line = number("/range/start/line");
        let span = number("/range/start/character")..number("/range/end/character");
        lines[line].replace_range(span, edit["newText"].as_str().expect("a text"));
    }
    Ok(lines.join("\n"))
}

#[test]
fn a_let_is_renamed_with_all_its_uses_and_nothing_else() {
    let text = "let po¦rt = 80\nlet f = (port) => port\nlet g = f(port)\na = { port, b = \"${port}\", c.port = port }";
    let expect = "let http = 80\nlet f = (port) => port\nlet g = f(http)\na = { port = http, b = \"${http}\", c.port = http }";
    assert_eq!(renamed(text, "http").as_deref(), Ok(expect));
}

#[test]
fn types_and_parameters_are_renamed_with_named_arguments() {
    let text = "type A = { b: A?, c: List(A) }\noption x: A¦ = {}\nlet y = check({}, A)";
    let expect =
        "type Node = { b: Node?, c: List(Node) }\noption x: Node = {}\nlet y = check({}, Node)";
    assert_eq!(renamed(text, "Node").as_deref(), Ok(expect));
    let text = "let f = (x, siz¦e = 1) => x + size\nlet a = f(1, size = 2)";
    let expect = "let f = (x, width = 1) => x + width\nlet a = f(1, width = 2)";
    assert_eq!(renamed(text, "width").as_deref(), Ok(expect));
}

#[test]
fn what_cannot_be_renamed_is_refused_with_the_reason() {
    let refused = |text: &str, new: &str, why: &str| {
        let error = renamed(text, new).expect_err("it is refused");
        assert!(error.contains(why), "{error}");
    };
    refused("time.zo¦ne = \"x\"\n", "zome", "is the name of an option");
    refused(
        "let a = list.ma¦p([], x => x)\n",
        "map2",
        "is a name of the library",
    );
    refused(
        "option a: Po¦rt = 80\n",
        "Harbour",
        "is a name of the library",
    );
    refused(
        "let f = ({ na¦me, .. }) => name\n",
        "nick",
        "is a field of the argument",
    );
    refused("let a¦ = 1\n", "in", "is a word of the language");
    refused("let a¦ = 1\n", "9x", "is no name");
    refused(
        "let a¦ = 1\nlet f = b => a + b\n",
        "b",
        "would mean something else",
    );
    refused(
        "let a¦ = 1\nlet b = list.length([])\n",
        "list",
        "would mean something else",
    );
    refused(
        "let f = (x, si¦ze = 1) => x\nlet a = ({ g = f }).g(1, size = 2)\n",
        "s",
        "may be meant",
    );
    refused("host.name = ¦\"web1\"\n", "x", "nothing here has a name");
}

#[test]
fn an_editor_can_ask_what_would_be_renamed() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    let position = editor.open_at("system.cairn", "let count = 1\nhost.name = \"${co¦unt}\"\n");
    let range = editor.ask_at("textDocument/prepareRename", "system.cairn", &position);
    assert_eq!(range, Ok(super::range(1, 15, 20)));
}

#[test]
fn the_items_of_a_file_are_its_outline() {
    let machine = Machine::bare();
    let mut editor = machine.editor(&[]);
    editor.open(
        "system.cairn",
        "let f = x => x\nwhen true {\n  host.name = \"a\"\n}\ntype T = Int\n",
    );
    let document = json!({ "uri": editor.uri("system.cairn") });
    let found = editor
        .ask(
            "textDocument/documentSymbol",
            &json!({ "textDocument": document }),
        )
        .expect("an answer");
    let names: Vec<_> = found
        .as_array()
        .expect("an array")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["f", "when", "T"]);
    assert_eq!(found[1]["children"][0]["name"], "host.name");
}
