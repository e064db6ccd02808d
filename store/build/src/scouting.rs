//! Plans over what a store and others know: what is recorded, what can be taken from elsewhere, what is left to be made.
//!
//! In: a graph, a store, who else may be asked. Out: a [`Plan`] for the store as it is then. Builds nothing.

use crate::elsewhere::Elsewhere;
use crate::error::RealiseError;
use crate::event::Event;
use crate::plan::{Known, Need, Plan, Presence, plan_by};
use crate::schedule::Options;
use cairn_disk::Store;
use cairn_graph::{ActionKey, BuildGraph, Content, DerivationId, Realisation};
use std::sync::atomic::{AtomicBool, Ordering};

/// Plans by the records of a store; without one nothing is known. Errors: [`RealiseError::Graph`], [`RealiseError::Store`].
pub fn plan_in(
    graph: &BuildGraph,
    roots: &[DerivationId],
    store: Option<&Store>,
) -> Result<Plan, RealiseError> {
    plan_with(graph, roots, store, Claim::Seen, None)
}

/// The same with what others have made: they are asked about all that would have to be made, nothing is taken or written.
pub fn plan_asking(
    graph: &BuildGraph,
    roots: &[DerivationId],
    store: Option<&Store>,
    elsewhere: &dyn Elsewhere,
    events: &(dyn Fn(Event) + Sync),
) -> Result<Plan, RealiseError> {
    loop {
        let plan = plan_with(graph, roots, store, Claim::Seen, Some(elsewhere))?;
        if !learn(&plan, elsewhere, events) {
            return Ok(plan);
        }
    }
}

/// Plans, and takes what others offer until nothing is offered any more; how much that was. What the plan counts on stays while the store
/// is open.
pub(crate) fn plan_and_take(
    graph: &BuildGraph,
    roots: &[DerivationId],
    store: &Store,
    options: &Options,
    cancelled: &AtomicBool,
    events: &(dyn Fn(Event) + Sync),
) -> Result<(Plan, usize), RealiseError> {
    let elsewhere = options.elsewhere.as_deref();
    let mut taken = 0;
    loop {
        // What is found is claimed at once: nothing goes until all that the plan counts on is said.
        let plan = store.beside_no_collection(|| {
            plan_with(graph, roots, Some(store), Claim::Claimed, elsewhere)
        })?;
        let Some(elsewhere) = elsewhere else {
            return Ok((plan, taken));
        };
        if cancelled.load(Ordering::SeqCst) {
            return Err(RealiseError::Cancelled);
        }
        if learn(&plan, elsewhere, events) {
            continue;
        }
        let mut offered = plan.offered();
        if offered.is_empty() {
            store
                .realisations()
                .remember(&learnt(&plan, store, elsewhere))?;
            return Ok((plan, taken));
        }
        let along = options.taken_along.iter();
        let along = along.filter_map(|id| Some(plan.known.get(id)?.realisation.action));
        offered.extend(along.filter(|key| elsewhere.offers(key)));
        offered.sort_unstable();
        offered.dedup();
        taken += elsewhere.take(store, &offered, events)?.len();
    }
}

/// Asks about what the plan would have to make; whether that changes the plan.
fn learn(plan: &Plan, elsewhere: &dyn Elsewhere, events: &(dyn Fn(Event) + Sync)) -> bool {
    let keys = |of: &dyn Fn(&Need) -> Option<ActionKey>| -> Vec<ActionKey> {
        let needs = plan.order.iter().filter_map(|id| plan.needed.get(id));
        needs.filter_map(of).collect()
    };
    let new = keys(&|need| match need {
        Need::New(key) => Some(*key),
        _ => None,
    });
    let gone = keys(&|need| match need {
        Need::Gone(key) => Some(*key),
        _ => None,
    });
    elsewhere.ask(&[new.as_slice(), gone.as_slice()].concat(), events);
    // What only is known gives keys to what needs it; what was known already must be had.
    new.iter().any(|key| elsewhere.known(key).is_some())
        || gone.iter().any(|key| elsewhere.offers(key))
}

/// What the plan knows from elsewhere alone, for the store to know it the next time.
fn learnt(plan: &Plan, store: &Store, elsewhere: &dyn Elsewhere) -> Vec<Realisation> {
    let actions = plan.known.values().map(|known| &known.realisation.action);
    let known = actions.filter_map(|action| elsewhere.known(action));
    let is_new = |found: &Realisation| store.realisations().record(&found.action).is_none();
    known.filter(is_new).collect()
}

fn plan_with(
    graph: &BuildGraph,
    roots: &[DerivationId],
    store: Option<&Store>,
    claim: Claim,
    elsewhere: Option<&dyn Elsewhere>,
) -> Result<Plan, RealiseError> {
    let mut failure = None;
    let realisations = store.map(Store::realisations);
    // Whether a record's content is there is looked up only where it matters: most of a large graph is only walked through.
    let plan = plan_by(
        graph,
        roots,
        |key| {
            let recorded = realisations.as_ref().and_then(|all| all.record(key));
            let realisation = recorded.or_else(|| elsewhere?.known(key))?;
            // Until it is looked up.
            let present = true;
            Some(Known {
                realisation,
                present,
            })
        },
        |known| {
            let action = &known.realisation.action;
            let found = store.map_or(Ok(None), |store| look_up(store, action, claim));
            let found = found.unwrap_or_else(|error| {
                failure.get_or_insert(error);
                None
            });
            if found.is_some_and(|found| found.present) {
                Presence::Here
            } else if elsewhere.is_some_and(|elsewhere| elsewhere.offers(action)) {
                Presence::Elsewhere
            } else {
                Presence::Gone
            }
        },
    )?;
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(plan),
    }
}

/// Whether what is found is to stay as long as the store is open.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claim {
    Claimed,
    Seen,
}

/// The record of a key, and whether its content is there.
pub(crate) fn look_up(
    store: &Store,
    key: &ActionKey,
    claim: Claim,
) -> Result<Option<Known>, cairn_disk::Error> {
    let found = match claim {
        Claim::Claimed => store.realisations().claim(key)?,
        Claim::Seen => store.realisations().get(key)?,
    };
    Ok(found.map(|realisation| {
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
