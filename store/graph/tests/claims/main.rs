//! What the values of the store promise.

#![expect(
    clippy::unwrap_used,
    reason = "what a test can't set up should stop it"
)]

mod build_graph;
mod compose;
mod delta;
mod derivation;
mod encoding;
mod hostile;
mod support;
mod trees;
