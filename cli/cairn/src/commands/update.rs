//! `cairn update`: the newest packages of the archive.

use std::path::{Path, PathBuf};

use cairn_debian::LockDiff;
use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::confirm::{Consent, confirm};
use crate::ui::progress::Progress;
use crate::ui::style::{self, BAD, CHANGED, GOOD, paint};

/// Reads the archive anew and writes `cairn.lock` with its newest packages, after showing what changes
#[derive(Debug, Args)]
pub struct Update {
    /// The configuration
    #[arg(
        value_name = "FILE",
        default_value = "/etc/cairn/system.cairn",
        env = "CAIRN_CONFIG"
    )]
    file: PathBuf,
}

impl Update {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        Locking {
            file: &self.file,
            refresh: true,
        }
        .run(context)
    }
}

/// What `lock` and `update` have in common.
pub struct Locking<'a> {
    /// The configuration.
    pub file: &'a Path,
    /// Whether nothing is held.
    pub refresh: bool,
}

impl Locking<'_> {
    /// Makes the new lock, shows what changes, writes it.
    pub fn run(&self, context: &Context) -> Ended {
        let session = context.session(self.file);
        let progress = Progress::new(&context.globals);
        let evaluated = session.evaluate()?;
        context.show_evaluated(&evaluated);
        let locked = session.lock(&evaluated, self.refresh, &mut |words| {
            progress.say(words);
        })?;
        progress.end();
        let Some(before) = &locked.before else {
            if !context.globals.dry_run {
                session.write_lock(&locked)?;
            }
            let count = style::count(locked.lock.packages().len(), "package");
            context.tell(&format!("{} locks {count}", session.lock_path().display()));
            return Ok(Exit::Done);
        };
        let diff = before.diff(&locked.lock);
        if locked.before.as_ref() == Some(&locked.lock) {
            context.tell("unchanged: the lock is what the configuration says");
            return Ok(Exit::Done);
        }
        let text = lines(&diff);
        if context.globals.json {
            context.json(&json(&diff))?;
        } else if text.is_empty() {
            context.tell("no package changes; the lock is dated anew");
        } else {
            context.tell(text.trim_end());
        }
        if context.globals.dry_run {
            return Ok(Exit::Done);
        }
        let consent = Consent {
            yes: context.globals.yes,
            harmless: text.is_empty(),
        };
        if !text.is_empty() && !confirm("Write this lock?", consent)? {
            return Err(CommandError::Declined);
        }
        session.write_lock(&locked)?;
        context.tell(&format!(
            "wrote {}; `cairn switch` makes a generation of it",
            session.lock_path().display()
        ));
        Ok(Exit::Done)
    }
}

fn lines(diff: &LockDiff) -> String {
    let mut lines = Vec::new();
    for package in &diff.added {
        lines.push(paint(
            GOOD,
            format!("  + {} {}", package.name, package.version),
        ));
    }
    for package in &diff.removed {
        lines.push(paint(
            BAD,
            format!("  - {} {}", package.name, package.version),
        ));
    }
    for (before, after) in diff.upgraded.iter().chain(&diff.downgraded) {
        lines.push(paint(
            CHANGED,
            format!("  ~ {} {} → {}", before.name, before.version, after.version),
        ));
    }
    lines.join("\n")
}

fn json(diff: &LockDiff) -> serde_json::Value {
    let pairs = |list: &[(cairn_debian::LockedPackage, cairn_debian::LockedPackage)]| -> Vec<_> {
        list.iter()
            .map(|(before, after)| serde_json::json!({ "name": before.name, "before": before.version, "after": after.version }))
            .collect()
    };
    let one = |package: &cairn_debian::LockedPackage| serde_json::json!({ "name": package.name, "version": package.version });
    serde_json::json!({
        "version": 1,
        "added": diff.added.iter().map(one).collect::<Vec<_>>(),
        "removed": diff.removed.iter().map(one).collect::<Vec<_>>(),
        "upgraded": pairs(&diff.upgraded),
        "downgraded": pairs(&diff.downgraded),
    })
}
