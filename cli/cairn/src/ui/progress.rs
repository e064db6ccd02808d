//! What is going on, while it is going on.
//!
//! In: words of a stage, events of the scheduler. Out: on a terminal a bar and a line for each thing that is being made;
//! elsewhere a plain line for each thing that was made. All on stderr; never more than a few lines a second on a terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cairn_build::{Event, Kind};
use cairn_graph::DerivationId;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::style::{self, BAD, GOOD, QUIET, paint};
use crate::arguments::Globals;

/// At most so many lines below the bar.
const SHOWN: usize = 8;

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
    to_make: usize,
    made: usize,
    began: Instant,
}

/// The moving part of a terminal.
struct Screen {
    all: MultiProgress,
    bar: ProgressBar,
    rows: BTreeMap<DerivationId, ProgressBar>,
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
            Event::Planned { to_make, .. } => state.planned(to_make.len()),
            Event::Started { id, name, kind, .. } => state.started(*id, name, *kind),
            Event::Progress { id, done, total } => state.went_on(*id, *done, *total),
            Event::Line { id, line } if self.lines => state.line(*id, line),
            Event::Line { .. } => {}
            Event::Finished { id, wall, .. } => state.finished(*id, *wall, self.quiet, self.all),
            Event::Skipped { .. } => state.count(),
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
            screen.bar.finish_and_clear();
            for row in screen.rows.values() {
                row.finish_and_clear();
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl State {
    fn planned(&mut self, to_make: usize) {
        (self.to_make, self.made, self.began) = (to_make, 0, Instant::now());
        if let Some(screen) = &self.screen {
            screen.begin(to_make as u64);
        }
    }

    fn started(&mut self, id: DerivationId, name: &str, kind: Kind) {
        if let Some(screen) = &mut self.screen {
            screen.open(id, kind, name);
        }
        let running = Running {
            name: name.into(),
            kind,
        };
        self.running.insert(id, running);
    }

    fn went_on(&self, id: DerivationId, done: u64, total: Option<u64>) {
        let (Some(screen), Some(running)) = (&self.screen, self.running.get(&id)) else {
            return;
        };
        if let Some(row) = screen.rows.get(&id) {
            let of = total
                .map(|total| format!(" of {}", style::bytes(total)))
                .unwrap_or_default();
            let far = paint(QUIET, format!("{}{of}", style::bytes(done)));
            row.set_message(format!("{} {} {far}", doing(running.kind), running.name));
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
        self.count();
        let running = self.running.remove(&id);
        if let Some(screen) = &mut self.screen {
            screen.close(id);
        } else if let (Some(running), false) = (running, quiet)
            && (all || running.kind != Kind::Unpack)
        {
            let took = style::duration(wall);
            let step = format!("[{}/{}]", self.made, self.to_make);
            self.print(&format!(
                "{step} {} {} ({took})",
                done(running.kind),
                running.name
            ));
        }
    }

    fn failed(&mut self, id: DerivationId, name: &str, error: &str, cancelled: bool) {
        self.running.remove(&id);
        if let Some(screen) = &mut self.screen {
            screen.close(id);
        }
        if !cancelled {
            self.print(&format!("{} {name}: {error}", paint(BAD, "failed")));
        }
    }

    fn count(&mut self) {
        self.made += 1;
        if let Some(screen) = &self.screen {
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
        bar.enable_steady_tick(Duration::from_millis(120));
        Self {
            all,
            bar,
            rows: BTreeMap::new(),
        }
    }

    fn say(&self, words: &str) {
        self.bar.set_message(words.to_owned());
    }

    fn begin(&self, steps: u64) {
        self.bar.set_style(template(
            "{spinner:.green} {bar:32.green/dim} {pos}/{len} {msg} {elapsed:.dim}",
        ));
        self.bar.set_length(steps);
        self.bar.set_position(0);
        self.bar.set_message("");
    }

    fn open(&mut self, id: DerivationId, kind: Kind, name: &str) {
        if self.rows.len() >= SHOWN {
            return;
        }
        let row = self.all.add(ProgressBar::new_spinner());
        row.set_style(template("  {spinner:.dim} {wide_msg}"));
        row.enable_steady_tick(Duration::from_millis(120));
        row.set_message(format!("{} {name}", doing(kind)));
        self.rows.insert(id, row);
    }

    fn close(&mut self, id: DerivationId) {
        if let Some(row) = self.rows.remove(&id) {
            row.finish_and_clear();
        }
    }
}

/// A style; the templates are constants, and a wrong one only looks plain.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn doing(kind: Kind) -> String {
    paint(
        GOOD,
        match kind {
            Kind::Fetch => "fetching",
            Kind::Unpack => "unpacking",
            Kind::Build => "building",
        },
    )
}

fn done(kind: Kind) -> &'static str {
    match kind {
        Kind::Fetch => "fetched",
        Kind::Unpack => "unpacked",
        Kind::Build => "built",
    }
}
