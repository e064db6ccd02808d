//! Carries out a plan on the machine.
//!
//! In: a [`MachinePlan`]. Journal first, then the boot partition, the firmware's variable, the caller's record of the choice;
//! the journal goes last. Stops at the first error and leaves the journal, so that the next command finishes.
//! Chooses nothing.

use crate::error::Error;
use crate::journal::{self, Journal};
use crate::plan::MachinePlan;
use crate::variable;
use cairn_boot::{EspPlan, Step};
use std::path::Path;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// What did not work though the rest does, each with its mend.
    pub warnings: Vec<String>,
}

/// Why the caller could not record the choice.
pub(crate) type CommitError = Box<dyn std::error::Error + Send + Sync>;

/// One thing to do. What a plan means, in order, is [`acts`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act<'a> {
    Begin,
    Write { folder: &'a Path, step: &'a Step },
    ClearVariable,
    Commit,
    End,
}

/// Applies a plan. `commit` records the choice in the store; it is called when the machine boots it.
///
/// Errors: [`Error::Journal`], [`Error::Boot`], [`Error::Commit`]; then [`crate::pending`] tells of it.
pub fn apply(
    plan: &MachinePlan,
    mut commit: impl FnMut() -> Result<(), CommitError>,
) -> Result<Applied, Error> {
    let mut applied = Applied::default();
    for act in acts(plan) {
        carry_out(act, plan, &mut commit, &mut applied)?;
    }
    Ok(applied)
}

/// Everything to do, in order.
pub(crate) fn acts(plan: &MachinePlan) -> Vec<Act<'_>> {
    let mut acts = vec![Act::Begin];
    if let Some(change) = &plan.esp {
        let folder = change.folder.as_path();
        acts.extend(
            change
                .plan
                .steps
                .iter()
                .map(|step| Act::Write { folder, step }),
        );
    }
    if plan.clear_default_variable {
        acts.push(Act::ClearVariable);
    }
    acts.extend([Act::Commit, Act::End]);
    acts
}

pub(crate) fn carry_out(
    act: Act<'_>,
    plan: &MachinePlan,
    commit: &mut dyn FnMut() -> Result<(), CommitError>,
    applied: &mut Applied,
) -> Result<(), Error> {
    let chosen = plan.chosen;
    match act {
        Act::Begin => {
            let lines = plan.to_string().lines().map(str::to_owned).collect();
            let journal = Journal {
                version: 1,
                chosen,
                plan: lines,
            };
            journal.write(&plan.places.root)
        }
        // Each step is durable before the next begins.
        Act::Write { folder, step } => {
            let one = EspPlan {
                steps: vec![step.clone()],
                evicted: Vec::new(),
                warnings: Vec::new(),
                write_bytes: 0,
                remove_bytes: 0,
            };
            Ok(cairn_boot::apply(&one, folder)?)
        }
        Act::ClearVariable => {
            if let Err(error) = variable::clear(&plan.places.variables) {
                applied.warnings.push(format!(
                    "the default entry that the firmware stores can't be removed ({error}), so generation {chosen} does \
                     not boot by itself; remove it with `bootctl set-default \"\"`"
                ));
            }
            Ok(())
        }
        Act::Commit => commit().map_err(|source| Error::Commit { chosen, source }),
        Act::End => journal::forget(&plan.places.root),
    }
}
