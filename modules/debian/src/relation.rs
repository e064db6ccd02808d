//! Relations between packages: `Depends`, `Conflicts` and their kin.
//!
//! In: a field's value. Out: conjunctions of alternatives, as slices. Architecture and build-profile restrictions don't
//! occur in binary packages and are skipped. Source: deb-control(5), Debian policy 7.1.

use crate::version;
use std::cmp::Ordering;
use std::fmt;

/// How a version is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterEqual,
    /// `>>`
    Later,
}

impl Operator {
    /// Its sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Earlier => "<<",
            Self::EarlierEqual => "<=",
            Self::Equal => "=",
            Self::LaterEqual => ">=",
            Self::Later => ">>",
        }
    }
}

/// One package name with an optional version constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Relation<'a> {
    /// Package name.
    pub name: &'a str,
    /// Architecture qualifier: `any`, `native` or an architecture.
    pub qualifier: Option<&'a str>,
    /// The constraint.
    pub version: Option<(Operator, &'a str)>,
}

impl Relation<'_> {
    /// Whether this version of the named package is meant.
    pub fn allows(&self, candidate: &str) -> bool {
        let Some((operator, wanted)) = self.version else {
            return true;
        };
        let order = version::compare(candidate, wanted);
        match operator {
            Operator::Earlier => order == Ordering::Less,
            Operator::EarlierEqual => order != Ordering::Greater,
            Operator::Equal => order == Ordering::Equal,
            Operator::LaterEqual => order != Ordering::Less,
            Operator::Later => order == Ordering::Greater,
        }
    }
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            None => f.write_str(self.name),
            Some((operator, version)) => write!(f, "{} ({} {version})", self.name, operator.sign()),
        }
    }
}

/// The clauses of a field, separated by commas; each is a list of alternatives, separated by `|`.
pub fn clauses(field: &str) -> impl Iterator<Item = &str> {
    field
        .split(',')
        .map(str::trim)
        .filter(|clause| !clause.is_empty())
}

/// The alternatives of one clause.
pub fn alternatives(clause: &str) -> impl Iterator<Item = Relation<'_>> {
    clause.split('|').filter_map(relation)
}

/// Every relation of a field without alternatives (`Conflicts`, `Breaks`, `Provides`, `Replaces`).
pub fn relations(field: &str) -> impl Iterator<Item = Relation<'_>> {
    clauses(field).filter_map(relation)
}

/// One relation; `None` when it has no name.
pub fn relation(text: &str) -> Option<Relation<'_>> {
    let text = text.trim();
    let end = text
        .find(|c: char| c.is_whitespace() || "([<:".contains(c))
        .unwrap_or(text.len());
    let name = &text[..end];
    let qualifier = text[end..].strip_prefix(':').map(|rest| {
        let stop = rest.find(|c: char| c.is_whitespace() || "([<".contains(c));
        &rest[..stop.unwrap_or(rest.len())]
    });
    let version = text[end..]
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .and_then(|(inner, _)| {
            let inner = inner.trim();
            let end = inner.find(|c: char| !"<>=".contains(c))?;
            let operator = match &inner[..end] {
                "<<" => Operator::Earlier,
                "<=" | "<" => Operator::EarlierEqual,
                "=" => Operator::Equal,
                ">=" | ">" => Operator::LaterEqual,
                ">>" => Operator::Later,
                _ => return None,
            };
            Some((operator, inner[end..].trim()))
        });
    (!name.is_empty()).then_some(Relation {
        name,
        qualifier,
        version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_constraints_qualifiers_and_alternatives() {
        let field = "libc6 (>= 2.38), python3:any, a (<<1) | b [amd64] <!nocheck>,";
        let shown: Vec<Vec<String>> = clauses(field)
            .map(|clause| alternatives(clause).map(|r| r.to_string()).collect())
            .collect();
        assert_eq!(
            shown,
            [
                vec!["libc6 (>= 2.38)"],
                vec!["python3"],
                vec!["a (<< 1)", "b"]
            ]
        );
        assert_eq!(
            relation("python3:any (>= 3)").unwrap().qualifier,
            Some("any")
        );
    }

    #[test]
    fn earlier_than_final_allows_the_candidate_with_tilde() {
        let relation = relation("a (<< 1.0)").unwrap();
        assert!(relation.allows("1.0~rc1"));
        assert!(!relation.allows("1.0"));
    }

    #[test]
    fn an_empty_field_has_no_clauses() {
        assert_eq!(clauses("").count(), 0);
        assert_eq!(relation(" (>= 1)"), None);
    }
}
