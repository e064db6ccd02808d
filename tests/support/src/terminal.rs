//! `cairn` on a pseudo-terminal: what it asks a person, and what it does with the answer.
//!
//! In: a command; texts to wait for and keys to send. Out: a [`Run`] whose stdout is the whole transcript, escape
//! sequences and all. Every wait has an end. Refuses to interpret escape sequences.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::machine::Run;

/// How long a program may take to print what is waited for, in seconds.
const PATIENCE_SECS: u64 = 120;

/// A program that runs on a terminal.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keys: std::fs::File,
    printed: Arc<Mutex<Vec<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
    line: String,
}

impl Terminal {
    /// Starts a command with all three streams on a new terminal of 120 columns.
    pub fn start(mut command: Command, line: &str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave: OwnedFd = std::fs::File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap()
            .into();
        let mut size = rustix::termios::tcgetwinsize(&slave).unwrap();
        (size.ws_col, size.ws_row) = (120, 40);
        rustix::termios::tcsetwinsize(&slave, size).unwrap();
        let stream = || Stdio::from(slave.try_clone().unwrap());
        let child = command
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .expect("cairn runs");
        // Both hold the terminal's other side; while they do, its end is never seen.
        drop((command, slave));
        let keys = std::fs::File::from(master);
        let mut screen = keys.try_clone().unwrap();
        let printed: Arc<Mutex<Vec<u8>>> = Arc::default();
        let sink = Arc::clone(&printed);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is an error (EIO), not an empty read.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                let mut all = sink.lock().unwrap_or_else(PoisonError::into_inner);
                all.extend_from_slice(&bytes[..count]);
            }
        });
        Self {
            child,
            keys,
            printed,
            reader: Some(reader),
            line: format!("cairn {line}"),
        }
    }

    /// Waits until this text was printed.
    #[track_caller]
    pub fn expect(self, text: &str) -> Self {
        let end = Instant::now() + Duration::from_secs(PATIENCE_SECS);
        while !self.transcript().contains(text) {
            assert!(
                Instant::now() < end,
                "waited for `{text}`:\n{}",
                self.transcript()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Types this.
    pub fn send(mut self, keys: &str) -> Self {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(self) -> Self {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Run {
        let status = self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let output = std::process::Output {
            status,
            stdout: self.transcript().into_bytes(),
            stderr: Vec::new(),
        };
        Run {
            line: self.line.clone(),
            ..Run::of(output, &[])
        }
    }

    fn transcript(&self) -> String {
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&printed).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only where a claim failed half way: an ended child is not touched by this.
        if let Ok(None) = self.child.try_wait() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_on_the_terminal() {
        let mut command = Command::new("sh");
        command.args(["-c", "[ -t 0 ] && [ -t 2 ] || exit 9; printf 'sure? '; read -r answer; echo \"<$answer>\"; exit 3"]);
        let run = Terminal::start(command, "")
            .expect("sure?")
            .send("yes\n")
            .finish();
        assert!(run.stdout.contains("<yes>"), "{run}");
        assert_eq!(run.code, 3);
    }
}
