//! Decides what must be made.
//!
//! In: a graph, the derivations that are wanted, what earlier realisations are known. Out: [`Plan`], a value. Pure.
//!
//! A derivation's key needs the outputs of its inputs, so keys are found in topological order for as far as earlier records reach. An
//! output that is known but no longer in the store still gives keys to what needs it: nothing is fetched or built again
//! only because an intermediate result was collected.

use cairn_graph::{ActionKey, BuildGraph, DerivationId, GraphError, Realisation};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// An earlier realisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its record.
    pub realisation: Realisation,
    /// Whether its content is in the store; asked only where the plan depends on it ([`plan_by`]), and otherwise as it was found.
    pub present: bool,
}

/// Why a derivation is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Its key is known and nothing is recorded for it.
    New(ActionKey),
    /// It was made before, but its content is gone.
    Gone(ActionKey),
    /// It was made elsewhere, and can be taken from there.
    Elsewhere(ActionKey),
    /// An input is to be made, on whose result it depends whether it must.
    Waits,
}

/// Where the content of an earlier realisation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// In the store.
    Here,
    /// Not in the store, but to be had.
    Elsewhere,
    /// Nowhere.
    Gone,
}

/// What must be made for the wanted derivations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The wanted derivations and all that they need, directly or not.
    pub wanted: BTreeSet<DerivationId>,
    /// Outputs known from earlier realisations, present or not.
    pub known: BTreeMap<DerivationId, Known>,
    /// What must be made, or may have to be.
    pub needed: BTreeMap<DerivationId, Need>,
    /// Derivations in `needed`, each after its inputs.
    pub order: Vec<DerivationId>,
}

/// Plans what must be made so that the contents of `roots` are in the store.
///
/// `lookup` is asked once for each derivation whose inputs are known. Errors: [`GraphError::Cycle`].
pub fn plan(
    graph: &BuildGraph,
    roots: &[DerivationId],
    lookup: impl FnMut(&ActionKey) -> Option<Known>,
) -> Result<Plan, GraphError> {
    let presence = |known: &Known| {
        if known.present {
            Presence::Here
        } else {
            Presence::Gone
        }
    };
    plan_by(graph, roots, lookup, presence)
}

/// The same; `presence` is asked only for what is wanted, or needed by what must be made: of a large graph of which all is known,
/// for its roots alone.
pub fn plan_by(
    graph: &BuildGraph,
    roots: &[DerivationId],
    mut lookup: impl FnMut(&ActionKey) -> Option<Known>,
    mut presence: impl FnMut(&Known) -> Presence,
) -> Result<Plan, GraphError> {
    if let Some(unknown) = roots.iter().find(|root| graph.derivation(**root).is_none()) {
        return Err(GraphError::Unknown(*unknown));
    }
    let wanted = graph.closure(roots.iter().copied());
    let order: Vec<_> = graph
        .order()?
        .into_iter()
        .filter(|id| wanted.contains(id))
        .collect();
    let mut known: BTreeMap<DerivationId, Known> = BTreeMap::new();
    let mut keys: BTreeMap<DerivationId, ActionKey> = BTreeMap::new();
    for id in &order {
        let output = |input| known.get(&input).map(|known| &known.realisation.output);
        let Some(key) = graph.key(*id, output)? else {
            continue;
        };
        keys.insert(*id, key);
        if let Some(found) = lookup(&key) {
            known.insert(*id, found);
        }
    }
    let mut needed = BTreeMap::new();
    let mut seen = vec![false; graph.len()];
    let mut open: Vec<DerivationId> = roots.to_vec();
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut seen[id.0 as usize], true) {
            continue;
        }
        let need = match (keys.get(&id), known.get_mut(&id)) {
            (Some(key), Some(found)) => {
                let presence = presence(found);
                found.present = presence == Presence::Here;
                match presence {
                    Presence::Here => continue,
                    // What comes from elsewhere needs none of its inputs.
                    Presence::Elsewhere => {
                        needed.insert(id, Need::Elsewhere(*key));
                        continue;
                    }
                    Presence::Gone => Need::Gone(*key),
                }
            }
            (Some(key), None) => Need::New(*key),
            (None, _) => Need::Waits,
        };
        needed.insert(id, need);
        open.extend(graph.inputs(id).into_iter().map(|(_, input)| input));
    }
    let order = order
        .into_iter()
        .filter(|id| needed.contains_key(id))
        .collect();
    Ok(Plan {
        wanted,
        known,
        needed,
        order,
    })
}

impl Plan {
    /// Whether nothing needs to be made.
    pub fn is_done(&self) -> bool {
        self.needed.is_empty()
    }

    /// What can be taken from elsewhere in place of being made, in order.
    pub fn offered(&self) -> Vec<ActionKey> {
        let keys = self
            .order
            .iter()
            .filter_map(|id| match self.needed.get(id) {
                Some(Need::Elsewhere(key)) => Some(*key),
                _ => None,
            });
        keys.collect()
    }

    /// The plan as text with the names of the graph: one line for each derivation that is needed, in order.
    pub fn display<'a>(&'a self, graph: &'a BuildGraph) -> impl fmt::Display + 'a {
        Shown { plan: self, graph }
    }
}

struct Shown<'a> {
    plan: &'a Plan,
    graph: &'a BuildGraph,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in &self.plan.order {
            let Some(derivation) = self.graph.derivation(*id) else {
                continue;
            };
            let act = match self.plan.needed.get(id) {
                Some(Need::New(_)) => "make",
                Some(Need::Gone(_)) => "make again",
                Some(Need::Elsewhere(_)) => "take",
                Some(Need::Waits) | None => "may have to make",
            };
            writeln!(f, "{act} {} ({})", derivation.name, derivation.builder)?;
        }
        Ok(())
    }
}
