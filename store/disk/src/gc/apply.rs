//! Carrying out a plan: what refers goes before what it refers to, so that stopping anywhere leaves a sound store.

use super::plan::GcPlan;
use crate::error::{Act, Error, Result};
use crate::files;
use crate::lock::Lock;
use crate::store::{Store, boot_id, make_reserve};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a collection did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Generations, records, paths, manifests and objects that went to the trash.
    pub moved: usize,
}

impl Store {
    /// Moves what the plan lists to the trash, under the lock; [`Store::empty_trash`] then needs none.
    ///
    /// The plan must be of a snapshot taken under the same lock. What is gone already is passed over. Works on a full disk: the reserve is freed first.
    pub fn apply(&self, _lock: &Lock, plan: &GcPlan) -> Result<Collected> {
        files::remove_all(&self.layout.reserve())?;
        self.sweep(false)?;
        let mut trash = Trash::new(self)?;
        let layout = &self.layout;
        for number in &plan.generations {
            trash.take(&layout.generation(*number))?;
        }
        for key in &plan.realisations {
            trash.take(&layout.realisation(key))?;
        }
        self.commit()?;
        for path in &plan.paths {
            trash.take(&layout.path_record(path))?;
        }
        for name in &plan.materialised {
            trash.take(&layout.store().join(name))?;
        }
        self.commit()?;
        for digest in &plan.trees {
            trash.take(&layout.tree(digest))?;
        }
        self.commit()?;
        for (digest, executable) in &plan.objects {
            trash.take(&layout.object(digest, *executable))?;
        }
        Ok(Collected { moved: trash.taken })
    }

    /// Unlinks everything in the trash, also what an interrupted collection left, and fills the reserve again.
    pub fn empty_trash(&self) -> Result<()> {
        let trash = self.layout.trash();
        for name in files::names_in(&trash)? {
            files::remove_all(&trash.join(name))?;
        }
        make_reserve(&self.layout)
    }

    /// Removes temporary folders of other boots and of processes that are gone; with `keep_failed` not those of failed
    /// builds that somebody wanted to look at.
    ///
    /// Errors: [`Error::Io`].
    pub fn sweep(&self, keep_failed: bool) -> Result<()> {
        let (tmp, boot) = (self.layout.tmp(), boot_id());
        for name in files::names_in(&tmp)? {
            let owner = name
                .strip_prefix(&format!("{boot}-"))
                .and_then(|rest| rest.split('-').next());
            let alive = owner.is_some_and(|pid| Path::new("/proc").join(pid).exists());
            let wanted = keep_failed && name.starts_with("failed-");
            if !(alive || wanted) {
                let folder = tmp.join(name);
                match files::remove_all(&folder) {
                    Err(Error::Io { source, .. })
                        if source.kind() == io::ErrorKind::PermissionDenied =>
                    {
                        // Users of a sandbox own what is in it.
                        let ids = cairn_sys::IdMap::for_current_user().map_err(io::Error::other);
                        ids.and_then(|ids| {
                            cairn_sys::remove_tree(&ids, &folder).map_err(io::Error::other)
                        })
                        .act("remove", &folder)?;
                    }
                    other => other?,
                }
            }
        }
        Ok(())
    }
}

/// A folder of the trash for one collection.
struct Trash {
    folder: PathBuf,
    taken: usize,
}

impl Trash {
    fn new(store: &Store) -> Result<Self> {
        let trash = store.layout.trash();
        for number in 0.. {
            let folder = trash.join(format!("{}-{}-{number}", boot_id(), std::process::id()));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Self { folder, taken: 0 }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).act("make the folder", &folder),
            }
        }
        Err(Error::Unmakeable {
            path: trash,
            why: "every number is taken",
        })
    }

    fn take(&mut self, path: &Path) -> Result<()> {
        match fs::rename(path, self.folder.join(self.taken.to_string())) {
            Ok(()) => self.taken += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).act("move to the trash", path),
        }
        Ok(())
    }
}
