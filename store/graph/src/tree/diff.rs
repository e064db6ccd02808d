//! Comparing two trees: what came, what went, what changed, in bytes.

use super::{Entry, Tree};

/// What differs between two trees; each list is sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeDiff {
    /// Only in the new tree, with their bytes.
    pub added: Vec<(String, u64)>,
    /// Only in the old tree, with their bytes.
    pub removed: Vec<(String, u64)>,
    /// In both, but different.
    pub changed: Vec<Changed>,
}

/// One path that is in both trees with different entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The path.
    pub path: String,
    /// Whether the kind, the bytes or the link's target differ, and not only mode, owner, time or attributes.
    pub content: bool,
    /// Bytes before.
    pub old_size: u64,
    /// Bytes now.
    pub new_size: u64,
}

impl TreeDiff {
    /// Whether the trees are equal.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Bytes that the new tree has more than the old one; negative when it is smaller.
    pub fn growth(&self) -> i64 {
        let sum =
            |list: &[(String, u64)]| list.iter().map(|(_, size)| i128::from(*size)).sum::<i128>();
        let changed: i128 = self
            .changed
            .iter()
            .map(|c| i128::from(c.new_size) - i128::from(c.old_size))
            .sum();
        let growth = sum(&self.added) - sum(&self.removed) + changed;
        growth.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }
}

/// Compares two trees.
pub fn diff(old: &Tree, new: &Tree) -> TreeDiff {
    let mut result = TreeDiff::default();
    let mut olds = old.entries.iter().peekable();
    let mut news = new.entries.iter().peekable();
    loop {
        match (olds.peek(), news.peek()) {
            (None, None) => return result,
            (Some((path, entry)), other) if other.is_none_or(|(new_path, _)| path < new_path) => {
                result.removed.push(((*path).clone(), entry.size()));
                olds.next();
            }
            (other, Some((path, entry))) if other.is_none_or(|(old_path, _)| path < old_path) => {
                result.added.push(((*path).clone(), entry.size()));
                news.next();
            }
            (Some((path, before)), Some((_, now))) => {
                if before != now {
                    result.changed.push(changed(path, before, now));
                }
                olds.next();
                news.next();
            }
            _ => return result,
        }
    }
}

fn changed(path: &str, before: &Entry, now: &Entry) -> Changed {
    Changed {
        path: path.to_owned(),
        content: before.kind != now.kind,
        old_size: before.size(),
        new_size: now.size(),
    }
}
