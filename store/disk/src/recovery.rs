//! After the machine went down in the middle of something: what was not durable by then is whole, or it goes.
//!
//! In: temporary folders of an earlier boot, whose processes never tidied up. Out: of all that came into the store since they began, what is
//! half there is taken away; putting it again makes it whole. The names of objects may have become durable before their
//! contents, as nothing is synced one by one (see [`Store::commit`]). Takes nothing away that was ever committed: that is whole.

use crate::error::{Act, Error, Result};
use crate::files;
use crate::hashing::hash_file;
use crate::parallel;
use crate::store::{Store, boot_id};
use cairn_graph::{Content, Digest, EntryKind, StorePath};
use cairn_sys::fs as sys;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

/// The clock may have been set back since a process began.
const CLOCK_SLACK: Duration = Duration::from_hours(24);
/// How often a process looks whether another one has done it.
const TICK: Duration = Duration::from_millis(10);
/// How a temporary folder is called whose store has been looked through; the collector sweeps it.
const DONE: &str = "recovered-";

impl Store {
    /// Takes away what processes of an earlier boot left half there. Costs the listing of one folder where there is nothing of the kind.
    ///
    /// Who may not write to the store leaves it as it is. Errors: [`Error::Io`].
    pub(crate) fn recover(&self) -> Result<()> {
        let recovered = self.left_by_earlier_boots().and_then(|left| {
            if left.is_empty() {
                Ok(())
            } else {
                self.recover_alone()
            }
        });
        match recovered {
            Err(Error::Io { source, .. }) if is_refused(&source) => Ok(()),
            other => other,
        }
    }

    fn recover_alone(&self) -> Result<()> {
        let path = self.layout.var().join("lock").join("recovery");
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .act("open the lock", &path)?;
        while !sys::try_lock(&lock).act("lock", &path)? {
            thread::sleep(TICK);
        }
        let left = self.left_by_earlier_boots()?;
        if left.is_empty() {
            return Ok(());
        }
        self.remove_half(began(&left))?;
        self.commit()?;
        for folder in left {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let done = self.layout.tmp().join(format!("{DONE}{name}"));
            fs::rename(&folder, &done).act("rename", &folder)?;
        }
        Ok(())
    }

    /// Temporary folders (`<boot>-<pid>-<n>`) of other boots than this one.
    fn left_by_earlier_boots(&self) -> Result<Vec<PathBuf>> {
        let tmp = self.layout.tmp();
        let own = boot_id();
        let names = files::names_in(&tmp)?.into_iter();
        let left = names.filter(|name| {
            let parts: Vec<&str> = name.split('-').collect();
            matches!(parts.as_slice(), [boot, pid, number]
                if *boot != own && boot.len() == own.len() && is_number(pid) && is_number(number))
        });
        Ok(left.map(|name| tmp.join(name)).collect())
    }

    /// First what is referred to, then what refers to what is gone by then. Each step can be done again.
    fn remove_half(&self, since: Option<SystemTime>) -> Result<()> {
        let trees = new_files(&self.layout.trees(), since)?;
        let mut contents = trees.clone();
        for shard in files::names_in(&self.layout.objects())? {
            contents.extend(new_files(&self.layout.objects().join(shard), since)?);
        }
        parallel::try_map(&contents, |path| {
            if is_what_it_is_called(path)? {
                Ok(())
            } else {
                files::remove_all(path)
            }
        })?;
        for tree in trees {
            if digest_of(&tree).is_some_and(|digest| !self.is_whole_tree(&digest)) {
                files::remove_all(&tree)?;
            }
        }
        for record in new_files(&self.layout.paths(), since)? {
            if !self.is_whole_record(&record) {
                files::remove_all(&record)?;
            }
        }
        for place in new_files(&self.layout.store(), since)? {
            if !self.is_whole_place(&place) {
                files::remove_all(&place)?;
            }
        }
        Ok(())
    }

    /// Whether a path's record can be read and all that it names is there.
    fn is_whole_record(&self, record: &Path) -> bool {
        let content = named(record).and_then(|path| self.path_content(&path).ok());
        match content {
            None => false,
            Some(Content::File {
                digest, executable, ..
            }) => self.object_path(&digest, executable).is_some(),
            Some(Content::Tree { digest }) => self.is_whole_tree(&digest),
        }
    }

    /// Whether a manifest can be read and all its objects are there.
    fn is_whole_tree(&self, digest: &Digest) -> bool {
        self.tree(digest).is_ok_and(|tree| {
            tree.entries.values().all(|entry| match &entry.kind {
                EntryKind::File { digest, .. } => self.has_object(digest),
                _ => true,
            })
        })
    }

    /// Whether what was made at a store path is all that its record says; without a record nobody knows.
    fn is_whole_place(&self, place: &Path) -> bool {
        let content = named(place).and_then(|path| self.path_content(&path).ok());
        match content {
            None => false,
            Some(Content::File {
                digest, executable, ..
            }) => self.is_object_at(place, &digest, executable),
            Some(Content::Tree { digest }) => self.tree(&digest).is_ok_and(|tree| {
                tree.entries.iter().all(|(name, entry)| {
                    let place = place.join(name);
                    match &entry.kind {
                        EntryKind::File { digest, .. } => {
                            self.is_object_at(&place, digest, entry.executable())
                        }
                        _ => place.symlink_metadata().is_ok(),
                    }
                })
            }),
        }
    }

    /// Whether a file is the object, as a link or as a copy.
    fn is_object_at(&self, place: &Path, digest: &Digest, executable: bool) -> bool {
        let identity = |path: &Path| {
            let found = path.symlink_metadata().ok()?;
            Some((found.dev(), found.ino()))
        };
        let found = identity(place);
        found.is_some()
            && (found == identity(&self.layout.object(digest, executable))
                || has_digest(place, digest).unwrap_or(false))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the file system does not let this user write.
fn is_refused(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// When the first of these folders was made, with some slack; nothing where the file system does not say.
fn began(folders: &[PathBuf]) -> Option<SystemTime> {
    let made = folders.iter().map(|folder| folder.metadata()?.created());
    let made = made.collect::<io::Result<Vec<_>>>().ok()?;
    made.into_iter().min()?.checked_sub(CLOCK_SLACK)
}

/// What is in a folder and has changed since then, by its inode: its own time is set.
fn new_files(folder: &Path, since: Option<SystemTime>) -> Result<Vec<PathBuf>> {
    let since = since.and_then(|since| since.duration_since(SystemTime::UNIX_EPOCH).ok());
    let since = since.map_or(0, |since| since.as_secs() as i64);
    let mut found = Vec::new();
    for name in files::names_in(folder)? {
        let path = folder.join(name);
        if path.symlink_metadata().act("read", &path)?.ctime() >= since {
            found.push(path);
        }
    }
    Ok(found)
}

/// The store path that a file is named by.
fn named(file: &Path) -> Option<StorePath> {
    file.file_name()?.to_str()?.parse().ok()
}

/// The digest that an object or a manifest is named by.
fn digest_of(file: &Path) -> Option<Digest> {
    let name = file.file_name()?.to_str()?;
    name.strip_suffix(".x").unwrap_or(name).parse().ok()
}

/// Whether an object's or a manifest's bytes are those of its name. What is no digest is not the store's, and not looked at.
fn is_what_it_is_called(path: &Path) -> Result<bool> {
    digest_of(path).map_or(Ok(true), |digest| has_digest(path, &digest))
}

fn has_digest(path: &Path, digest: &Digest) -> Result<bool> {
    let mut file = File::open(path).act("open", path)?;
    Ok(hash_file(&mut file).act("read", path)?.0 == *digest)
}
