//! Completion and multi-line editing.
//!
//! In: a line and the cursor. Out: what the word before it may become: names in scope, fields of the value before a dot (the library's
//! functions, the options below `config.`), commands after `:`. Only plain paths are computed for it, never calls.

use std::cell::RefCell;
use std::rc::Rc;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};

use super::finished::is_finished;
use super::session::{COMMANDS, Session};
use crate::interrupt::Computing;

/// Helps while a line is written.
pub struct Assistant<'a> {
    session: Rc<RefCell<Session<'a>>>,
    computing: Computing,
}

impl<'a> Assistant<'a> {
    /// For a session.
    pub fn new(session: Rc<RefCell<Session<'a>>>, computing: Computing) -> Self {
        Self { session, computing }
    }
}

impl Helper for Assistant<'_> {}
impl Highlighter for Assistant<'_> {}
impl Hinter for Assistant<'_> {
    type Hint = String;
}

impl Validator for Assistant<'_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(if is_finished(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

impl Completer for Assistant<'_> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> Result<(usize, Vec<String>)> {
        let before = &line[..position];
        // Keys of completion come while nothing else runs.
        let Ok(mut session) = self.session.try_borrow_mut() else {
            return Ok((position, Vec::new()));
        };
        Ok(self.computing.during(|| candidates(&mut session, before)))
    }
}

/// Where the word begins that is completed, and what it may become.
pub fn candidates(session: &mut Session<'_>, before: &str) -> (usize, Vec<String>) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if before.starts_with(':') && !before.contains(' ') {
        let commands = COMMANDS.iter().map(|(name, _)| (*name).to_owned());
        return (
            0,
            commands.filter(|name| name.starts_with(before)).collect(),
        );
    }
    let path_start = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_word(*c) || *c == '.' || *c == '?')
        .last()
        .map_or(before.len(), |(at, _)| at);
    let path = &before[path_start..];
    let (start, names) = match path.rsplit_once('.') {
        Some((target, word)) => {
            let bare = before.starts_with(":why ") || before.starts_with(":doc ");
            let mut names = session.fields(target);
            if names.is_empty() && bare {
                names = session.fields(&format!("config.{target}"));
            }
            (before.len() - word.len(), names)
        }
        None if before.starts_with(":why ") => (path_start, session.fields("config")),
        None => (path_start, session.names()),
    };
    let word = &before[start..];
    let names = names.into_iter().filter(|name| name.starts_with(word));
    (start, names.collect())
}
