//! A serial line of a machine: what it said so far, and waiting for what it says next.
//!
//! In: the Unix socket of the line. A thread reads all the time, so nothing is lost while a test does other things.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// One end of a serial line.
#[derive(Debug)]
pub struct Channel {
    name: &'static str,
    stream: UnixStream,
    heard: Arc<(Mutex<Heard>, Condvar)>,
    /// How much of the text was taken by earlier waits.
    taken: usize,
}

#[derive(Debug, Default)]
struct Heard {
    text: String,
    /// Bytes that do not yet make a text: half an escape sequence.
    rest: Vec<u8>,
    closed: bool,
}

impl Channel {
    /// Connects as soon as the socket is there.
    pub fn connect(name: &'static str, socket: &Path, limit: Duration) -> Self {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) if start.elapsed() > limit => {
                    panic!("QEMU did not open the {name} within {limit:?}: {error}")
                }
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        };
        let heard = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let (mut reader, shared) = (stream.try_clone().unwrap(), Arc::clone(&heard));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut heard = shared.0.lock().unwrap();
                if count == 0 {
                    heard.closed = true;
                    shared.1.notify_all();
                    return;
                }
                heard.hear(&buffer[..count]);
                shared.1.notify_all();
            }
        });
        Self {
            name,
            stream,
            heard,
            taken: 0,
        }
    }

    /// Types.
    pub fn send(&mut self, text: &str) {
        let sent = self.stream.write_all(text.as_bytes());
        sent.unwrap_or_else(|error| {
            panic!("the {} takes no input: {error}\n{}", self.name, self.tail())
        });
    }

    /// Waits until the line has said `text` after what earlier waits took; returns all up to its end.
    pub fn expect(&mut self, text: &str, limit: Duration) -> String {
        self.wait(text, limit).unwrap_or_else(|why| {
            panic!(
                "{why} before the {} said {text:?}; it ended with:\n{}",
                self.name,
                self.tail()
            )
        })
    }

    /// Like [`Self::expect`]; says why it gave up.
    pub fn wait(&mut self, text: &str, limit: Duration) -> Result<String, String> {
        let end = Instant::now() + limit;
        let mut heard = self.heard.0.lock().unwrap();
        loop {
            if let Some(at) = heard.text[self.taken..].find(text) {
                let until = self.taken + at + text.len();
                let said = heard.text[self.taken..until].to_owned();
                self.taken = until;
                return Ok(said);
            }
            let left = end.saturating_duration_since(Instant::now());
            if heard.closed {
                return Err("the machine ended".into());
            }
            if left.is_zero() {
                return Err(format!("{limit:?} passed"));
            }
            heard = self.heard.1.wait_timeout(heard, left).unwrap().0;
        }
    }

    /// All that was said so far.
    pub fn transcript(&self) -> String {
        self.heard.0.lock().unwrap().text.clone()
    }

    /// The last lines.
    pub fn tail(&self) -> String {
        let text = self.transcript();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Heard {
    fn hear(&mut self, bytes: &[u8]) {
        self.rest.extend(bytes);
        let (text, used) = plain(&self.rest);
        self.text.push_str(&text);
        self.rest.drain(..used);
    }
}

/// The text without escape sequences and carriage returns, and how many bytes of the input it stands for.
fn plain(bytes: &[u8]) -> (String, usize) {
    let mut text = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            0x1b => match sequence(&bytes[at..]) {
                Some(length) => at += length,
                None => break,
            },
            b'\r' | 0 => at += 1,
            byte => {
                text.push(byte);
                at += 1;
            }
        }
    }
    // A letter of several bytes may come in pieces, too.
    let whole = match std::str::from_utf8(&text) {
        Err(error) if error.error_len().is_none() && at == bytes.len() => error.valid_up_to(),
        _ => text.len(),
    };
    let half = text.len() - whole;
    (
        String::from_utf8_lossy(&text[..whole]).into_owned(),
        at - half,
    )
}

/// The length of the escape sequence that begins here; `None` while its end is missing.
///
/// Source: ECMA-48, 5.4.
fn sequence(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'[' => {
            let last = bytes[2..]
                .iter()
                .position(|byte| (0x40..=0x7e).contains(byte));
            last.map(|at| at + 3)
        }
        b']' => {
            let last = bytes
                .iter()
                .position(|byte| *byte == 0x07 || *byte == b'\\');
            last.map(|at| at + 1)
        }
        _ => Some(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_no_text_even_when_they_come_in_pieces() {
        let mut heard = Heard::default();
        for piece in [
            &b"\x1b[2;3"[..],
            b"HCairn gene",
            b"\x1b",
            b"[0mration 2\r\n",
            b"\x1b]0;title\x07x",
        ] {
            heard.hear(piece);
        }
        assert_eq!(heard.text, "Cairn generation 2\nx");
        heard.hear("ä…".as_bytes().split_at(3).0);
        heard.hear("ä…".as_bytes().split_at(3).1);
        assert_eq!(heard.text, "Cairn generation 2\nxä…");
    }
}
