//! Where everything is on the disk.
//!
//! ```text
//! <root>/cairn/
//!   version                      the line `cairn-store 1`
//!   store/<hash>-<name>          paths that were asked for: real files and folders, hard links to objects
//!   objects/ab/<digest>          contents, mode 0644; `ab` are the first two digits of the digest
//!   objects/ab/<digest>.x        the same for executables, mode 0755
//!   trees/<digest>               manifests of trees (`docs/store-format.md`)
//!   var/paths/<hash>-<name>      record: what a path holds and what it needs
//!   var/real/<action>            record: a realisation
//!   var/drv/<action>             record: how that realisation is made
//!   var/gens/<n>/record.json     record: a generation
//!   var/gens/<n>/system          link to its system in `store/`
//!   var/gens/default             link to the default generation's folder
//!   var/gens/last                the highest number ever given
//!   var/roots/<name>             paths that the collector must keep, one in a line, perhaps with a link that shows them
//!   var/log/                     logs of builds
//!   var/journal.json             a switch of the machine that has begun (`cairn_activation::pending`)
//!   var/tmp/<boot>-<pid>-<n>/    half-made things of one open store, and what it relies on (`roots`, locked by it)
//!   var/trash/                   removed, not yet unlinked
//!   var/quarantine/              damaged, taken out of the way
//!   var/lock/store               the lock of who changes generations, with its holder's process id and command
//!   var/lock/contents            the lock of who must not meet a collection, in the same form
//!   var/lock/gate, collector     locks that keep collections and everybody else apart (`temporary_roots`)
//!   var/index                    what records and objects were found in which folders; only to show, and made again (`index`)
//!   var/reserve                  space that is freed first when the collector runs on a full disk
//! ```
//!
//! In: a root folder. Out: paths. Touches nothing.

use cairn_graph::{ActionKey, Digest, StorePath};
use std::path::{Path, PathBuf};

/// What the version file says.
pub const VERSION: &str = "cairn-store 1";

/// Bytes of the reserve.
pub const RESERVE_BYTES: usize = 256 * 1024;

/// Every path of the store.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
    cairn: PathBuf,
}

impl Layout {
    /// The layout below a root folder; `/` on a running machine.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.into(),
            cairn: root.join("cairn"),
        }
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `<root>/cairn`.
    pub fn cairn(&self) -> &Path {
        &self.cairn
    }

    /// The version file.
    pub fn version(&self) -> PathBuf {
        self.cairn.join("version")
    }

    /// The folder of real store paths.
    pub fn store(&self) -> PathBuf {
        self.cairn.join("store")
    }

    /// Where a store path is, if it was materialised.
    pub fn store_path(&self, path: &StorePath) -> PathBuf {
        self.store().join(path.base_name())
    }

    /// The folder of objects.
    pub fn objects(&self) -> PathBuf {
        self.cairn.join("objects")
    }

    /// An object's path relative to [`Layout::objects`].
    pub fn object_name(digest: &Digest, executable: bool) -> String {
        let hex = digest.to_string();
        format!("{}/{hex}{}", &hex[..2], if executable { ".x" } else { "" })
    }

    /// Where an object is, if it is there.
    pub fn object(&self, digest: &Digest, executable: bool) -> PathBuf {
        self.objects().join(Self::object_name(digest, executable))
    }

    /// The folder of manifests.
    pub fn trees(&self) -> PathBuf {
        self.cairn.join("trees")
    }

    /// Where a manifest is, if it is there.
    pub fn tree(&self, digest: &Digest) -> PathBuf {
        self.trees().join(digest.to_string())
    }

    /// `<root>/cairn/var`.
    pub fn var(&self) -> PathBuf {
        self.cairn.join("var")
    }

    /// The folder of path records.
    pub fn paths(&self) -> PathBuf {
        self.var().join("paths")
    }

    /// The record of a store path.
    pub fn path_record(&self, path: &StorePath) -> PathBuf {
        self.paths().join(path.base_name())
    }

    /// The folder of realisations.
    pub fn realisations(&self) -> PathBuf {
        self.var().join("real")
    }

    /// The record of a realisation.
    pub fn realisation(&self, key: &ActionKey) -> PathBuf {
        self.realisations().join(key.to_string())
    }

    /// The folder of derivations.
    pub fn derivations(&self) -> PathBuf {
        self.var().join("drv")
    }

    /// The record of how a realisation is made.
    pub fn derivation(&self, key: &ActionKey) -> PathBuf {
        self.derivations().join(key.to_string())
    }

    /// The folder of generations.
    pub fn generations(&self) -> PathBuf {
        self.var().join("gens")
    }

    /// One generation's folder.
    pub fn generation(&self, number: u64) -> PathBuf {
        self.generations().join(number.to_string())
    }

    /// One generation's record.
    pub fn generation_record(&self, number: u64) -> PathBuf {
        self.generation(number).join("record.json")
    }

    /// The link to the default generation.
    pub fn default_generation(&self) -> PathBuf {
        self.generations().join("default")
    }

    /// The file with the highest number ever given.
    pub fn last_number(&self) -> PathBuf {
        self.generations().join("last")
    }

    /// The folder of named roots.
    pub fn roots(&self) -> PathBuf {
        self.var().join("roots")
    }

    /// The folder of build logs.
    pub fn logs(&self) -> PathBuf {
        self.var().join("log")
    }

    /// The folder of half-made things.
    pub fn tmp(&self) -> PathBuf {
        self.var().join("tmp")
    }

    /// The folder of removed things.
    pub fn trash(&self) -> PathBuf {
        self.var().join("trash")
    }

    /// The folder of damaged things.
    pub fn quarantine(&self) -> PathBuf {
        self.var().join("quarantine")
    }

    /// The lock.
    pub fn lock(&self) -> PathBuf {
        self.var().join("lock").join("store")
    }

    /// A lock of the collector's: `gate`, `collector` or `contents`.
    pub(crate) fn lock_file(&self, name: &str) -> PathBuf {
        self.var().join("lock").join(name)
    }

    /// The index.
    pub fn index(&self) -> PathBuf {
        self.var().join("index")
    }

    /// The reserve.
    pub fn reserve(&self) -> PathBuf {
        self.var().join("reserve")
    }

    /// Every folder, parents first; the 256 of the objects too.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![
            self.cairn.clone(),
            self.store(),
            self.objects(),
            self.trees(),
            self.var(),
            self.paths(),
            self.realisations(),
            self.derivations(),
            self.generations(),
            self.roots(),
            self.logs(),
            self.tmp(),
            self.trash(),
            self.quarantine(),
            self.var().join("lock"),
        ];
        folders.extend((0..=255).map(|byte: u8| self.objects().join(format!("{byte:02x}"))));
        folders
    }
}
