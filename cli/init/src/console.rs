//! Lines for the person in front of the machine.
//!
//! In: text. Out: the kernel's log, which reaches every console and later the journal.

use crate::error::Error;
use std::fs::OpenOptions;
use std::io::Write;

/// Says what is being done; hidden by `quiet`.
pub fn say(text: &str) {
    log(6, text);
}

/// Says why the boot stops; shown always.
pub fn fail(error: &Error) {
    log(2, &format!("{error}"));
}

fn log(level: u8, text: &str) {
    let line = format!("<{level}>cairn: {text}\n");
    let written = OpenOptions::new()
        .write(true)
        .open("/dev/kmsg")
        .and_then(|mut log| log.write_all(line.as_bytes()));
    if written.is_err() {
        // Before /dev is there only the console that the kernel gave is left, and nobody to tell of its failure.
        let _ = writeln!(std::io::stderr(), "cairn: {text}");
    }
}
