//! `version.`: the order of versions, as Debian has it.
//!
//! Source: deb-version(7), "Sorting algorithm". A version becomes a row of numbers that stand in the same order.

use std::cmp::Ordering;

use super::{Arguments, Native, needed};
use crate::evaluator::{Evaluator, Result};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "version.compare",
        parameters: &[needed("first", "Str"), needed("second", "Str")],
        gives: "-1 | 0 | 1",
        doc: "-1 where the first is older, 0 where both are equal, 1 where the first is newer.",
        example: r#"version.compare("1.10-1", "1.9-3")   # => 1"#,
        run: compare,
    },
    Native {
        name: "version.at_least",
        parameters: &[needed("version", "Str"), needed("least", "Str")],
        gives: "Bool",
        doc: "Whether a version is that one or newer.",
        example: r#"version.at_least("2.0~rc1", "2.0")   # => false"#,
        run: at_least,
    },
    Native {
        name: "version.sort",
        parameters: &[needed("versions", "List(Str)")],
        gives: "List(Str)",
        doc: "The versions, oldest first.",
        example: r#"version.sort(["1.10", "1:0.1", "1.9"])   # => ["1.9","1.10","1:0.1"]"#,
        run: sort,
    },
];

/// A part of a version: runs of other characters, each ended by 0, and numbers, each after its length.
fn row(part: &str) -> Vec<i64> {
    let mut row = Vec::new();
    let mut rest = part;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(
            rest.find(|c: char| c.is_ascii_digit())
                .unwrap_or(rest.len()),
        );
        row.extend(word.chars().map(|c| match c {
            '~' => -1,
            'a'..='z' | 'A'..='Z' => i64::from(u32::from(c)),
            _ => i64::from(u32::from(c)) + 256,
        }));
        row.push(0);
        let (number, after) = after.split_at(
            after
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(after.len()),
        );
        let number = number.trim_start_matches('0');
        row.push(number.len() as i64);
        row.extend(number.bytes().map(i64::from));
        rest = after;
    }
    row
}

/// The order of two versions: epoch, then upstream's version, then the revision.
fn order(first: &str, second: &str) -> Ordering {
    let parts = |version: &str| {
        let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        [row(epoch), row(upstream), row(revision)]
    };
    let pairs = parts(first).into_iter().zip(parts(second));
    let orders = pairs.map(|(mut a, mut b)| {
        let length = a.len().max(b.len());
        a.resize(length, 0);
        b.resize(length, 0);
        a.cmp(&b)
    });
    orders.fold(Ordering::Equal, Ordering::then)
}

fn compare<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (first, second) = (arguments.text(evaluator, 0)?, arguments.text(evaluator, 1)?);
    Ok(Value::Int(order(first.text, second.text) as i64))
}

fn at_least<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (version, least) = (arguments.text(evaluator, 0)?, arguments.text(evaluator, 1)?);
    Ok(Value::Bool(order(version.text, least.text).is_ge()))
}

fn sort<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut texts = Vec::with_capacity(list.items.len());
    for (index, item) in list.items.iter().enumerate() {
        let span = evaluator.value_span(list.origin(index), arguments.at(0));
        let item = evaluator.force(*item, span)?;
        texts.push((evaluator.expect_text(item, span)?.text, item));
    }
    texts.sort_by(|(a, _), (b, _)| order(a, b));
    let sorted: Vec<Value<'a>> = texts.into_iter().map(|(_, item)| item).collect();
    Ok(evaluator.list(&sorted, &[]))
}

#[cfg(test)]
mod tests {
    use super::order;
    use std::cmp::Ordering;

    /// Older first, as `dpkg --compare-versions` has them.
    const ASCENDING: [&str; 26] = [
        "~",
        "0~~",
        "0~",
        "0",
        "0+",
        "0.0.0~a",
        "0.1",
        "1~beta1",
        "1~rc1-1",
        "1",
        "1-0ubuntu1",
        "1-1~bpo12+1",
        "1-1",
        "1-1+b1",
        "1-2",
        "1.0a",
        "1.0a1",
        "1.0b",
        "1.0+git1",
        "1.2",
        "1.9",
        "1.10",
        "9.99999999999999999999999",
        "10.0",
        "1:0",
        "2:0~",
    ];

    #[test]
    fn versions_stand_in_the_order_of_debian() {
        for (i, a) in ASCENDING.iter().enumerate() {
            for (j, b) in ASCENDING.iter().enumerate() {
                assert_eq!(order(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in [
            ("1.0", "1.00"),
            ("0:1", "1"),
            ("1-0", "1"),
            ("1.-1", "1.0-01"),
        ] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
        }
    }
}
