//! Why a package is in a set: the shortest way to it from what was asked for.
//!
//! In: the packages of a set with their relations (of an index, or of dpkg's status file), what was asked for. Out: chains of dependencies. Pure.

use crate::control::stanzas;
use crate::index::Package;
use crate::relation::{Relation, alternatives, clauses, relation, relations};
use std::collections::{HashMap, VecDeque};

/// One package of the set, as far as relations go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Member<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Whether every machine has it.
    pub essential: bool,
    /// The field `Pre-Depends`.
    pub pre_depends: &'a str,
    /// The field `Depends`.
    pub depends: &'a str,
    /// The field `Provides`.
    pub provides: &'a str,
}

/// Why a chain begins where it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// This was asked for by name.
    Wanted(String),
    /// Debian's essential packages are on every machine.
    Essential,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The package.
    pub package: String,
    /// The clause of the package before it that this one satisfies; nothing for the first.
    pub clause: Option<String>,
}

/// A shortest way to the package from one of the starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Why it begins.
    pub start: Start,
    /// From the first package to the one that was asked about.
    pub steps: Vec<Step>,
}

impl<'a> From<&Package<'a>> for Member<'a> {
    fn from(package: &Package<'a>) -> Self {
        Self {
            name: package.name,
            version: package.version,
            essential: package.essential,
            pre_depends: package.pre_depends,
            depends: package.depends,
            provides: package.provides,
        }
    }
}

/// The packages of a dpkg status file.
pub fn members(status: &str) -> Vec<Member<'_>> {
    stanzas(status)
        .map(|stanza| {
            let get = |name| stanza.get(name).unwrap_or_default();
            Member {
                name: get("Package"),
                version: get("Version"),
                essential: get("Essential") == "yes",
                pre_depends: get("Pre-Depends"),
                depends: get("Depends"),
                provides: get("Provides"),
            }
        })
        .filter(|member| !member.name.is_empty())
        .collect()
}

/// The packages of the set that depend on a package directly, each with the clause that it satisfies; sorted.
pub fn dependents<'a>(set: &[Member<'a>], package: &str) -> Vec<(&'a str, &'a str)> {
    let Some(wanted) = set.iter().find(|member| member.name == package) else {
        return Vec::new();
    };
    let mut found: Vec<(&str, &str)> = Vec::new();
    for member in set.iter().filter(|member| member.name != package) {
        let clause = needs(member).find(|clause| satisfies(wanted, clause));
        found.extend(clause.map(|clause| (member.name, clause)));
    }
    found.sort_unstable();
    found
}

/// The ways to a package, one for each start that leads to it, the shortest first. `wanted` are relations such as
/// `nginx` or `nginx (>= 1)`.
pub fn chains(set: &[Member<'_>], wanted: &[String], package: &str) -> Vec<Chain> {
    let Some(target) = set.iter().position(|member| member.name == package) else {
        return Vec::new();
    };
    // From the package upwards: for each that leads to it, the next one on the way and the clause between them.
    let mut onward: HashMap<usize, Option<(usize, &str)>> = HashMap::from([(target, None)]);
    let mut open = VecDeque::from([target]);
    while let Some(at) = open.pop_front() {
        for (number, member) in set.iter().enumerate() {
            if onward.contains_key(&number) {
                continue;
            }
            if let Some(clause) = needs(member).find(|clause| satisfies(&set[at], clause)) {
                onward.insert(number, Some((at, clause)));
                open.push_back(number);
            }
        }
    }
    let chain = |start: Start, first: usize| {
        let mut steps = vec![Step {
            package: set[first].name.to_owned(),
            clause: None,
        }];
        let mut next = onward.get(&first).copied().flatten();
        while let Some((at, clause)) = next {
            steps.push(Step {
                package: set[at].name.to_owned(),
                clause: Some(on_one_line(clause)),
            });
            next = onward.get(&at).copied().flatten();
        }
        Chain { start, steps }
    };
    let mut chains = Vec::new();
    for one in wanted {
        let meets = |number: &usize| satisfies(&set[*number], one);
        // The package of that name itself, before what only provides it.
        let name = relation(one).map_or("", |relation| relation.name);
        let mut meeting: Vec<usize> = (0..set.len()).filter(meets).collect();
        meeting.sort_by_key(|number| set[*number].name != name);
        if let Some(first) = meeting.first().filter(|number| onward.contains_key(number)) {
            chains.push(chain(Start::Wanted(one.clone()), *first));
        }
    }
    let essential = (0..set.len()).filter(|number| set[*number].essential);
    let shortest = essential
        .filter(|number| onward.contains_key(number))
        .map(|number| chain(Start::Essential, number))
        .min_by_key(|chain| chain.steps.len());
    chains.extend(shortest);
    chains.sort_by(|a, b| (a.steps.len(), &a.start).cmp(&(b.steps.len(), &b.start)));
    chains
}

/// The clauses that a package needs satisfied.
fn needs<'a>(member: &Member<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    clauses(member.pre_depends).chain(clauses(member.depends))
}

/// Whether a package satisfies one alternative of a clause, by its name or by what it provides.
fn satisfies(member: &Member<'_>, clause: &str) -> bool {
    alternatives(clause).any(|wanted| {
        (wanted.name == member.name && wanted.allows(member.version))
            || relations(member.provides).any(|provided| provides(&provided, &wanted))
    })
}

/// A constraint needs a versioned provide.
fn provides(provided: &Relation<'_>, wanted: &Relation<'_>) -> bool {
    provided.name == wanted.name
        && match (&wanted.version, &provided.version) {
            (None, _) => true,
            (Some(_), Some((_, version))) => wanted.allows(version),
            (Some(_), None) => false,
        }
}

fn on_one_line(clause: &str) -> String {
    clause.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Package: libc6
Version: 2.41-1

Package: dash
Version: 0.5
Essential: yes
Pre-Depends: libc6 (>= 2.38)

Package: nginx
Version: 1.26
Depends: nginx-common (= 1.26),
 libssl3t64 (>= 3) | libssl3

Package: nginx-common
Version: 1.26

Package: libssl3t64
Version: 3.5
Provides: libssl3 (= 3.5)
Depends: libc6 (>= 2.34)

Package: exim4
Version: 4
Provides: mail-transport-agent

Package: cron
Version: 3
Depends: mail-transport-agent
";

    fn check(wanted: &[&str], package: &str, expect: &[&str]) {
        let set = members(STATUS);
        let wanted: Vec<String> = wanted.iter().map(|one| (*one).to_owned()).collect();
        let shown: Vec<String> = chains(&set, &wanted, package)
            .into_iter()
            .map(|chain| {
                let steps = chain.steps.into_iter().map(|step| match step.clause {
                    Some(clause) => format!("[{clause}] {}", step.package),
                    None => step.package,
                });
                let steps = steps.collect::<Vec<_>>().join(" → ");
                match chain.start {
                    Start::Wanted(wanted) => format!("{wanted}: {steps}"),
                    Start::Essential => format!("essential: {steps}"),
                }
            })
            .collect();
        assert_eq!(shown, expect);
    }

    #[test]
    fn the_way_is_the_shortest_and_names_the_clause() {
        check(
            &["nginx"],
            "libc6",
            &[
                "essential: dash → [libc6 (>= 2.38)] libc6",
                "nginx: nginx → [libssl3t64 (>= 3) | libssl3] libssl3t64 → [libc6 (>= 2.34)] libc6",
            ],
        );
    }

    #[test]
    fn what_is_wanted_itself_has_a_way_of_one_step() {
        check(&["nginx", "cron"], "nginx", &["nginx: nginx"]);
    }

    #[test]
    fn what_is_provided_satisfies_as_the_solver_has_it() {
        check(
            &["cron"],
            "exim4",
            &["cron: cron → [mail-transport-agent] exim4"],
        );
        check(
            &["libssl3 (>= 3.1)"],
            "libssl3t64",
            &["libssl3 (>= 3.1): libssl3t64"],
        );
    }

    #[test]
    fn nothing_leads_to_what_nobody_needs() {
        check(&["nginx"], "cron", &[]);
        check(&["nginx"], "nonesuch", &[]);
        assert_eq!(
            dependents(&members(STATUS), "nginx-common"),
            [("nginx", "nginx-common (= 1.26)")]
        );
    }
}
