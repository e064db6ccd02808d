//! How far a transfer of known size is.
//!
//! In: bytes that are through, from many threads. Out: a bar on a terminal, nothing elsewhere: the command says at its end what was done.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Globals;

/// A transfer that is shown.
#[derive(Debug)]
pub struct Transfer {
    bar: Option<ProgressBar>,
}

impl Transfer {
    /// Begins to show a transfer; `doing` is what is done: `sending`.
    pub fn new(globals: &Globals, doing: &str, bytes: u64) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let live = std::io::stderr().is_terminal() && !dumb && !globals.quiet && bytes > 0;
        let bar = live.then(|| {
            let bar = ProgressBar::new(bytes);
            let template = "{spinner:.green} {msg} {bar:32.green/dim} {binary_bytes} of {binary_total_bytes} {elapsed:.dim}";
            bar.set_style(
                ProgressStyle::with_template(template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_message(doing.to_owned());
            bar
        });
        Self { bar }
    }

    /// So many bytes more are through.
    pub fn went_on(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.end();
    }
}
