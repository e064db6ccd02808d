//! Words for an unsolvable set, and names near to an unknown one.
//!
//! In: an [`Unsolvable`]. Out: a text of a few lines, one reason each.

use crate::solve::{Obstacle, Unsolvable};

/// The explanation, one reason a line.
pub fn text(unsolvable: &Unsolvable) -> String {
    let mut lines: Vec<String> = unsolvable.chain.clone();
    match &unsolvable.obstacle {
        Obstacle::Unknown { name, nearest } => {
            let hint = match &nearest[..] {
                [] => String::new(),
                names => format!("; did you mean {}?", one_of(names)),
            };
            lines.push(format!("no package is called `{name}`{hint}"));
        }
        Obstacle::Version { wanted, offered } => {
            lines.push(format!(
                "no package satisfies {wanted}; the archive has {}",
                offered.join(", ")
            ));
        }
        Obstacle::Conflict {
            package,
            with,
            reason,
            chain,
        } => {
            lines.push(format!(
                "{package} can't be installed beside {with}: {reason}"
            ));
            if !chain.is_empty() {
                lines.push(format!("{with} is needed because:"));
                lines.extend(chain.iter().map(|line| format!("  {line}")));
            }
        }
        Obstacle::Exhausted { steps } => {
            lines.push(format!("no set of packages was found in {steps} steps"));
        }
    }
    lines.join("\n")
}

/// `a`, `b` or `c` with quotes.
fn one_of(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// At most three names near to `name`, the nearest first.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<(i64, &str)> = names
        .filter_map(|candidate| {
            let likeness = strsim::jaro_winkler(name, candidate);
            (likeness >= 0.85).then_some(((likeness * -1e6) as i64, candidate))
        })
        .collect();
    scored.sort_unstable();
    scored.dedup();
    scored
        .into_iter()
        .take(3)
        .map(|(_, candidate)| candidate.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_its_neighbour_first() {
        let names = ["nginx", "nginx-common", "apache2", "nano"];
        assert_eq!(nearest("ngnix", names.into_iter())[0], "nginx");
        assert!(nearest("zzz", names.into_iter()).is_empty());
    }

    #[test]
    fn names_are_joined_like_in_a_sentence() {
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(one_of(&names), "`a`, `b` or `c`");
        assert_eq!(one_of(&names[..1]), "`a`");
    }
}
