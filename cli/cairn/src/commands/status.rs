//! `cairn status`: what runs, what boots next, what there is. Changes nothing.

use cairn_disk::Store;
use cairn_system::machine_switch;
use clap::Args;
use serde::Serialize;

use super::Ended;
use super::generations::{Listed, all};
use crate::context::Context;
use crate::error::{CommandError, on_one_line};
use crate::exit::Exit;
use crate::ui::report;
use crate::ui::style::{self, QUIET, paint};

/// Says which generation runs, which boots next and how much there is in the store.
#[derive(Debug, Args)]
pub struct Status {}

/// What programs read.
#[derive(Debug, Serialize)]
struct Report {
    version: u32,
    root: String,
    booted: Option<Listed>,
    default: Option<Listed>,
    /// Of the machine that runs; nothing for a folder.
    machine: Option<Machine>,
    generations: usize,
    store_bytes: u64,
    busy: Option<String>,
}

/// The machine that runs.
#[derive(Debug, Default, Serialize)]
struct Machine {
    /// Whether Cairn booted it.
    is_ours: bool,
    /// The generation that boots next if no key is pressed.
    boots_next: Option<u64>,
    /// Whether it went back by itself: the default failed, an older one runs.
    fell_back: bool,
    /// The generation of a switch that was interrupted.
    pending: Option<u32>,
    /// Whether the store says of every generation what the boot loader found out.
    states_recorded: bool,
    /// What could not be found out.
    problems: Vec<String>,
}

impl Status {
    /// Does it.
    #[expect(clippy::unused_self, reason = "every command is run in the same way")]
    pub fn run(&self, context: &Context) -> Ended {
        let root = context.globals.root.display().to_string();
        let mut report = Report {
            version: 1,
            root,
            booted: None,
            default: None,
            machine: None,
            generations: 0,
            store_bytes: 0,
            busy: None,
        };
        if let Some(store) = context.store_if_there()? {
            let listed = all(context, &store)?;
            report.generations = listed.len();
            report.booted = listed.iter().find(|one| one.booted).cloned();
            report.default = listed.iter().find(|one| one.default).cloned();
            report.machine = machine(context, &store, &report)?;
            let snapshot = store.snapshot()?;
            report.store_bytes = snapshot
                .objects
                .iter()
                .map(|object| object.size)
                .sum::<u64>()
                + snapshot.trees.iter().map(|tree| tree.size).sum::<u64>();
            report.busy = busy(&store)?;
        }
        if context.globals.json {
            return context.json(&report);
        }
        show(context, &report)
    }
}

/// Who holds the store's lock; nobody that we know of where it may not be looked at.
fn busy(store: &Store) -> Result<Option<String>, CommandError> {
    match store.lock("status") {
        Err(cairn_disk::Error::Busy { pid, command }) => {
            Ok(Some(format!("{command} (process {pid})")))
        }
        Err(cairn_disk::Error::Io { source, .. })
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            Ok(None)
        }
        Ok(_) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn machine(
    context: &Context,
    store: &Store,
    report: &Report,
) -> Result<Option<Machine>, CommandError> {
    let mut machine = Machine::default();
    let observed = match machine_switch::look(&context.globals.root) {
        Ok(None) => return Ok(None),
        Ok(Some(observed)) => Some(observed),
        Err(error) => {
            machine.problems.push(on_one_line(&error));
            None
        }
    };
    match cairn_activation::pending(&context.globals.root) {
        Ok(journal) => machine.pending = journal.map(|journal| journal.chosen),
        Err(error) => machine.problems.push(on_one_line(&error)),
    }
    if let Some(observed) = observed {
        let default = report.default.as_ref().map(|one| one.number);
        machine.is_ours = observed.booted.is_some();
        machine.boots_next = machine_switch::boots_next(&observed, default);
        machine.states_recorded = machine_switch::state_changes(store, &observed)?.is_empty();
        if let (true, Err(error)) = (machine.is_ours, observed.esp_to_write()) {
            machine.problems.push(error.to_string());
        }
    }
    machine.fell_back = match (&report.booted, &report.default) {
        (Some(booted), Some(default)) => {
            booted.number != default.number && default.state == "failed"
        }
        _ => false,
    };
    Ok(Some(machine))
}

fn show(context: &Context, report: &Report) -> Ended {
    let one = |listed: &Option<Listed>| match listed {
        Some(one) => {
            format!(
                "generation {} of {}, {}, {}",
                one.number,
                report::local_time(&one.date),
                one.state,
                one.path
            )
        }
        None => "none".into(),
    };
    let mut rows = vec![
        ("root", report.root.clone()),
        ("booted", one(&report.booted)),
        ("default", one(&report.default)),
    ];
    if let Some(machine) = &report.machine {
        rows.extend(machine.rows(report));
    }
    rows.extend([
        (
            "store",
            format!(
                "{}, {}",
                style::count(report.generations, "generation"),
                style::bytes(report.store_bytes)
            ),
        ),
        ("busy", report.busy.clone().unwrap_or_else(|| "no".into())),
    ]);
    for (name, value) in rows {
        context.data(&format!("{} {value}\n", paint(QUIET, format!("{name:<8}"))))?;
    }
    Ok(Exit::Done)
}

impl Machine {
    fn rows(&self, report: &Report) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if !self.is_ours && self.problems.is_empty() {
            rows.push(("machine", "it was not booted by Cairn".into()));
        }
        let booted = report.booted.as_ref().map(|one| one.number);
        if let Some(next) = self.boots_next {
            let words = if Some(next) == booted {
                format!("generation {next}, which runs")
            } else {
                format!("generation {next}, after a reboot")
            };
            rows.push(("next", words));
        }
        if let (true, Some(booted), Some(default)) = (self.fell_back, booted, &report.default) {
            let number = default.number;
            let why = default.why.as_deref().unwrap_or("it did not come up");
            rows.push((
                "note",
                format!(
                    "the machine went back to generation {booted} by itself: generation {number} failed ({why}); \
                     `cairn rollback --to {booted}` makes that the default"
                ),
            ));
        }
        if let Some(pending) = self.pending {
            rows.push((
                "pending",
                format!(
                    "a switch to generation {pending} was interrupted; `cairn switch` finishes it, \
                     `cairn rollback --to NUMBER` chooses anew"
                ),
            ));
        }
        if self.is_ours {
            let words = if self.states_recorded {
                "what the boot loader found out is recorded"
            } else {
                "the next command that changes something records what the boot loader found out"
            };
            rows.push(("states", words.into()));
        }
        let problems = self.problems.iter();
        rows.extend(problems.map(|problem| ("problem", problem.clone())));
        rows
    }
}
