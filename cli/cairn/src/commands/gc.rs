//! `cairn gc`: frees what nothing needs.

use std::path::Path;

use cairn_disk::{GcOptions, GcPlan, Timestamp};
use clap::Args;
use serde::Serialize;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::confirm::{Consent, confirm};
use crate::ui::style;

/// Deletes old generations and everything in the store that no generation needs.
///
/// Never deletes the generation that runs, the default, a pinned one or the last good one. Without `--keep` and
/// `--keep-since` every generation stays.
#[derive(Debug, Args)]
pub struct Gc {
    /// Keeps this many of the newest generations
    #[arg(long, value_name = "NUMBER")]
    keep: Option<usize>,
    /// Keeps generations that are younger than this: `7d`, `12h`, `2 weeks`
    #[arg(long, value_name = "TIME")]
    keep_since: Option<String>,
}

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

impl Gc {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        let options = self.options(context)?;
        let lock = store.lock("gc")?;
        let plan = GcPlan::new(&store.snapshot()?, &options)?;
        for warning in &plan.warnings {
            context.warn(warning);
        }
        let report = Report {
            version: 1,
            dry_run: context.globals.dry_run,
            generations: plan.generations.clone(),
            paths: plan
                .paths
                .iter()
                .map(cairn_graph::StorePath::logical)
                .collect(),
            trees: plan.trees.len(),
            objects: plan.objects.len(),
            bytes: plan.bytes,
        };
        if !context.globals.dry_run && !plan.is_empty() {
            if !plan.generations.is_empty() {
                let question = format!(
                    "Delete {} and free {}?",
                    generations(&plan),
                    style::bytes(plan.bytes)
                );
                if !confirm(
                    &question,
                    Consent {
                        yes: context.globals.yes,
                        harmless: false,
                    },
                )? {
                    return Err(CommandError::Declined);
                }
            }
            store.apply(&lock, &plan)?;
        }
        // What an interrupted collection left in the trash goes too; others may work meanwhile.
        drop(lock);
        if !context.globals.dry_run {
            store.empty_trash()?;
        }
        if context.globals.json {
            return context.json(&report);
        }
        show(context, &plan);
        Ok(Exit::Done)
    }

    fn options(&self, context: &Context) -> Result<GcOptions, CommandError> {
        let keep_since = self.keep_since.as_deref().map(since).transpose()?;
        let also_generations = bootable(&context.globals.root)?;
        Ok(GcOptions {
            keep: self.keep,
            keep_since,
            also_generations,
            ..GcOptions::default()
        })
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

/// The generations that the boot menu of this machine really lists.
fn bootable(root: &Path) -> Result<Vec<u64>, CommandError> {
    let mut found = Vec::new();
    for folder in ["efi", "boot/efi", "boot"] {
        let folder = root.join(folder);
        if folder.join(cairn_boot::ENTRIES).is_dir() {
            let observed = cairn_boot::observe(&folder)?;
            found.extend(
                observed
                    .entries()
                    .map(|(name, _)| u64::from(name.generation)),
            );
        }
    }
    Ok(found)
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
        for path in &plan.paths {
            context.tell(&format!("  {path}"));
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
