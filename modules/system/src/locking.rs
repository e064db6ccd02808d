//! From what a configuration wants to the packages that it gets: the lock.
//!
//! In: a [`Demand`], the lock that stands beside the configuration, the archive. Out: a lock that covers the demand,
//! the same one where it did already. Writes nothing.

use crate::archive::{Archive, ArchiveError, Indexes};
use crate::described::Described;
use crate::machine::accounts;
use cairn_debian::index::IndexError;
use cairn_debian::lock::{Lock, LockError, LockedAccounts, LockedArchive, Wanted};
use cairn_debian::{Assumed, Index, Request, Universe, Unsolvable, solve};
use cairn_spec::{Debian, SystemSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The set that a machine's root is made of.
pub const SYSTEM: &str = "system";
/// The set that building needs: file system tools and the boot loader. None of it is in the root.
pub const TOOLS: &str = "tools";
/// What is asked for in [`TOOLS`].
pub const TOOL_PACKAGES: [&str; 2] = ["e2fsprogs", "systemd-boot-efi"];

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockingError {
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An index.
    #[error("cannot read the package index")]
    Index(#[from] IndexError),
    /// The set has no solution.
    #[error(transparent)]
    Unsolvable(#[from] Box<Unsolvable>),
    /// `cairn.lock` can't be read.
    #[error("cannot read {path}")]
    Lock {
        /// The lock.
        path: PathBuf,
        /// Why.
        source: LockError,
    },
}

/// The packages that Cairn itself stands for: its initrd takes the place of Debian's tools for one.
pub fn assumed() -> Vec<Assumed> {
    let provides = vec!["linux-initramfs-tool".into()];
    vec![Assumed {
        name: "cairn-initrd".into(),
        version: "1".into(),
        provides,
    }]
}

/// How the names of sets begin that builds find installed; the tools follow, with spaces.
const BUILD: &str = "build:";

/// The set that builds with these tools find installed; the essential packages are always in it.
pub fn build_set(tools: &[String]) -> String {
    format!("{BUILD}{}", tools.join(" "))
}

/// What is asked of an archive.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The archive.
    pub debian: Debian,
    /// The sets of packages.
    pub wanted: Wanted,
}

impl Demand {
    /// What a system asks for, and the builds in it.
    pub fn of_system(spec: &SystemSpec, described: &Described) -> Self {
        let mut wanted = wanted(spec);
        wanted.extend(tool_sets(described));
        Self {
            debian: spec.debian.clone(),
            wanted,
        }
    }

    /// What builds ask for that belong to no system: of the archive of the lock beside them, where there is one.
    pub fn of_builds(described: &Described, before: Option<&Lock>) -> Self {
        let debian = before.map(|lock| debian_of(&lock.archive));
        Self {
            debian: debian.unwrap_or_default(),
            wanted: tool_sets(described),
        }
    }

    /// Whether a set that is not asked for may stay in a lock. Expressions share the lock of the configuration that they lie beside: neither
    /// throws out what the other needs.
    fn spares(&self, set: &str) -> bool {
        set.starts_with(BUILD) || !self.wanted.contains_key(SYSTEM)
    }

    /// What is asked for, with what stays of this lock.
    fn with(&self, before: &Lock) -> Wanted {
        let others = before.wanted.iter();
        let others = others.filter(|(set, _)| self.spares(set));
        let mut wanted: Wanted = others.map(|(s, w)| (s.clone(), w.clone())).collect();
        wanted.extend(self.wanted.clone());
        wanted
    }
}

/// A lock's archive, from this machine's own mirrors.
pub fn debian_of(archive: &LockedArchive) -> Debian {
    Debian {
        suite: archive.suite.clone(),
        components: archive.components.clone(),
        architecture: archive.architecture.clone(),
        ..Debian::default()
    }
}

/// A lock of nothing, for builds that need no package.
pub fn empty(debian: &Debian) -> Lock {
    let archive = LockedArchive {
        suite: debian.suite.clone(),
        components: debian.components.clone(),
        architecture: debian.architecture.clone(),
        releases: Vec::new(),
    };
    Lock::new(archive, Wanted::new(), &BTreeMap::new())
}

fn tool_sets(described: &Described) -> Wanted {
    let sets = described.tool_sets().into_iter();
    sets.map(|tools| (build_set(tools), tools.iter().cloned().collect()))
        .collect()
}

/// What a configuration asks the archive for.
pub fn wanted(spec: &SystemSpec) -> Wanted {
    let system: BTreeSet<String> = spec
        .packages
        .iter()
        .cloned()
        .chain([spec.kernel.package.clone()])
        .collect();
    let tools = TOOL_PACKAGES
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    Wanted::from([(SYSTEM.into(), system), (TOOLS.into(), tools)])
}

/// Whether a lock is for this demand and this archive.
pub fn is_current(lock: &Lock, demand: &Demand) -> bool {
    same_archive(lock, &demand.debian) && lock.wanted == demand.with(lock)
}

/// Whether a lock is for this archive.
pub(crate) fn same_archive(lock: &Lock, debian: &Debian) -> bool {
    let archive = &lock.archive;
    archive.suite == debian.suite
        && archive.components == debian.components
        && archive.architecture == debian.architecture
}

/// A lock for this demand: `before`, where it is current; else solved, with all that `before` names held.
/// With `refresh`, nothing is held and the archive is read anew. Numbers of accounts stay as they are.
///
/// Errors: [`LockingError`].
pub fn lock(
    demand: &Demand,
    before: Option<&Lock>,
    refresh: bool,
    archive: &Archive<'_>,
    say: &mut dyn FnMut(&str),
) -> Result<Lock, LockingError> {
    let mut locked = packages(demand, before, refresh, archive, say)?;
    locked.accounts = before.map(|lock| lock.accounts.clone()).unwrap_or_default();
    Ok(locked)
}

/// The lock with numbers for all declared accounts; those that it has stay.
pub fn with_accounts(lock: Lock, spec: &SystemSpec) -> Lock {
    let declared = accounts::allocate(&spec.users, &spec.groups, &lock.accounts.declared);
    Lock {
        accounts: LockedAccounts {
            declared,
            ..lock.accounts
        },
        ..lock
    }
}

fn packages(
    demand: &Demand,
    before: Option<&Lock>,
    refresh: bool,
    archive: &Archive<'_>,
    say: &mut dyn FnMut(&str),
) -> Result<Lock, LockingError> {
    let same = before.filter(|lock| same_archive(lock, &demand.debian));
    if let Some(lock) = same.filter(|lock| is_current(lock, demand) && !refresh) {
        return Ok(lock.clone());
    }
    let held = same.filter(|_| !refresh);
    let indexes = match held.and_then(|lock| archive.kept(&lock.archive)) {
        Some(indexes) => indexes,
        None => archive.observe(say)?,
    };
    for warning in &indexes.warnings {
        say(&format!("warning: {warning}"));
    }
    say("choosing packages");
    // Also anew: what an expression beside a configuration needs stays locked, in its newest form.
    let wanted = same.map_or_else(|| demand.wanted.clone(), |lock| demand.with(lock));
    let new = solve_all(&demand.debian, wanted, held, indexes)?;
    // The same packages from a newer index are the same system: its date must not change it.
    let unchanged = same.filter(|lock| lock.sets == new.sets && lock.wanted == new.wanted);
    Ok(unchanged.cloned().unwrap_or(new))
}

fn solve_all(
    debian: &Debian,
    wanted: Wanted,
    before: Option<&Lock>,
    indexes: Indexes,
) -> Result<Lock, LockingError> {
    let parsed: Result<Vec<Index<'_>>, IndexError> = indexes
        .texts
        .iter()
        .map(|(origin, text)| Index::parse(text, *origin))
        .collect();
    let assumed = assumed();
    let universe = Universe::new(&parsed?, &debian.architecture, &assumed);
    let mut sets = BTreeMap::new();
    for (set, relations) in &wanted {
        let request = Request {
            wanted: relations.iter().cloned().collect(),
            essential: set == SYSTEM || set.starts_with(BUILD),
            held: before.map(|lock| held(lock, set)).unwrap_or_default(),
        };
        sets.insert(set.clone(), solve(&universe, &request).map_err(Box::new)?);
    }
    Ok(Lock::new(indexes.archive, wanted, &sets))
}

/// The versions of a set; a set that is new has those of the others, so that what is built runs beside them.
fn held(lock: &Lock, set: &str) -> BTreeMap<String, String> {
    let own = lock.held(set);
    if !own.is_empty() || !set.starts_with(BUILD) {
        return own;
    }
    let others = lock.sets.keys().rev();
    others.flat_map(|other| lock.held(other)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::described::Wish;
    use crate::description::{BuildDescription, Description};

    fn described(tools: &[&str]) -> Described {
        let build = BuildDescription {
            name: "hello".into(),
            script: String::new(),
            tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
            sources: BTreeMap::new(),
            env: BTreeMap::new(),
            timeout_secs: None,
            needs: BTreeSet::new(),
        };
        let wish = Wish {
            text: String::new(),
            description: Description::Build(build),
            needs: Vec::new(),
        };
        Described {
            wishes: vec![wish],
            sources: Vec::new(),
        }
    }

    fn locked(wanted: Wanted) -> Lock {
        Lock {
            wanted,
            ..empty(&Debian::default())
        }
    }

    #[test]
    fn a_configuration_and_an_expression_beside_it_share_a_lock() {
        let system = Demand {
            debian: Debian::default(),
            wanted: Wanted::from([
                (SYSTEM.into(), BTreeSet::from(["curl".to_owned()])),
                (TOOLS.into(), BTreeSet::new()),
            ]),
        };
        let builds = Demand::of_builds(&described(&["gcc"]), None);
        let both = locked(builds.with(&locked(system.wanted.clone())));
        assert_eq!(
            both.wanted.keys().collect::<Vec<_>>(),
            ["build:gcc", "system", "tools"]
        );
        assert!(is_current(&both, &system) && is_current(&both, &builds));
        assert!(!is_current(&locked(system.wanted.clone()), &builds));
        assert!(!is_current(&locked(builds.wanted.clone()), &system));
    }

    #[test]
    fn other_tools_are_another_set() {
        let one = Demand::of_builds(&described(&["gcc"]), None);
        let other = Demand::of_builds(&described(&["gcc", "make"]), None);
        assert!(is_current(&locked(one.wanted.clone()), &one));
        assert!(!is_current(&locked(one.wanted), &other));
        // A build without tools has a set too: the essential packages.
        let none = Demand::of_builds(&described(&[]), None);
        assert!(!is_current(&locked(Wanted::new()), &none));
    }
}
