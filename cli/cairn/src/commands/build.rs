//! `cairn build`: what a file wants to be built, and where it is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use cairn_build::{Elsewhere, RealiseError, plan_asking, plan_in};
use cairn_disk::Store;
use cairn_graph::{ActionKey, BuildGraph, DerivationId, Output};
use cairn_system::{Evaluated, Expression, Locked, Lowered, LoweredBuilds, Session, SessionError};
use clap::Args;

use self::check::Again;
use super::Ended;
use crate::caches::CachedSteps;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::plan;
use crate::ui::progress::Progress;
use crate::ui::style::{self, QUIET, paint};

mod check;
mod link;

/// Builds what a file describes, prints the store path and makes a link to it
///
/// The file holds an expression whose value is `build({…})` or `fetch({…})`, or a record or list of such; each is
/// built in a sandbox from packages of the lock, `cairn.lock` beside the file. Or it is a configuration: then its system is
/// built, with all builds in it, and made no generation.
///
/// The link keeps the result from `cairn gc` for as long as it is there. With `-n` the steps are listed that would be taken, and why.
#[derive(Debug, Args)]
pub struct Build {
    /// The file of an expression, or a configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only this one of a record, such as `tools.hello`; may be given again
    #[arg(short = 'A', long = "attr", value_name = "NAME")]
    attr: Vec<String>,
    /// Builds the result a second time and shows what came out differently
    #[arg(long)]
    check: bool,
    /// The link's name; where there are several results, `-` and the name of each are added
    #[arg(
        short = 'o',
        long = "out-link",
        value_name = "NAME",
        default_value = "result"
    )]
    out_link: PathBuf,
    /// Makes no link
    #[arg(long, conflicts_with = "out_link")]
    no_link: bool,
}

/// What a file wants: evaluated, locked and lowered.
enum Goal {
    System(Box<(Evaluated, Locked, Lowered)>),
    Builds(Box<(Expression, Locked, LoweredBuilds)>),
}

/// One result that is wanted.
struct Wanted {
    /// Empty where it is the only one.
    name: String,
    id: DerivationId,
}

impl Build {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let began = Instant::now();
        let caches = CachedSteps::of(context);
        let session = context.session(&self.file);
        let session = session.asking(caches.clone().map(|caches| caches as Arc<dyn Elsewhere>));
        let progress = Progress::new(&context.globals);
        let mut goal = Goal::of(context, &session, &progress)?;
        let wanted = goal.wanted(&self.attr)?;
        let ids: Vec<DerivationId> = wanted.iter().map(|one| one.id).collect();
        if context.globals.dry_run {
            let store = context.store_if_there()?;
            let (graph, there) = (goal.graph(), store.as_ref());
            let plan = match caches.as_deref() {
                Some(caches) => {
                    plan_asking(graph, &ids, there, caches, &|event| progress.event(&event))
                }
                None => plan_in(graph, &ids, there),
            };
            let plan = plan.map_err(SessionError::from)?;
            progress.end();
            let whence = |action: &ActionKey| caches.as_ref()?.steps().whence(action);
            let foreseen = plan::Foreseen::of(&plan, graph, there, &whence);
            return if context.globals.json {
                context.json(&foreseen.json())
            } else {
                context.data(&foreseen.text(context.globals.verbose > 0))
            };
        }
        context.can_build()?;
        let store = context.open_store()?;
        let again = self
            .check
            .then(|| Again::of(goal.graph(), &goal.checked(&ids)));
        let also = again.iter().flat_map(Again::inputs);
        let all: Vec<DerivationId> = ids.iter().copied().chain(also).collect();
        let made = goal.realise(&session, &store, &all, &progress);
        if let Err(error) = &made
            && context.globals.keep_going
            && is_partial(error)
        {
            // What could be built is there all the same.
            let plan = plan_in(goal.graph(), &ids, Some(&store)).map_err(SessionError::from)?;
            let known = |one: &Wanted| Some(plan.known.get(&one.id)?.realisation.output.clone());
            let built = wanted.iter().filter_map(|one| Some((one, known(one)?)));
            progress.end();
            self.show(context, &store, built.collect(), wanted.len())?;
        }
        let realised = made?;
        if let Some(again) = again {
            again.run(context, &session, &store, &goal, &realised, &progress)?;
        }
        progress.end();
        let output = |one: &Wanted| realised.outputs.get(&one.id).cloned();
        let built = wanted.iter().filter_map(|one| Some((one, output(one)?)));
        self.show(context, &store, built.collect(), wanted.len())?;
        let skipped = match realised.skipped {
            0 => String::new(),
            count => format!(", {} as before", style::count(count, "step")),
        };
        let taken = match realised.taken {
            0 => String::new(),
            count => format!(", {} from caches", style::count(count, "step")),
        };
        let steps = style::count(realised.built, "step");
        let took = style::duration(began.elapsed());
        context.tell(&paint(
            QUIET,
            format!("took {steps}{skipped}{taken} in {took}"),
        ));
        Ok(Exit::Done)
    }

    /// Prints the paths, and links them. `of` is how many were wanted.
    fn show(
        &self,
        context: &Context,
        store: &Store,
        built: Vec<(&Wanted, Output)>,
        of: usize,
    ) -> Result<(), CommandError> {
        let mut lines = String::new();
        let mut rows = Vec::new();
        for (one, output) in built {
            let link = if self.no_link {
                None
            } else {
                Some(link::make(store, &self.link_of(one, of), &output.path)?)
            };
            lines.push_str(&output.path.logical());
            lines.push('\n');
            rows.push(serde_json::json!({
                "name": one.name,
                "path": output.path.logical(),
                "place": store.ensure_materialised(&output.path)?,
                "link": link,
            }));
        }
        if context.globals.json {
            context.json(&serde_json::json!({ "version": 1, "outputs": rows }))?;
        } else {
            context.data(&lines)?;
        }
        Ok(())
    }

    fn link_of(&self, one: &Wanted, of: usize) -> PathBuf {
        if of == 1 {
            return self.out_link.clone();
        }
        let mut name = self.out_link.clone().into_os_string();
        name.push("-");
        name.push(&one.name);
        name.into()
    }
}

fn is_partial(error: &CommandError) -> bool {
    matches!(error, CommandError::Other(error)
        if matches!(error.downcast_ref(), Some(SessionError::Realise(RealiseError::Failed { .. }))))
}

impl Goal {
    fn of(context: &Context, session: &Session, progress: &Progress) -> Result<Self, CommandError> {
        let mut say = |words: &str| progress.say(words);
        if let Some(expression) = session.expression()? {
            for line in &expression.traced {
                context.tell(line);
            }
            let locked = session.lock_builds(&expression.described, &mut say)?;
            let lowered = session.lower_builds(&expression.described, &locked.lock)?;
            return Ok(Self::Builds(Box::new((expression, locked, lowered))));
        }
        let evaluated = session.evaluate()?;
        context.show_evaluated(&evaluated);
        let locked = session.lock(&evaluated, false, &mut say)?;
        let lowered = session.lower(&evaluated, &locked.lock)?;
        Ok(Self::System(Box::new((evaluated, locked, lowered))))
    }

    fn graph(&self) -> &BuildGraph {
        match self {
            Self::System(parts) => &parts.2.graph,
            Self::Builds(parts) => &parts.2.graph,
        }
    }

    /// The results that are wanted: all, or those with one of these names, or below one of them.
    fn wanted(&self, names: &[String]) -> Result<Vec<Wanted>, CommandError> {
        let all: Vec<Wanted> = match self {
            Self::System(parts) => vec![Wanted {
                name: String::new(),
                id: parts.2.system,
            }],
            Self::Builds(parts) => {
                let (expression, _, lowered) = parts.as_ref();
                let wanted = expression.wanted.iter();
                let wanted = wanted.filter_map(|(name, text)| {
                    let id = *lowered.builds.get(text)?;
                    let name = name.clone();
                    Some(Wanted { name, id })
                });
                wanted.collect()
            }
        };
        let is_meant = |one: &Wanted, name: &str| {
            one.name == name
                || one
                    .name
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some(unknown) = names
            .iter()
            .find(|name| !all.iter().any(|one| is_meant(one, name)))
        {
            return Err(CommandError::NoBuild {
                name: unknown.clone(),
                known: all.into_iter().map(|one| one.name).collect(),
            });
        }
        let meant = |one: &Wanted| names.is_empty() || names.iter().any(|name| is_meant(one, name));
        Ok(all.into_iter().filter(meant).collect())
    }

    /// What `--check` builds again: the results themselves, or all builds in a system.
    fn checked(&self, wanted: &[DerivationId]) -> Vec<DerivationId> {
        match self {
            Self::System(parts) => parts.2.builds.values().copied().collect(),
            Self::Builds(_) => wanted.to_vec(),
        }
    }

    fn realise(
        &mut self,
        session: &Session,
        store: &Store,
        wanted: &[DerivationId],
        progress: &Progress,
    ) -> Result<cairn_build::Realised, CommandError> {
        let event = |event| progress.event(&event);
        match self {
            Self::System(parts) => {
                let (evaluated, locked, lowered) = parts.as_mut();
                let realised = session.realise(store, evaluated, lowered, wanted, &event)?;
                session.settle(store, evaluated, locked, lowered, &realised)?;
                session.write_lock(locked)?;
                Ok(realised)
            }
            Self::Builds(parts) => {
                let (expression, locked, lowered) = parts.as_ref();
                // What was chosen is written down even where the build fails: the next try is of the same packages.
                session.write_lock(locked)?;
                let lock = &locked.lock;
                Ok(session.realise_builds(store, expression, lowered, lock, wanted, &event)?)
            }
        }
    }

    fn debian(&self) -> cairn_spec::Debian {
        match self {
            Self::System(parts) => parts.0.spec.debian.clone(),
            Self::Builds(parts) => cairn_system::locking::debian_of(&parts.1.lock.archive),
        }
    }
}
