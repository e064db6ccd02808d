//! The lock: which packages a configuration means, exactly.
//!
//! In: solutions, or the text of `cairn.lock`. Out: that text, with a package a line so that its diffs are read, and the answers
//! to "does it still cover the configuration?" and "what changed?". Names no mirror.

use crate::index::{Origin, Package};
use crate::solve::Solution;
use crate::version;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Name of a set (`system`, `tools`) → the relations that were asked for.
pub type Wanted = BTreeMap<String, BTreeSet<String>>;

/// `cairn.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of the form: 1.
    pub version: u32,
    /// The archive it was solved against.
    pub archive: LockedArchive,
    /// Date of the newest InRelease, seconds since 1970: `SOURCE_DATE_EPOCH` of everything built from it.
    pub epoch: i64,
    /// What was asked for.
    pub wanted: Wanted,
    /// Numbers of accounts, so that they never move.
    #[serde(default)]
    pub accounts: LockedAccounts,
    /// What it came to, each sorted by name.
    pub sets: BTreeMap<String, Vec<LockedPackage>>,
}

/// Numbers of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedAccounts {
    /// Of the accounts that the configuration declares.
    pub declared: Numbers,
    /// Of the accounts that the packages made.
    #[serde(default)]
    pub of_packages: Numbers,
}

/// Numbers by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// User name → uid.
    pub users: BTreeMap<String, u32>,
    /// Group name → gid.
    pub groups: BTreeMap<String, u32>,
}

/// The archive of a lock, without mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedArchive {
    /// `trixie`.
    pub suite: String,
    /// `main` …
    pub components: Vec<String>,
    /// `amd64`.
    pub architecture: String,
    /// One for each suite (`trixie`, `trixie-updates`, `trixie-security`).
    pub releases: Vec<LockedRelease>,
}

/// One signed suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRelease {
    /// `trixie-security`.
    pub suite: String,
    /// Which mirror has it.
    pub origin: Origin,
    /// Seconds since 1970.
    pub date: i64,
    /// Index path → SHA-256 of the index as fetched.
    pub indexes: BTreeMap<String, String>,
}

/// One package, with all that is needed to fetch it without an index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `amd64` or `all`.
    pub architecture: String,
    /// Bytes of the .deb.
    pub size: u64,
    /// SHA-256 of the .deb.
    pub sha256: String,
    /// Which mirror has it.
    pub origin: Origin,
    /// Pool path below the mirror.
    pub path: String,
    /// Kibibytes when unpacked, as its maintainers say.
    pub installed_size_kib: u64,
}

/// Whether a lock covers a wish list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// (set, relation) asked for but not locked.
    pub missing: Vec<(String, String)>,
    /// (set, relation) locked but no longer asked for.
    pub superfluous: Vec<(String, String)>,
}

impl Coverage {
    /// Whether lock and wish list agree.
    pub fn is_exact(&self) -> bool {
        self.missing.is_empty() && self.superfluous.is_empty()
    }
}

/// What one lock has that another has not, over all sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockDiff {
    /// New packages.
    pub added: Vec<LockedPackage>,
    /// Packages that went.
    pub removed: Vec<LockedPackage>,
    /// (before, after), the version rose (or only the content changed).
    pub upgraded: Vec<(LockedPackage, LockedPackage)>,
    /// (before, after), the version fell.
    pub downgraded: Vec<(LockedPackage, LockedPackage)>,
}

/// Why a lock can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Not JSON of this form.
    #[error("the lock can't be read")]
    Form(#[from] serde_json::Error),
    /// Made by a later Cairn.
    #[error("the lock has form {0}, this Cairn reads form 1")]
    Version(u64),
}

impl From<&Package<'_>> for LockedPackage {
    fn from(package: &Package<'_>) -> Self {
        Self {
            name: package.name.into(),
            version: package.version.into(),
            architecture: package.architecture.into(),
            size: package.size,
            sha256: package.sha256.into(),
            origin: package.origin,
            path: package.filename.into(),
            installed_size_kib: package.installed_size_kib,
        }
    }
}

/// The form that this version reads and writes.
const FORM: u32 = 1;

impl Lock {
    /// Joins solved sets to a lock.
    pub fn new(
        archive: LockedArchive,
        wanted: Wanted,
        sets: &BTreeMap<String, Solution<'_>>,
    ) -> Self {
        let epoch = archive
            .releases
            .iter()
            .map(|release| release.date)
            .max()
            .unwrap_or(0);
        let sets = sets
            .iter()
            .map(|(set, solution)| {
                (
                    set.clone(),
                    solution.packages.iter().map(LockedPackage::from).collect(),
                )
            })
            .collect();
        Self {
            version: FORM,
            archive,
            epoch,
            wanted,
            accounts: LockedAccounts::default(),
            sets,
        }
    }

    /// Reads `cairn.lock`.
    ///
    /// Errors: [`LockError`].
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version != u64::from(FORM) => Err(LockError::Version(version)),
            _ => Ok(serde_json::from_value(value)?),
        }
    }

    /// Writes `cairn.lock`: JSON, a package a line.
    pub fn print(&self) -> String {
        let mut sets = Vec::new();
        for (set, packages) in &self.sets {
            let lines: Vec<String> = packages
                .iter()
                .map(|package| json(package, false))
                .collect();
            let name = json(set, false);
            sets.push(match &lines[..] {
                [] => format!("    {name}: []"),
                lines => format!("    {name}: [\n      {}\n    ]", lines.join(",\n      ")),
            });
        }
        let indented = |value: String| value.replace('\n', "\n  ");
        format!(
            "{{\n  \"version\": {},\n  \"archive\": {},\n  \"epoch\": {},\n  \"wanted\": {},\n  \"accounts\": {},\n  \"sets\": {{\n{}\n  }}\n}}\n",
            self.version,
            indented(json(&self.archive, true)),
            self.epoch,
            indented(json(&self.wanted, true)),
            indented(json(&self.accounts, true)),
            sets.join(",\n"),
        )
    }

    /// Compares what was asked for then with what is asked for now.
    pub fn covers(&self, wanted: &Wanted) -> Coverage {
        Coverage {
            missing: without(wanted, &self.wanted),
            superfluous: without(&self.wanted, wanted),
        }
    }

    /// The versions of a set, to hold them when solving again ([`crate::solve::Request::held`]).
    pub fn held(&self, set: &str) -> BTreeMap<String, String> {
        self.sets
            .get(set)
            .into_iter()
            .flatten()
            .map(|p| (p.name.clone(), p.version.clone()))
            .collect()
    }

    /// Every locked package once, sorted by name, whatever set it is in.
    pub fn packages(&self) -> Vec<&LockedPackage> {
        let mut packages: Vec<&LockedPackage> = self.sets.values().flatten().collect();
        packages.sort_unstable_by(|a, b| (&a.name, &a.sha256).cmp(&(&b.name, &b.sha256)));
        packages.dedup();
        packages
    }

    /// What `after` changes, over all sets.
    pub fn diff(&self, after: &Self) -> LockDiff {
        LockDiff::between(self.packages(), after.packages())
    }
}

/// JSON of a value whose keys are strings.
fn json(value: &impl Serialize, pretty: bool) -> String {
    let text = if pretty {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    text.unwrap_or_else(|error| unreachable!("a lock is strings and numbers: {error}"))
}

/// What `these` have that `those` lack.
fn without(these: &Wanted, those: &Wanted) -> Vec<(String, String)> {
    let each = these
        .iter()
        .flat_map(|(set, wanted)| wanted.iter().map(move |one| (set, one)));
    each.filter(|(set, one)| !those.get(*set).is_some_and(|other| other.contains(*one)))
        .map(|(set, one)| (set.clone(), one.clone()))
        .collect()
}

impl LockDiff {
    /// What leads from one list of packages to another.
    pub fn between<'a>(
        before: impl IntoIterator<Item = &'a LockedPackage>,
        after: impl IntoIterator<Item = &'a LockedPackage>,
    ) -> Self {
        let by_name = |package: &'a LockedPackage| (package.name.as_str(), package);
        let mut old: BTreeMap<&str, &LockedPackage> = before.into_iter().map(by_name).collect();
        let mut diff = Self::default();
        for (name, new) in after.into_iter().map(by_name).collect::<BTreeMap<_, _>>() {
            match old.remove(name) {
                None => diff.added.push(new.clone()),
                Some(same) if same.sha256 == new.sha256 => {}
                Some(other) => {
                    let fell = version::compare(&new.version, &other.version).is_lt();
                    let pairs = if fell {
                        &mut diff.downgraded
                    } else {
                        &mut diff.upgraded
                    };
                    pairs.push((other.clone(), new.clone()));
                }
            }
        }
        diff.removed = old.into_values().cloned().collect();
        diff
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Kibibytes that the unpacked packages grow by.
    pub fn growth_kib(&self) -> i64 {
        let sum = |packages: &[LockedPackage]| {
            packages
                .iter()
                .map(|p| p.installed_size_kib as i64)
                .sum::<i64>()
        };
        let pairs = self.upgraded.iter().chain(&self.downgraded);
        let changed: i64 = pairs
            .map(|(old, new)| new.installed_size_kib as i64 - old.installed_size_kib as i64)
            .sum();
        sum(&self.added) - sum(&self.removed) + changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, size: u64) -> LockedPackage {
        LockedPackage {
            name: name.into(),
            version: version.into(),
            architecture: "amd64".into(),
            size,
            sha256: format!("{name}{version}"),
            origin: Origin::Debian,
            path: format!("pool/{name}.deb"),
            installed_size_kib: size,
        }
    }

    fn lock(packages: &[LockedPackage]) -> Lock {
        Lock {
            version: FORM,
            archive: LockedArchive {
                suite: "trixie".into(),
                components: vec!["main".into()],
                architecture: "amd64".into(),
                releases: vec![LockedRelease {
                    suite: "trixie".into(),
                    origin: Origin::Debian,
                    date: 7,
                    indexes: [("main/binary-amd64/Packages.xz".into(), "00".into())].into(),
                }],
            },
            epoch: 7,
            wanted: [("system".into(), ["nginx".into()].into())].into(),
            accounts: LockedAccounts::default(),
            sets: [
                ("system".into(), packages.to_vec()),
                ("tools".into(), Vec::new()),
            ]
            .into(),
        }
    }

    #[test]
    fn what_is_printed_is_read_back_and_has_a_package_a_line() {
        let lock = lock(&[package("a", "1", 1), package("b", "2", 2)]);
        let text = lock.print();
        assert_eq!(Lock::parse(&text).unwrap(), lock);
        assert_eq!(
            text.lines().filter(|line| line.contains("pool/")).count(),
            2,
            "{text}"
        );
    }

    #[test]
    fn a_later_form_is_refused_by_its_number() {
        let text = lock(&[])
            .print()
            .replace("\"version\": 1", "\"version\": 2");
        assert_eq!(
            Lock::parse(&text).unwrap_err().to_string(),
            "the lock has form 2, this Cairn reads form 1"
        );
    }

    #[test]
    fn coverage_names_what_is_missing_and_what_is_left_over() {
        let lock = lock(&[]);
        assert!(lock.covers(&lock.wanted).is_exact());
        let wanted: Wanted = [("system".into(), ["curl".into()].into())].into();
        let coverage = lock.covers(&wanted);
        assert_eq!(coverage.missing, [("system".to_owned(), "curl".to_owned())]);
        assert_eq!(
            coverage.superfluous,
            [("system".to_owned(), "nginx".to_owned())]
        );
    }

    #[test]
    fn a_diff_tells_up_from_down_by_debian_order() {
        let before = lock(&[
            package("a", "1.9", 5),
            package("b", "1.0", 5),
            package("c", "1", 5),
            package("e", "1", 1),
        ]);
        let after = lock(&[
            package("a", "1.10", 6),
            package("b", "1.0~rc1", 5),
            package("d", "1", 9),
            package("e", "1", 1),
        ]);
        let diff = before.diff(&after);
        let names = |pairs: &[(LockedPackage, LockedPackage)]| {
            pairs.iter().map(|p| p.0.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            (names(&diff.upgraded), names(&diff.downgraded)),
            (vec!["a".into()], vec!["b".into()])
        );
        assert_eq!(
            (diff.added[0].name.as_str(), diff.removed[0].name.as_str()),
            ("d", "c")
        );
        assert_eq!(diff.growth_kib(), 1 + 9 - 5);
        assert!(before.diff(&before).is_empty());
    }
}
