//! The packages that an archive offers, as far as this machine knows them by itself: what an editor completes.
//!
//! In: a configuration, a root, apt's lists. Out: a [`Listing`], and by it the names. Reaches for no network, writes nothing, and
//! reports nothing: what can't be read is as if it were not there. Nothing is installed by what it says.
//!
//! The indexes that the lock was made from come first. Where they are not kept, the packages of the lock count, with apt's
//! own lists of the same suite; where there is neither, apt's lists of another suite, each package with a word of that.

use crate::archive::{self, INDEX_LIMIT};
use crate::locking::{debian_of, same_archive};
use crate::session::{kept_indexes, lock_path};
use cairn_debian::control::stanzas;
use cairn_debian::lock::Lock;
use cairn_debian::{Index, Origin};
use cairn_spec::Debian;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

/// How a file begins that lz4 made.
const LZ4: &[u8] = &[0x04, 0x22, 0x4d, 0x18];
/// Most bytes of an InRelease that are looked at: what a release says of itself stands before its digests.
const HEAD_BYTES: u64 = 4096;

/// A package that is offered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// One line; empty where none is known.
    pub description: String,
}

/// Where the packages of an archive can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Indexes, compressed in any way.
    indexes: Vec<Stamped>,
    /// The lock, where its packages count.
    lock: Option<Stamped>,
    /// The suite that the indexes are of, where it is not the one that was asked for.
    stands_in: Option<String>,
}

/// A file, and what changes with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamped {
    path: PathBuf,
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Stamped {
    fn of(path: PathBuf) -> Option<Self> {
        let about = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        Some(Self {
            path,
            bytes: about.len(),
            changed: about.modified().ok(),
        })
    }
}

/// Where this machine knows the packages of a configuration's archive from, if from anywhere.
///
/// `debian` is what the configuration says of its archive; `None` where that is not known just now. `lists` are apt's, as a rule
/// `/var/lib/apt/lists`.
pub fn find(config: &Path, debian: Option<&Debian>, root: &Path, lists: &Path) -> Option<Listing> {
    let path = lock_path(config);
    let lock = fs::read_to_string(&path).ok();
    let lock = lock.and_then(|text| Lock::parse(&text).ok());
    let lock = lock.filter(|lock| debian.is_none_or(|debian| same_archive(lock, debian)));
    let kept = lock
        .as_ref()
        .and_then(|lock| kept(&kept_indexes(root), lock));
    if let Some(indexes) = kept.filter(|indexes| !indexes.is_empty()) {
        return Some(Listing {
            indexes,
            ..Listing::default()
        });
    }
    let of_lock = lock.as_ref().map(|lock| debian_of(&lock.archive));
    let debian = debian.cloned().or(of_lock).unwrap_or_default();
    let lists = apt_lists(lists, &debian);
    let own = of_suite(&lists, &debian.suite);
    let lock = lock.and_then(|_| Stamped::of(path));
    if lock.is_some() || !own.is_empty() {
        return Some(Listing {
            indexes: own,
            lock,
            stands_in: None,
        });
    }
    let other = lists.iter().map(|list| &list.suite).min()?;
    Some(Listing {
        indexes: of_suite(&lists, other),
        lock: None,
        stands_in: Some(other.clone()),
    })
}

/// The files of a lock's indexes, if all of them are kept.
fn kept(folder: &Path, lock: &Lock) -> Option<Vec<Stamped>> {
    let releases = lock.archive.releases.iter();
    let digests = releases.flat_map(|release| release.indexes.values());
    digests
        .map(|sha256| Stamped::of(folder.join(sha256)))
        .collect()
}

impl Listing {
    /// The packages, sorted, each name once. Takes seconds for all of Debian.
    pub fn read(&self) -> Vec<Offered> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let lock = self.lock.iter();
        let lock = lock.filter_map(|lock| fs::read_to_string(&lock.path).ok());
        let locks = lock.filter_map(|text| Lock::parse(&text).ok());
        let locked = locks.flat_map(|lock| lock.sets.into_values().flatten());
        found.extend(locked.map(|package| (package.name, String::new())));
        for index in &self.indexes {
            let text = plain(&index.path).unwrap_or_default();
            // Where it comes from plays no part in a name.
            let Ok(parsed) = Index::parse(&text, Origin::Debian) else {
                continue;
            };
            for package in parsed.packages {
                let known = found.entry(package.name.to_owned()).or_default();
                if known.is_empty() {
                    *known = match &self.stands_in {
                        Some(suite) => format!("as {suite} has it: {}", package.description),
                        None => package.description.to_owned(),
                    };
                }
            }
        }
        let offered = found.into_iter();
        offered
            .map(|(name, description)| Offered { name, description })
            .collect()
    }
}

/// The plain text of an index; apt keeps its own in one form more than archives have.
fn plain(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = [0; LZ4.len()];
    let mut file = fs::File::open(path)?;
    if file.read_exact(&mut head).is_err() || head != LZ4 {
        return archive::unpack(path);
    }
    let file = io::BufReader::new(fs::File::open(path)?);
    let mut text = Vec::new();
    lz4_flex::frame::FrameDecoder::new(file)
        .take(INDEX_LIMIT)
        .read_to_end(&mut text)?;
    Ok(text)
}

/// One of apt's lists of Debian's own packages.
#[derive(Debug)]
struct AptList {
    /// The suite without what follows a hyphen: updates and security belong to it.
    suite: String,
    file: Stamped,
}

fn of_suite(lists: &[AptList], suite: &str) -> Vec<Stamped> {
    let own = lists.iter().filter(|list| list.suite == suite);
    own.map(|list| list.file.clone()).collect()
}

/// Apt's lists of Debian for the components and the architecture of a configuration, of any suite, in the order of their names.
///
/// A list is called `<mirror>_dists_<suite>_<component>_binary-<architecture>_Packages`, what is told of it stands in
/// `<mirror>_dists_<suite>_InRelease`.
fn apt_lists(folder: &Path, debian: &Debian) -> Vec<AptList> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let list = |name: &String| {
        let (of_archive, rest) = name.rsplit_once("_binary-")?;
        let (release, component) = of_archive.rsplit_once('_')?;
        let (architecture, kind) = rest.split_once('_')?;
        let is_wanted = architecture == debian.architecture
            && debian.components.iter().any(|one| one == component)
            && (kind == "Packages" || kind.starts_with("Packages."));
        let suite = is_wanted.then(|| debian_suite(folder, release, &debian.suite))??;
        let file = Stamped::of(folder.join(name))?;
        Some(AptList { suite, file })
    };
    names.iter().filter_map(list).collect()
}

/// The suite of a release of Debian whose updates Cairn takes, as `wanted` calls it; none of backports and of third parties.
fn debian_suite(folder: &Path, release: &str, wanted: &str) -> Option<String> {
    let of = |kind: &str| fs::File::open(folder.join(format!("{release}_{kind}"))).ok();
    let file = of("InRelease").or_else(|| of("Release"))?;
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let release = stanzas(&head).find(|stanza| stanza.get("Origin").is_some())?;
    if release.get("Origin") != Some("Debian") {
        return None;
    }
    let family = |name: &str| match name.split_once('-') {
        None => Some(name.to_owned()),
        Some((name, "updates" | "security")) => Some(name.to_owned()),
        Some(_) => None,
    };
    let names: Vec<String> = ["Codename", "Suite"]
        .iter()
        .filter_map(|field| family(release.get(field)?))
        .collect();
    let known = names.iter().find(|name| *name == wanted);
    known.or(names.first()).cloned()
}

#[cfg(test)]
mod tests;
