//! What a switch does to the machine that runs: observe, plan (pure), apply (with a journal).
//!
//! In: a running machine (root `/`), and what `cairn-boot` shall make bootable. Out: a [`MachinePlan`] that can be printed
//! and compared, and its application. Refuses to know the store, the language and packages. For a root that is a folder
//! there is nothing to do here: [`Places::of`] is `None`, and only the store changes.
//!
//! ```text
//! Places::of(root) → observe → Observed → plan → MachinePlan → apply
//! pending(root): the journal of an application that was interrupted
//! ```
//!
//! This first form writes the boot partition and leaves `/usr` and `/etc` of the running system alone: the plan says that
//! the chosen generation runs after a reboot, and why. `cairn_system::machine_switch` joins this with the store; the
//! commands call that.

mod apply;
mod booted;
mod error;
mod journal;
mod mounts;
mod observe;
mod places;
mod plan;
mod variable;

#[cfg(test)]
mod tests;

pub use apply::{Applied, apply};
pub use booted::Booted;
pub use error::Error;
pub use journal::{Journal, forget, pending};
pub use observe::{Esp, Observed, observe};
pub use places::Places;
pub use plan::{EspChange, MachinePlan, Part, Reboot, plan};
pub use variable::DEFAULT_VARIABLE;
