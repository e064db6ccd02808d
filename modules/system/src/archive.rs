//! Debian's archive as this machine reaches it: mirrors, signed releases, indexes.
//!
//! In: a configuration's `debian` section and apt's sources. Out: [`Indexes`], every byte checked against a signature.
//! Chooses no package ([`crate::locking`] does).

use cairn_debian::lock::{LockedArchive, LockedRelease};
use cairn_debian::release::ReleaseError;
use cairn_debian::{Mirrors, Origin, Release, find_mirrors};
use cairn_fetch::http::{Client, HttpError, Request};
use cairn_fetch::signature::{self, SignatureError};
use cairn_spec::Debian;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Keyrings of Debian itself, used where neither the configuration nor apt's sources name one.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
];
/// Most bytes that an InRelease may have.
const RELEASE_LIMIT: u64 = 16 << 20;
/// Most bytes that an index may have when it is unpacked.
pub(crate) const INDEX_LIMIT: u64 = 1 << 30;

/// Why the archive can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// No mirror is known.
    #[error("no Debian mirror is known: neither the configuration nor apt's sources name one")]
    NoMirror,
    /// A download failed.
    #[error(transparent)]
    Fetch(#[from] HttpError),
    /// The signature is not good.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The signed text is no release.
    #[error("cannot read the release file of {suite}")]
    Release {
        /// Which suite.
        suite: String,
        /// Why.
        source: ReleaseError,
    },
    /// The mirror serves another suite than the one that was asked for.
    #[error("{url} is signed for the suite `{found}`, not for `{wanted}`")]
    OtherSuite {
        /// What was fetched.
        url: String,
        /// What it says.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// A cache file failed.
    #[error("cannot {act} {path}")]
    Cache {
        /// `read`, `write` …
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The signed indexes of some suites.
#[derive(Debug)]
pub struct Indexes {
    /// What a lock remembers of them.
    pub archive: LockedArchive,
    /// The texts of the indexes.
    pub texts: Vec<(Origin, Vec<u8>)>,
    /// What is odd but no error.
    pub warnings: Vec<String>,
}

/// The archive of one configuration.
#[derive(Debug)]
pub struct Archive<'a> {
    debian: &'a Debian,
    /// Where packages come from.
    pub mirrors: Mirrors,
    /// Whether somebody named the mirror, so that its security archive is a guess.
    named: bool,
    client: &'a Client,
    cache: PathBuf,
    /// Seconds since 1970, to see what has expired.
    now: i64,
}

/// The mirrors of a configuration: its own, else those of apt's sources below `/etc/apt`.
///
/// Errors: [`ArchiveError::NoMirror`].
pub fn mirrors(debian: &Debian, mirror: Option<&str>, apt: &Path) -> Result<Mirrors, ArchiveError> {
    let keyrings = debian.keyring.iter().cloned().collect();
    if let Some(uri) = mirror.or(debian.mirror.as_deref()) {
        let debian = uri.trim_end_matches('/').to_owned();
        // Mirrors that carry security updates do so beside the main archive, as Debian's own layout has it.
        let security = debian
            .ends_with("/debian")
            .then(|| format!("{debian}-security"));
        return Ok(Mirrors {
            debian,
            security,
            keyrings,
        });
    }
    let mut files = vec![apt.join("sources.list")];
    if let Ok(entries) = fs::read_dir(apt.join("sources.list.d")) {
        // As apt: what has another ending is switched off.
        let is_one = |path: &PathBuf| {
            path.extension()
                .is_some_and(|ending| ending == "list" || ending == "sources")
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut more: Vec<PathBuf> = paths.filter(is_one).collect();
        more.sort();
        files.extend(more);
    }
    let mut repositories = Vec::new();
    for file in files {
        if let Ok(text) = fs::read_to_string(&file) {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            repositories.extend(cairn_debian::sources::parse(&name, &text));
        }
    }
    let mut found = find_mirrors(&repositories, &debian.suite).ok_or(ArchiveError::NoMirror)?;
    if debian.keyring.is_some() {
        found.keyrings = keyrings;
    }
    Ok(found)
}

/// The indexes that a lock was made from, if all of them are still in this folder.
pub fn kept(cache: &Path, archive: &LockedArchive) -> Option<Indexes> {
    let mut texts = Vec::new();
    for release in &archive.releases {
        for sha256 in release.indexes.values() {
            texts.push((
                release.origin,
                kept_index(&cache.join(sha256), sha256).ok()??,
            ));
        }
    }
    Some(Indexes {
        archive: archive.clone(),
        texts,
        warnings: Vec::new(),
    })
}

impl<'a> Archive<'a> {
    /// The archive of this configuration; `cache` keeps indexes by digest.
    pub fn new(
        debian: &'a Debian,
        mirrors: Mirrors,
        client: &'a Client,
        cache: PathBuf,
        now: i64,
    ) -> Self {
        Self {
            debian,
            mirrors,
            named: debian.mirror.is_some(),
            client,
            cache,
            now,
        }
    }

    /// The same; `named` says that the mirror was named, not found in apt's sources.
    pub fn with_named_mirror(self, named: bool) -> Self {
        Self {
            named: self.named || named,
            ..self
        }
    }

    fn keyrings(&self) -> Vec<PathBuf> {
        let named: Vec<PathBuf> = self
            .mirrors
            .keyrings
            .iter()
            .map(PathBuf::from)
            .filter(|p| p.exists())
            .collect();
        if !named.is_empty() || self.debian.keyring.is_some() {
            return self.mirrors.keyrings.iter().map(PathBuf::from).collect();
        }
        let known: Vec<PathBuf> = KEYRINGS
            .iter()
            .map(PathBuf::from)
            .filter(|path| path.exists())
            .take(1)
            .collect();
        if known.is_empty() {
            KEYRINGS.iter().map(PathBuf::from).collect()
        } else {
            known
        }
    }

    /// (suite, where it comes from, base address, whether it must exist).
    fn suites(&self) -> Vec<(String, Origin, String, bool)> {
        let suite = &self.debian.suite;
        let main = &self.mirrors.debian;
        let mut suites = vec![(suite.clone(), Origin::Debian, main.clone(), true)];
        suites.push((
            format!("{suite}-updates"),
            Origin::Debian,
            main.clone(),
            false,
        ));
        if let Some(security) = &self.mirrors.security {
            suites.push((
                format!("{suite}-security"),
                Origin::Security,
                security.clone(),
                !self.named,
            ));
        }
        suites
    }

    /// Fetches and checks all releases and indexes as the archive has them now.
    ///
    /// Errors: [`ArchiveError`].
    pub fn observe(&self, say: &mut dyn FnMut(&str)) -> Result<Indexes, ArchiveError> {
        let mut indexes = Indexes {
            archive: self.empty(),
            texts: Vec::new(),
            warnings: Vec::new(),
        };
        for (suite, origin, base, required) in self.suites() {
            let url = format!("{base}/dists/{suite}/InRelease");
            say(&format!("reading {suite} from {base}"));
            let signed = match self.client.get(
                &Request {
                    url: &url,
                    size: None,
                    sha256: None,
                },
                RELEASE_LIMIT,
            ) {
                Ok(signed) => signed,
                Err(HttpError::Http { status: 404, .. } | HttpError::File { .. }) if !required => {
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let release = self.release(&suite, &url, &signed)?;
            let late = release.expired_secs(self.now);
            if late > 0 {
                let days = late / 86400;
                indexes.warnings.push(format!(
                    "{suite} has expired {days} days ago; the mirror may be held back"
                ));
            }
            let mut locked = LockedRelease {
                suite: suite.clone(),
                origin,
                date: release.date,
                indexes: BTreeMap::new(),
            };
            for component in &self.debian.components {
                let wrong = |source| ArchiveError::Release {
                    suite: suite.clone(),
                    source,
                };
                let index = release
                    .index(component, &self.debian.architecture)
                    .map_err(wrong)?;
                let url = format!("{base}/dists/{suite}/{}", index.fetch_path);
                let request = Request {
                    url: &url,
                    size: Some(index.size),
                    sha256: Some(&index.sha256),
                };
                indexes
                    .texts
                    .push((origin, self.index(&request, &index.sha256)?));
                locked
                    .indexes
                    .insert(index.path.clone(), index.sha256.clone());
            }
            indexes.archive.releases.push(locked);
        }
        let mut releases = indexes.archive.releases.iter();
        if !releases.any(|release| release.origin == Origin::Security) {
            indexes.warnings.push(format!(
                "no security updates: {} has no security archive beside it",
                self.mirrors.debian
            ));
        }
        Ok(indexes)
    }

    /// The indexes that a lock was made from, if all of them are still kept here.
    pub fn kept(&self, archive: &LockedArchive) -> Option<Indexes> {
        kept(&self.cache, archive)
    }

    fn empty(&self) -> LockedArchive {
        LockedArchive {
            suite: self.debian.suite.clone(),
            components: self.debian.components.clone(),
            architecture: self.debian.architecture.clone(),
            releases: Vec::new(),
        }
    }

    fn release(&self, suite: &str, url: &str, signed: &[u8]) -> Result<Release, ArchiveError> {
        let keyrings = self.keyrings();
        let paths: Vec<&Path> = keyrings.iter().map(PathBuf::as_path).collect();
        let payload = signature::verify_clear_signed(url, signed, &paths)?;
        let text = String::from_utf8_lossy(&payload);
        let wrong = |source| ArchiveError::Release {
            suite: suite.into(),
            source,
        };
        let release = Release::parse(&text).map_err(wrong)?;
        if release.codename != suite && release.suite != suite {
            let found = release.codename.clone();
            return Err(ArchiveError::OtherSuite {
                url: url.into(),
                found,
                wanted: suite.into(),
            });
        }
        Ok(release)
    }

    fn index(&self, request: &Request<'_>, sha256: &str) -> Result<Vec<u8>, ArchiveError> {
        let failed = |act, path: &Path| {
            let path = path.to_owned();
            move |source| ArchiveError::Cache { act, path, source }
        };
        fs::create_dir_all(&self.cache).map_err(failed("make", &self.cache))?;
        let file = self.cache.join(sha256);
        let kept = || kept_index(&file, sha256).map_err(failed("read", &file));
        if let Some(text) = kept()? {
            return Ok(text);
        }
        self.client.download(request, &file, &mut |_, _| {})?;
        let changed = || failed("read", &file)(io::Error::other("it changed meanwhile"));
        kept()?.ok_or_else(changed)
    }
}

/// The text of a kept index; none where the file is not there, or is not what its name says: it is not made durable, so a power cut may
/// have left less of it.
fn kept_index(file: &Path, sha256: &str) -> io::Result<Option<Vec<u8>>> {
    let packed = match fs::read(file) {
        Ok(packed) => packed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if HEXLOWER.encode(&Sha256::digest(&packed)) != sha256 {
        return Ok(None);
    }
    cairn_fetch::archive::decompress_all(packed.as_slice(), INDEX_LIMIT).map(Some)
}

/// The text of an index that was kept.
pub(crate) fn unpack(file: &Path) -> io::Result<Vec<u8>> {
    cairn_fetch::archive::decompress_all(fs::File::open(file)?, INDEX_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_apt_passes_over_name_no_mirror() {
        let apt = tempfile::tempdir().unwrap();
        let folder = apt.path().join("sources.list.d");
        fs::create_dir(&folder).unwrap();
        let line = "deb http://off.example/debian trixie main\n";
        for name in ["a.list.disabled", "a.list~", "a.sources.save", "README"] {
            fs::write(folder.join(name), line).unwrap();
        }
        let debian: Debian = serde_json::from_str("{}").unwrap();
        let found = mirrors(&debian, None, apt.path());
        assert!(matches!(found, Err(ArchiveError::NoMirror)), "{found:?}");
        fs::write(folder.join("b.list"), line.replace("off", "on")).unwrap();
        let found = mirrors(&debian, None, apt.path()).unwrap();
        assert_eq!(found.debian, "http://on.example/debian");
    }
}
