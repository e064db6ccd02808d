//! `cairn rollback`: an older state again, on the machine that runs with its boot menu.

use cairn_activation::MachinePlan;
use cairn_disk::{Lock, Store};
use cairn_system::machine_switch;
use clap::Args;

use super::Ended;
use super::generations::{Listed, all};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::machine;
use crate::ui::confirm::{Consent, confirm};

/// Makes an older generation the default: no network, no evaluation, no build
///
/// On the machine that runs (root `/`) the boot menu is written, so that the older generation boots next.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The generation to go to; the one before the default without this
    #[arg(long, value_name = "NUMBER")]
    to: Option<u64>,
}

/// What is about to happen: asked about, then done if it is still the same.
#[derive(Debug, PartialEq)]
struct Plan {
    target: u64,
    machine: Option<MachinePlan>,
    /// There is nothing to do.
    is_done: bool,
}

impl Rollback {
    /// To any generation, older or newer.
    pub fn to(number: u64) -> Self {
        Self { to: Some(number) }
    }

    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        machine_switch::machine(&context.globals.root)?;
        let mut agreed = None;
        loop {
            // Nobody waits for the lock while a person thinks.
            let lock = if context.globals.dry_run {
                None
            } else {
                Some(store.lock("rollback")?)
            };
            // What was interrupted is not finished first: this choice takes its place.
            if let Some(lock) = &lock {
                machine::take_over_states(context, &store, lock)?;
            }
            let listed = all(context, &store)?;
            let current = listed.iter().find(|one| one.default).map(|one| one.number);
            let plan = self.plan(&store, &listed, current)?;
            if let Some(lock) = &lock
                && agreed.as_ref() == Some(&plan)
            {
                return apply(context, &store, lock, &plan);
            }
            if plan.is_done {
                let target = plan.target;
                context.tell(&format!(
                    "generation {target} is the default already; nothing is changed"
                ));
                return Ok(Exit::Done);
            }
            show(context, &store, current, &plan)?;
            let Some(lock) = lock else {
                let target = plan.target;
                context.tell(&format!("would make generation {target} the default"));
                return Ok(Exit::Done);
            };
            if context.globals.yes {
                return apply(context, &store, &lock, &plan);
            }
            drop(lock);
            let question = format!("Make generation {} the default?", plan.target);
            let consent = Consent {
                yes: false,
                harmless: false,
            };
            if !confirm(&question, consent)? {
                return Err(CommandError::Declined);
            }
            agreed = Some(plan);
        }
    }

    fn plan(
        &self,
        store: &Store,
        listed: &[Listed],
        current: Option<u64>,
    ) -> Result<Plan, CommandError> {
        let target = target(listed, current, self.to)?;
        let machine = machine_switch::machine_plan(store, target)?;
        let pending = match &machine {
            // One that can't be read is pending, too: it is overwritten.
            Some(plan) => !matches!(cairn_activation::pending(&plan.places.root), Ok(None)),
            None => false,
        };
        let is_done = current == Some(target)
            && !pending
            && machine.as_ref().is_none_or(machine::boots_the_same);
        Ok(Plan {
            target,
            machine,
            is_done,
        })
    }
}

/// Shows what changes.
fn show(
    context: &Context,
    store: &Store,
    current: Option<u64>,
    plan: &Plan,
) -> Result<(), CommandError> {
    let target = plan.target;
    if let Some(current) = current.filter(|current| *current != target) {
        let diff = super::diff::between(context, store, current, target)?;
        let text = diff.text(context.globals.verbose > 0);
        context.tell(&format!(
            "generation {current} → {target}\n{}",
            text.trim_end()
        ));
    }
    if let Some(plan) = &plan.machine {
        machine::show(context, plan);
    }
    Ok(())
}

fn apply(context: &Context, store: &Store, lock: &Lock, plan: &Plan) -> Ended {
    let target = plan.target;
    let before = store.generations().default()?;
    match &plan.machine {
        Some(machine) => machine::apply(context, store, lock, machine)?,
        None => store.generations().set_default(target)?,
    }
    context.tell(&format!("generation {target} is the default now"));
    if let Some(machine) = &plan.machine {
        context.tell(&machine::ending(machine));
        if machine.reboot.is_some() {
            context.tell("next\n  systemctl reboot");
        }
        if let Some(before) = before.filter(|before| *before != target) {
            context.tell(&format!("  cairn rollback --to {before}  takes this back"));
        }
    }
    Ok(Exit::Done)
}

/// The generation to go to. Errors: there is no such generation, or none before the default.
fn target(listed: &[Listed], current: Option<u64>, to: Option<u64>) -> Result<u64, CommandError> {
    let known: Vec<u64> = listed.iter().map(|one| one.number).collect();
    match to {
        Some(number) if known.contains(&number) => Ok(number),
        Some(number) => Err(CommandError::NoGeneration { number, known }),
        None => {
            let current = current.unwrap_or(u64::MAX);
            // What failed is no way back.
            let older = listed
                .iter()
                .rev()
                .find(|one| one.number < current && one.state != "failed");
            older
                .map(|one| one.number)
                .ok_or(CommandError::NothingOlder)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(number: u64, state: &'static str) -> Listed {
        Listed {
            number,
            path: String::new(),
            date: String::new(),
            state,
            why: None,
            default: false,
            booted: false,
            pinned: false,
            description: String::new(),
            config: String::new(),
        }
    }

    #[test]
    fn goes_to_the_newest_older_one_that_did_not_fail() {
        let all = [
            listed(1, "good"),
            listed(2, "failed"),
            listed(4, "pending"),
            listed(5, "pending"),
        ];
        assert_eq!(target(&all, Some(5), None).unwrap(), 4);
        assert_eq!(target(&all, Some(4), None).unwrap(), 1);
        assert!(matches!(
            target(&all, Some(1), None),
            Err(CommandError::NothingOlder)
        ));
        assert_eq!(target(&all, Some(5), Some(2)).unwrap(), 2);
        assert!(matches!(
            target(&all, Some(5), Some(3)),
            Err(CommandError::NoGeneration { .. })
        ));
    }
}
