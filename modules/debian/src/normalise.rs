//! What is made equal so that the same packages give the same root, each rule with its reason.
//!
//! Path rules run at the end of the [recipe](crate::recipe)'s script; [`mtime`] is applied by whoever reads the result.

/// What is done to the paths of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The path is removed, with all below it.
    Remove,
    /// The file is made empty, if it exists.
    Empty,
}

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// A pattern of the shell, absolute, without blanks.
    pub pattern: &'static str,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: &'static str,
}

/// The path rules, in order.
pub const RULES: &[Rule] = &[];

/// The time of an entry that scripts made or touched: never later than `epoch` (seconds since 1970).
///
/// Earlier times are the packages' own and stay, because compiled Python and font caches check them.
pub fn mtime(found: i64, epoch: i64) -> i64 {
    found.min(epoch)
}
