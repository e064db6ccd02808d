//! What the values of the store promise.

mod build_graph;
mod compose;
mod delta;
mod derivation;
mod encoding;
mod support;
mod trees;
