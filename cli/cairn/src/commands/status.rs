//! `cairn status`: what runs, what boots next, what there is.

use clap::Args;
use serde::Serialize;

use super::Ended;
use super::generations::{Listed, all};
use crate::context::Context;
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
    generations: usize,
    store_bytes: u64,
    busy: Option<String>,
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
            generations: 0,
            store_bytes: 0,
            busy: None,
        };
        if let Some(store) = context.store_if_there()? {
            let listed = all(context, &store)?;
            report.generations = listed.len();
            report.booted = listed.iter().find(|one| one.booted).cloned();
            report.default = listed.iter().find(|one| one.default).cloned();
            let snapshot = store.snapshot()?;
            report.store_bytes = snapshot
                .objects
                .iter()
                .map(|object| object.size)
                .sum::<u64>()
                + snapshot.trees.iter().map(|tree| tree.size).sum::<u64>();
            report.busy = match store.lock("status") {
                Err(cairn_disk::Error::Busy { pid, command }) => {
                    Some(format!("{command} (process {pid})"))
                }
                Ok(_) => None,
                Err(error) => return Err(error.into()),
            };
        }
        if context.globals.json {
            return context.json(&report);
        }
        show(context, &report)
    }
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
    let rows = [
        ("root", report.root.clone()),
        ("booted", one(&report.booted)),
        ("default", one(&report.default)),
        (
            "store",
            format!(
                "{}, {}",
                style::count(report.generations, "generation"),
                style::bytes(report.store_bytes)
            ),
        ),
        ("busy", report.busy.clone().unwrap_or_else(|| "no".into())),
    ];
    for (name, value) in rows {
        context.data(&format!("{} {value}\n", paint(QUIET, format!("{name:<8}"))))?;
    }
    Ok(Exit::Done)
}
