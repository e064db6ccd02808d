//! Claims about closures, caches and exports, by the crate's own interface.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

mod decoding;
mod export;
mod ordering;
mod packing;
mod pull;
mod push;
mod receiving;
mod serve;
mod signing;
mod steps;
mod support;
mod tampering;
