//! The REPL: reads, evaluates, prints, and goes on after every error.
//!
//! In: lines of a terminal, with editing, completion and history, or lines of a pipe. Out: values on stdout, errors on stderr.
//! What a line means is the [`session`]'s to say.

mod complete;
mod finished;
mod kinds;
mod session;

use std::cell::RefCell;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::rc::Rc;

use cairn_eval::{Arena, Limits};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::interrupt::Computing;
use complete::Assistant;
use finished::is_finished;
use session::{Answer, Session};

/// What is shown before input.
const PROMPT: &str = "cairn> ";

/// How a session ended.
enum Next {
    Load(PathBuf),
    Quit,
}

/// Runs sessions until the input ends.
///
/// Errors: the first file can't be loaded, or the terminal is gone. What goes wrong in a line is printed.
pub fn run(
    file: Option<PathBuf>,
    limits: Limits,
    computing: &Computing,
) -> Result<Exit, CommandError> {
    let mut file = file;
    let mut is_first = true;
    loop {
        let arena = Arena::with_limits(limits).stopped_by(computing.flag());
        let session = match computing.during(|| Session::new(&arena, file.as_deref())) {
            Ok(session) => session,
            Err(error) if is_first => return Err(error),
            Err(error) => {
                error.print();
                Session::new(&arena, None)?
            }
        };
        is_first = false;
        let next = if std::io::stdin().is_terminal() {
            on_terminal(session, computing)?
        } else {
            on_pipe(session, computing)?
        };
        match next {
            Next::Load(other) => file = Some(other),
            Next::Quit => return Ok(Exit::Done),
        }
    }
}

fn on_pipe(mut session: Session<'_>, computing: &Computing) -> Result<Next, CommandError> {
    let mut input = String::new();
    loop {
        let mut line = String::new();
        let count = std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(CommandError::Terminal)?;
        input.push_str(&line);
        if count > 0 && !is_finished(&input) {
            continue;
        }
        if let Some(next) = take(&mut session, &std::mem::take(&mut input), computing) {
            return Ok(next);
        }
        if count == 0 {
            return Ok(Next::Quit);
        }
    }
}

fn on_terminal(session: Session<'_>, computing: &Computing) -> Result<Next, CommandError> {
    let session = Rc::new(RefCell::new(session));
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(10_000)
        .map_err(broken)?
        .build();
    let mut editor: Editor<Assistant<'_>, FileHistory> =
        Editor::with_config(config).map_err(broken)?;
    editor.set_helper(Some(Assistant::new(session.clone(), computing.clone())));
    let history = history();
    if let Some(file) = &history {
        // A history that can't be read is none.
        drop(editor.load_history(file));
    }
    anstream::eprintln!(
        "cairn {}; `:help` lists what there is",
        env!("CARGO_PKG_VERSION")
    );
    loop {
        let input = match editor.readline(PROMPT) {
            Ok(input) => input,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(Next::Quit),
            Err(error) => return Err(broken(error)),
        };
        if !input.trim().is_empty() {
            drop(editor.add_history_entry(input.as_str()));
            if let Some(file) = &history {
                drop(editor.append_history(file));
            }
        }
        if let Some(next) = take(&mut session.borrow_mut(), &input, computing) {
            return Ok(next);
        }
    }
}

fn broken(error: ReadlineError) -> CommandError {
    CommandError::Terminal(std::io::Error::other(error))
}

/// Answers one input. Ctrl-C ends its computation, and nothing else.
fn take(session: &mut Session<'_>, input: &str, computing: &Computing) -> Option<Next> {
    match computing.during(|| session.answer(input)) {
        Ok(Answer::Nothing) => None,
        Ok(Answer::Text(text)) => {
            let mut out = anstream::stdout();
            // A reader that went away early is no error.
            drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
            None
        }
        Ok(Answer::Load(file)) => Some(Next::Load(file)),
        Ok(Answer::Quit) => Some(Next::Quit),
        Err(error) => {
            error.print();
            None
        }
    }
}

/// The file of the history, made where it is missing, readable for its owner alone. None where there is no place for it.
fn history() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    let folder = state.join("cairn");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .ok()?;
    let file = folder.join("repl_history");
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&file)
        .ok()?;
    Some(file)
}
