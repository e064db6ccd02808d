//! What people see: progress, differences, questions and closing words.
//!
//! In: values of other crates. Out: text on stderr, data on stdout. Decides nothing.

pub mod confirm;
pub mod diff;
pub mod plan;
pub mod progress;
pub mod report;
pub mod style;
pub mod table;
pub mod transfer;
pub mod tree;
