//! What changed between two texts, line by line.
//!
//! In: what was expected and what was found. Out: the lines that went and came, with a little around them.
//! Refuses to know what the lines say.

use similar::{ChangeTag, TextDiff};

/// How many equal lines are shown around a change.
const AROUND: usize = 2;

/// The lines that differ: `- ` before those that went, `+ ` before those that came. Empty where nothing did.
pub fn difference(expected: &str, found: &str) -> String {
    let whole = TextDiff::from_lines(expected, found);
    let mut out = String::new();
    for (index, group) in whole.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            out.push_str("  …\n");
        }
        for change in group.iter().flat_map(|op| whole.iter_changes(op)) {
            out.push_str(match change.tag() {
                ChangeTag::Delete => "- ",
                ChangeTag::Insert => "+ ",
                ChangeTag::Equal => "  ",
            });
            out.push_str(change.value().trim_end_matches('\n'));
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn only_what_changed_is_shown_with_what_stands_around_it() {
        let found = difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nx\nf\n");
        assert_eq!(found, "  c\n  d\n- e\n+ x\n  f\n");
        assert_eq!(difference("a\n", "a\n"), "");
    }
}
