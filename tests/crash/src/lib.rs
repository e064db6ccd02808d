//! Ends operations on a store wherever they can be ended, and looks at what is left.
//!
//! In: operations on a store (an add, a build, a switch, a collection), each a command line and the state before it. Out: what was found at
//! each cut point. A **kill** ends the command by SIGKILL at its n-th system call that changes the store. A **power cut** replays a recording
//! of these calls up to the n-th, without some of what was not synced by then. Afterwards the store must be sound, every
//! registered path whole, and the same command must succeed with the same result. Knows nothing of how the store keeps its promise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

pub mod calls;
pub mod checks;
pub mod cuts;
pub mod disk;
pub mod operations;
pub mod points;
pub mod recording;
pub mod trace;
