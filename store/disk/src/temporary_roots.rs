//! Temporary roots: what open stores rely on, kept from the collector for as long as they are open.
//!
//! In: what is about to be relied on. Out: a line in `var/tmp/<boot>-<pid>-<n>/roots`, a file that its open store holds locked.
//! Nothing here knows what is collected.
//!
//! Whoever relies on something that is in the store already looks for it and writes its line within one
//! [`Store::beside_no_collection`]; the collector moves things only in a [`Collecting`], which excludes those, and reads
//! the lines of all open stores there. So either the collection comes first and the thing is seen to be gone, or the line is
//! seen. A lock that ends with its holder tells open stores from those that were killed. Collectors don't starve: who wants to go
//! on while one waits queues behind it, at the gate.

use crate::error::{Act, Error, Result};
use crate::files;
use crate::store::{Store, boot_id};
use cairn_graph::{Digest, StorePath};
use cairn_sys::fs as sys;
use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The name of the file of temporary roots in a session's folder.
const ROOTS: &str = "roots";
/// Bytes of lines that are written at once at the latest.
const BUFFER: usize = 64 * 1024;

/// What all open stores rely on at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemporaryRoots {
    /// Paths, with all that they need.
    pub paths: BTreeSet<StorePath>,
    /// Manifests, with their objects.
    pub trees: BTreeSet<Digest>,
    /// Objects, executable or not.
    pub objects: BTreeSet<Digest>,
}

/// One thing that is relied on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need<'a> {
    Path(&'a StorePath),
    Tree(&'a Digest),
    Object(&'a Digest),
}

/// An open store's part in this.
#[derive(Debug, Default)]
pub(crate) struct Session {
    folder: OnceLock<(PathBuf, OwnedFd)>,
    next_tmp: AtomicU64,
    /// Whether something was made since the last commit.
    uncommitted: AtomicBool,
    state: Mutex<State>,
    /// The file of the session that this store is opened for, which then gets the lines.
    parent: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct State {
    /// How many threads are beside no collection.
    entered: usize,
    /// Gate and collector's lock; the second is locked, shared, while there are any.
    locks: Option<[File; 2]>,
    /// The file that gets the lines.
    lines: Option<File>,
    /// Keeps this session's own file locked.
    held: Option<File>,
    unwritten: Vec<u8>,
}

/// Held by the collector while it decides and moves: nobody puts or relies on anything meanwhile.
#[derive(Debug)]
pub struct Collecting {
    // Unlocked in this order when dropped.
    _lock: Locked,
    _gate: Locked,
}

impl Session {
    /// Says whether something was made that is not durable; to be taken back before it is made so, since others go on meanwhile.
    pub(crate) fn set_uncommitted(&self, uncommitted: bool) {
        self.uncommitted.store(uncommitted, Ordering::SeqCst);
    }

    pub(crate) fn below(parent: &Path) -> Self {
        let mut session = Self::default();
        session.parent = Some(parent.into());
        session
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Does something while no collection is under way: what it finds in the store and says that it [needs](Store::hold)
    /// stays as long as this store is open. Waits for a collection's end. May be nested; must not wait for other processes.
    pub fn beside_no_collection<T, E: From<Error>>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.enter()?;
        let result = work();
        let left = self.leave();
        let result = result?;
        left?;
        Ok(result)
    }

    /// Keeps a registered path, and what it needs, from the collector as long as this store is open.
    ///
    /// Errors: [`Error::Missing`] when it is not registered (any more).
    pub fn hold(&self, path: &StorePath) -> Result<()> {
        self.beside_no_collection(|| {
            self.need(Need::Path(path))?;
            self.path_content(path).map(drop)
        })
    }

    /// The file of this open store's temporary roots, for a process that works on its behalf ([`Store::open_for`]).
    pub fn session(&self) -> Result<PathBuf> {
        match &self.session.parent {
            Some(parent) => Ok(parent.clone()),
            None => Ok(self.tmp_folder()?.join(ROOTS)),
        }
    }

    /// A path that nobody else uses, in the store's file system; for things that are moved into place when done.
    ///
    /// Nothing is there yet. What is left there goes when the store is closed, or with the next collection.
    pub fn tmp_path(&self) -> Result<PathBuf> {
        let (_, name) = self.tmp_name()?;
        Ok(self.tmp_folder()?.join(name))
    }

    /// As [`Store::tmp_path`]: the open folder and a name in it.
    pub(crate) fn tmp_name(&self) -> Result<(&OwnedFd, String)> {
        self.session.set_uncommitted(true);
        let number = self.session.next_tmp.fetch_add(1, Ordering::Relaxed);
        Ok((self.tmp_fd()?, number.to_string()))
    }

    /// The folder of this open store's half-made things, open.
    pub(crate) fn tmp_fd(&self) -> Result<&OwnedFd> {
        let path = self.tmp_folder()?;
        let made = self.session.folder.get().map(|(_, folder)| folder);
        made.ok_or_else(|| Error::Unmakeable {
            path: path.into(),
            why: "its file of temporary roots is gone",
        })
    }

    /// Waits for everybody who is in [`Store::beside_no_collection`], and keeps them out until the result is dropped.
    pub fn collecting(&self) -> Result<Collecting> {
        // Its own folder can't be made later, while it keeps itself out. A full disk may have no room for it; nor is any needed.
        match self.tmp_folder() {
            Ok(_) | Err(Error::Full { .. }) => {}
            Err(error) => return Err(error),
        }
        let gate = self.exclusively("gate")?;
        let lock = self.exclusively("collector")?;
        Ok(Collecting {
            _lock: lock,
            _gate: gate,
        })
    }

    /// Relies on nothing any more of what it has put or held until now.
    pub fn release(&self) -> Result<()> {
        self.beside_no_collection(|| {
            let mut state = self.session.state();
            if let (Some(file), Some(folder)) = (&state.held, self.session.folder.get()) {
                file.set_len(0).act("write", &roots_of(&folder.0))?;
            }
            state.unwritten.clear();
            Ok(())
        })
    }

    /// What all open stores rely on. For a decision to count, within a [`Collecting`].
    pub fn temporary_roots(&self) -> Result<TemporaryRoots> {
        let mut found = TemporaryRoots::default();
        for name in files::names_in(&self.layout.tmp())? {
            let file = self.layout.tmp().join(name).join(ROOTS);
            if is_open(&file)? {
                found.read(&files::read_if_there(&file)?.unwrap_or_default());
            }
        }
        Ok(found)
    }

    /// Says what is relied on; to be called within [`Store::beside_no_collection`].
    pub(crate) fn need(&self, need: Need<'_>) -> Result<()> {
        if self.session.parent.is_none() {
            self.tmp_folder()?;
        }
        let mut state = self.session.state();
        // Writing into a Vec cannot fail.
        let _ = match need {
            Need::Path(path) => writeln!(state.unwritten, "p {}", path.base_name()),
            Need::Tree(digest) => writeln!(state.unwritten, "t {digest}"),
            Need::Object(digest) => writeln!(state.unwritten, "o {digest}"),
        };
        if state.unwritten.len() >= BUFFER {
            return self.write_lines(&mut state);
        }
        Ok(())
    }

    /// The folder of this open store's half-made things.
    pub(crate) fn tmp_folder(&self) -> Result<&Path> {
        if let Some((made, _)) = self.session.folder.get() {
            return Ok(made);
        }
        // The collector takes a folder whose file is not locked for one that a killed process left.
        self.beside_no_collection(|| {
            let mut state = self.session.state();
            if state.held.is_none() {
                let (folder, file) = self.new_session()?;
                let open = sys::open_folder(&folder).act("open the folder", &folder)?;
                state.held = Some(file);
                let _ = self.session.folder.set((folder, open));
            }
            Ok::<_, Error>(())
        })?;
        let made = self.session.folder.get();
        Ok(made.map_or(Path::new(""), |(path, _)| path))
    }

    fn new_session(&self) -> Result<(PathBuf, File)> {
        let tmp = self.layout.tmp();
        let stem = format!("{}-{}", boot_id(), std::process::id());
        // Another process may have the same id, in a namespace of its own.
        for number in 0.. {
            let folder = tmp.join(format!("{stem}-{number}"));
            // Closed to others: a tree that is laid out in it has its set-id files before it has its place.
            match fs::DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error).act("make the folder", &folder),
            }
            let roots = folder.join(ROOTS);
            let file = File::options().append(true).create_new(true).open(&roots);
            let file = file.act("create", &roots)?;
            flock_waiting(&file, FlockOperation::LockExclusive).act("lock", &roots)?;
            return Ok((folder, file));
        }
        Err(Error::Unmakeable {
            path: tmp,
            why: "every number is taken",
        })
    }

    fn enter(&self) -> Result<()> {
        let mut state = self.session.state();
        if state.entered == 0 {
            if state.locks.is_none() {
                state.locks = Some([self.open_lock("gate")?, self.open_lock("collector")?]);
            }
            if let Some([gate, lock]) = &state.locks {
                let waiting = "wait for the collection in";
                let var = || self.layout.var();
                flock_waiting(gate, FlockOperation::LockShared).act(waiting, &var())?;
                let locked = flock_waiting(lock, FlockOperation::LockShared);
                flock_waiting(gate, FlockOperation::Unlock).act("unlock", &var())?;
                locked.act(waiting, &var())?;
            }
        }
        state.entered += 1;
        Ok(())
    }

    fn leave(&self) -> Result<()> {
        let mut state = self.session.state();
        state.entered -= 1;
        if state.entered > 0 {
            return Ok(());
        }
        let written = self.write_lines(&mut state);
        if let Some([_, lock]) = &state.locks {
            flock_waiting(lock, FlockOperation::Unlock).act("unlock", &self.layout.var())?;
        }
        written
    }

    /// Writes what is not written yet. A line feed goes before it: a process that was killed may have left half a line.
    fn write_lines(&self, state: &mut State) -> Result<()> {
        if state.unwritten.is_empty() {
            return Ok(());
        }
        let own = || {
            let made = self.session.folder.get();
            made.map(|(folder, _)| roots_of(folder))
        };
        let path = self.session.parent.clone().or_else(own).unwrap_or_default();
        if state.lines.is_none() {
            let file = File::options().append(true).open(&path);
            state.lines = Some(file.act("open", &path)?);
        }
        let mut lines = vec![b'\n'];
        lines.append(&mut state.unwritten);
        match &mut state.lines {
            Some(file) => file.write_all(&lines).act("write", &path),
            None => Ok(()),
        }
    }

    fn open_lock(&self, name: &str) -> Result<File> {
        let path = self.layout.lock_file(name);
        let file = File::options().append(true).create(true).open(&path);
        file.act("open the lock", &path)
    }

    fn exclusively(&self, name: &str) -> Result<Locked> {
        let file = self.open_lock(name)?;
        let locked = flock_waiting(&file, FlockOperation::LockExclusive);
        locked.act("lock", &self.layout.lock_file(name))?;
        Ok(Locked(file))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some((folder, open)) = self.folder.get() {
            // The folder says, after a power cut, that something may be half there (`recovery`).
            let durable =
                !self.uncommitted.load(Ordering::SeqCst) || sys::sync_file_system(open).is_ok();
            if durable {
                // What can't be removed now is swept by the next collection.
                let _ = files::remove_all(folder);
            }
        }
    }
}

/// A locked file. Unlocked in so many words: a process that is just being started may have it open too.
#[derive(Debug)]
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // It ends with the file at the latest.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl TemporaryRoots {
    /// Takes the lines of one file; half a line is of somebody who was killed, and relies on nothing any more.
    fn read(&mut self, text: &str) {
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("p", name)) => self.paths.extend(name.parse::<StorePath>()),
                Some(("t", digest)) => self.trees.extend(digest.parse::<Digest>()),
                Some(("o", digest)) => self.objects.extend(digest.parse::<Digest>()),
                _ => {}
            }
        }
    }
}

/// Whether the store of this file is still open: its file is locked.
pub(crate) fn is_open(file: &Path) -> Result<bool> {
    let opened = match File::options().append(true).open(file) {
        // Who may not write can look at a lock all the same, but for some file systems of networks.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            File::open(file)
        }
        other => other,
    };
    let file = match opened {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(false),
        Err(error) => return Err(error).act("open", file),
    };
    Ok(!sys::try_lock(&file).act("look at the lock of a temporary folder", Path::new(ROOTS))?)
}

/// The place of a session's file of roots.
pub(crate) fn roots_of(folder: &Path) -> PathBuf {
    folder.join(ROOTS)
}

fn flock_waiting(file: &File, operation: FlockOperation) -> io::Result<()> {
    Ok(retry_on_intr(|| flock(file, operation))?)
}
