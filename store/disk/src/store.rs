//! The open store: its layout, its temporary folder, its commit.

use crate::error::{Act, Error, Result};
use crate::files;
use crate::layout::{Layout, RESERVE_BYTES, VERSION};
use crate::temporary_roots::Session;
use crate::{Derivations, Generations, Realisations, Roots};
use cairn_sys::fs as sys;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// A store below a root folder; may be shared by threads.
#[derive(Debug)]
pub struct Store {
    pub(crate) layout: Layout,
    pub(crate) objects: OwnedFd,
    /// Set once the file system said that it can't share blocks.
    pub(crate) no_reflink: AtomicBool,
    pub(crate) session: Session,
}

impl Store {
    /// Opens the store below a root folder, making what is missing; `/` on a running machine. Where the machine went down in the middle
    /// of something, what is half there goes first.
    ///
    /// Errors: [`Error::Version`] for another layout, [`Error::Io`] where the folders can't be made.
    pub fn open(root: &Path) -> Result<Self> {
        Self::open_as(root, Session::default())
    }

    /// Opens the store on behalf of the open store whose [`Store::session`] this is: what is put stays at least as long as
    /// that one is open.
    ///
    /// Errors: as [`Store::open`].
    pub fn open_for(root: &Path, session: &Path) -> Result<Self> {
        Self::open_as(root, Session::below(session))
    }

    fn open_as(root: &Path, session: Session) -> Result<Self> {
        let layout = Layout::new(root);
        let version = layout.version();
        match files::read_if_there(&version)? {
            None => {
                for folder in layout.folders() {
                    fs::create_dir_all(&folder).act("make the folder", &folder)?;
                }
                // The version says that all of them are there.
                sys::open_folder(layout.cairn())
                    .and_then(sys::sync_file_system)
                    .act("make durable", layout.cairn())?;
                let tmp = layout.tmp().join(format!("version-{}", std::process::id()));
                let _ = fs::remove_file(&tmp);
                files::write_durably(&tmp, &version, format!("{VERSION}\n").as_bytes())?;
                make_reserve(&layout)?;
            }
            Some(text) if text.trim_end() == VERSION => {}
            Some(text) => {
                return Err(Error::Version {
                    path: version,
                    found: text.trim_end().into(),
                    known: VERSION,
                });
            }
        }
        let objects =
            sys::open_folder(&layout.objects()).act("open the folder", &layout.objects())?;
        let store = Self {
            layout,
            objects,
            no_reflink: AtomicBool::new(false),
            session,
        };
        store.recover()?;
        Ok(store)
    }

    /// Where everything is.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Makes everything that was put until now durable, and reports what could not be written: one `syncfs`.
    ///
    /// Call it before writing a record that refers to what was put.
    pub fn commit(&self) -> Result<()> {
        self.session.set_uncommitted(false);
        let synced = sys::sync_file_system(&self.objects);
        if synced.is_err() {
            self.session.set_uncommitted(true);
        }
        synced.act("make durable", self.layout.cairn())
    }

    /// The records of what was realised.
    pub fn realisations(&self) -> Realisations<'_> {
        Realisations::of(self)
    }

    /// The records of how realisations are made.
    pub fn derivations(&self) -> Derivations<'_> {
        Derivations::of(self)
    }

    /// The generations.
    pub fn generations(&self) -> Generations<'_> {
        Generations::of(self)
    }

    /// The named roots.
    pub fn roots(&self) -> Roots<'_> {
        Roots::of(self)
    }
}

/// This boot's id; temporary folders of other boots belong to nobody.
pub(crate) fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let id: String = id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    if id.is_empty() { "boot".into() } else { id }
}

/// Makes the reserve where it is missing; a disk without room for it has none.
pub(crate) fn make_reserve(layout: &Layout) -> Result<()> {
    let path = layout.reserve();
    if path.exists() {
        return Ok(());
    }
    match fs::write(&path, vec![0x55; RESERVE_BYTES]).act("write", &path) {
        Err(Error::Full { .. }) => files::remove_all(&path),
        other => other,
    }
}
