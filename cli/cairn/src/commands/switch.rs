//! `cairn switch`: the line of ARCHITECTURE.md, from a configuration to a generation.

use std::path::{Path, PathBuf};
use std::time::Instant;

use cairn_disk::{Generation, Store};
use cairn_graph::Digest;
use cairn_system::session::{read_manifest, read_spec};
use cairn_system::{Evaluated, Locked};
use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::confirm::{Consent, confirm};
use crate::ui::diff::{Contents, SystemDiff};
use crate::ui::progress::Progress;
use crate::ui::report;

/// Evaluates a configuration, builds its system and makes it the default generation
///
/// Shows what changes and asks before it does so. An unchanged configuration makes no new generation.
#[derive(Debug, Args)]
pub struct Switch {
    /// The configuration
    #[arg(
        value_name = "FILE",
        default_value = "/etc/cairn/system.cairn",
        env = "CAIRN_CONFIG"
    )]
    file: PathBuf,
    /// Ends with 77 in place of 0 when nothing changed
    #[arg(long)]
    exit_unchanged: bool,
}

impl Switch {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        match make(context, &self.file)? {
            Exit::Unchanged if !self.exit_unchanged => Ok(Exit::Done),
            exit => Ok(exit),
        }
    }
}

/// The line: makes a generation of a configuration, or says that it is [`Exit::Unchanged`].
pub fn make(context: &Context, file: &Path) -> Ended {
    let began = Instant::now();
    let progress = Progress::new(&context.globals);
    let session = context.session(file);
    let mut held = context.hold("switch")?;

    let evaluated = session.evaluate()?;
    context.show_evaluated(&evaluated);
    let mut locked = session.lock(&evaluated.spec, false, &mut |words| progress.say(words))?;
    let lowered = session.lower(&evaluated, &locked.lock)?;

    let current = Current::of(context)?;
    let diff = current
        .as_ref()
        .map(|current| current.diff(&evaluated, &locked));
    progress.end();
    // Without a difference only the builders may have changed; then what comes out decides, below.
    let same = diff.as_ref().is_some_and(SystemDiff::is_empty);
    if !same {
        show_plan(
            context,
            current.as_ref(),
            diff.as_ref(),
            &evaluated,
            &locked,
        );
    }
    if context.globals.dry_run {
        return if same {
            Ok(unchanged(context))
        } else {
            Ok(Exit::Done)
        };
    }
    let consent = Consent {
        yes: context.globals.yes,
        harmless: current.is_none(),
    };
    if !same && !confirm(&question(current.as_ref()), consent)? {
        return Err(CommandError::Declined);
    }

    session.write_lock(&locked)?;
    let store = context.open_store()?;
    if held.is_none() {
        held = Some(store.lock("switch")?);
    }
    let progress = Progress::new(&context.globals);
    let realised = session.realise(&store, &evaluated, &lowered, &[lowered.system], &|event| {
        progress.event(&event);
    })?;
    progress.end();
    session.settle(&store, &evaluated, &mut locked, &lowered, &realised)?;
    session.write_lock(&locked)?;
    let made = session.made(&store, &lowered, &realised)?;
    if current
        .as_ref()
        .is_some_and(|current| current.generation.system == made.system)
    {
        return Ok(unchanged(context));
    }
    if same
        && !confirm(
            "The same configuration builds another system now. Make a generation of it?",
            consent,
        )?
    {
        return Err(CommandError::Declined);
    }
    let generation = session.register(&store, &made, &locked.lock, "switch")?;
    drop(held);
    let (root, took) = (&context.globals.root, began.elapsed());
    context.tell(report::made(&generation, &made.manifest, file, root, took).trim_end());
    Ok(Exit::Done)
}

fn unchanged(context: &Context) -> Exit {
    context.tell(
        "unchanged: the default generation is what the configuration says; no new one is made",
    );
    Exit::Unchanged
}

/// The default generation, as far as differences need it.
struct Current {
    generation: Generation,
    spec: cairn_spec::SystemSpec,
    manifest: cairn_system::SystemManifest,
}

impl Current {
    /// Nothing before the first generation.
    fn of(context: &Context) -> Result<Option<Self>, CommandError> {
        let Some(store) = context.store_if_there()? else {
            return Ok(None);
        };
        let Some(number) = store.generations().default()? else {
            return Ok(None);
        };
        let generation = context.generation(&store, number)?;
        let spec = read_spec(&store, &generation.system)?;
        let manifest = read_manifest(&store, &generation.system)?;
        Ok(Some(Self {
            generation,
            spec,
            manifest,
        }))
    }

    /// What the configuration changes. Bytes are compared where the lock that the generation was made with is still there.
    fn diff(&self, evaluated: &Evaluated, locked: &Locked) -> SystemDiff {
        let same_lock = |lock: &&cairn_debian::Lock| {
            Some(Digest::of(lock.print().as_bytes())) == self.generation.lock
        };
        let before = locked.before.as_ref().filter(same_lock);
        let bytes = before.and_then(|lock| Contents::planned(&self.spec, lock).bytes);
        let before = Contents {
            bytes,
            ..Contents::made(&self.spec, &self.manifest)
        };
        SystemDiff::between(&before, &Contents::planned(&evaluated.spec, &locked.lock))
    }
}

fn question(current: Option<&Current>) -> String {
    match current {
        Some(_) => "Make a new generation?".into(),
        None => "Make the first generation?".into(),
    }
}

/// Says what is about to be made.
fn show_plan(
    context: &Context,
    current: Option<&Current>,
    diff: Option<&SystemDiff>,
    evaluated: &Evaluated,
    locked: &Locked,
) {
    if let (Some(current), Some(diff)) = (current, diff) {
        let number = current.generation.number;
        let text = diff.text(context.globals.verbose > 0);
        context.tell(&format!(
            "changes from generation {number}\n{}",
            text.trim_end()
        ));
    } else {
        context.tell(report::first(&evaluated.spec, &locked.lock).trim_end());
    }
}

/// Only for its lock.
impl Context {
    /// The store's lock, if there is a store: said early, before anything is fetched. Nothing in a dry run.
    fn hold(&self, command: &str) -> Result<Option<cairn_disk::Lock>, CommandError> {
        if self.globals.dry_run {
            return Ok(None);
        }
        let store: Option<Store> = self.store_if_there()?;
        Ok(store.map(|store| store.lock(command)).transpose()?)
    }
}
