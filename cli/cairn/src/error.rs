//! From any error to what a person reads: a code with a page, the causes, the mend, an exit code.
//!
//! In: the errors of all crates. Out: text on stderr and an [`Exit`]. The one place that knows all kinds of errors; lower
//! crates know neither codes of commands nor terminals.

use std::error::Error as StdError;
use std::fmt;

use cairn_syntax::Diagnostic;
use cairn_syntax::render::{Located, locate};
use cairn_syntax::span::SourceMap;

use crate::exit::Exit;
use crate::ui::style::ColorChoice;

mod explain;

pub use explain::Explanation;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A configuration with errors.
    #[error("the configuration has errors")]
    Config {
        /// All of them.
        diagnostics: Vec<Diagnostic>,
        /// The texts that they point into.
        sources: Box<SourceMap>,
    },
    /// A question that nobody can answer.
    #[error("nobody is here to answer `{question}`")]
    NoTerminal {
        /// The question.
        question: String,
    },
    /// The terminal can't be read or written.
    #[error("cannot ask on the terminal")]
    Terminal(#[source] std::io::Error),
    /// The evaluation could not begin.
    #[error("cannot begin the evaluation")]
    Thread(#[source] std::io::Error),
    /// Claims of the configuration's tests that do not hold.
    #[error("{} of the configuration failed", crate::ui::style::count(*.count, "test"))]
    Tests {
        /// How many.
        count: usize,
    },
    /// A question was answered with no.
    #[error("nothing was changed")]
    Declined,
    /// There is no store yet.
    #[error("there is no store below {}", root.display())]
    NoStore {
        /// The root.
        root: std::path::PathBuf,
    },
    /// No generation has this number.
    #[error("there is no generation {number}")]
    NoGeneration {
        /// The number.
        number: u64,
        /// Those that are there.
        known: Vec<u64>,
    },
    /// No generation was chosen yet.
    #[error("there is no default generation yet")]
    NoDefault,
    /// A closure that is to be signed is not what this store has.
    #[error("{name} is not signed: {} of it {} not the same in this store", crate::ui::style::count(*.count, "store path"), if *.count == 1 { "is" } else { "are" })]
    NotSame {
        /// What was to be signed.
        name: String,
        /// How many paths.
        count: usize,
    },
    /// Bytes that would go to a terminal.
    #[error("an export is no text for a terminal")]
    Binary,
    /// Nothing to roll back to.
    #[error("there is no generation before the default")]
    NothingOlder,
    /// A generation that must stay.
    #[error("generation {number} is kept: {reason}")]
    Kept {
        /// Its number.
        number: u64,
        /// Why it stays.
        reason: &'static str,
    },
    /// A generation was made, and the machine can't be switched to it.
    #[error("generation {number} is made, but this machine was not switched to it; {}", stays(*.default))]
    NotSwitched {
        /// Its number.
        number: u64,
        /// The default, which it stays.
        default: Option<u64>,
        /// Why.
        source: Box<cairn_system::machine_switch::MachineError>,
    },
    /// Something in the store is damaged.
    #[error("{} found in the store", crate::ui::style::count(*.count, "fault"))]
    Faults {
        /// How many.
        count: usize,
    },
    /// A time on the command line can't be understood.
    #[error("`{text}` is no length of time")]
    Span {
        /// As given.
        text: String,
        /// Why.
        source: jiff::Error,
    },
    /// No log matches a name.
    #[error("there is no log of `{name}`")]
    NoLog {
        /// The name.
        name: String,
        /// Whether such a build is known: then it printed nothing.
        silent: bool,
    },
    /// No store path begins like this.
    #[error("no store path is or begins with `{text}`")]
    NoPath {
        /// As given.
        text: String,
        /// Base names of those that may have been meant.
        near: Vec<String>,
    },
    /// Several store paths begin like this.
    #[error("{} begin with `{text}`", crate::ui::style::count(candidates.len(), "store path"))]
    AmbiguousPath {
        /// As given.
        text: String,
        /// Base names of all of them.
        candidates: Vec<String>,
    },
    /// A store path is wanted, and a file in one was given.
    #[error("`{inside}` is in {path}; a whole store path is wanted")]
    NotWhole {
        /// The store path.
        path: cairn_graph::StorePath,
        /// What is in it.
        inside: String,
    },
    /// Nothing is there in a store path.
    #[error("{path} has no `/{inside}`")]
    NoEntry {
        /// The store path.
        path: cairn_graph::StorePath,
        /// What it should have.
        inside: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// Something in a store path that has no bytes to show.
    #[error("{path} is no file")]
    NoFile {
        /// It.
        path: String,
    },
    /// No named root is called so.
    #[error("there is no root `{name}`")]
    NoRoot {
        /// The name.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// No package of a generation or lock is called so.
    #[error("no package here is called `{name}`")]
    NoPackage {
        /// The name.
        name: String,
        /// Names that may have been meant.
        near: Vec<String>,
    },
    /// A name that several things have.
    #[error("`{name}` is {}", a_list(kinds))]
    Ambiguous {
        /// The name.
        name: String,
        /// `option`, `package`, `path`.
        kinds: Vec<&'static str>,
    },
    /// Faults that stay after a repair.
    #[error("{} left in the store", crate::ui::style::count(*.count, "fault"))]
    Unmended {
        /// How many.
        count: usize,
    },
    /// No option has a text in its path or documentation.
    #[error("no option has `{text}` in its name or its documentation")]
    NoOption {
        /// The text.
        text: String,
        /// Options that may have been meant.
        near: Vec<String>,
    },
    /// Nothing that has documentation is called so.
    #[error("nothing in the language has `{text}` in its name or its documentation")]
    NoDoc {
        /// The text.
        text: String,
        /// Names that may have been meant.
        near: Vec<String>,
    },
    /// A file has no build of this name.
    #[error("there is no build `{name}`")]
    NoBuild {
        /// The name.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// Builds that came out differently when they were done again.
    #[error("{} came out differently the second time", names.join(", "))]
    Differs {
        /// Their names.
        names: Vec<String>,
    },
    /// A file can't be used.
    #[error("cannot {act} {}", path.display())]
    File {
        /// What was tried.
        act: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Data that can't be written as JSON, or written at all.
    #[error("cannot write the result")]
    Output(#[source] std::io::Error),
    /// A signal, or Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// What another crate could not do.
    #[error(transparent)]
    Other(Box<dyn StdError + Send + Sync>),
}

fn stays(default: Option<u64>) -> String {
    match default {
        Some(number) => format!("generation {number} stays the default"),
        None => "there is no default yet".into(),
    }
}

/// `an option and a package`.
fn a_list(kinds: &[&str]) -> String {
    let article = |kind: &&str| if kind.starts_with('o') { "an" } else { "a" };
    let words = kinds.iter().map(|kind| format!("{} {kind}", article(kind)));
    words.collect::<Vec<_>>().join(" and ")
}

/// Errors of other crates, each kept whole: [`explain`] looks into it.
macro_rules! other {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::Other(Box::new(error))
            }
        })*
    };
}

other!(
    cairn_disk::Error,
    cairn_disk::gc::GcError,
    cairn_cache::Error,
    cairn_image::qemu::Error,
    cairn_boot::Error,
    cairn_system::disk_image::ImageError,
    cairn_system::machine_switch::MachineError,
    cairn_sys::own_mounts::OwnMountsError,
    cairn_sys::SandboxError,
    cairn_lsp::ServeError,
    ctrlc::Error,
);

impl From<cairn_system::Faulty> for CommandError {
    fn from(faulty: cairn_system::Faulty) -> Self {
        Self::Config {
            diagnostics: faulty.errors,
            sources: Box::new(faulty.texts),
        }
    }
}

impl From<cairn_system::SessionError> for CommandError {
    fn from(error: cairn_system::SessionError) -> Self {
        match error {
            cairn_system::SessionError::Evaluate(cairn_system::EvaluateError::Faulty(faulty)) => {
                (*faulty).into()
            }
            other => Self::Other(Box::new(other)),
        }
    }
}

impl From<cairn_options::Failure> for CommandError {
    fn from(failure: cairn_options::Failure) -> Self {
        Self::Config {
            diagnostics: failure.diagnostics,
            sources: Box::new(failure.sources),
        }
    }
}

impl CommandError {
    /// Prints the error to stderr and gives the exit code.
    pub fn print(&self) -> Exit {
        if let Self::Config {
            diagnostics,
            sources,
        } = self
        {
            print_diagnostics(diagnostics, sources);
            return Exit::Failed;
        }
        let explanation = self.explain();
        if explanation.exit == Exit::Interrupted {
            anstream::eprintln!("interrupted; run the same command again and it goes on from here");
        } else {
            eprint_report(&miette::Report::new(Shown::of(self, &explanation)));
        }
        explanation.exit
    }

    /// The errors of a configuration or an expression with their places in words: what `--json` shows.
    pub fn located(&self) -> Option<Vec<Located>> {
        match self {
            Self::Config {
                diagnostics,
                sources,
            } => Some(located(diagnostics, sources)),
            _ => None,
        }
    }

    fn explain(&self) -> Explanation {
        match self {
            Self::Other(error) => explain::explain(error.as_ref()),
            own => explain::own(own),
        }
    }
}

/// Diagnostics with their places in words.
pub fn located(diagnostics: &[Diagnostic], sources: &SourceMap) -> Vec<Located> {
    diagnostics
        .iter()
        .map(|diagnostic| locate(diagnostic, sources))
        .collect()
}

/// Prints diagnostics of the language, each with its place in the user's text.
pub fn print_diagnostics(diagnostics: &[Diagnostic], sources: &SourceMap) {
    for diagnostic in diagnostics {
        eprint_report(&cairn_syntax::render::report(diagnostic, sources));
    }
    let errors = diagnostics
        .iter()
        .filter(|one| one.severity == cairn_syntax::Severity::Error)
        .count();
    if errors > 1 {
        anstream::eprintln!("{}", crate::ui::style::count(errors, "error"));
    }
}

fn eprint_report(report: &miette::Report) {
    anstream::eprintln!("{report:?}");
}

/// The error and its causes on one line, for warnings.
pub fn on_one_line(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        // Some errors repeat their cause in their own words.
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

/// Makes miette print in the way of this program.
pub fn install_handler(color: ColorChoice) {
    let colored = color.on_stderr();
    // Off a terminal nothing is gained by breaking lines.
    let columns = rustix::termios::tcgetwinsize(std::io::stderr())
        .map_or(200, |size| usize::from(size.ws_col));
    let width = columns.clamp(60, 200);
    let set = miette::set_hook(Box::new(move |_| {
        let handler = miette::MietteHandlerOpts::new()
            .color(colored)
            .unicode(true)
            .terminal_links(false)
            .break_words(false)
            .width(width)
            .context_lines(1)
            .build();
        Box::new(handler)
    }));
    // Fails only where a handler is installed already, which then stays.
    drop(set);
}

/// An error of the machine as miette shows it.
#[derive(Debug)]
struct Shown {
    message: String,
    causes: Option<Cause>,
    code: &'static str,
    help: Option<String>,
}

/// The chain of causes as texts; miette walks it.
#[derive(Debug)]
struct Cause {
    message: String,
    next: Option<Box<Cause>>,
}

impl Shown {
    fn of(error: &CommandError, explanation: &Explanation) -> Self {
        let mut messages = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(inner) = cause {
            let words = inner.to_string();
            if messages.last().is_some_and(|last| !last.ends_with(&words)) {
                messages.push(words);
            }
            cause = inner.source();
        }
        messages.extend(explanation.details.iter().cloned());
        let mut chain = None;
        for message in messages.drain(1..).rev() {
            chain = Some(Cause {
                message,
                next: chain.map(Box::new),
            });
        }
        Self {
            message: messages.remove(0),
            causes: chain,
            code: explanation.code,
            help: explanation.help.clone(),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl StdError for Shown {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.causes
            .as_ref()
            .map(|cause| cause as &(dyn StdError + 'static))
    }
}

impl miette::Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.next
            .as_ref()
            .map(|cause| cause.as_ref() as &(dyn StdError + 'static))
    }
}
