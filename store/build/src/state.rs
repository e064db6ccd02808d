//! What the workers of a run share: what is done, what is ready, what is yet to be recorded.
//!
//! In: a plan, then results. Out: the next derivation to work on. Starts no thread and touches no disk.

use crate::error::Failure;
use crate::plan::Plan;
use cairn_disk::DerivationRecord;
use cairn_graph::{ActionKey, BuildGraph, DerivationId, Output, Realisation};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// What a worker takes: downloads wait for the network, the rest keeps cores busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Fetch,
    Work,
}

/// What is recorded of a finished build.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    /// What came out.
    pub realisation: Realisation,
    /// How.
    pub derivation: DerivationRecord,
}

type Ready = BinaryHeap<(u64, std::cmp::Reverse<DerivationId>)>;

/// The shared state; behind a mutex.
pub(crate) struct State {
    /// Outputs whose content is in the store, or was known before and is not needed itself.
    pub outputs: BTreeMap<DerivationId, Output>,
    /// Which realisation gave each of the outputs.
    pub actions: BTreeMap<DerivationId, ActionKey>,
    /// Finished, with records yet to be written.
    pub unrecorded: Vec<Finished>,
    pub failures: Vec<Failure>,
    /// Built, not counting those that needed no build.
    pub built: usize,
    /// Needed no build after all.
    pub skipped: usize,
    /// Came from elsewhere.
    pub taken: usize,
    ready_to_fetch: Ready,
    ready_to_work: Ready,
    fetches: BTreeSet<DerivationId>,
    /// For what is needed: how many of its needed inputs are not done.
    waiting: BTreeMap<DerivationId, usize>,
    /// For what is needed: what waits for it.
    dependents: BTreeMap<DerivationId, Vec<DerivationId>>,
    urgency: Vec<u64>,
    running: usize,
    /// Needed and neither done nor failed.
    left: usize,
    stopped: bool,
}

impl State {
    /// `fetches` are the derivations of [`Lane::Fetch`].
    pub(crate) fn new(
        graph: &BuildGraph,
        plan: &Plan,
        urgency: Vec<u64>,
        fetches: BTreeSet<DerivationId>,
    ) -> Self {
        let mut waiting = BTreeMap::new();
        let mut dependents: BTreeMap<DerivationId, Vec<DerivationId>> = BTreeMap::new();
        for id in &plan.order {
            let mut inputs: Vec<_> = graph
                .inputs(*id)
                .into_iter()
                .map(|(_, input)| input)
                .collect();
            inputs.sort_unstable();
            inputs.dedup();
            inputs.retain(|input| plan.needed.contains_key(input));
            waiting.insert(*id, inputs.len());
            for input in inputs {
                dependents.entry(input).or_default().push(*id);
            }
        }
        let outputs = plan
            .known
            .iter()
            .map(|(id, known)| (*id, known.realisation.output.clone()))
            .collect();
        let actions = plan
            .known
            .iter()
            .map(|(id, known)| (*id, known.realisation.action))
            .collect();
        let mut state = Self {
            outputs,
            actions,
            unrecorded: Vec::new(),
            failures: Vec::new(),
            built: 0,
            skipped: 0,
            taken: 0,
            ready_to_fetch: BinaryHeap::new(),
            ready_to_work: BinaryHeap::new(),
            fetches,
            waiting,
            dependents,
            urgency,
            running: 0,
            left: plan.order.len(),
            stopped: false,
        };
        for id in &plan.order {
            if state.waiting.get(id) == Some(&0) {
                state.make_ready(*id);
            }
        }
        state
    }

    fn make_ready(&mut self, id: DerivationId) {
        let ready = if self.fetches.contains(&id) {
            &mut self.ready_to_fetch
        } else {
            &mut self.ready_to_work
        };
        ready.push((self.urgency[id.0 as usize], std::cmp::Reverse(id)));
    }

    /// The most urgent ready derivation of a lane, which then counts as running.
    pub(crate) fn take(&mut self, lane: Lane) -> Option<DerivationId> {
        if self.stopped {
            return None;
        }
        let ready = match lane {
            Lane::Fetch => &mut self.ready_to_fetch,
            Lane::Work => &mut self.ready_to_work,
        };
        let (_, id) = ready.pop()?;
        self.running += 1;
        Some(id.0)
    }

    /// Whether nothing will become ready any more.
    pub(crate) fn is_over(&self) -> bool {
        let nothing_ready = self.ready_to_fetch.is_empty() && self.ready_to_work.is_empty();
        self.running == 0 && (self.stopped || nothing_ready)
    }

    /// Begins nothing any more.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// A running derivation is done: what waited only for it becomes ready.
    pub(crate) fn done(&mut self, id: DerivationId, action: ActionKey, output: Output) {
        self.running -= 1;
        self.left -= 1;
        self.outputs.insert(id, output);
        self.actions.insert(id, action);
        for dependent in self.dependents.remove(&id).unwrap_or_default() {
            if let Some(count) = self.waiting.get_mut(&dependent) {
                *count -= 1;
                if *count == 0 {
                    self.make_ready(dependent);
                }
            }
        }
    }

    /// A running derivation failed; nothing that waits for it will be begun.
    pub(crate) fn failed(&mut self, failure: Failure) {
        self.running -= 1;
        self.left -= 1;
        self.failures.push(failure);
    }

    /// A running derivation was cancelled: it is neither done nor to blame.
    pub(crate) fn gave_up(&mut self) {
        self.running -= 1;
    }

    /// How many needed derivations are neither done nor failed.
    pub(crate) fn left(&self) -> usize {
        self.left
    }
}
