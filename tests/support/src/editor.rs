//! An editor: a client of `cairn lsp` over its real standard input and output.
//!
//! In: texts, positions and requests. Out: what the server answers and says by itself. Refuses to know what a right answer is.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// How long an answer may take; machines that test are busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// An editor with its server.
#[derive(Debug)]
pub struct Editor {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    folder: PathBuf,
    /// What the server said that it can do.
    pub capabilities: Value,
    versions: BTreeMap<String, i64>,
    said: Vec<Value>,
    next: i64,
}

impl Editor {
    /// Starts a server for a folder and initialises it; columns count UTF-16 units unless others are offered.
    pub fn start(mut command: Command, folder: &Path, encodings: &[&str], options: &Value) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cairn runs");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || read_all(output, |message| sender.send(message).is_ok()));
        let mut editor = Self {
            child,
            input,
            messages,
            folder: folder.to_owned(),
            capabilities: Value::Null,
            versions: BTreeMap::new(),
            said: Vec::new(),
            next: 0,
        };
        let general = if encodings.is_empty() {
            json!({})
        } else {
            json!({ "positionEncodings": encodings })
        };
        let params = json!({
            "processId": null,
            "rootUri": null,
            "capabilities": { "general": general },
            "initializationOptions": options,
        });
        let result = editor.ask("initialize", &params).expect("it initialises");
        editor.capabilities = result["capabilities"].clone();
        editor.tell("initialized", &json!({}));
        editor
    }

    /// The URI of a file of the folder.
    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.folder.join(name).display())
    }

    /// Sends a message as it is.
    pub fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("it listens");
        self.input.flush().expect("it listens");
    }

    /// Sends a notification.
    pub fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request without waiting; gives its number.
    pub fn begin(&mut self, method: &str, params: &Value) -> i64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Waits for the answer to a request.
    pub fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let answer = self.wait(&format!("the answer to request {id}"), |message| {
            message["id"] == id
        });
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    /// Sends a request and waits for its answer.
    pub fn ask(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        let id = self.begin(method, params);
        self.answer(id)
    }

    /// Asks about a place of a file.
    pub fn ask_at(&mut self, method: &str, name: &str, position: &Value) -> Result<Value, Value> {
        let document = json!({ "uri": self.uri(name) });
        self.ask(
            method,
            &json!({ "textDocument": document, "position": position }),
        )
    }

    /// Opens a file with a text that may differ from that on the disk.
    pub fn open(&mut self, name: &str, text: &str) {
        self.versions.insert(name.to_owned(), 1);
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "cairn", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    /// Opens a file; `¦` in its text is the cursor, whose position is given.
    pub fn open_at(&mut self, name: &str, marked: &str) -> Value {
        let (text, position) = cursor(marked);
        self.open(name, &text);
        position
    }

    /// Replaces a part of a text, or all of it where no range is given.
    pub fn change(&mut self, name: &str, range: Option<Value>, text: &str) {
        let version = self.versions.entry(name.to_owned()).or_default();
        *version += 1;
        let version = *version;
        let change = match range {
            Some(range) => json!({ "range": range, "text": text }),
            None => json!({ "text": text }),
        };
        let document = json!({ "uri": self.uri(name), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": [change] });
        self.tell("textDocument/didChange", &params);
    }

    /// Closes a file.
    pub fn close(&mut self, name: &str) {
        self.versions.remove(name);
        let document = json!({ "uri": self.uri(name) });
        self.tell(
            "textDocument/didClose",
            &json!({ "textDocument": document }),
        );
    }

    /// Waits for what is wrong with a file as it is now.
    pub fn diagnostics(&mut self, name: &str) -> Vec<Value> {
        let uri = self.uri(name);
        let version = self.versions.get(name).copied();
        let found = self.wait(&format!("diagnostics of {name}"), |message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri.as_str()
                && message["params"]["version"].as_i64() == version
        });
        found["params"]["diagnostics"]
            .as_array()
            .expect("an array")
            .clone()
    }

    /// Ends the server as the protocol says; gives its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.ask("shutdown", &Value::Null).expect("it shuts down");
        self.tell("exit", &Value::Null);
        self.child.wait().expect("it ends").code()
    }

    /// Ends the server by closing its input; gives its exit code.
    pub fn hang_up(self) -> Option<i32> {
        let Self {
            mut child, input, ..
        } = self;
        drop(input);
        child.wait().expect("it ends").code()
    }

    /// The first message that is wanted, of those that came before and those to come.
    fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.said.iter().position(&wanted) {
            return self.said.remove(index);
        }
        loop {
            match self.messages.recv_timeout(PATIENCE) {
                Ok(message) if wanted(&message) => return message,
                Ok(message) => self.said.push(message),
                Err(cause) => panic!("{what} did not come ({cause}); came: {:#?}", self.said),
            }
        }
    }
}

/// A text without its `¦`, and where that stood; columns count UTF-16 units.
pub fn cursor(marked: &str) -> (String, Value) {
    let at = marked.find('¦').expect("a cursor");
    let before = &marked[..at];
    let line = before.matches('\n').count();
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or("")
        .encode_utf16()
        .count();
    let text = format!("{before}{}", &marked[at + '¦'.len_utf8()..]);
    (text, json!({ "line": line, "character": column }))
}

fn read_all(mut output: impl BufRead, mut take: impl FnMut(Value) -> bool) {
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if !matches!(output.read_line(&mut line), Ok(read) if read > 0) {
                return;
            }
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().expect("a number"),
                Some(_) => {}
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        output.read_exact(&mut bytes).expect("a whole message");
        if !take(serde_json::from_slice(&bytes).expect("JSON")) {
            return;
        }
    }
}
