//! Options: declarations and definitions of modules, merged into one checked configuration.
//!
//! In: a configuration's entry file through the [`cairn_eval::Host`], and the texts of the library. Out: a [`Config`],
//! which computes only what is asked of it and knows where every value came from. Knows nothing of
//! machines, packages or stores: what an option means is its readers' business.
//!
//! The way through: [`load`](mod@load) reads the module graph, `collect` makes a trie of declarations and a list of
//! definitions of it, `closed` compares the two, `engine` makes a value of each point of the trie when
//! it is needed, `merge` decides what several definitions of one point give.

mod closed;
mod collect;
mod config;
mod data;
mod doubt;
mod engine;
mod join;
mod listing;
mod load;
mod merge;
mod outline;
mod path;
mod point;
mod recorder;
mod report;
mod tree;
mod why;

pub use config::{Checked, Config, Failure, Tested, load};
pub use data::{contexts, json};
pub use listing::Listed;
pub use load::normalise;
pub use outline::{Below, Declarations, Declared, Kind, KindId, Outline, outline};
pub use path::{parse as parse_path, print as print_path};
pub use why::{Because, Standing, Why};

#[cfg(test)]
mod tests;
