//! What the workers of a run share: what is done, what is ready, what is yet to be recorded.
//!
//! In: a plan, then results. Out: the next derivation to work on. Starts no thread and touches no disk.

use crate::error::Failure;
use crate::plan::Plan;
use cairn_graph::{BuildGraph, DerivationId, Output, Realisation};
use std::collections::{BTreeMap, BinaryHeap};

/// The shared state; behind a mutex.
pub(crate) struct State {
    /// Outputs whose content is in the store, or was known before and is not needed itself.
    pub outputs: BTreeMap<DerivationId, Output>,
    /// Finished, with a record yet to be written.
    pub unrecorded: Vec<Realisation>,
    pub failures: Vec<Failure>,
    /// Built, not counting those that needed no build.
    pub built: usize,
    /// Needed no build after all.
    pub skipped: usize,
    ready: BinaryHeap<(u64, std::cmp::Reverse<DerivationId>)>,
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
    pub(crate) fn new(graph: &BuildGraph, plan: &Plan, urgency: Vec<u64>) -> Self {
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
        let mut state = Self {
            outputs,
            unrecorded: Vec::new(),
            failures: Vec::new(),
            built: 0,
            skipped: 0,
            ready: BinaryHeap::new(),
            waiting,
            dependents,
            urgency,
            running: 0,
            left: plan.order.len(),
            stopped: false,
        };
        for id in plan
            .order
            .iter()
            .filter(|id| state.waiting.get(id) == Some(&0))
        {
            state
                .ready
                .push((state.urgency[id.0 as usize], std::cmp::Reverse(*id)));
        }
        state
    }

    /// The most urgent ready derivation, which then counts as running.
    pub(crate) fn take(&mut self) -> Option<DerivationId> {
        if self.stopped {
            return None;
        }
        let (_, id) = self.ready.pop()?;
        self.running += 1;
        Some(id.0)
    }

    /// Whether nothing will become ready any more.
    pub(crate) fn is_over(&self) -> bool {
        self.running == 0 && (self.stopped || self.ready.is_empty())
    }

    /// Begins nothing any more.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// A running derivation is done: what waited only for it becomes ready.
    pub(crate) fn done(&mut self, id: DerivationId, output: Output) {
        self.running -= 1;
        self.left -= 1;
        self.outputs.insert(id, output);
        for dependent in self.dependents.remove(&id).unwrap_or_default() {
            if let Some(count) = self.waiting.get_mut(&dependent) {
                *count -= 1;
                if *count == 0 {
                    self.ready.push((
                        self.urgency[dependent.0 as usize],
                        std::cmp::Reverse(dependent),
                    ));
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
