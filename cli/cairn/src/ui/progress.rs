//! What is going on, while it is going on.
//!
//! In: words of a stage, events of the scheduler. Out: on a terminal a bar and below it the tree of what is being made;
//! elsewhere a plain line for each thing that was made. All on stderr; never more than a few lines a second on a terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cairn_build::{Event, Kind, Step};
use cairn_graph::DerivationId;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::style::{self, BAD, CHANGED, QUIET, paint};
use super::tree::Tree;
use crate::arguments::Globals;

/// At most so many lines below the bar.
const SHOWN: usize = 12;
/// How often the tree is drawn.
const TICK: Duration = Duration::from_millis(120);

/// Shows events; shared by all threads that send some.
pub struct Progress {
    quiet: bool,
    /// Whether the lines of builds are shown.
    lines: bool,
    /// Whether, off a terminal, every single thing has its line: unpacking too.
    all: bool,
    state: Mutex<State>,
}

struct State {
    screen: Option<Screen>,
    running: BTreeMap<DerivationId, Running>,
    names: BTreeMap<DerivationId, String>,
    to_make: usize,
    made: usize,
    began: Instant,
}

/// The moving part of a terminal: a line that says how far it is, and the tree.
struct Screen {
    all: MultiProgress,
    bar: ProgressBar,
    below: Option<ProgressBar>,
    /// Its own lock: it is drawn by another thread, while nobody who holds it draws.
    tree: Arc<Mutex<Tree>>,
}

struct Running {
    name: String,
    kind: Kind,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Progress").finish_non_exhaustive()
    }
}

impl Progress {
    /// Shows as much as the flags want, in the form that stderr can take.
    pub fn new(globals: &Globals) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let live = std::io::stderr().is_terminal() && !dumb && !globals.quiet;
        Self {
            quiet: globals.quiet,
            lines: globals.shows_build_lines(),
            all: globals.verbose > 0,
            state: Mutex::new(State {
                screen: live.then(Screen::new),
                running: BTreeMap::new(),
                names: BTreeMap::new(),
                to_make: 0,
                made: 0,
                began: Instant::now(),
            }),
        }
    }

    /// Says what begins now, in a few words.
    pub fn say(&self, words: &str) {
        if self.quiet {
            return;
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.screen {
            Some(screen) => screen.say(words),
            None => anstream::eprintln!("{words}"),
        }
    }

    /// Shows one event.
    pub fn event(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Planned { steps, .. } => state.planned(steps),
            Event::Started { id, name, kind, .. } => state.started(*id, name, *kind),
            Event::Progress { id, done, total } => state.went_on(*id, *done, *total),
            Event::Line { id, line } if self.lines => state.line(*id, line),
            Event::Line { .. } => {}
            Event::Finished { id, wall, .. } => state.finished(*id, *wall, self.quiet, self.all),
            Event::Skipped { id, .. } => state.skipped(*id, self.quiet, self.all),
            Event::Asking { actions } => {
                let steps = style::count(*actions, "step");
                state.say(&format!("asking caches for {steps}"));
            }
            Event::Taking { done } => {
                let bytes = style::bytes(*done);
                state.say(&format!("taking from caches: {bytes}"));
            }
            Event::Taken { output, whence } if !self.quiet => {
                state.print(&format!("took {} from {whence}", output.path.name()));
            }
            Event::Taken { .. } => {}
            Event::Came { id, .. } => state.count(*id),
            Event::Warning { text } => {
                state.print(&format!("{} {text}", paint(CHANGED, "warning:")));
            }
            Event::Failed {
                id,
                name,
                error,
                cancelled,
            } => {
                state.failed(*id, name, error, *cancelled);
            }
        }
    }

    /// Takes the moving part away; what is printed after this stays in order.
    pub fn end(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(screen) = state.screen.take() {
            if let Some(below) = &screen.below {
                below.finish_and_clear();
            }
            screen.bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl State {
    fn planned(&mut self, steps: &[Step]) {
        (self.to_make, self.made, self.began) = (steps.len(), 0, Instant::now());
        let name = |step: &Step| (step.id, step.name.clone());
        self.names = steps.iter().map(name).collect();
        if let Some(screen) = &mut self.screen {
            screen.begin(steps);
        }
    }

    fn started(&mut self, id: DerivationId, name: &str, kind: Kind) {
        if let Some(screen) = &self.screen {
            screen.tree().started(id, kind, Instant::now());
            screen.sum_up();
        }
        let running = Running {
            name: name.into(),
            kind,
        };
        self.running.insert(id, running);
    }

    /// On a terminal alone: it is over when the next line comes.
    fn say(&self, words: &str) {
        if let Some(screen) = &self.screen {
            screen.say(words);
        }
    }

    fn went_on(&self, id: DerivationId, done: u64, total: Option<u64>) {
        if let Some(screen) = &self.screen {
            screen.tree().went_on(id, done, total);
            screen.sum_up();
        }
    }

    /// Nothing that it needs came out otherwise: it is as before.
    fn skipped(&mut self, id: DerivationId, quiet: bool, all: bool) {
        self.count(id);
        if let (None, Some(name), true, false) = (&self.screen, self.names.get(&id), all, quiet) {
            let step = format!("[{}/{}]", self.made, self.to_make);
            self.print(&format!("{step} {name} is as before"));
        }
    }

    fn line(&self, id: DerivationId, line: &str) {
        let name = self
            .running
            .get(&id)
            .map_or("", |running| running.name.as_str());
        self.print(&format!("{} {line}", paint(QUIET, format!("{name}>"))));
    }

    fn finished(&mut self, id: DerivationId, wall: Duration, quiet: bool, all: bool) {
        self.count(id);
        let running = self.running.remove(&id);
        if let (None, Some(running), false) = (&self.screen, running, quiet)
            && (all || running.kind != Kind::Unpack)
        {
            let took = style::duration(wall);
            // What is built once more to be compared is in no plan.
            let step = if self.names.contains_key(&id) {
                format!("[{}/{}] ", self.made, self.to_make)
            } else {
                String::new()
            };
            self.print(&format!(
                "{step}{} {} ({took})",
                done(running.kind),
                running.name
            ));
        }
    }

    fn failed(&mut self, id: DerivationId, name: &str, error: &str, cancelled: bool) {
        self.running.remove(&id);
        if let Some(screen) = &self.screen {
            screen.tree().ended(id);
            screen.sum_up();
        }
        if !cancelled {
            self.print(&format!("{} {name}: {error}", paint(BAD, "failed")));
        }
    }

    fn count(&mut self, id: DerivationId) {
        self.made += 1;
        if let Some(screen) = &self.screen {
            screen.tree().ended(id);
            screen.sum_up();
            screen.bar.set_position(self.made as u64);
        }
    }

    fn print(&self, line: &str) {
        match &self.screen {
            Some(screen) => drop(screen.all.println(line)),
            None => anstream::eprintln!("{line}"),
        }
    }
}

impl Screen {
    fn new() -> Self {
        let all = MultiProgress::new();
        let bar = all.add(ProgressBar::new_spinner());
        bar.set_style(template("{spinner:.green} {wide_msg}"));
        bar.enable_steady_tick(TICK);
        Self {
            all,
            bar,
            below: None,
            tree: Arc::default(),
        }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, words: &str) {
        self.bar.set_message(words.to_owned());
    }

    fn begin(&mut self, steps: &[Step]) {
        *self.tree() = Tree::new(steps);
        self.bar.set_style(template(
            "{spinner:.green} {bar:32.green/dim} {pos}/{len} {elapsed} {msg:.dim}",
        ));
        self.bar.set_length(steps.len() as u64);
        self.bar.set_position(0);
        self.bar.reset_elapsed();
        self.sum_up();
        if self.below.is_none() && !steps.is_empty() {
            let below = self.all.add(ProgressBar::new_spinner());
            below.set_style(template("{tree}").with_key("tree", drawing(self.tree.clone())));
            below.enable_steady_tick(TICK);
            self.below = Some(below);
        }
    }

    fn sum_up(&self) {
        let summary = self.tree().summary();
        self.bar.set_message(summary);
    }
}

/// What draws a tree, for as many lines and columns as the terminal has.
fn drawing(
    tree: Arc<Mutex<Tree>>,
) -> impl Fn(&ProgressState, &mut dyn std::fmt::Write) + Send + Sync + Clone {
    move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        let size = rustix::termios::tcgetwinsize(std::io::stderr());
        let (rows, columns) = size.map_or((24, 80), |size| {
            (usize::from(size.ws_row), usize::from(size.ws_col))
        });
        let tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = tree.lines(Instant::now(), SHOWN.min(rows.saturating_sub(3)));
        let lines = lines
            .iter()
            .map(|line| line.print(columns.saturating_sub(1)));
        let text = lines.collect::<Vec<_>>().join("\n");
        // What can't be drawn now is drawn with the next tick.
        let _ = match anstream::AutoStream::choice(&std::io::stderr()) {
            anstream::ColorChoice::Never => {
                write!(out, "{}", anstream::adapter::strip_str(&text))
            }
            _ => write!(out, "{text}"),
        };
    }
}

/// A style; the templates are constants, and a wrong one only looks plain.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn done(kind: Kind) -> &'static str {
    match kind {
        Kind::Fetch => "fetched",
        Kind::Unpack => "unpacked",
        Kind::Build => "built",
    }
}
