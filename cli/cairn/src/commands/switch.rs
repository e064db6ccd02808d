//! `cairn switch`: the line of ARCHITECTURE.md, from a configuration to a generation, and to the machine that runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use cairn_activation::{MachinePlan, Places};
use cairn_build::Elsewhere;
use cairn_disk::{Generation, GenerationState, Lock, Store};
use cairn_graph::Digest;
use cairn_system::machine_switch::{self, MachineError};
use cairn_system::session::{read_manifest, read_spec};
use cairn_system::{Evaluated, Locked};
use clap::Args;

use super::Ended;
use super::eval::default_file;
use super::rollback::Rollback;
use crate::caches::CachedSteps;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::machine;
use crate::ui::confirm::{Consent, confirm};
use crate::ui::diff::{Contents, SystemDiff};
use crate::ui::progress::Progress;
use crate::ui::report;

/// Evaluates a configuration, builds its system and makes it the default generation
///
/// Shows what changes and asks before it does so. An unchanged configuration makes no new generation. On the machine that runs
/// (root `/`) the generation also goes into the boot menu and boots next.
#[derive(Debug, Args)]
pub struct Switch {
    // The variable is no argument of its own: it does not contradict `--generation`.
    /// The configuration; `CAIRN_CONFIG`, or else /etc/cairn/system.cairn without this
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Switches to a generation that is there, such as one that `cairn cache pull` took, in place of a configuration
    #[arg(long, value_name = "NUMBER", conflicts_with = "file")]
    generation: Option<u64>,
    /// Ends with 77 in place of 0 when nothing changed
    #[arg(long)]
    exit_unchanged: bool,
}

impl Switch {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        if let Some(number) = self.generation {
            return Rollback::to(number).run(context);
        }
        let file = self.file.clone().unwrap_or_else(default_file);
        match make(context, &file, Aim::Default)?.exit {
            Exit::Unchanged if !self.exit_unchanged => Ok(Exit::Done),
            exit => Ok(exit),
        }
    }
}

/// What a generation is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// It shall be the default, on the machine that runs too.
    Default,
    /// A disk of it is wanted: the machine that runs stays as it is.
    Disk,
}

/// What came of [`make`].
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// [`Exit::Unchanged`] where there was nothing to do.
    pub exit: Exit,
    /// The generation of the configuration; none in a dry run.
    pub number: Option<u64>,
}

/// The line: makes a generation of a configuration, or says that there is one.
pub fn make(context: &Context, file: &Path, aim: Aim) -> Result<Outcome, CommandError> {
    let began = Instant::now();
    let root = &context.globals.root;
    // Said before anything is fetched: a machine that can't be switched.
    let running = match aim {
        Aim::Default => machine_switch::machine(root)?,
        Aim::Disk => None,
    };
    let progress = Progress::new(&context.globals);
    let caches = CachedSteps::of(context).map(|caches| caches as Arc<dyn Elsewhere>);
    let session = context.session(file).asking(caches);
    let found = context.store_if_there()?;
    if let (Some(_), Some(store), false) = (&running, &found, context.globals.dry_run) {
        let lock = context.lock_when_free(store, "switch")?;
        machine::begin(context, store, &lock)?;
    }

    let evaluated = session.evaluate()?;
    context.show_evaluated(&evaluated);
    // Where a build is certain, what it needs is looked for before anything is fetched. A disk is always made in a sandbox.
    let must_build = aim == Aim::Disk || found.is_none();
    drop(found);
    if must_build && !context.globals.dry_run {
        context.can_build()?;
    }
    let mut locked = session.lock(&evaluated, false, &mut |words| progress.say(words))?;
    let lowered = session.lower(&evaluated, &locked.lock)?;

    let current = Current::of(context)?;
    let spec = session.foresee(context.store_if_there()?.as_ref(), &evaluated, &lowered)?;
    let diff = current.as_ref().map(|current| current.diff(&spec, &locked));
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
        if same && !current.as_ref().is_some_and(Current::failed) {
            return Ok(unchanged(context, current.as_ref()));
        }
        if let Some(running) = &running {
            context.tell(&machine::foresee(running));
        }
        return Ok(Outcome {
            exit: Exit::Done,
            number: None,
        });
    }
    if !same && !must_build {
        context.can_build()?;
    }
    let consent = Consent {
        yes: context.globals.yes,
        harmless: current.is_none(),
    };
    if !same && !confirm(&question(current.as_ref()), consent)? {
        return Err(CommandError::Declined);
    }

    // Others may collect and change generations while this builds: what is built stays as long as this store is open.
    let store = context.open_store()?;
    let progress = Progress::new(&context.globals);
    let realised = session.realise(&store, &evaluated, &lowered, &[lowered.system], &|event| {
        progress.event(&event);
    })?;
    progress.end();
    session.settle(&store, &evaluated, &mut locked, &lowered, &realised)?;
    session.write_lock(&locked)?;
    let made = session.made(&store, &lowered, &realised)?;
    let is_made = |current: &Current| current.generation.system == made.system && !current.failed();
    if same
        && !current.as_ref().is_some_and(is_made)
        && !confirm(&again(current.as_ref()), consent)?
    {
        return Err(CommandError::Declined);
    }
    let lock = context.lock_when_free(&store, "switch")?;
    let current = now(context, current)?;
    if let Some(current) = current.as_ref().filter(|current| is_made(current)) {
        if running.is_some() {
            mend(context, &store, &lock, current.generation.number)?;
        }
        return Ok(unchanged(context, Some(current)));
    }
    let is_new = session.registered(&store, &made)?.is_none();
    let generation = session.register(&store, &made, &locked.lock, "switch")?;
    let number = generation.number;
    let plan = match aim {
        Aim::Default => choose(context, &store, &lock, number)?,
        // The default of the machine that runs is what it boots.
        Aim::Disk if Places::of(root).is_some() => None,
        Aim::Disk => {
            store.generations().set_default(number)?;
            None
        }
    };
    drop(lock);
    let ending = report::Ending {
        generation: &generation,
        manifest: &made.manifest,
        is_new,
        before: current.as_ref().map(|current| current.generation.number),
        machine: plan.as_ref(),
    };
    context.tell(ending.text(file, root, began.elapsed()).trim_end());
    Ok(Outcome {
        exit: Exit::Done,
        number: Some(number),
    })
}

/// The default generation once the lock is held: another switch may have come first.
fn now(context: &Context, before: Option<Current>) -> Result<Option<Current>, CommandError> {
    let now = Current::of(context)?;
    let number = |current: &Option<Current>| current.as_ref().map(|one| one.generation.number);
    if let Some(number) = number(&now).filter(|_| number(&now) != number(&before)) {
        context.tell(&format!("generation {number} became the default meanwhile"));
    }
    Ok(now)
}

/// Makes a generation the default: with the boot menu on a machine, of which the plan is shown, alone in a folder.
///
/// Errors: [`CommandError::NotSwitched`] when the machine can't be switched; the default is then as it was.
fn choose(
    context: &Context,
    store: &Store,
    lock: &Lock,
    number: u64,
) -> Result<Option<MachinePlan>, CommandError> {
    let default = store.generations().default()?;
    let refused = |source: MachineError| CommandError::NotSwitched {
        number,
        default,
        source: Box::new(source),
    };
    let Some(plan) = machine_switch::machine_plan(store, number).map_err(refused)? else {
        store.generations().set_default(number)?;
        return Ok(None);
    };
    machine::show(context, &plan);
    machine::apply(context, store, lock, &plan)?;
    Ok(Some(plan))
}

/// Puts the boot menu in order where somebody else has changed it.
fn mend(context: &Context, store: &Store, lock: &Lock, number: u64) -> Result<(), CommandError> {
    let Some(plan) = machine_switch::machine_plan(store, number)? else {
        return Ok(());
    };
    if !machine::boots_the_same(&plan) {
        machine::show(context, &plan);
        machine::apply(context, store, lock, &plan)?;
    }
    context.tell(&machine::ending(&plan));
    Ok(())
}

fn unchanged(context: &Context, current: Option<&Current>) -> Outcome {
    context.tell(
        "unchanged: the default generation is what the configuration says; no new one is made",
    );
    Outcome {
        exit: Exit::Unchanged,
        number: current.map(|current| current.generation.number),
    }
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

    /// Whether it was tried and did not come up.
    fn failed(&self) -> bool {
        matches!(self.generation.state, GenerationState::Failed { .. })
    }

    /// What the configuration changes. Bytes are compared where the lock that the generation was made with is still there.
    fn diff(&self, spec: &cairn_spec::SystemSpec, locked: &Locked) -> SystemDiff {
        let same_lock = |lock: &&cairn_debian::Lock| {
            Some(Digest::of(lock.print().as_bytes())) == self.generation.lock
        };
        let before = locked.before.as_ref().filter(same_lock);
        let bytes = before.and_then(|lock| Contents::planned(&self.spec, lock).bytes);
        let before = Contents {
            bytes,
            ..Contents::made(&self.spec, &self.manifest)
        };
        SystemDiff::between(&before, &Contents::planned(spec, &locked.lock))
    }
}

fn question(current: Option<&Current>) -> String {
    match current {
        Some(_) => "Make a new generation?".into(),
        None => "Make the first generation?".into(),
    }
}

/// The question where the configuration is that of the default, and yet a generation is to be made.
fn again(current: Option<&Current>) -> String {
    match current.filter(|current| current.failed()) {
        Some(current) => format!(
            "Generation {} failed to boot. Make another one of the same configuration and try it?",
            current.generation.number
        ),
        None => "The same configuration builds another system now. Make a generation of it?".into(),
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
