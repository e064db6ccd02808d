//! Single steps of builds from caches: what an action came out as, and that output without the rest of its closure.
//!
//! In: caches, trusted keys, actions. Out: realisations that signed statements have, and their contents in a store. A small file for each
//! action leads to a closure whose statement has it; one statement usually answers for most steps of a build, so few are asked for
//! one by one. Of what an output was made from, a statement may say only what it came out as: that gives keys, and no contents. No trouble with a cache is an error here, only a warning: what does not come is built.

use crate::closure::Closure;
use crate::error::{Error, Result};
use crate::place::Place;
use crate::pull::{self, Found};
use crate::push::{self, Told};
use crate::signing::Trust;
use crate::{lanes, names};
use cairn_disk::Store;
use cairn_fetch::Cancel;
use cairn_graph::{ActionKey, Output, Realisation, StorePath};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first line of what leads from an action to a closure.
const HEADER: &str = "cairn-action 1\n";
/// Bytes that it may have.
const POINTER_MAX: u64 = 512;
/// So many refused closures are a broken or hostile cache: it is asked no more.
const REFUSALS_MAX: usize = 3;

/// What caches know of the steps of builds.
#[derive(Debug)]
pub struct Steps {
    places: Vec<Arc<dyn Place>>,
    trust: Trust,
    cancel: Cancel,
    state: Mutex<State>,
}

/// What was learnt so far.
#[derive(Debug, Default)]
struct State {
    /// Actions that were asked for, whatever came of it.
    asked: HashSet<ActionKey>,
    /// Closures that were looked for, whatever came of it.
    looked_for: HashSet<StorePath>,
    closures: Vec<Arc<Found>>,
    /// The first closure that has each action's output.
    homes: HashMap<ActionKey, usize>,
    /// The first closure that only says what an action came out as.
    named_in: HashMap<ActionKey, usize>,
    /// Actions that were taken, or could not be.
    tried: HashSet<ActionKey>,
    /// By place: whether it is asked no more.
    is_out: Vec<bool>,
    refusals: Vec<usize>,
}

/// What came.
#[derive(Debug, Default)]
pub struct Taken {
    /// The actions whose outputs are in the store now, and recorded.
    pub actions: Vec<ActionKey>,
    /// Bytes of objects that were missing.
    pub bytes: u64,
    /// What went wrong, a line each.
    pub warnings: Vec<String>,
}

/// The text that leads from each of a closure's actions to it. Nothing where it is about nothing.
pub(crate) fn pointer_to(closure: &Closure) -> Option<String> {
    let path = push::about(closure).first()?;
    Some(format!("{HEADER}closure {}\n", path.base_name()))
}

fn read_pointer(bytes: &[u8]) -> Option<StorePath> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.strip_prefix(HEADER)?.strip_suffix('\n')?;
    line.strip_prefix("closure ")?.parse().ok()
}

impl Steps {
    /// Asks nobody yet.
    pub fn new(places: Vec<Arc<dyn Place>>, trust: Trust, cancel: Cancel) -> Self {
        let state = State {
            is_out: vec![false; places.len()],
            refusals: vec![0; places.len()],
            ..State::default()
        };
        Self {
            places,
            trust,
            cancel,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an action came out as, as far as it is learnt; asks nobody.
    pub fn known(&self, action: &ActionKey) -> Option<Realisation> {
        let state = self.state();
        let home = state.homes.get(action).or(state.named_in.get(action))?;
        let statement = &state.closures[*home].statement;
        let (path, content, needs) = if let Some(path) = statement.realisations.get(action) {
            let fact = statement.paths.get(path)?;
            (path, fact.content, &fact.needs)
        } else {
            let fact = statement.outcomes.get(action)?;
            (&fact.path, fact.content, &fact.needs)
        };
        let path = path.clone();
        Some(Realisation::new(
            *action,
            Output { path, content },
            needs.clone(),
        ))
    }

    /// Whether its output can be tried to be taken: it is known, and was not tried.
    pub fn offers(&self, action: &ActionKey) -> bool {
        let state = self.state();
        state.homes.contains_key(action) && !state.tried.contains(action)
    }

    /// The caches that have it, in words.
    pub fn whence(&self, action: &ActionKey) -> Option<String> {
        let state = self.state();
        let found = &state.closures[*state.homes.get(action)?];
        let titles: Vec<String> = found.caches.iter().map(|place| place.title()).collect();
        Some(titles.join(", "))
    }

    /// How many of these are neither known nor were asked about.
    pub fn unasked(&self, actions: &[ActionKey]) -> usize {
        let state = self.state();
        let unknown = |action: &&ActionKey| {
            !state.homes.contains_key(action) && !state.asked.contains(action)
        };
        actions.iter().filter(unknown).count()
    }

    /// Asks about actions that were not asked about before: a few first, since what leads to one closure tells of all others in it; then
    /// the rest, several at once. Returns what went wrong, a line each.
    ///
    /// A cache that can't be reached is said once, and asked no more.
    pub fn ask(&self, actions: &[ActionKey]) -> Vec<String> {
        let mut warnings = Vec::new();
        // What is only named already is wanted whole now.
        let named: HashSet<ActionKey> = {
            let state = self.state();
            let named = actions.iter();
            let named = named.filter(|action| state.named_in.contains_key(action));
            named.copied().collect()
        };
        let most = self.places.iter().map(|place| place.lanes()).max();
        let mut at_once = most.unwrap_or(1);
        loop {
            let open: Vec<ActionKey> = {
                let state = self.state();
                let unknown = |action: &&ActionKey| {
                    let is_named = state.named_in.contains_key(action) && !named.contains(action);
                    let is_known = state.homes.contains_key(action) || is_named;
                    !is_known && !state.asked.contains(action)
                };
                actions.iter().filter(unknown).copied().collect()
            };
            if open.is_empty() || self.cancel.is_cancelled() || self.all_are_out() {
                return warnings;
            }
            let now = &open[..at_once.min(open.len())];
            self.ask_now(now, &mut warnings);
            at_once = usize::MAX;
        }
    }

    fn all_are_out(&self) -> bool {
        self.state().is_out.iter().all(|out| *out)
    }

    fn ask_now(&self, actions: &[ActionKey], warnings: &mut Vec<String>) {
        self.state().asked.extend(actions);
        let leads = Mutex::new(BTreeMap::new());
        let questions: Vec<(usize, &ActionKey)> = (0..self.places.len())
            .flat_map(|place| actions.iter().map(move |action| (place, action)))
            .collect();
        let most = self.places.iter().map(|place| place.lanes()).sum();
        let said = Mutex::new(Vec::new());
        // It ends early only where it is cancelled: then nothing more is asked anyway.
        let _ = lanes::each(most, &questions, &self.cancel, |_, (index, action)| {
            if self.state().is_out[*index] {
                return Ok(());
            }
            match self.lead(*index, action) {
                Ok(Some(path)) => {
                    let mut leads = leads.lock().unwrap_or_else(PoisonError::into_inner);
                    leads.entry(path).or_insert(*index);
                }
                Ok(None) => {}
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(error) => {
                    if let Some(line) = self.blame(*index, &error) {
                        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                        said.push(line);
                    }
                }
            }
            Ok(())
        });
        warnings.extend(said.into_inner().unwrap_or_else(PoisonError::into_inner));
        let leads = leads.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (path, index) in leads {
            let is_new = self.state().looked_for.insert(path.clone());
            if is_new && !self.cancel.is_cancelled() {
                self.learn(&path, index, warnings);
            }
        }
    }

    /// The closure that a cache names for an action.
    fn lead(&self, index: usize, action: &ActionKey) -> Result<Option<StorePath>> {
        let place = &self.places[index];
        let name = names::action(action);
        match place.read(&name, POINTER_MAX) {
            Ok(bytes) => read_pointer(&bytes).map(Some).ok_or_else(|| {
                Error::refused(&place.title(), &name, "it does not lead to a closure")
            }),
            Err(Error::Absent { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a closure's manifest, and what its statement says of actions.
    fn learn(&self, path: &StorePath, index: usize, warnings: &mut Vec<String>) {
        let asked: Vec<Arc<dyn Place>> = {
            let state = self.state();
            let places = self.places.iter().zip(&state.is_out);
            let up = places.filter(|(_, out)| !**out);
            up.map(|(place, _)| Arc::clone(place)).collect()
        };
        match pull::find(&asked, path.base_name(), &self.trust) {
            Ok(found) => {
                let mut state = self.state();
                let number = state.closures.len();
                for action in found.statement.realisations.keys() {
                    state.homes.entry(*action).or_insert(number);
                }
                for action in found.statement.outcomes.keys() {
                    state.named_in.entry(*action).or_insert(number);
                }
                state.closures.push(Arc::new(found));
            }
            // It was there when its actions were written; a miss like any other.
            Err(Error::Absent { .. } | Error::Cancelled) => {}
            Err(error) => warnings.extend(self.blame(index, &error)),
        }
    }

    /// What is said of an error, and what follows from it for the cache.
    fn blame(&self, index: usize, error: &Error) -> Option<String> {
        let mut state = self.state();
        if state.is_out[index] {
            return None;
        }
        let is_refusal = matches!(error, Error::Refused { .. } | Error::Untrusted { .. });
        state.refusals[index] += usize::from(is_refusal);
        state.is_out[index] = !is_refusal || state.refusals[index] >= REFUSALS_MAX;
        let end = if state.is_out[index] {
            "; it is asked no more"
        } else {
            ""
        };
        Some(format!("{error}{end}"))
    }

    /// Takes the outputs of actions that are [offered](Self::offers), with what they need, beside collections, and records them.
    ///
    /// `told` is told of bytes of objects that have come. Errors: those of the store, and [`Error::Cancelled`]; whatever is wrong with a
    /// cache is a warning, and the action is offered no more.
    pub fn take(&self, store: &Store, actions: &[ActionKey], told: Told<'_>) -> Result<Taken> {
        let mut taken = Taken::default();
        let mut by_home: BTreeMap<usize, BTreeSet<ActionKey>> = BTreeMap::new();
        {
            let mut state = self.state();
            for action in actions {
                if let Some(home) = state.homes.get(action).copied()
                    && state.tried.insert(*action)
                {
                    by_home.entry(home).or_default().insert(*action);
                }
            }
        }
        for (home, actions) in by_home {
            let found = Arc::clone(&self.state().closures[home]);
            let outputs = actions
                .iter()
                .filter_map(|action| found.statement.realisations.get(action));
            let roots: Vec<StorePath> = outputs.cloned().collect();
            let part = found.narrowed(&roots);
            match self.pull(store, &part, told) {
                Ok(bytes) => {
                    taken.bytes += bytes;
                    taken.actions.extend(actions);
                }
                Err(error) if is_of_store(&error) => return Err(error),
                Err(error) => taken.warnings.push(error.to_string()),
            }
        }
        Ok(taken)
    }

    fn pull(&self, store: &Store, part: &Found, told: Told<'_>) -> Result<u64> {
        let plan = pull::plan_relying(store, part, &self.cancel)?;
        let pulled = plan.apply(&self.cancel, told)?;
        Ok(pulled.bytes)
    }

    /// Takes what registered or kept paths lack, beside collections: from a closure that has one of the actions that made a path, or that
    /// is about the path itself. Returns the paths that came, and what went wrong.
    ///
    /// Errors: as [`Self::take`].
    pub fn restore(
        &self,
        store: &Store,
        lost: &[(StorePath, Vec<ActionKey>)],
    ) -> Result<(Vec<StorePath>, Vec<String>)> {
        let actions: Vec<ActionKey> = lost.iter().flat_map(|(_, made)| made.clone()).collect();
        let mut warnings = self.ask(&actions);
        for (path, _) in lost {
            let asks = self.with_path(path).is_none() && !self.all_are_out();
            if asks && self.state().looked_for.insert(path.clone()) {
                self.learn(path, 0, &mut warnings);
            }
        }
        // One that was learnt later may have it.
        let mut by_home: BTreeMap<usize, Vec<StorePath>> = BTreeMap::new();
        for (path, _) in lost {
            if let Some(home) = self.with_path(path) {
                by_home.entry(home).or_default().push(path.clone());
            }
        }
        let mut came = Vec::new();
        for (home, paths) in by_home {
            let found = Arc::clone(&self.state().closures[home]);
            // All at once, so that nothing is read twice; where that fails, whatever is whole.
            let all = self.pull(store, &found.narrowed(&paths), &|_| {});
            match all {
                Ok(_) => came.extend(paths),
                Err(error) if is_of_store(&error) => return Err(error),
                Err(error) => {
                    warnings.push(error.to_string());
                    for path in paths {
                        let part = found.narrowed(std::slice::from_ref(&path));
                        match self.pull(store, &part, &|_| {}) {
                            Ok(_) => came.push(path),
                            Err(error) if is_of_store(&error) => return Err(error),
                            // What is wrong is told above.
                            Err(_) => {}
                        }
                    }
                }
            }
        }
        came.sort();
        Ok((came, warnings))
    }

    /// The number of a closure that has this path.
    fn with_path(&self, path: &StorePath) -> Option<usize> {
        let state = self.state();
        let mut closures = state.closures.iter();
        closures.position(|found| found.statement.paths.contains_key(path))
    }
}

/// Whether an error is none of a cache: neither another one nor a build helps.
fn is_of_store(error: &Error) -> bool {
    match error {
        // It is made again by whoever builds.
        Error::Store(cairn_disk::Error::Damaged { .. }) => false,
        Error::Store(_) | Error::Cancelled => true,
        _ => false,
    }
}
