//! Carries a plan out: ready derivations in parallel, the longest way first, each result recorded.
//!
//! In: a graph, builders, a store. Out: [`Realised`], and [`Event`]s on the way. What is finished is recorded every few seconds and
//! at every end, so that neither a failure nor Ctrl-C nor a crash loses more than that.

use crate::builder::{BuildContext, Builders, Built, Kind};
use crate::error::{BuildError, Failure, RealiseError, one_line};
use crate::event::Event;
use crate::log::Log;
use crate::plan::{Known, plan};
use crate::scratch;
use crate::state::{Lane, State};
use cairn_disk::Store;
use cairn_graph::{
    ActionKey, BuildGraph, Content, DerivationId, FixedOutput, Output, Realisation,
    ResolvedDerivation, StorePath,
};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
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
        }
    }
}

/// What a graph came out as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Realised {
    /// Outputs of the wanted derivations and of all below them, as far as they were needed to be known.
    pub outputs: BTreeMap<DerivationId, Output>,
    /// How many were built now.
    pub built: usize,
    /// How many seemed to need a build and came out as before.
    pub skipped: usize,
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
    let mut failure = None;
    let plan = store.beside_no_collection(|| {
        plan(graph, roots, |key| {
            look_up(store, key).unwrap_or_else(|error| {
                failure.get_or_insert(error);
                None
            })
        })
        .map_err(RealiseError::from)
    })?;
    if let Some(error) = failure {
        return Err(error.into());
    }
    events(Event::Planned {
        wanted: plan.wanted.len(),
        to_make: plan.order.clone(),
    });
    let urgency = graph.urgency(|_, derivation| builders.cost(derivation))?;
    let is_fetch = |id: &DerivationId| {
        let builder = graph
            .derivation(*id)
            .and_then(|derivation| builders.get(&derivation.builder));
        builder.is_some_and(|builder| builder.kind() == Kind::Fetch)
    };
    let fetches: BTreeSet<DerivationId> = plan.order.iter().copied().filter(is_fetch).collect();
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

/// The record of a key, and whether its content is there, to stay as long as the store is open.
fn look_up(store: &Store, key: &ActionKey) -> Result<Option<Known>, cairn_disk::Error> {
    Ok(store.realisations().claim(key)?.map(|realisation| {
        let present = match &realisation.output.content {
            Content::File {
                digest, executable, ..
            } => store.object_path(digest, *executable).is_some(),
            Content::Tree { digest } => store.has_tree(digest),
        };
        Known {
            realisation,
            present,
        }
    }))
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
    Built(Realisation),
    /// It need not be built.
    Known(Output),
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
        match self.try_one(id, &name, &mut ended) {
            Ok(Went::Known(output)) => {
                (self.events)(Event::Skipped {
                    id,
                    output: output.clone(),
                });
                let mut state = self.state();
                state.skipped += 1;
                state.done(id, output);
            }
            Ok(Went::Built(realisation)) => {
                let output = realisation.output.clone();
                (self.events)(Event::Finished {
                    id,
                    output: output.clone(),
                    wall: ended.wall,
                });
                let mut state = self.state();
                state.built += 1;
                state.unrecorded.push(realisation);
                state.done(id, output);
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
                state.failed(Failure {
                    id,
                    name,
                    log: ended.log,
                    tail: ended.tail,
                    kept: ended.kept,
                    source,
                });
                if !self.options.keep_going {
                    state.stop();
                    self.stop.store(true, Ordering::SeqCst);
                }
            }
        }
    }

    fn try_one(&self, id: DerivationId, name: &str, ended: &mut Ended) -> Result<Went, BuildError> {
        let outputs = |input: DerivationId| self.state().outputs.get(&input).cloned();
        let resolved = self
            .graph
            .resolve(id, outputs)
            .map_err(BuildError::failed)?;
        let action = resolved.key();
        if let Some(Known {
            realisation,
            present: true,
        }) = look_up(self.store, &action)?
        {
            return Ok(Went::Known(realisation.output));
        }
        let builder_name = &resolved.derivation.builder;
        let builder = self
            .builders
            .get(builder_name)
            .ok_or_else(|| BuildError::UnknownBuilder(builder_name.clone()))?;
        (self.events)(Event::Started {
            id,
            name: name.to_owned(),
            kind: builder.kind(),
            action,
        });
        let started = Instant::now();
        let context = BuildContext {
            id,
            resolved: &resolved,
            action,
            store: self.store,
            scratch: scratch::make(self.store)?,
            stop: &self.stop,
            events: self.events,
            log: Mutex::new(Log::new(
                self.store.layout().logs().join(format!("{action}.zst")),
            )),
        };
        let built = std::panic::catch_unwind(AssertUnwindSafe(|| builder.build(&context)))
            .unwrap_or_else(|panic| Err(panicked(builder_name, panic.as_ref())))
            .and_then(|built| self.realisation_of(&resolved, action, built));
        ended.wall = started.elapsed();
        let BuildContext { scratch, log, .. } = context;
        let logged = log
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .finish();
        let failed = matches!(&built, Err(error) if !matches!(error, BuildError::Cancelled));
        let cleaned = if failed && self.options.keep_failed {
            scratch::keep(self.store, &scratch, name, &action).map(Some)
        } else {
            scratch::remove(&scratch).map(|()| None)
        };
        // The build's own error comes first; then what went wrong around it.
        match logged {
            Ok((log, tail)) => (ended.log, ended.tail) = (log, tail),
            Err(error) if built.is_ok() => return Err(error),
            Err(_) => {}
        }
        match cleaned {
            Ok(kept) => ended.kept = kept,
            Err(error) if built.is_ok() => return Err(error),
            Err(_) => {}
        }
        built.map(Went::Built)
    }

    /// Names what was built, and checks a fixed output.
    fn realisation_of(
        &self,
        resolved: &ResolvedDerivation,
        action: ActionKey,
        built: Built,
    ) -> Result<Realisation, BuildError> {
        let name = &resolved.derivation.name;
        if let Some(fixed) = &resolved.derivation.fixed {
            self.check_fixed(name, fixed, &built.content)?;
        }
        let path = StorePath::new(name, &built.content).map_err(|error| BuildError::Output {
            name: name.clone(),
            reason: error.to_string(),
        })?;
        let output = Output {
            path,
            content: built.content,
        };
        self.store.register(&output, &built.references)?;
        Ok(Realisation::new(action, output, built.references))
    }

    fn check_fixed(
        &self,
        name: &str,
        fixed: &FixedOutput,
        content: &Content,
    ) -> Result<(), BuildError> {
        let Content::File { digest, size, .. } = content else {
            return Err(BuildError::Output {
                name: name.to_owned(),
                reason: "a fixed output is a file".to_owned(),
            });
        };
        if let Some(expected) = fixed.size.filter(|expected| expected != size) {
            return Err(BuildError::SizeMismatch {
                name: name.to_owned(),
                expected,
                found: *size,
            });
        }
        let mut file = self.store.open_object(digest)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = file.read(&mut buffer).map_err(|source| {
                let path = self.store.layout().object(digest, false);
                BuildError::Io {
                    act: "read",
                    path,
                    source,
                }
            })?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
        }
        let found = data_encoding::HEXLOWER.encode(&hasher.finalize());
        if found == fixed.sha256 {
            return Ok(());
        }
        Err(BuildError::HashMismatch {
            name: name.to_owned(),
            expected: fixed.sha256.clone(),
            found,
        })
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
        let recorded = self.store.realisations().put_all(&batch);
        if recorded.is_err() {
            self.state().unrecorded.extend(batch);
        }
        recorded
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
            built: state.built,
            skipped: state.skipped,
        })
    }
}

/// What is known of a build at its end besides its result.
#[derive(Default)]
struct Ended {
    log: Option<PathBuf>,
    tail: Vec<String>,
    kept: Option<PathBuf>,
    wall: Duration,
}

fn panicked(builder: &str, panic: &(dyn std::any::Any + Send)) -> BuildError {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    BuildError::Panicked {
        builder: builder.to_owned(),
        message: text.unwrap_or_else(|| "no message".to_owned()),
    }
}
