//! Carrying out a plan: what refers goes before what it refers to, so that stopping anywhere leaves a sound store.

use super::plan::GcPlan;
use crate::error::{Act, Error, Result};
use crate::files;
use crate::store::{Store, boot_id, make_reserve};
use crate::temporary_roots::{Collecting, is_open, roots_of};
use cairn_sys::fs as sys;
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
    /// Moves what the plan lists to the trash; [`Store::empty_trash`] then needs to keep nobody out.
    ///
    /// The plan must be of a snapshot taken within the same [`Collecting`]. What is gone already is passed over. Works on a
    /// full disk: the reserve is freed first.
    pub fn apply(&self, collecting: &Collecting, plan: &GcPlan) -> Result<Collected> {
        files::remove_all(&self.layout.reserve())?;
        let mut trash = Trash::new(self, collecting)?;
        self.sweep_into(&mut trash, collecting, false)?;
        trash.taken = 0;
        let layout = &self.layout;
        for number in &plan.generations {
            trash.take(&layout.generation(*number))?;
        }
        for key in &plan.realisations {
            trash.take(&layout.realisation(key))?;
        }
        self.commit()?;
        for key in &plan.derivations {
            trash.take(&layout.derivation(key))?;
        }
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
        let moved = trash.taken;
        trash.full()?;
        Ok(Collected { moved })
    }

    /// Unlinks everything in the trash, also what an interrupted collection left, and fills the reserve again.
    pub fn empty_trash(&self) -> Result<()> {
        let trash = self.layout.trash();
        for name in files::names_in(&trash)? {
            if !name.starts_with(FILLING) {
                remove_of_anybody(&trash.join(name))?;
            }
        }
        make_reserve(&self.layout)
    }

    /// Removes temporary folders whose open store is gone; with `keep_failed` not those of failed builds that somebody wanted to
    /// look at.
    ///
    /// Errors: [`Error::Io`].
    pub fn sweep(&self, keep_failed: bool) -> Result<()> {
        let trash = {
            let collecting = self.collecting()?;
            let mut trash = Trash::new(self, &collecting)?;
            self.sweep_into(&mut trash, &collecting, keep_failed)?;
            trash.full()?
        };
        remove_of_anybody(&trash)
    }

    fn sweep_into(
        &self,
        trash: &mut Trash,
        _collecting: &Collecting,
        keep_failed: bool,
    ) -> Result<()> {
        let tmp = self.layout.tmp();
        // A folder says, after a power cut, that what its process made may be half there: it goes after that is durable.
        self.commit()?;
        for name in files::names_in(&tmp)? {
            let alive = is_open(&roots_of(&tmp.join(&name)))?;
            let wanted = keep_failed && name.starts_with("failed-");
            if !(alive || wanted) {
                trash.take(&tmp.join(name))?;
            }
        }
        Ok(())
    }
}

/// Removes a folder, also where users of a sandbox own what is in it.
fn remove_of_anybody(folder: &Path) -> Result<()> {
    match files::remove_all(folder) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
            let ids = cairn_sys::IdMap::for_current_user().map_err(io::Error::other);
            ids.and_then(|ids| cairn_sys::remove_tree(&ids, folder).map_err(io::Error::other))
                .act("remove", folder)
        }
        other => other,
    }
}

/// Begins the names of folders in the trash that are being filled.
const FILLING: &str = "filling-";

/// A folder of the trash for one collection.
struct Trash {
    folder: PathBuf,
    /// Numbers the names.
    next: usize,
    taken: usize,
}

impl Trash {
    fn new(store: &Store, _collecting: &Collecting) -> Result<Self> {
        let trash = store.layout.trash();
        for name in files::names_in(&trash)? {
            // Nobody else is filling one now: it was left by who was killed.
            if name.starts_with(FILLING) {
                Self::rename_full(&trash.join(name))?;
            }
        }
        let folder = trash.join(format!("{FILLING}{}-{}", boot_id(), std::process::id()));
        fs::create_dir(&folder).act("make the folder", &folder)?;
        Ok(Self {
            folder,
            next: 0,
            taken: 0,
        })
    }

    /// Leaves the folder to whoever empties the trash; returns where it is.
    fn full(self) -> Result<PathBuf> {
        Self::rename_full(&self.folder)
    }

    fn rename_full(folder: &Path) -> Result<PathBuf> {
        let name = folder.file_name().and_then(|name| name.to_str());
        let name = name
            .and_then(|name| name.strip_prefix(FILLING))
            .unwrap_or("left");
        for number in 0_u64.. {
            let full = folder.with_file_name(format!("{name}-{number}"));
            match sys::rename_no_replace(folder, &full) {
                Ok(()) => return Ok(full),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).act("name anew", folder),
            }
        }
        Ok(folder.into())
    }

    fn take(&mut self, path: &Path) -> Result<()> {
        self.next += 1;
        match fs::rename(path, self.folder.join(self.next.to_string())) {
            Ok(()) => self.taken += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).act("move to the trash", path),
        }
        Ok(())
    }
}
