//! `cairn gc`: frees what nothing needs.

use cairn_activation::{MachinePlan, Observed};
use cairn_disk::{GcOptions, GcPlan, Store, Timestamp};
use cairn_system::machine_switch;
use clap::Args;
use serde::Serialize;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::machine;
use crate::ui::confirm::{Consent, confirm};
use crate::ui::style;

/// Deletes old generations and everything in the store that no generation needs.
///
/// Never deletes the generation that runs, the default, a pinned one or the last good one. Without `--keep` and
/// `--keep-since` every generation stays. Builds may go on beside it: what they need stays. On the machine that runs (root `/`) they leave the boot menu first.
#[derive(Debug, Args)]
pub struct Gc {
    /// Keeps this many of the newest generations
    #[arg(long, value_name = "NUMBER")]
    keep: Option<usize>,
    /// Keeps generations that are younger than this: `7d`, `12h`, `2 weeks`
    #[arg(long, value_name = "TIME")]
    keep_since: Option<String>,
}

/// Warnings that are shown one by one.
const WARNINGS: usize = 5;

/// What programs read.
#[derive(Debug, Serialize)]
struct Report {
    version: u32,
    dry_run: bool,
    generations: Vec<u64>,
    paths: Vec<String>,
    trees: usize,
    objects: usize,
    bytes: u64,
}

/// What is about to happen: asked about, then done if it is still the same.
#[derive(Debug, PartialEq)]
struct Plan {
    store: GcPlan,
    /// What takes the generations that go out of the boot menu, before they go.
    machine: Option<MachinePlan>,
}

impl Gc {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let running = machine_switch::look(&context.globals.root)?;
        let dry_run = context.globals.dry_run;
        let mut agreed = None;
        let plan = loop {
            // Nobody waits for the lock while a person thinks. Without it others switch meanwhile: no generation goes then,
            // and no switch that was interrupted is finished.
            let unfinished = !dry_run
                && is_ours(running.as_ref())
                && !matches!(cairn_activation::pending(&context.globals.root), Ok(None));
            let locks = self.deletes_generations() || unfinished;
            let lock = locks.then(|| store.lock("gc")).transpose()?;
            let contents = (!dry_run).then(|| store.lock_contents("gc"));
            let contents = contents.transpose()?;
            if let Some(lock) = &lock
                && !dry_run
                && agreed.is_none()
                && is_ours(running.as_ref())
            {
                machine::begin(context, &store, lock)?;
            }
            let plan = self.plan(&store, running.as_ref(), dry_run)?;
            let goes_ahead = context.globals.yes
                || plan.store.generations.is_empty()
                || agreed.as_ref() == Some(&plan);
            if dry_run || plan.store.is_empty() || goes_ahead {
                warn(context, &plan.store.warnings);
                if agreed.is_none() {
                    show_machine(context, &plan);
                }
                if dry_run || plan.store.is_empty() {
                    break plan;
                }
                if let (Some(plan), Some(lock)) = (&plan.machine, &lock) {
                    machine::apply(context, &store, lock, plan)?;
                }
                // Decided again while nobody puts anything: others may have begun to rely on what was to go.
                let collecting = store.collecting()?;
                let now = self.store_plan(&store, running.as_ref(), false)?;
                store.apply(&collecting, &now)?;
                break Plan { store: now, ..plan };
            }
            drop((lock, contents));
            show_machine(context, &plan);
            ask(&plan.store)?;
            agreed = Some(plan);
        };
        // What an interrupted collection left in the trash goes too; others may work meanwhile.
        if !dry_run {
            store.empty_trash()?;
        }
        if context.globals.json {
            return context.json(&Report::of(&plan.store, dry_run));
        }
        show(context, &plan.store);
        Ok(Exit::Done)
    }

    fn deletes_generations(&self) -> bool {
        self.keep.is_some() || self.keep_since.is_some()
    }

    fn plan(
        &self,
        store: &Store,
        running: Option<&Observed>,
        only_shown: bool,
    ) -> Result<Plan, CommandError> {
        let plan = self.store_plan(store, running, only_shown)?;
        let machine = if plan.generations.is_empty() || !is_ours(running) {
            None
        } else {
            machine_switch::machine_plan_without(store, &plan.generations)?
        };
        Ok(Plan {
            store: plan,
            machine,
        })
    }

    /// What goes; what is `only_shown` and not done may rely on the index.
    fn store_plan(
        &self,
        store: &Store,
        running: Option<&Observed>,
        only_shown: bool,
    ) -> Result<GcPlan, CommandError> {
        let mut also_generations = Vec::new();
        if let Some(machine) = running {
            // Its number may be another one than its label on the command line.
            also_generations.extend(machine_switch::running_generation(store, machine)?);
        }
        let options = GcOptions {
            keep: self.keep,
            keep_since: self.keep_since.as_deref().map(since).transpose()?,
            also_generations,
            ..GcOptions::default()
        };
        let snapshot = if only_shown {
            store.overview()
        } else {
            store.snapshot()
        };
        Ok(GcPlan::new(&snapshot?, &options)?)
    }
}

/// Whether Cairn booted the machine: there is a boot menu of generations.
fn is_ours(running: Option<&Observed>) -> bool {
    running.is_some_and(|machine| machine.booted.is_some())
}

fn show_machine(context: &Context, plan: &Plan) {
    if let Some(plan) = &plan.machine {
        machine::show(context, plan);
    }
}

/// Shows some of the warnings: a disk that was written without what its systems were made of gives one for each package.
fn warn(context: &Context, warnings: &[String]) {
    let shown = if context.globals.verbose > 0 {
        warnings.len()
    } else {
        WARNINGS
    };
    for warning in warnings.iter().take(shown) {
        context.warn(warning);
    }
    if warnings.len() > shown {
        let more = style::count(warnings.len() - shown, "warning");
        context.warn(&format!("{more} more; `-v` shows all"));
    }
}

fn ask(plan: &GcPlan) -> Result<(), CommandError> {
    let question = format!(
        "Delete {} and free {}?",
        generations(plan),
        style::bytes(plan.bytes)
    );
    let consent = Consent {
        yes: false,
        harmless: false,
    };
    if confirm(&question, consent)? {
        Ok(())
    } else {
        Err(CommandError::Declined)
    }
}

impl Report {
    fn of(plan: &GcPlan, dry_run: bool) -> Self {
        Self {
            version: 1,
            dry_run,
            generations: plan.generations.clone(),
            paths: plan
                .paths
                .iter()
                .map(cairn_graph::StorePath::logical)
                .collect(),
            trees: plan.trees.len(),
            objects: plan.objects.len(),
            bytes: plan.bytes,
        }
    }
}

/// The time that lies this long before now.
fn since(text: &str) -> Result<Timestamp, CommandError> {
    let wrong = |source| CommandError::Span {
        text: text.into(),
        source,
    };
    let span: jiff::Span = text.parse().map_err(wrong)?;
    let now = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    Ok(now.checked_sub(span).map_err(wrong)?.timestamp())
}

fn generations(plan: &GcPlan) -> String {
    let numbers: Vec<String> = plan.generations.iter().map(u64::to_string).collect();
    match numbers.len() {
        0 => "no generation".into(),
        1 => format!("generation {}", numbers[0]),
        _ => format!("generations {}", numbers.join(", ")),
    }
}

fn show(context: &Context, plan: &GcPlan) {
    let would = if context.globals.dry_run {
        "would delete"
    } else {
        "deleted"
    };
    if plan.is_empty() {
        context.tell("nothing to delete: everything in the store is needed");
        return;
    }
    if context.globals.verbose > 0 || context.globals.dry_run {
        // At once: there may be tens of thousands.
        let paths: Vec<String> = plan.paths.iter().map(|path| format!("  {path}")).collect();
        if !paths.is_empty() {
            context.tell(&paths.join("\n"));
        }
    }
    let counts = [
        generations(plan),
        style::count(plan.paths.len(), "store path"),
        style::count(plan.objects.len(), "file"),
    ];
    context.tell(&format!(
        "{would} {}: {} freed",
        counts.join(", "),
        style::bytes(plan.bytes)
    ));
}

#[cfg(test)]
mod tests {
    use super::since;
    use cairn_disk::Timestamp;

    #[test]
    fn a_length_of_time_counts_back_from_now() {
        let days = since("7d").unwrap();
        let seconds = Timestamp::now().as_second() - days.as_second();
        assert!((7 * 86400..7 * 86400 + 60).contains(&seconds), "{seconds}");
        assert!(since("12h").is_ok() && since("2 weeks").is_ok());
        assert!(since("soon").is_err());
    }
}
