//! Chooses the packages that a wish list needs.
//!
//! In: a [`Universe`] and a [`Request`]. Out: a checked [`Solution`], or why there is none. Depth first and greedy: the
//! first viable alternative, the real package before a provider. No recommends. Agrees with apt from an empty system.

use crate::explain::nearest;
use crate::index::Package;
use crate::relation::{Relation, alternatives, clauses, relations};
use crate::universe::Universe;
use std::collections::{BTreeMap, HashMap};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Relations as in a `Depends` field, one each: `nginx`, `linux-image-amd64`, `a | b`, `foo (>= 1)`.
    pub wanted: Vec<String>,
    /// Also everything marked `Essential: yes`, as every root needs.
    pub essential: bool,
    /// Name → version that must be kept where the package is needed and the version is still offered.
    pub held: BTreeMap<String, String>,
}

/// A set that is complete and free of conflicts.
#[derive(Debug, Clone)]
pub struct Solution<'a> {
    /// Sorted by name; assumed packages are not in it.
    pub packages: Vec<Package<'a>>,
    /// Names of the assumed packages: all of them are present in every solution.
    pub assumed: Vec<String>,
}

/// There is no set, or greed found none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", crate::explain::text(self))]
pub struct Unsolvable {
    /// From the wish to the obstacle: `nginx`, `nginx depends on libc6 (>= 99)` …
    pub chain: Vec<String>,
    /// The obstacle.
    pub obstacle: Obstacle,
}

/// What stands in the way.
#[derive(Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// No package has or provides the name.
    Unknown {
        /// As asked for.
        name: String,
        /// The nearest names, the nearest first.
        nearest: Vec<String>,
    },
    /// The name is there, but in no version that is allowed.
    Version {
        /// The relation.
        wanted: String,
        /// What the archive has.
        offered: Vec<String>,
    },
    /// Two packages exclude each other.
    Conflict {
        /// The package that could not be added, with its version.
        package: String,
        /// The chosen package, with its version.
        with: String,
        /// Words: `postfix conflicts with mail-transport-agent`.
        reason: String,
        /// Why the other one is there, from its wish on.
        chain: Vec<String>,
    },
    /// The search was given up.
    Exhausted {
        /// Packages tried.
        steps: u32,
    },
}

/// Packages tried before the search is given up; real sets of two thousand packages need two thousand.
const STEPS_MAX: u32 = 200_000;

/// Solves.
///
/// Errors: [`Unsolvable`], the first obstacle of the preferred way.
pub fn solve<'a>(universe: &Universe<'a>, request: &Request) -> Result<Solution<'a>, Unsolvable> {
    let mut search = Search::new(universe, request);
    let mut tops = Vec::new();
    for number in universe.all_assumed() {
        search.choose(number)?;
    }
    if request.essential {
        let mut names: Vec<&str> = universe
            .packages
            .iter()
            .filter(|package| package.essential)
            .map(|package| package.name)
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let wish = format!("every system needs {name}");
            tops.push((search.wish(name, &wish)?, wish));
        }
    }
    for wanted in &request.wanted {
        let wish = format!("you ask for {wanted}");
        tops.push((search.wish(wanted, &wish)?, wish));
    }
    for (number, wish) in tops {
        search.chain.push(wish);
        search.dependencies(number)?;
        search.chain.pop();
    }
    search.check()?;
    Ok(search.solution())
}

/// Something that a step has to take back when it fails.
enum Undo<'a> {
    Chosen(u32),
    Excluded(&'a str),
}

/// A relation by which a chosen package excludes others.
struct Exclusion<'a> {
    by: u32,
    word: &'static str,
    relation: Relation<'a>,
}

struct Search<'s, 'a> {
    universe: &'s Universe<'a>,
    held: &'s BTreeMap<String, String>,
    /// Real name → the chosen package.
    chosen: HashMap<&'a str, u32>,
    /// Virtual name → who of the chosen provides it, as which version.
    provided: HashMap<&'a str, Vec<(u32, Option<&'a str>)>>,
    excluded: HashMap<&'a str, Vec<Exclusion<'a>>>,
    /// Chosen package → the chain of reasons that brought it.
    why: HashMap<u32, Vec<String>>,
    trail: Vec<Undo<'a>>,
    chain: Vec<String>,
    steps: u32,
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(universe: &'s Universe<'a>, request: &'s Request) -> Self {
        Self {
            universe,
            held: &request.held,
            chosen: HashMap::new(),
            provided: HashMap::new(),
            excluded: HashMap::new(),
            why: HashMap::new(),
            trail: Vec::new(),
            chain: Vec::new(),
            steps: 0,
        }
    }

    /// Chooses what a wish names, without its dependencies, so that wishes win over what others would bring.
    fn wish(&mut self, wanted: &str, wish: &str) -> Result<u32, Unsolvable> {
        self.chain.push(wish.to_owned());
        let mut first = None;
        for relation in alternatives(wanted) {
            if let Some(number) = self.satisfied_by(&relation) {
                self.chain.pop();
                return Ok(number);
            }
            for number in self.offers(&relation) {
                match self.choose(number) {
                    Ok(()) => {
                        self.chain.pop();
                        return Ok(number);
                    }
                    Err(error) => first = first.or(Some(error)),
                }
            }
        }
        Err(first.unwrap_or_else(|| self.nothing(wanted)))
    }

    /// Satisfies every dependency of a chosen package.
    fn dependencies(&mut self, number: u32) -> Result<(), Unsolvable> {
        let package = *self.universe.package(number);
        for (word, field) in [
            ("pre-depends", package.pre_depends),
            ("depends", package.depends),
        ] {
            for clause in clauses(field) {
                self.satisfy(&package, word, clause)?;
            }
        }
        Ok(())
    }

    fn satisfy(
        &mut self,
        package: &Package<'a>,
        word: &str,
        clause: &'a str,
    ) -> Result<(), Unsolvable> {
        if alternatives(clause).any(|relation| self.satisfied_by(&relation).is_some()) {
            return Ok(());
        }
        self.chain.push(format!(
            "{} {} {word} on {}",
            package.name,
            package.version,
            tidy(clause)
        ));
        let mut first = None;
        for relation in alternatives(clause) {
            for number in self.offers(&relation) {
                let mark = self.trail.len();
                let depth = self.chain.len();
                let error = match self.choose(number).and_then(|()| self.dependencies(number)) {
                    Ok(()) => {
                        self.chain.pop();
                        return Ok(());
                    }
                    Err(error) => error,
                };
                self.chain.truncate(depth);
                self.undo(mark);
                if matches!(error.obstacle, Obstacle::Exhausted { .. }) {
                    return Err(error);
                }
                first = first.or(Some(error));
            }
        }
        Err(first.unwrap_or_else(|| self.nothing(clause)))
    }

    /// The chosen package that satisfies a relation.
    fn satisfied_by(&self, relation: &Relation<'_>) -> Option<u32> {
        if !self.native(relation) {
            return None;
        }
        if let Some(number) = self.chosen.get(relation.name)
            && relation.allows(self.universe.package(*number).version)
        {
            return Some(*number);
        }
        let provided = self.provided.get(relation.name)?;
        provided
            .iter()
            .find(|(_, version)| provides(relation, *version))
            .map(|(number, _)| *number)
    }

    /// What could satisfy a relation, best first: the real package (held version, then the highest), then providers (held, then by
    /// priority, then in the order of the index).
    fn offers(&self, relation: &Relation<'_>) -> Vec<u32> {
        if !self.native(relation) {
            return Vec::new();
        }
        let universe = self.universe;
        let mut real: Vec<u32> = universe
            .candidates(relation.name)
            .filter(|number| relation.allows(universe.package(*number).version))
            .collect();
        real.sort_by_key(|number| !self.is_held(*number));
        let mut virtually: Vec<u32> = universe
            .providers(relation.name)
            .filter(|(number, version)| {
                provides(relation, *version) && universe.package(*number).name != relation.name
            })
            .map(|(number, _)| number)
            .collect();
        virtually.sort_by_key(|number| {
            let package = universe.package(*number);
            let assumed = universe.assumed(*number).is_some();
            (!assumed, !self.is_held(*number), priority(package.priority))
        });
        real.extend(virtually);
        real
    }

    fn is_held(&self, number: u32) -> bool {
        let package = self.universe.package(number);
        self.held
            .get(package.name)
            .is_some_and(|version| version == package.version)
    }

    fn native(&self, relation: &Relation<'_>) -> bool {
        relation
            .qualifier
            .is_none_or(|q| q == "any" || q == "native" || q == self.universe.architecture)
    }

    /// Adds a package to the chosen ones if nothing excludes it.
    fn choose(&mut self, number: u32) -> Result<(), Unsolvable> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            let obstacle = Obstacle::Exhausted { steps: self.steps };
            return Err(Unsolvable {
                chain: self.chain.clone(),
                obstacle,
            });
        }
        let package = *self.universe.package(number);
        if let Some((with, reason)) = self.hindrance(number) {
            let other = self.universe.package(with);
            return Err(Unsolvable {
                chain: self.chain.clone(),
                obstacle: Obstacle::Conflict {
                    package: format!("{} {}", package.name, package.version),
                    with: format!("{} {}", other.name, other.version),
                    reason,
                    chain: self.why.get(&with).cloned().unwrap_or_default(),
                },
            });
        }
        self.chosen.insert(package.name, number);
        self.why.insert(number, self.chain.clone());
        for relation in self.universe.provides(number) {
            let version = relation.version.map(|(_, version)| version);
            self.provided
                .entry(relation.name)
                .or_default()
                .push((number, version));
        }
        self.trail.push(Undo::Chosen(number));
        for (word, field) in [
            ("conflicts with", package.conflicts),
            ("breaks", package.breaks),
        ] {
            for relation in relations(field) {
                self.excluded
                    .entry(relation.name)
                    .or_default()
                    .push(Exclusion {
                        by: number,
                        word,
                        relation,
                    });
                self.trail.push(Undo::Excluded(relation.name));
            }
        }
        Ok(())
    }

    /// A chosen package beside which this one can't be, and why.
    fn hindrance(&self, number: u32) -> Option<(u32, String)> {
        let package = self.universe.package(number);
        if let Some(other) = self.chosen.get(package.name).copied()
            && other != number
        {
            return Some((other, format!("they are two versions of {}", package.name)));
        }
        self.excluded_by_chosen(number)
            .or_else(|| self.excludes_chosen(number))
    }

    fn excluded_by_chosen(&self, number: u32) -> Option<(u32, String)> {
        let package = self.universe.package(number);
        let words = |exclusion: &Exclusion<'_>| {
            let by = self.universe.package(exclusion.by).name;
            (
                exclusion.by,
                format!("{by} {} {}", exclusion.word, exclusion.relation),
            )
        };
        let real = self.excluded.get(package.name).into_iter().flatten();
        if let Some(found) = real
            .filter(|e| e.by != number)
            .find(|e| e.relation.allows(package.version))
        {
            return Some(words(found));
        }
        self.universe.provides(number).iter().find_map(|provided| {
            let version = provided.version.map(|(_, version)| version);
            let listed = self.excluded.get(provided.name).into_iter().flatten();
            listed
                .filter(|e| e.by != number)
                .find(|e| provides(&e.relation, version))
                .map(words)
        })
    }

    fn excludes_chosen(&self, number: u32) -> Option<(u32, String)> {
        let package = self.universe.package(number);
        let fields = [
            ("conflicts with", package.conflicts),
            ("breaks", package.breaks),
        ];
        for (word, relation) in fields
            .iter()
            .flat_map(|(word, f)| relations(f).map(move |r| (word, r)))
        {
            let real = self.chosen.get(relation.name).copied();
            let real = real.filter(|other| relation.allows(self.universe.package(*other).version));
            let provided = || {
                let listed = self.provided.get(relation.name).into_iter().flatten();
                listed
                    .filter(|(_, version)| provides(&relation, *version))
                    .map(|(other, _)| *other)
            };
            if let Some(other) = real
                .into_iter()
                .chain(provided())
                .find(|other| *other != number)
            {
                return Some((other, format!("{} {word} {relation}", package.name)));
            }
        }
        None
    }

    /// Takes back everything after `mark`.
    fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark {
            match self.trail.pop() {
                Some(Undo::Excluded(name)) => {
                    self.excluded.get_mut(name).and_then(Vec::pop);
                }
                Some(Undo::Chosen(number)) => {
                    self.chosen.remove(self.universe.package(number).name);
                    self.why.remove(&number);
                    for relation in self.universe.provides(number) {
                        self.provided.get_mut(relation.name).and_then(Vec::pop);
                    }
                }
                None => return,
            }
        }
    }

    /// Why a clause has no candidate at all.
    fn nothing(&self, clause: &str) -> Unsolvable {
        let names: Vec<&str> = alternatives(clause).map(|relation| relation.name).collect();
        let offered: Vec<String> = names
            .iter()
            .flat_map(|name| self.universe.candidates(name))
            .map(|number| {
                let package = self.universe.package(number);
                format!("{} {}", package.name, package.version)
            })
            .collect();
        let known = names.iter().any(|name| self.universe.knows(name));
        let obstacle = if known {
            let offered = if offered.is_empty() {
                vec!["only providers without that version".into()]
            } else {
                offered
            };
            Obstacle::Version {
                wanted: tidy(clause),
                offered,
            }
        } else {
            let name = names.first().copied().unwrap_or(clause);
            Obstacle::Unknown {
                name: name.into(),
                nearest: nearest(name, self.universe.names()),
            }
        };
        Unsolvable {
            chain: self.chain.clone(),
            obstacle,
        }
    }

    /// Checks the whole set again, clause by clause.
    fn check(&mut self) -> Result<(), Unsolvable> {
        for number in self.chosen.values().copied().collect::<Vec<_>>() {
            let package = *self.universe.package(number);
            self.chain = self.why.get(&number).cloned().unwrap_or_default();
            for clause in clauses(package.pre_depends).chain(clauses(package.depends)) {
                if !alternatives(clause).any(|relation| self.satisfied_by(&relation).is_some()) {
                    return Err(self.nothing(clause));
                }
            }
            if let Some((with, reason)) = self.hindrance(number) {
                let other = self.universe.package(with);
                let obstacle = Obstacle::Conflict {
                    package: format!("{} {}", package.name, package.version),
                    with: format!("{} {}", other.name, other.version),
                    reason,
                    chain: self.why.get(&with).cloned().unwrap_or_default(),
                };
                return Err(Unsolvable {
                    chain: self.chain.clone(),
                    obstacle,
                });
            }
        }
        Ok(())
    }

    fn solution(self) -> Solution<'a> {
        let (mut packages, mut assumed) = (Vec::new(), Vec::new());
        for number in self.chosen.values() {
            match self.universe.assumed(*number) {
                Some(stand_in) => assumed.push(stand_in.name.clone()),
                None => packages.push(*self.universe.package(*number)),
            }
        }
        packages.sort_unstable_by_key(|package| package.name);
        assumed.sort_unstable();
        Solution { packages, assumed }
    }
}

/// Whether something provided as `version` satisfies a relation: a constraint needs a versioned provide.
fn provides(relation: &Relation<'_>, version: Option<&str>) -> bool {
    match version {
        Some(version) => relation.allows(version),
        None => relation.version.is_none(),
    }
}

/// apt's order of priorities.
fn priority(word: &str) -> u8 {
    match word {
        "required" => 0,
        "important" => 1,
        "standard" => 2,
        "optional" => 3,
        _ => 4,
    }
}

/// A clause on one line with single blanks.
fn tidy(clause: &str) -> String {
    clause.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
