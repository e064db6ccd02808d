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
            let place = self.layout.store_path(&path);
            for (inner, entry) in &tree.entries {
                let EntryKind::File { digest, size } = &entry.kind else {
                    continue;
                };
                if *size == 0 {
                    continue;
                }
                let at = match record.content {
                    Content::File { .. } => place.clone(),
                    Content::Tree { .. } => place.join(inner),
                };
                self.link_again(digest, entry.executable(), *size, &at, look, &mut won)?;
            }
        }
        if !look {
            self.commit()?;
        }
        Ok(won)
    }

    /// Exchanges one file for a link to its object, if it is a copy.
    fn link_again(
        &self,
        digest: &Digest,
        executable: bool,
        size: u64,
        at: &Path,
        look: bool,
        won: &mut Optimised,
    ) -> Result<()> {
        let name = Layout::object_name(digest, executable);
        let stat = |folder, name: &Path| -> Option<Stat> {
            let stat = rfs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then_some(stat)
        };
        let (Some(object), Some(file)) = (
            stat(rustix::fd::AsFd::as_fd(&self.objects), Path::new(&name)),
            stat(CWD, at),
        ) else {
            return Ok(());
        };
        let same = (object.st_dev, object.st_ino) == (file.st_dev, file.st_ino);
        if same || object.st_dev != file.st_dev {
            return Ok(());
        }
        if file.st_size as u64 != size || object.st_size as u64 != size || !has(at, digest)? {
            won.wrong += 1;
            return Ok(());
        }
        if !look {
            let object = self.layout.object(digest, executable);
            if !has(&object, digest)? {
                won.wrong += 1;
                return Ok(());
            }
            let tmp = self.tmp_path()?;
            match rfs::linkat(&self.objects, name.as_str(), CWD, &tmp, AtFlags::empty()) {
                Ok(()) => files::or_remove(&tmp, fs::rename(&tmp, at).act("link", at))?,
                Err(Errno::MLINK | Errno::PERM | Errno::ACCESS) => {
                    won.stayed += 1;
                    return Ok(());
                }
                Err(error) => return Err(error).act("link", at),
            }
        }
        won.linked += 1;
        won.linked_bytes += size;
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
    fn share(
        &self,
        digest: &Digest,
        from: &PathBuf,
        to: &PathBuf,
        won: &mut Optimised,
    ) -> Result<bool> {
        let source = File::open(from).act("open", from)?;
        let metadata = to.metadata().act("read", to)?;
        // One that is linked from elsewhere keeps its inode: its blocks would stay all the same.
        if metadata.nlink() > 1 || !has(from, digest)? || !has(to, digest)? {
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

/// Whether a file has this content, hashed now.
fn has(path: &Path, digest: &Digest) -> Result<bool> {
    let mut file = File::open(path).act("open", path)?;
    Ok(hash_file(&mut file).act("read", path)?.0 == *digest)
}
