//! A temporary machine: a root, a folder with a configuration, and runs of the real `cairn` on them.
//!
//! In: configurations and arguments. Out: [`Run`]s with all that was printed. Everything lies in one temporary
//! folder and vanishes with the value. Refuses to know what a run should have printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::archive::Archive;
use crate::editor::Editor;
use crate::terminal::Terminal;

/// A machine.
#[derive(Debug)]
pub struct Machine {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// What one run of `cairn` did.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code; 128 + n where a signal ended it.
    pub code: i32,
    /// What is data.
    pub stdout: String,
    /// What is progress and errors.
    pub stderr: String,
    /// What was run, for messages.
    pub line: String,
}

impl Machine {
    /// A machine with an empty root and no configuration, that knows no archive.
    pub fn bare() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("cairn-machine-")
            .tempdir()
            .unwrap();
        for sub in ["root", "config", "home"] {
            std::fs::create_dir(folder.path().join(sub)).unwrap();
        }
        Self {
            folder,
            environment: Vec::new(),
        }
    }

    /// A machine that takes its packages from this archive, with this `system.cairn`.
    pub fn new(archive: &Archive, config: &str) -> Self {
        let machine = Self::bare()
            .env("CAIRN_MIRROR", &archive.url())
            .env("CAIRN_KEYRING", &archive.keyring().display().to_string());
        machine.write("system.cairn", config);
        machine
    }

    /// Sets an environment variable of all its runs.
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.environment.push((key.into(), value.into()));
        self
    }

    /// The folder that stands for `/`.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// The path of a file of the configuration.
    pub fn config(&self, name: &str) -> PathBuf {
        self.folder.path().join("config").join(name)
    }

    /// Writes a file of the configuration.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.config(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The text of a file of the configuration.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.config(name)).unwrap()
    }

    /// Replaces a text that must be there in a file of the configuration.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "`{from}` is not in {name}");
        self.write(name, &text.replace(from, to));
    }

    /// Runs `cairn --root ROOT ARGUMENTS…` in the folder of the configuration, without a terminal.
    pub fn cairn(&self, arguments: &[&str]) -> Run {
        let output = self
            .command(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("cairn runs");
        Run::of(output, arguments)
    }

    /// The same with a text on stdin.
    pub fn cairn_with_input(&self, arguments: &[&str], input: &str) -> Run {
        use std::io::Write as _;
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cairn runs");
        let mut pipe = child.stdin.take().unwrap();
        // The program may end before it has read everything.
        drop(pipe.write_all(input.as_bytes()));
        drop(pipe);
        Run::of(child.wait_with_output().unwrap(), arguments)
    }

    /// `cairn switch system.cairn -y`, which must do its work.
    pub fn switch(&self) -> Run {
        self.cairn(&["switch", "system.cairn", "-y"]).done()
    }

    /// Starts `cairn` without a terminal and leaves it running.
    pub fn spawn(&self, arguments: &[&str]) -> std::process::Child {
        self.command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cairn runs")
    }

    /// Starts `cairn` on a terminal of its own.
    pub fn terminal(&self, arguments: &[&str]) -> Terminal {
        let mut command = self.command(arguments);
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        Terminal::start(command, &arguments.join(" "))
    }

    /// Starts `cairn lsp` with an editor that offers these encodings of columns.
    pub fn editor(&self, encodings: &[&str]) -> Editor {
        self.editor_with(encodings, &serde_json::Value::Null)
    }

    /// The same with initialization options.
    pub fn editor_with(&self, encodings: &[&str], options: &serde_json::Value) -> Editor {
        let folder = self.folder.path().join("config");
        Editor::start(self.command(&["lsp"]), &folder, encodings, options)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(crate::binary::cairn());
        command
            .current_dir(self.folder.path().join("config"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .env("TERM", "dumb")
            .env("NO_COLOR", "1")
            .env("COLUMNS", "120")
            .envs(self.environment.iter().cloned())
            .arg("--root")
            .arg(self.root())
            .args(arguments);
        command
    }

    /// Every path below the root with its kind, size and link target: what "nothing was written" compares.
    pub fn snapshot(&self) -> Vec<String> {
        let mut lines = Vec::new();
        list(&self.root(), &mut lines);
        lines.sort();
        lines
    }

    /// What `cairn generations list --json` says.
    pub fn generations(&self) -> Vec<serde_json::Value> {
        let run = self.cairn(&["generations", "list", "--json"]).done();
        match run.json() {
            serde_json::Value::Array(list) => list,
            other => panic!("no array: {other}"),
        }
    }

    /// What `cairn generations show N --json` says of the system.
    pub fn system(&self, number: u64) -> serde_json::Value {
        let run = self
            .cairn(&["generations", "show", &number.to_string(), "--json"])
            .done();
        run.json()["system"].clone()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Folders of the store are read-only; without this only root could remove them.
        let writable = Command::new("chmod")
            .args(["-R", "u+w"])
            .arg(self.folder.path())
            .stderr(Stdio::null())
            .status();
        drop(writable);
    }
}

fn list(folder: &Path, lines: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let metadata = entry.metadata().unwrap();
        let target = std::fs::read_link(&path).unwrap_or_default();
        let size = if metadata.is_file() {
            metadata.len()
        } else {
            0
        };
        lines.push(format!(
            "{} {:?} {size} {}",
            path.display(),
            metadata.file_type(),
            target.display()
        ));
        if metadata.is_dir() {
            list(&path, lines);
        }
    }
}

impl Run {
    /// What an ended process left.
    pub fn of(output: std::process::Output, arguments: &[&str]) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        let status = output.status;
        Self {
            code: status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            line: format!("cairn {}", arguments.join(" ")),
        }
    }

    /// Claims that it did its work: exit code 0.
    #[track_caller]
    pub fn done(self) -> Self {
        self.exits(0)
    }

    /// Claims its exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Claims that this text was printed on either stream.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let all = flat(&format!("{} {}", self.stdout, self.stderr));
        assert!(all.contains(&flat(text)), "no `{text}` in:\n{self}");
        self
    }

    /// Claims that this text was printed on neither stream.
    #[track_caller]
    pub fn is_silent_on(self, text: &str) -> Self {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "`{text}` in:\n{self}"
        );
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("no JSON ({error}):\n{self}"),
        }
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "$ {}\n[exit {}]\n--- stdout\n{}--- stderr\n{}",
            self.line, self.code, self.stdout, self.stderr
        )
    }
}
