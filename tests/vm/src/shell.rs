//! A root shell on a serial line: runs commands and brings back status and output.
//!
//! In: a line on which the shell of [`UNIT`] waits. Out: [`Output`]. Nothing is sent before the shell has said that it is
//! there: firmware and boot loader listen on every serial line.

use crate::channel::Channel;
use std::time::Duration;

/// The unit that the machine's configuration has to have, as `cairn-test-shell.service`.
///
/// Its errors don't go to the terminal, so that bash neither prompts nor edits lines.
pub const UNIT: &str = "\
[Unit]
Description=Root shell for tests
[Service]
ExecStart=/bin/bash -c 'stty -echo; echo cairn-shell-is-there; exec /bin/bash 2>/dev/null'
StandardInput=tty
StandardOutput=tty
StandardError=journal
TTYPath=/dev/ttyS1
Restart=always
[Install]
WantedBy=multi-user.target
";

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit status.
    pub status: i32,
    /// What it wrote, to both outputs, without the last line break.
    pub text: String,
}

/// The shell.
#[derive(Debug)]
pub struct Shell {
    line: Channel,
    is_there: bool,
    count: u32,
}

impl Shell {
    /// The shell on this line.
    pub fn new(line: Channel) -> Self {
        Self {
            line,
            is_there: false,
            count: 0,
        }
    }

    /// Waits until the shell is there.
    pub fn wait(&mut self, limit: Duration) -> Result<(), String> {
        if !self.is_there {
            self.line.wait("cairn-shell-is-there\n", limit)?;
            self.is_there = true;
        }
        Ok(())
    }

    /// Runs a command; says why there is no answer.
    pub fn run(&mut self, command: &str, limit: Duration) -> Result<Output, String> {
        self.count += 1;
        let n = self.count;
        self.line.send(&format!(
            "echo cairn-begin-{n}; {{ {command}\n}} 2>&1 </dev/null; echo cairn-end-{n}-$?.\n"
        ));
        self.line.wait(&format!("cairn-begin-{n}\n"), limit)?;
        let mark = format!("cairn-end-{n}-");
        let text = self.line.wait(&mark, limit)?;
        let status = self.line.wait(".\n", Duration::from_secs(5))?;
        let status = status.trim_end_matches(".\n").parse();
        let text = text.strip_suffix(&mark).unwrap_or(&text).trim_end();
        Ok(Output {
            status: status.map_err(|_| "the shell's answer is garbled".to_owned())?,
            text: text.to_owned(),
        })
    }
}
