//! Steps that were taken elsewhere: what an action came out as there, and its output in place of a build.
//!
//! In: keys of actions. Out: realisations that are believed, contents in the store. How they are asked for and why they are believed is
//! not known here, nor that there are caches.

use crate::event::Event;
use cairn_disk::Store;
use cairn_graph::{ActionKey, Realisation};
use std::fmt;

/// Where others have taken steps.
pub trait Elsewhere: Send + Sync + fmt::Debug {
    /// What an action came out as, as far as it is learnt; asks nobody.
    fn known(&self, action: &ActionKey) -> Option<Realisation>;

    /// Whether its output can be taken; not any more once it was tried. Asks nobody.
    fn offers(&self, action: &ActionKey) -> bool;

    /// Learns about actions, as many at once as is good; about each only the first time. Trouble is told as [`Event::Warning`].
    fn ask(&self, actions: &[ActionKey], events: &(dyn Fn(Event) + Sync));

    /// Takes the outputs of offered actions, with what they need: registered, recorded, and there as long as the store is open. Returns
    /// those that came; each is told as [`Event::Taken`], trouble as [`Event::Warning`].
    ///
    /// Errors: of the store. A cancellation is none: less comes then.
    fn take(
        &self,
        store: &Store,
        actions: &[ActionKey],
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Vec<ActionKey>, cairn_disk::Error>;
}
