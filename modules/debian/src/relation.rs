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
    /// Package name, without an architecture qualifier.
    pub name: &'a str,
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
    (!name.is_empty()).then_some(Relation { name, version })
}
