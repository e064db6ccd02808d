//! What the tests of several crates share: a signed Debian archive of their own, and machines to run `cairn` on.
//!
//! In: packages described in a few words. Out: a real archive on loopback, signed by a key that lives as long
//! as the test; temporary roots with a configuration; runs of the real binary, on pipes or on a terminal.
//! Refuses to know what a correct answer is: claims stand in the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

pub mod archive;
pub mod binary;
pub mod deb;
pub mod editor;
pub mod http;
pub mod machine;
pub mod signing;
pub mod small;
pub mod terminal;
pub mod tiny_base;

pub use archive::{Archive, ArchiveBuilder};
pub use deb::{Compression, Deb};
pub use editor::{Editor, cursor};
pub use http::{Fault, Server};
pub use machine::{Machine, Run};
pub use small::{CONFIG, small};
pub use tiny_base::tiny_base;
