//! The builders of a system's derivations, and how they are found by name.
//!
//! In: resolved derivations. Out: contents in the store. Each file holds one step as a plain function; this one ties them to
//! the scheduler's trait.

pub mod adapters;
pub mod composing;
pub mod fetch;
pub mod initrd;
pub mod machine;
pub mod numbering;
pub mod root;
pub mod store_contents;
pub mod system;
pub mod unpack;
pub mod url;
