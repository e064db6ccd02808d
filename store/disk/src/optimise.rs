//! Saving space: what is a copy at a materialised path becomes a link to its object.
//!
//! In: the store, the lock. Out: what was won. Touches no content: a file is exchanged only for an object that has the
//! same bytes, hashed now, in one rename. The two forms of an object share their blocks where the file system can.

use crate::error::{Act, Result};
use crate::files;
use crate::hashing::hash_file;
use crate::layout::Layout;
use crate::lock::Lock;
use crate::store::Store;
use cairn_graph::{Content, Digest, EntryKind, StorePath};
use cairn_sys::fs as sys;
use rustix::fs::{self as rfs, AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::{self, File, Permissions};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What was won, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Optimised {
    /// Copies that became links.
    pub linked: u64,
    /// Their bytes.
    pub linked_bytes: u64,
    /// Objects that share their blocks with their other form now.
    pub shared: u64,
    /// Their bytes.
    pub shared_bytes: u64,
    /// Copies that had to stay: the object has as many links as the file system allows, or belongs to another owner.
    pub stayed: u64,
    /// Copies with other bytes than their entry says; [`Store::verify`] tells of them.
    pub wrong: u64,
}

impl Store {
    /// Links again what is a copy; with `look` only says what could be won.
    pub fn optimise(&self, _lock: &Lock, look: bool) -> Result<Optimised> {
        let mut won = Optimised::default();
        self.share_twins(look, &mut won)?;
        let all = self.layout.store();
        let folder = sys::open_folder(&all).act("open the folder", &all)?;
        for name in files::names_in(&self.layout.store())? {
            let Ok(path) = name.parse::<StorePath>() else {
                continue;
            };
            let Ok(Some(record)) = self.path_record(&path) else {
                continue;
            };
            let Ok(tree) = self.content_tree(&record.content, path.name()) else {
                continue;
            };
            for (inner, entry) in &tree.entries {
                let EntryKind::File { digest, size } = &entry.kind else {
                    continue;
                };
                let copy = Copy {
                    digest,
                    executable: entry.executable(),
                    size: *size,
                    at: match record.content {
                        Content::File { .. } => path.base_name().into(),
                        Content::Tree { .. } => Path::new(path.base_name()).join(inner),
                    },
                };
                if *size > 0 {
                    self.link_again(&folder, &copy, look, &mut won)?;
                }
            }
        }
        if !look {
            self.commit()?;
        }
        Ok(won)
    }

    /// Exchanges one file for a link to its object, if it is a copy. Goes through no link.
    fn link_again(
        &self,
        store: &OwnedFd,
        copy: &Copy<'_>,
        look: bool,
        won: &mut Optimised,
    ) -> Result<()> {
        let at = self.layout.store().join(&copy.at);
        let above = copy.at.parent().unwrap_or(Path::new(""));
        let (Ok(above), Some(file)) = (sys::open_folder_beneath(store, above), copy.at.file_name())
        else {
            return Ok(());
        };
        let name = Layout::object_name(copy.digest, copy.executable);
        let object = regular(&self.objects, Path::new(&name));
        let found = regular(&above, Path::new(file));
        let (Some(object), Some(found)) = (object, found) else {
            return Ok(());
        };
        if object.st_dev != found.st_dev || object.st_ino == found.st_ino {
            return Ok(());
        }
        let sizes = [object.st_size, found.st_size];
        let right = sizes.iter().all(|size| *size as u64 == copy.size)
            && has(&above, Path::new(file), copy.digest, &at)?
            && has(&self.objects, Path::new(&name), copy.digest, &at)?;
        if !right {
            won.wrong += 1;
            return Ok(());
        }
        if !look {
            let tmp = self.tmp_path()?;
            match rfs::linkat(&self.objects, name.as_str(), CWD, &tmp, AtFlags::empty()) {
                Ok(()) => {
                    let moved = rfs::renameat(CWD, &tmp, &above, file);
                    files::or_remove(&tmp, moved.act("link", &at))?;
                }
                Err(Errno::MLINK | Errno::PERM | Errno::ACCESS | Errno::XDEV) => {
                    won.stayed += 1;
                    return Ok(());
                }
                Err(error) => return Err(error).act("link", &at),
            }
        }
        won.linked += 1;
        won.linked_bytes += copy.size;
        Ok(())
    }

    /// Makes objects that are there in both forms share their blocks.
    fn share_twins(&self, look: bool, won: &mut Optimised) -> Result<()> {
        // Looking can't tell whether the file system would do it.
        if look || !self.may_reflink() {
            return Ok(());
        }
        for shard in files::names_in(&self.layout.objects())? {
            let folder = self.layout.objects().join(&shard);
            for name in files::names_in(&folder)? {
                let plain = name
                    .strip_suffix(".x")
                    .map(|hex| (hex.parse(), folder.join(hex)));
                let Some((Ok(digest), plain)) = plain else {
                    continue;
                };
                if plain.is_file() {
                    let twin = folder.join(&name);
                    if !self.share(&digest, &plain, &twin, won)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes one object a clone of its other form; whether the file system can.
    fn share(&self, digest: &Digest, from: &Path, to: &Path, won: &mut Optimised) -> Result<bool> {
        let source = File::open(from).act("open", from)?;
        let metadata = to.metadata().act("read", to)?;
        // One that is linked from elsewhere keeps its inode: its blocks would stay all the same.
        if metadata.nlink() > 1 || !has(CWD, from, digest, from)? || !has(CWD, to, digest, to)? {
            return Ok(true);
        }
        let tmp = self.tmp_path()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let clone = rfs::openat(CWD, &tmp, flags, Mode::RUSR | Mode::WUSR).act("create", &tmp)?;
        let clone = File::from(clone);
        if !files::or_remove(&tmp, self.reflink(&source, &clone, &tmp))? {
            files::remove_all(&tmp)?;
            return Ok(false);
        }
        let dressed = clone
            .set_permissions(Permissions::from_mode(0o755))
            .and_then(|()| sys::set_mtime(CWD, &tmp, metadata.mtime()))
            .and_then(|()| fs::rename(&tmp, to));
        files::or_remove(&tmp, dressed.act("share the blocks of", to))?;
        won.shared += 1;
        won.shared_bytes += metadata.len();
        Ok(true)
    }
}

/// A file of a materialised path that may be a copy.
struct Copy<'a> {
    digest: &'a Digest,
    executable: bool,
    /// Bytes.
    size: u64,
    /// Below the folder of store paths.
    at: PathBuf,
}

/// What is known of a regular file; nothing for anything else.
fn regular(folder: impl AsFd, name: &Path) -> Option<Stat> {
    let stat = rfs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then_some(stat)
}

/// Whether a file has this content, hashed now; `place` is what errors name.
fn has(folder: impl AsFd, name: &Path, digest: &Digest, place: &Path) -> Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rfs::openat(folder, name, flags, Mode::empty()).act("open", place)?;
    Ok(hash_file(&mut File::from(file)).act("read", place)?.0 == *digest)
}
