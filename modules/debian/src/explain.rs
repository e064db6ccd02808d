//! Words for an unsolvable set, and names near to an unknown one.
//!
//! In: an [`Unsolvable`]. Out: a text of a few lines, one reason each.

use crate::solve::{Obstacle, Unsolvable};

/// The explanation, one reason a line.
pub fn text(unsolvable: &Unsolvable) -> String {
    todo!()
}

/// At most three names near to `name`, the nearest first.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    todo!()
}
