//! The machine that runs, as far as commands have to do with it; a root that is a folder has none.
//!
//! In: a store, its lock, plans of `cairn_system::machine_switch`. Out: their application, and what a person is told of it.
//! Decides nothing about the machine.

use std::path::Path;

use cairn_activation::{MachinePlan, Observed, Places};
use cairn_boot::Step;
use cairn_disk::{Layout, Lock, Store};
use cairn_sys::own_mounts::{OwnMountsError, make_writable};
use cairn_system::machine_switch::{self, StateChange};

use crate::context::Context;
use crate::error::{CommandError, on_one_line};
use crate::ui::report;

/// Opens the store of the machine that runs for this process alone; the initrd closed it. To be called before any thread starts.
pub fn open_store_for_writing(root: &Path) -> Result<(), OwnMountsError> {
    if Places::of(root).is_none() {
        return Ok(());
    }
    let layout = Layout::new(root);
    make_writable(&[&layout.store(), &layout.objects()]).map(drop)
}

/// What comes before any change: what was interrupted is finished, what the boot loader found out is written down.
///
/// An interrupted switch that can't be finished is a warning: what is chosen next takes its place.
pub fn begin(context: &Context, store: &Store, lock: &Lock) -> Result<(), CommandError> {
    match machine_switch::finish(store, lock) {
        Ok(None) => {}
        Ok(Some((number, applied))) => {
            context.tell(&format!(
                "an interrupted switch is finished now: generation {number} boots next"
            ));
            warn(context, &applied.warnings);
        }
        Err(error) => context.warn(&format!(
            "an interrupted switch can't be finished: {}",
            on_one_line(&error)
        )),
    }
    take_over_states(context, store, lock)
}

/// Writes down what the boot loader found out about generations.
pub fn take_over_states(context: &Context, store: &Store, lock: &Lock) -> Result<(), CommandError> {
    // Without a boot partition nothing is known; that is no reason not to collect.
    let Some(machine) = machine_switch::look(&context.globals.root)? else {
        return Ok(());
    };
    for change in machine_switch::sync_states(store, lock, &machine)? {
        context.tell(&said(&change));
    }
    Ok(())
}

/// What the boot loader found out and the store does not say yet. Who may not read the boot partition is not told of it.
pub fn found_out(context: &Context, store: &Store) -> Result<Vec<StateChange>, CommandError> {
    match machine_switch::look(&context.globals.root) {
        Ok(Some(machine)) => Ok(machine_switch::state_changes(store, &machine)?),
        Ok(None) => Ok(Vec::new()),
        Err(error) => {
            context.warn(&format!(
                "what the boot loader knows is left out: {}",
                on_one_line(&error)
            ));
            Ok(Vec::new())
        }
    }
}

/// What the boot loader found out, in words.
fn said(change: &StateChange) -> String {
    let number = change.number;
    match report::state(&change.state) {
        ("good", _) => format!("generation {number} booted well"),
        (_, Some(why)) => format!("generation {number} failed to boot: {why}"),
        (state, None) => format!("generation {number} is {state}"),
    }
}

/// Shows what is about to happen to the machine.
pub fn show(context: &Context, plan: &MachinePlan) {
    let text = plan.to_string();
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    context.tell(&format!("on this machine\n{}", lines.join("\n")));
}

/// Whether a plan changes nothing that boots. The list of our own files may be behind: the boot loader renames entries.
pub fn boots_the_same(plan: &MachinePlan) -> bool {
    let is_of_the_list =
        |step: &Step| matches!(step, Step::Write { path, .. } if path == cairn_boot::MANIFEST);
    let esp = plan.esp.as_ref();
    let only_the_list = esp.is_none_or(|esp| esp.plan.steps.iter().all(is_of_the_list));
    only_the_list && !plan.clear_default_variable
}

/// Applies a plan to the machine and makes its generation the default.
pub fn apply(
    context: &Context,
    store: &Store,
    lock: &Lock,
    plan: &MachinePlan,
) -> Result<(), CommandError> {
    let applied = machine_switch::apply(store, lock, plan)?;
    warn(context, &applied.warnings);
    Ok(())
}

fn warn(context: &Context, warnings: &[String]) {
    for warning in warnings {
        context.warn(warning);
    }
}

/// What can be said of a switch before anything is built.
pub fn foresee(machine: &Observed) -> String {
    let folder = machine.esp.as_ref().map(|esp| esp.folder.display());
    let folder = folder.map_or_else(String::new, |folder| format!(" at {folder}"));
    let runs = machine.booted.as_ref().and_then(|booted| booted.generation);
    let stays = runs.map_or_else(String::new, |number| {
        format!("; generation {number}, which runs, stays in the menu")
    });
    format!(
        "on this machine\n  the new generation would be written to the boot partition{folder}{stays}\n  \
         whether it needs a reboot is known when it is built"
    )
}

/// Whether and why a reboot is needed, and the way back, for the end of a command.
pub fn ending(plan: &MachinePlan) -> String {
    match &plan.reboot {
        Some(reboot) => reboot.to_string(),
        None => format!(
            "generation {} runs already: no reboot is needed",
            plan.chosen
        ),
    }
}
