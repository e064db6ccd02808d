//! A tidy text as one edit.
//!
//! In: a text. Out: the bytes to replace and what with: only the lines that differ, so that a cursor elsewhere stays.

use std::ops::Range;

/// What makes a text tidy; `None` where it is already.
///
/// Errors: the first of what is wrong with the text.
pub fn edit(text: &str) -> Result<Option<(Range<usize>, String)>, String> {
    match cairn_syntax::format(text) {
        Ok(tidy) => Ok(difference(text, &tidy)),
        Err(errors) => Err(errors
            .first()
            .map_or_else(String::new, |error| error.message.clone())),
    }
}

/// The lines between the common beginning and the common end.
pub fn difference(before: &str, after: &str) -> Option<(Range<usize>, String)> {
    if before == after {
        return None;
    }
    let same = |pair: &(&str, &str)| pair.0 == pair.1;
    let lines = |text| str::split_inclusive(text, '\n');
    let count = |pairs: &mut dyn Iterator<Item = (&str, &str)>| -> usize {
        pairs.take_while(same).map(|(line, _)| line.len()).sum()
    };
    let start = count(&mut lines(before).zip(lines(after)));
    let (old, new) = (&before[start..], &after[start..]);
    let end = count(&mut lines(old).rev().zip(lines(new).rev()));
    let replaced = start..before.len() - end;
    Some((replaced, new[..new.len() - end].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[track_caller]
    fn check(before: &str, after: &str, expect: Option<(&str, &str)>) {
        let found = difference(before, after);
        let found = found
            .as_ref()
            .map(|(span, new)| (&before[span.clone()], new.as_str()));
        assert_eq!(found, expect);
    }

    #[test]
    fn only_the_lines_that_differ_are_replaced() {
        check("a\nb\nc\n", "a\nB\nc\n", Some(("b\n", "B\n")));
        check("a\nb\n", "a\nb\n", None);
        check("a\na\n", "a\n", Some(("a\n", "")));
        check("a", "a\n", Some(("a", "a\n")));
        check("", "a\n", Some(("", "a\n")));
    }
}
