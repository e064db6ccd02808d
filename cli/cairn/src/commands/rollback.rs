//! `cairn rollback`: an older state again.

use clap::Args;

use super::Ended;
use super::generations::{Listed, all};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::confirm::{Consent, confirm};

/// Makes an older generation the default: no network, no evaluation, no build.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The generation to go to; the one before the default without this
    #[arg(long, value_name = "NUMBER")]
    to: Option<u64>,
}

impl Rollback {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let listed = all(context, &store)?;
        let current = listed.iter().find(|one| one.default).map(|one| one.number);
        let target = target(&listed, current, self.to)?;
        if current == Some(target) {
            context.tell(&format!(
                "generation {target} is the default already; nothing is changed"
            ));
            return Ok(Exit::Done);
        }
        if let Some(current) = current {
            let diff = super::diff::between(context, &store, current, target)?;
            let text = diff.text(context.globals.verbose > 0);
            context.tell(&format!(
                "generation {current} → {target}\n{}",
                text.trim_end()
            ));
        }
        if context.globals.dry_run {
            context.tell(&format!("would make generation {target} the default"));
            return Ok(Exit::Done);
        }
        let consent = Consent {
            yes: context.globals.yes,
            harmless: false,
        };
        if !confirm(&format!("Make generation {target} the default?"), consent)? {
            return Err(CommandError::Declined);
        }
        let _lock = store.lock("rollback")?;
        store.generations().set_default(target)?;
        context.tell(&format!("generation {target} is the default now"));
        Ok(Exit::Done)
    }
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
