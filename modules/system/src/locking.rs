//! From what a configuration wants to the packages that it gets: the lock.
//!
//! In: a [`SystemSpec`], the lock that stands beside the configuration, the archive. Out: a lock that covers the wish,
//! the same one where it did already. Writes nothing.

use crate::archive::{Archive, ArchiveError, Indexes};
use crate::machine::accounts;
use cairn_debian::index::IndexError;
use cairn_debian::lock::{Lock, LockError, LockedAccounts, Wanted};
use cairn_debian::{Assumed, Index, Request, Universe, Unsolvable, solve};
use cairn_spec::SystemSpec;
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

/// Whether a lock is for this wish and this archive.
pub fn is_current(lock: &Lock, spec: &SystemSpec) -> bool {
    same_archive(lock, spec) && lock.covers(&wanted(spec)).is_exact()
}

fn same_archive(lock: &Lock, spec: &SystemSpec) -> bool {
    let (archive, debian) = (&lock.archive, &spec.debian);
    archive.suite == debian.suite
        && archive.components == debian.components
        && archive.architecture == debian.architecture
}

/// A lock for this wish: `before`, where it is current; else solved, with all that `before` names held.
/// With `refresh`, nothing is held and the archive is read anew.
///
/// Errors: [`LockingError`].
pub fn lock(
    spec: &SystemSpec,
    before: Option<&Lock>,
    refresh: bool,
    archive: &Archive<'_>,
    say: &mut dyn FnMut(&str),
) -> Result<Lock, LockingError> {
    let mut locked = packages(spec, before, refresh, archive, say)?;
    locked.accounts = before.map(|lock| lock.accounts.clone()).unwrap_or_default();
    Ok(with_accounts(locked, spec))
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
    spec: &SystemSpec,
    before: Option<&Lock>,
    refresh: bool,
    archive: &Archive<'_>,
    say: &mut dyn FnMut(&str),
) -> Result<Lock, LockingError> {
    let same = before.filter(|lock| same_archive(lock, spec));
    if let Some(lock) = same.filter(|lock| is_current(lock, spec) && !refresh) {
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
    let new = solve_all(spec, held, indexes)?;
    // The same packages from a newer index are the same system: its date must not change it.
    let unchanged = same.filter(|lock| lock.sets == new.sets && lock.wanted == new.wanted);
    Ok(unchanged.cloned().unwrap_or(new))
}

fn solve_all(
    spec: &SystemSpec,
    before: Option<&Lock>,
    indexes: Indexes,
) -> Result<Lock, LockingError> {
    let parsed: Result<Vec<Index<'_>>, IndexError> = indexes
        .texts
        .iter()
        .map(|(origin, text)| Index::parse(text, *origin))
        .collect();
    let assumed = assumed();
    let universe = Universe::new(&parsed?, &spec.debian.architecture, &assumed);
    let wanted = wanted(spec);
    let mut sets = BTreeMap::new();
    for (set, relations) in &wanted {
        let held = before.map(|lock| lock.held(set)).unwrap_or_default();
        let request = Request {
            wanted: relations.iter().cloned().collect(),
            essential: set == SYSTEM,
            held,
        };
        sets.insert(set.clone(), solve(&universe, &request).map_err(Box::new)?);
    }
    Ok(Lock::new(indexes.archive, wanted, &sets))
}
