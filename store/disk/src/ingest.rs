//! Taking files and folders into the store.
//!
//! In: a path that is not trusted: no symbolic link is followed, nothing outside is opened, whatever moves meanwhile.
//! Out: a [`Content`], a [`Tree`] or, of an overlay's upper folder, a [`Delta`]. Refuses sockets, block devices and
//! names that are not UTF-8. Of extended attributes `user.*` (but not overlay's own) and `security.capability` are taken.

use crate::error::{Act, Error, Result};
use crate::objects::ObjectMeta;
use crate::parallel;
use crate::store::Store;
use cairn_graph::{Content, Delta, Entry, EntryKind, Tree};
use cairn_sys::fs as sys;
use rustix::fs::{self as rfs, AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Whose the entries will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    /// As this process sees them.
    AsSeen,
    /// All the same.
    Fixed {
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
    },
    /// As a user namespace sees them in which `seen` of the range is `inside`, for users and groups alike. An id in no range is an error.
    Mapped(Vec<IdRange>),
}

/// Consecutive ids: `inside..inside + count` are seen here as `seen..seen + count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// First id in the result.
    pub inside: u32,
    /// First id as this process sees it.
    pub seen: u32,
    /// How many.
    pub count: u32,
}

/// How to ingest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestOptions {
    /// Whose the entries will be.
    pub owners: Owners,
    /// The time of all entries, in seconds since 1970; as found when nothing is given.
    pub mtime: Option<i64>,
}

impl Default for IngestOptions {
    /// As seen.
    fn default() -> Self {
        Self {
            owners: Owners::AsSeen,
            mtime: None,
        }
    }
}

impl Store {
    /// Takes a file or a folder; of a folder, the tree's manifest too.
    ///
    /// Errors: [`Error::Unstorable`], also for a symbolic link.
    pub fn ingest(&self, path: &Path, options: &IngestOptions) -> Result<Content> {
        let metadata = path.symlink_metadata().act("read", path)?;
        if metadata.is_dir() {
            let tree = self.ingest_tree(path, options)?;
            return Ok(Content::Tree {
                digest: self.put_tree(&tree)?,
            });
        }
        if !metadata.is_file() {
            return Err(unstorable(path, "it is neither a file nor a folder"));
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rfs::openat(CWD, path, flags, Mode::empty()).act("open", path)?;
        let stat = rfs::fstat(&file).act("read", path)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(unstorable(path, "it is no file any more"));
        }
        let executable = stat.st_mode & 0o111 != 0;
        let meta = ObjectMeta {
            executable,
            mtime: options.mtime.unwrap_or(stat.st_mtime),
        };
        let (digest, size) =
            self.put_open(&mut File::from(file), stat.st_size as u64, meta, path)?;
        Ok(Content::File {
            digest,
            size,
            executable,
        })
    }

    /// Takes a folder's files; the tree is returned and not put. Errors: [`Error::Unstorable`].
    pub fn ingest_tree(&self, folder: &Path, options: &IngestOptions) -> Result<Tree> {
        let mut walk = Walk::new(self, folder, options, false)?;
        walk.run()?;
        let tree = Tree {
            entries: walk.entries,
        };
        tree.check().map_err(|source| Error::Tree {
            path: folder.into(),
            source,
        })?;
        Ok(tree)
    }

    /// Takes what an overlay's upper folder says: whiteouts (devices 0/0, or empty files with an attribute) and opaque
    /// folders become removals.
    ///
    /// Errors: [`Error::Unstorable`], also for redirects and metadata copies, which need options that sandboxes don't set.
    pub fn ingest_overlay_upper(&self, upper: &Path, options: &IngestOptions) -> Result<Delta> {
        let mut walk = Walk::new(self, upper, options, true)?;
        walk.run()?;
        Ok(Delta {
            upserts: walk.entries,
            removed: walk.removed,
        })
    }
}

fn unstorable(path: &Path, why: impl Into<String>) -> Error {
    Error::Unstorable {
        path: path.into(),
        why: why.into(),
    }
}

/// Files that are taken before a waiting collection gets its turn.
const AT_ONCE: usize = 2048;

struct Walk<'a> {
    store: &'a Store,
    options: &'a IngestOptions,
    overlay: bool,
    place: &'a Path,
    root: OwnedFd,
    entries: BTreeMap<String, Entry>,
    removed: BTreeSet<String>,
    /// Regular files, still to be read.
    files: Vec<String>,
}

/// What a regular file turned out to be.
enum Found {
    Entry(Entry),
    Whiteout,
}

impl<'a> Walk<'a> {
    fn new(
        store: &'a Store,
        place: &'a Path,
        options: &'a IngestOptions,
        overlay: bool,
    ) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rfs::openat(CWD, place, flags, Mode::empty()).act("open the folder", place)?;
        let (entries, removed, files) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        Ok(Self {
            store,
            options,
            overlay,
            place,
            root,
            entries,
            removed,
            files,
        })
    }

    fn run(&mut self) -> Result<()> {
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            self.folder(&folder, &mut open)?;
        }
        let this = &*self;
        let mut found = Vec::with_capacity(self.files.len());
        for some in self.files.chunks(AT_ONCE) {
            // One lock for many files, and no collection waits long for it.
            found.extend(
                this.store
                    .beside_no_collection(|| parallel::try_map(some, |path| this.file(path)))?,
            );
        }
        for (path, found) in std::mem::take(&mut self.files).into_iter().zip(found) {
            match found {
                Found::Entry(entry) => drop(self.entries.insert(path, entry)),
                Found::Whiteout => drop(self.removed.insert(path)),
            }
        }
        Ok(())
    }

    /// Takes a folder itself and lists what is in it.
    fn folder(&mut self, path: &str, open: &mut Vec<String>) -> Result<()> {
        let place = self.at(path);
        let folder =
            sys::open_folder_beneath(&self.root, Path::new(path)).act("open the folder", &place)?;
        let stat = rfs::fstat(&folder).act("read", &place)?;
        let found = sys::xattrs(&folder).act("read the attributes of", &place)?;
        if self.overlay {
            if overlay_attribute(&found, "redirect").is_some() {
                return Err(unstorable(&place, "the overlay renamed it by a redirect"));
            }
            // The value `x` says only that whiteouts with attributes may be inside.
            if overlay_attribute(&found, "opaque").is_some_and(|value| value == b"y")
                && !path.is_empty()
            {
                self.removed.insert(path.to_owned());
            }
        }
        let entry = self.entry(EntryKind::Directory, &stat, found, &place)?;
        self.entries.insert(path.to_owned(), entry);
        for item in Dir::read_from(&folder).act("list", &place)? {
            let item = item.act("list", &place)?;
            let name = item.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let name = std::str::from_utf8(name).map_err(|_| {
                unstorable(
                    &place.join(String::from_utf8_lossy(name).as_ref()),
                    "its name is not UTF-8",
                )
            })?;
            let path = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}/{name}")
            };
            match item.file_type() {
                // What it is when it is opened is what counts.
                FileType::RegularFile => self.files.push(path),
                _ => self.item(&folder, name, path, open)?,
            }
        }
        Ok(())
    }

    fn item(
        &mut self,
        folder: &OwnedFd,
        name: &str,
        path: String,
        open: &mut Vec<String>,
    ) -> Result<()> {
        let place = self.at(&path);
        let stat = rfs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).act("read", &place)?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                open.push(path);
                return Ok(());
            }
            FileType::RegularFile => {
                self.files.push(path);
                return Ok(());
            }
            FileType::Symlink => {
                let target =
                    rfs::readlinkat(folder, name, Vec::new()).act("read the link", &place)?;
                let target = target
                    .into_string()
                    .map_err(|_| unstorable(&place, "its target is not UTF-8"))?;
                EntryKind::Symlink { target }
            }
            FileType::Fifo => EntryKind::Fifo,
            FileType::CharacterDevice => {
                let (major, minor) = (rfs::major(stat.st_rdev), rfs::minor(stat.st_rdev));
                if (major, minor) == (0, 0) {
                    if !self.overlay {
                        return Err(unstorable(
                            &place,
                            "it is a device 0/0, an overlay's whiteout",
                        ));
                    }
                    self.removed.insert(path);
                    return Ok(());
                }
                EntryKind::CharDevice { major, minor }
            }
            FileType::BlockDevice => return Err(unstorable(&place, "it is a block device")),
            FileType::Socket => return Err(unstorable(&place, "it is a socket")),
            FileType::Unknown => return Err(unstorable(&place, "nobody knows what it is")),
        };
        let entry = self.entry(kind, &stat, BTreeMap::new(), &place)?;
        self.entries.insert(path, entry);
        Ok(())
    }

    fn file(&self, path: &str) -> Result<Found> {
        let place = self.at(path);
        let mut file = sys::open_beneath(&self.root, Path::new(path)).act("open", &place)?;
        let stat = rfs::fstat(&file).act("read", &place)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(unstorable(&place, "it was replaced while it was read"));
        }
        let found = sys::xattrs(&file).act("read the attributes of", &place)?;
        if self.overlay {
            if stat.st_size == 0 && overlay_attribute(&found, "whiteout").is_some() {
                return Ok(Found::Whiteout);
            }
            if overlay_attribute(&found, "metacopy").is_some() {
                return Err(unstorable(&place, "the overlay copied only its metadata"));
            }
        }
        let mtime = self.options.mtime.unwrap_or(stat.st_mtime);
        let meta = ObjectMeta {
            executable: stat.st_mode & 0o111 != 0,
            mtime,
        };
        let (digest, size) = self
            .store
            .put_open(&mut file, stat.st_size as u64, meta, &place)?;
        self.entry(EntryKind::File { digest, size }, &stat, found, &place)
            .map(Found::Entry)
    }

    fn entry(
        &self,
        kind: EntryKind,
        stat: &Stat,
        mut xattrs: BTreeMap<String, Vec<u8>>,
        place: &Path,
    ) -> Result<Entry> {
        xattrs.retain(|name, _| {
            name == "security.capability"
                || (name.starts_with("user.") && !name.starts_with("user.overlay."))
        });
        let owner = |id: u32| match &self.options.owners {
            Owners::AsSeen => Some(id),
            Owners::Fixed { .. } => None,
            Owners::Mapped(ranges) => ranges
                .iter()
                .find(|range| id >= range.seen && id - range.seen < range.count)
                .map(|range| range.inside + (id - range.seen)),
        };
        let (uid, gid) = match (&self.options.owners, owner(stat.st_uid), owner(stat.st_gid)) {
            (Owners::Fixed { uid, gid }, ..) => (*uid, *gid),
            (_, Some(uid), Some(gid)) => (uid, gid),
            _ => {
                let why = format!(
                    "its owner {}:{} is none of the namespace's",
                    stat.st_uid, stat.st_gid
                );
                return Err(unstorable(place, why));
            }
        };
        // A link's mode means nothing; some file systems say other things than 0777.
        let mode = if matches!(kind, EntryKind::Symlink { .. }) {
            0o777
        } else {
            stat.st_mode & 0o7777
        };
        Ok(Entry {
            kind,
            mode,
            uid,
            gid,
            mtime: self.options.mtime.unwrap_or(stat.st_mtime),
            xattrs,
        })
    }

    fn at(&self, path: &str) -> PathBuf {
        self.place.join(path)
    }
}

/// An attribute that overlay keeps for itself, in the form of a privileged or an unprivileged mount.
fn overlay_attribute<'a>(found: &'a BTreeMap<String, Vec<u8>>, name: &str) -> Option<&'a [u8]> {
    let value = |prefix: &str| found.get(&format!("{prefix}.overlay.{name}"));
    value("trusted")
        .or_else(|| value("user"))
        .map(Vec::as_slice)
}
