//! Carries a plan out: ready derivations in parallel, the longest way first, each result recorded.
//!
//! In: a graph, builders, a store. Out: [`Realised`], and [`Event`]s on the way. What is finished is recorded every few seconds and
//! at every end, so that neither a failure nor Ctrl-C nor a crash loses more than that.

use crate::builder::{Builders, Kind};
use crate::elsewhere::Elsewhere;
use crate::error::{BuildError, RealiseError, one_line};
use crate::event::{Event, Step};
use crate::one::{Ended, Workshop};
use crate::plan::{Known, Plan};
use crate::scouting::{Claim, look_up, plan_and_take};
use crate::state::{Finished, Lane, State};
use cairn_disk::{DerivationRecord, Store};
use cairn_graph::{ActionKey, BuildGraph, DerivationId, Output, Realisation, ResolvedDerivation};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a cancellation is looked for.
const TICK: Duration = Duration::from_millis(50);

/// Downloads at once, beside the builds: they wait for the network, not for a core.
const FETCHES: usize = 8;

/// How a graph is realised.
#[derive(Debug, Clone)]
pub struct Options {
    /// Builds at once, not counting downloads; at least 1.
    pub jobs: usize,
    /// Goes on with what does not depend on a failure.
    pub keep_going: bool,
    /// Keeps the folders of failed builds until the next collection.
    pub keep_failed: bool,
    /// How long a finished build may be unrecorded.
    pub record_every: Duration,
    /// Where others have taken steps: asked before anything is built.
    pub elsewhere: Option<Arc<dyn Elsewhere>>,
    /// Taken along where anything is, and where it is known: what later runs will need.
    pub taken_along: Vec<DerivationId>,
}

impl Default for Options {
    /// As many jobs as there are cores, the first failure ends the run.
    fn default() -> Self {
        let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            jobs,
            keep_going: false,
            keep_failed: false,
            record_every: Duration::from_secs(5),
            elsewhere: None,
            taken_along: Vec::new(),
        }
    }
}

/// What a graph came out as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Realised {
    /// Outputs of the wanted derivations and of all below them, as far as they were needed to be known.
    pub outputs: BTreeMap<DerivationId, Output>,
    /// The realisations that gave these outputs.
    pub actions: BTreeMap<DerivationId, ActionKey>,
    /// How many were built now.
    pub built: usize,
    /// How many seemed to need a build and came out as before.
    pub skipped: usize,
    /// How many came from elsewhere.
    pub taken: usize,
}

/// Realises `roots` and whatever they need: afterwards their contents are in the store, and recorded.
///
/// `cancelled` may become true at any time; running builds are then killed. Errors: [`RealiseError`]; what was finished is
/// recorded in any case.
pub fn realise(
    graph: &BuildGraph,
    roots: &[DerivationId],
    builders: &Builders,
    store: &Store,
    options: &Options,
    cancelled: &AtomicBool,
    events: &(dyn Fn(Event) + Sync),
) -> Result<Realised, RealiseError> {
    let (plan, taken) = plan_and_take(graph, roots, store, options, cancelled, events)?;
    let urgency = graph.urgency(|_, derivation| builders.cost(derivation))?;
    let steps = steps(graph, &plan, builders, &urgency);
    let fetches: BTreeSet<DerivationId> = steps
        .iter()
        .filter(|step| step.kind == Kind::Fetch)
        .map(|step| step.id)
        .collect();
    events(Event::Planned {
        wanted: plan.wanted.len(),
        steps,
    });
    let run = Run {
        graph,
        builders,
        store,
        options,
        cancelled,
        events,
        stop: AtomicBool::new(false),
        state: Mutex::new(State::new(graph, &plan, urgency, fetches.clone())),
        changed: Condvar::new(),
        recorded_at: Mutex::new(Instant::now()),
    };
    run.state().taken = taken;
    let workers = options.jobs.clamp(1, plan.order.len().max(1));
    if !plan.is_done() {
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| run.work(Lane::Work));
            }
            for _ in 0..FETCHES.min(fetches.len()) {
                scope.spawn(|| run.work(Lane::Fetch));
            }
            run.watch();
        });
    }
    run.finish()
}

/// What a plan has to make, in its order.
fn steps(graph: &BuildGraph, plan: &Plan, builders: &Builders, urgency: &[u64]) -> Vec<Step> {
    let step = |id: &DerivationId| {
        let derivation = graph.derivation(*id)?;
        let builder = builders.get(&derivation.builder);
        let inputs: BTreeSet<DerivationId> = graph
            .inputs(*id)
            .into_iter()
            .map(|(_, input)| input)
            .filter(|input| plan.needed.contains_key(input))
            .collect();
        Some(Step {
            id: *id,
            name: derivation.name.clone(),
            kind: builder.map_or(Kind::Build, crate::Builder::kind),
            size: derivation.fixed.as_ref().and_then(|fixed| fixed.size),
            inputs: inputs.into_iter().collect(),
            urgency: urgency.get(id.0 as usize).copied().unwrap_or(0),
        })
    };
    plan.order.iter().filter_map(step).collect()
}

struct Run<'a> {
    graph: &'a BuildGraph,
    builders: &'a Builders,
    store: &'a Store,
    options: &'a Options,
    cancelled: &'a AtomicBool,
    events: &'a (dyn Fn(Event) + Sync),
    /// Tells running builds to end.
    stop: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
    recorded_at: Mutex<Instant>,
}

/// How one derivation went.
enum Went {
    /// It was built, and has yet to be recorded.
    Built(Box<Finished>),
    /// It need not be built.
    Known(Box<Realisation>),
    /// It came from elsewhere.
    Taken(Box<Realisation>),
}

impl Run<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Builders can't panic while they hold it: they never see it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until all is over, passes the user's cancellation on and records what is finished.
    fn watch(&self) {
        let mut state = self.state();
        while !state.is_over() {
            if self.cancelled.load(Ordering::SeqCst) {
                state.stop();
                self.stop.store(true, Ordering::SeqCst);
                self.changed.notify_all();
            }
            drop(state);
            self.record_if_due();
            let (next, _) = self
                .changed
                .wait_timeout(self.state(), TICK)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// One worker of a lane: takes what is ready until all is over.
    fn work(&self, lane: Lane) {
        loop {
            let mut state = self.state();
            let id = loop {
                if let Some(id) = state.take(lane) {
                    break id;
                }
                if state.is_over() {
                    self.changed.notify_all();
                    return;
                }
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            };
            drop(state);
            self.realise_one(id);
            self.changed.notify_all();
        }
    }

    fn realise_one(&self, id: DerivationId) {
        let name = self
            .graph
            .derivation(id)
            .map_or_else(String::new, |derivation| derivation.name.clone());
        let mut ended = Ended::default();
        match self.try_one(id, &mut ended) {
            Ok(Went::Known(known)) => {
                let Realisation { action, output, .. } = *known;
                (self.events)(Event::Skipped {
                    id,
                    output: output.clone(),
                });
                let mut state = self.state();
                state.skipped += 1;
                state.done(id, action, output);
            }
            Ok(Went::Taken(known)) => {
                let Realisation { action, output, .. } = *known;
                (self.events)(Event::Came {
                    id,
                    output: output.clone(),
                });
                let mut state = self.state();
                state.taken += 1;
                state.done(id, action, output);
            }
            Ok(Went::Built(finished)) => {
                let Realisation { action, output, .. } = finished.realisation.clone();
                (self.events)(Event::Finished {
                    id,
                    output: output.clone(),
                    wall: ended.wall,
                });
                let mut state = self.state();
                state.built += 1;
                state.unrecorded.push(*finished);
                state.done(id, action, output);
            }
            Err(source) => {
                let was_cancelled = matches!(source, BuildError::Cancelled);
                let error = one_line(&source);
                (self.events)(Event::Failed {
                    id,
                    name: name.clone(),
                    error,
                    cancelled: was_cancelled,
                });
                let mut state = self.state();
                if was_cancelled {
                    state.gave_up();
                    return;
                }
                state.failed(ended.failure(id, name, source));
                if !self.options.keep_going {
                    state.stop();
                    self.stop.store(true, Ordering::SeqCst);
                }
            }
        }
    }

    fn try_one(&self, id: DerivationId, ended: &mut Ended) -> Result<Went, BuildError> {
        let outputs = |input: DerivationId| self.state().outputs.get(&input).cloned();
        let resolved = self
            .graph
            .resolve(id, outputs)
            .map_err(BuildError::failed)?;
        let action = resolved.key();
        if let Some(Known {
            realisation,
            present: true,
        }) = look_up(self.store, &action, Claim::Claimed)?
        {
            return Ok(Went::Known(Box::new(realisation)));
        }
        if let Some(realisation) = self.take_from_elsewhere(&resolved, &action)? {
            return Ok(Went::Taken(Box::new(realisation)));
        }
        let workshop = Workshop {
            builders: self.builders,
            store: self.store,
            keep_failed: self.options.keep_failed,
            stop: &self.stop,
            events: self.events,
        };
        let realisation = workshop.build(id, &resolved, ended)?;
        let derivation = DerivationRecord::new(resolved, self.made_by(id));
        Ok(Went::Built(Box::new(Finished {
            realisation,
            derivation,
        })))
    }

    /// The same from elsewhere, where it is worth asking: what is fetched or unpacked is had from where it comes as fast. Keys that were known
    /// when all was planned are not asked for again.
    fn take_from_elsewhere(
        &self,
        resolved: &ResolvedDerivation,
        action: &ActionKey,
    ) -> Result<Option<Realisation>, BuildError> {
        let builder = self.builders.get(&resolved.derivation.builder);
        let Some(elsewhere) = &self.options.elsewhere else {
            return Ok(None);
        };
        if builder.is_none_or(|builder| builder.kind() != Kind::Build) {
            return Ok(None);
        }
        elsewhere.ask(std::slice::from_ref(action), self.events);
        if self.stop.load(Ordering::SeqCst) || !elsewhere.offers(action) {
            return Ok(None);
        }
        elsewhere.take(self.store, std::slice::from_ref(action), self.events)?;
        let found = look_up(self.store, action, Claim::Claimed)?;
        let found = found.filter(|found| found.present);
        Ok(found.map(|found| found.realisation))
    }

    /// The realisations that gave the inputs of a derivation, by label.
    fn made_by(&self, id: DerivationId) -> BTreeMap<String, ActionKey> {
        let state = self.state();
        let inputs = self.graph.inputs(id).into_iter();
        inputs
            .filter_map(|(label, input)| Some((label.to_owned(), *state.actions.get(&input)?)))
            .collect()
    }

    /// Records what is finished, when the last time was long enough ago. What fails here fails again at the end.
    fn record_if_due(&self) {
        let mut at = self
            .recorded_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if at.elapsed() < self.options.record_every {
            return;
        }
        let _ = self.record();
        *at = Instant::now();
    }

    fn record(&self) -> Result<(), cairn_disk::Error> {
        let batch = std::mem::take(&mut self.state().unrecorded);
        let recorded = self.record_all(&batch);
        if recorded.is_err() {
            self.state().unrecorded.extend(batch);
        }
        recorded
    }

    /// How things are made is written before that they were: the second makes the first durable.
    fn record_all(&self, batch: &[Finished]) -> Result<(), cairn_disk::Error> {
        let derivations: Vec<_> = batch.iter().map(|one| one.derivation.clone()).collect();
        let realisations: Vec<_> = batch.iter().map(|one| one.realisation.clone()).collect();
        self.store.beside_no_collection(|| {
            self.store.derivations().put_all(&derivations)?;
            self.store.realisations().put_all(&realisations)
        })
    }

    fn finish(self) -> Result<Realised, RealiseError> {
        let recorded = self.record();
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let not_built = state.left();
        if not_built > 0 && self.cancelled.load(Ordering::SeqCst) {
            return Err(RealiseError::Cancelled);
        }
        if !state.failures.is_empty() {
            return Err(RealiseError::Failed {
                failures: state.failures,
                not_built,
            });
        }
        recorded?;
        Ok(Realised {
            outputs: state.outputs,
            actions: state.actions,
            built: state.built,
            skipped: state.skipped,
            taken: state.taken,
        })
    }
}
