//! Making real folders from trees: hard links to objects where they already look right, copies where not.
//!
//! In: a tree whose objects are in the store, and a place. Out: the folder, or nothing. Knows nothing of why.

use crate::error::{Act, Error, Result};
use crate::files;
use crate::layout::Layout;
use crate::parallel;
use crate::store::Store;
use cairn_graph::{Digest, Entry, EntryKind, Tree};
use cairn_sys::fs as sys;
use rustix::fs::{self as rfs, AtFlags, CWD, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::collections::HashMap;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What the result should look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Mode, owner, time and attributes as the entries say; a file is a link where its object shows just that.
    Exact,
    /// As paths in `store/` look: files are links with the objects' modes (0644 or 0755), folders 0755, owner and time
    /// as they come, no attributes, no setuid; devices are refused.
    Store,
}

/// How to materialise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaterialiseOptions {
    /// What the result should look like.
    pub form: Form,
    /// Whether an owner that can't be given is an error. If not, it is counted in the report. Who is not root
    /// (here, in this user namespace) and does not require owners, gives none at all.
    pub require_owners: bool,
}

impl MaterialiseOptions {
    /// [`Form::Exact`], owners where the system permits it: for sandboxes.
    pub const EXACT: Self = Self {
        form: Form::Exact,
        require_owners: false,
    };
    /// [`Form::Store`].
    pub const STORE: Self = Self {
        form: Form::Store,
        require_owners: false,
    };
}

/// What was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Folders, the root among them.
    pub folders: u64,
    /// Files that are links to objects.
    pub linked: u64,
    /// Files that were copied, or were empty.
    pub copied: u64,
    /// Bytes of the copies.
    pub copied_bytes: u64,
    /// Symbolic links, pipes and devices.
    pub others: u64,
    /// Entries whose owner the system refused to give.
    pub owners_refused: u64,
}

impl Report {
    fn add(&mut self, other: &Self) {
        self.folders += other.folders;
        self.linked += other.linked;
        self.copied += other.copied;
        self.copied_bytes += other.copied_bytes;
        self.others += other.others;
        self.owners_refused += other.owners_refused;
    }
}

impl Store {
    /// Makes a tree real at `place`, which must be missing or an empty folder.
    ///
    /// Errors: [`Error::Missing`] when an object is not in the store, [`Error::Full`], [`Error::Unmakeable`]; then what
    /// was made is removed again.
    pub fn materialise(
        &self,
        tree: &Tree,
        place: &Path,
        options: MaterialiseOptions,
    ) -> Result<Report> {
        tree.check().map_err(|source| Error::Tree {
            path: place.into(),
            source,
        })?;
        let made = match fs::create_dir(place) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error).act("make the folder", place),
        };
        if !made && fs::read_dir(place).act("list", place)?.next().is_some() {
            return Err(Error::Unmakeable {
                path: place.into(),
                why: "the folder is not empty",
            });
        }
        let work = Work {
            store: self,
            options,
            place,
            root: sys::open_folder(place).act("open the folder", place)?,
            owners: options.form == Form::Exact
                && (options.require_owners || rustix::process::geteuid().is_root()),
        };
        let result = work.run(tree);
        if result.is_err() {
            // The first error is what matters.
            let _ = work.undo(made);
        }
        result
    }

    /// Copies an object to a new file with the mode of the object.
    pub(crate) fn copy_object(
        &self,
        digest: &Digest,
        executable: bool,
        place: &Path,
    ) -> Result<()> {
        let mut file = File::create_new(place).act("create", place)?;
        self.copy_into(digest, executable, &mut file, place)?;
        let mode = Permissions::from_mode(if executable { 0o755 } else { 0o644 });
        file.set_permissions(mode).act("set the mode of", place)
    }

    /// Copies an object's bytes into a new file, sharing blocks where the file system can.
    fn copy_into(
        &self,
        digest: &Digest,
        executable: bool,
        file: &mut File,
        place: &Path,
    ) -> Result<()> {
        let missing = || Error::Missing {
            what: "object",
            name: digest.to_string(),
        };
        let object = self.object_path(digest, executable).ok_or_else(missing)?;
        let mut from = File::open(&object).act("open", &object)?;
        if self.may_reflink() && self.reflink(&from, file, place)? {
            return Ok(());
        }
        io::copy(&mut from, file)
            .act("copy an object to", place)
            .map(drop)
    }
}

/// One folder's entries that are no folders.
struct Group<'a> {
    folder: &'a str,
    entries: Vec<(&'a str, &'a Entry)>,
}

struct Work<'a> {
    store: &'a Store,
    options: MaterialiseOptions,
    place: &'a Path,
    root: OwnedFd,
    /// Whether owners are given and compared.
    owners: bool,
}

impl Work<'_> {
    fn run(&self, tree: &Tree) -> Result<Report> {
        let mut report = Report::default();
        let mut folders = Vec::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut group_of: HashMap<&str, usize> = HashMap::new();
        for (path, entry) in &tree.entries {
            if entry.is_dir() {
                if !path.is_empty() {
                    rfs::mkdirat(&self.root, path, Mode::RWXU)
                        .act("make the folder", &self.at(path))?;
                }
                folders.push((path.as_str(), entry));
                report.folders += 1;
            } else {
                let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
                let index = *group_of.entry(folder).or_insert_with(|| {
                    groups.push(Group {
                        folder,
                        entries: Vec::new(),
                    });
                    groups.len() - 1
                });
                groups[index].entries.push((name, entry));
            }
        }
        for made in parallel::try_map(&groups, |group| self.fill(group))? {
            report.add(&made);
        }
        // Backwards, so that a folder's time is set after everything in it.
        for (path, entry) in folders.into_iter().rev() {
            self.finish_folder(path, entry, &mut report)?;
        }
        Ok(report)
    }

    fn fill(&self, group: &Group<'_>) -> Result<Report> {
        let mut report = Report::default();
        let folder = if group.folder.is_empty() {
            "."
        } else {
            group.folder
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rfs::openat(&self.root, folder, flags, Mode::empty());
        let folder = folder.act("open the folder", &self.at(group.folder))?;
        for (name, entry) in &group.entries {
            let place = || self.at(group.folder).join(name);
            match &entry.kind {
                EntryKind::File { digest, size } => {
                    self.make_file(
                        folder.as_fd(),
                        name,
                        entry,
                        (digest, *size),
                        &place,
                        &mut report,
                    )?;
                    continue;
                }
                EntryKind::Symlink { target } => {
                    rfs::symlinkat(target, &folder, *name).act("make the link", &place())?;
                }
                EntryKind::Fifo => {
                    let made = rfs::mknodat(&folder, *name, FileType::Fifo, mode_of(entry), 0);
                    made.act("make the named pipe", &place())?;
                }
                EntryKind::CharDevice { .. } if self.options.form == Form::Store => {
                    let why = "a path of the store can't have a device";
                    return Err(Error::Unmakeable { path: place(), why });
                }
                EntryKind::CharDevice { major, minor } => {
                    let device = rfs::makedev(*major, *minor);
                    let made = rfs::mknodat(
                        &folder,
                        *name,
                        FileType::CharacterDevice,
                        mode_of(entry),
                        device,
                    );
                    made.act("make the device", &place())?;
                }
                EntryKind::Directory => continue,
            }
            report.others += 1;
            if self.options.form == Form::Exact {
                self.dress(folder.as_fd(), name, entry, &place, &mut report)?;
            }
        }
        Ok(report)
    }

    fn make_file(
        &self,
        folder: BorrowedFd<'_>,
        name: &str,
        entry: &Entry,
        (digest, size): (&Digest, u64),
        place: &dyn Fn() -> PathBuf,
        report: &mut Report,
    ) -> Result<()> {
        if size > 0 && self.link(folder, name, entry, digest, size, place)? {
            report.linked += 1;
            return Ok(());
        }
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file =
            rfs::openat(folder, name, flags, Mode::RUSR | Mode::WUSR).act("create", &place())?;
        let mut file = File::from(file);
        if size > 0 {
            self.store
                .copy_into(digest, entry.executable(), &mut file, &place())?;
        }
        report.copied += 1;
        report.copied_bytes += size;
        match self.options.form {
            Form::Store => {
                let mode = Permissions::from_mode(if entry.executable() { 0o755 } else { 0o644 });
                file.set_permissions(mode).act("set the mode of", &place())
            }
            Form::Exact => self.dress(folder, name, entry, place, report),
        }
    }

    /// Links a file to its object where that looks right; says whether it did.
    fn link(
        &self,
        folder: BorrowedFd<'_>,
        name: &str,
        entry: &Entry,
        digest: &Digest,
        size: u64,
        place: &dyn Fn() -> PathBuf,
    ) -> Result<bool> {
        let object = Layout::object_name(digest, entry.executable());
        if self.options.form == Form::Exact {
            if !entry.xattrs.is_empty() || !matches!(entry.mode, 0o644 | 0o755) {
                return Ok(false);
            }
            let Ok(stat) = rfs::statat(
                &self.store.objects,
                object.as_str(),
                AtFlags::SYMLINK_NOFOLLOW,
            ) else {
                return Ok(false);
            };
            let owned = !self.owners || (stat.st_uid == entry.uid && stat.st_gid == entry.gid);
            let alike = owned
                && stat.st_mode & 0o7777 == entry.mode
                && stat.st_mtime == entry.mtime
                && stat.st_mtime_nsec == 0
                && stat.st_size as u64 == size;
            if !alike {
                return Ok(false);
            }
        }
        match rfs::linkat(
            &self.store.objects,
            object.as_str(),
            folder,
            name,
            AtFlags::empty(),
        ) {
            Ok(()) => Ok(true),
            // Too many links, another file system, an object of another owner, only the other mode there: copy.
            Err(Errno::MLINK | Errno::XDEV | Errno::PERM | Errno::ACCESS | Errno::NOENT) => {
                Ok(false)
            }
            Err(error) => Err(error).act("link", &place()),
        }
    }

    /// Gives what was just made its owner, mode, attributes and time.
    fn dress(
        &self,
        folder: BorrowedFd<'_>,
        name: &str,
        entry: &Entry,
        place: &dyn Fn() -> PathBuf,
        report: &mut Report,
    ) -> Result<()> {
        if self.owners {
            let owner = (
                Some(Uid::from_raw(entry.uid)),
                Some(Gid::from_raw(entry.gid)),
            );
            match rfs::chownat(folder, name, owner.0, owner.1, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(()) => {}
                // Not permitted, or not an id of this user namespace.
                Err(Errno::PERM | Errno::INVAL | Errno::OVERFLOW)
                    if !self.options.require_owners =>
                {
                    report.owners_refused += 1;
                }
                Err(error) => return Err(error).act("give an owner to", &place()),
            }
        }
        let is_link = matches!(entry.kind, EntryKind::Symlink { .. });
        if !is_link && !entry.xattrs.is_empty() {
            // While it may still be opened and written, and after the owner, which clears file capabilities.
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = rfs::openat(folder, name, flags, Mode::empty()).act("open", &place())?;
            for (attribute, value) in &entry.xattrs {
                sys::set_xattr(&file, attribute, value).act("set an attribute of", &place())?;
            }
        }
        if !is_link {
            // After the owner, which clears setuid.
            rfs::chmodat(folder, name, mode_of(entry), AtFlags::empty())
                .act("set the mode of", &place())?;
        }
        sys::set_mtime(folder, name, entry.mtime).act("set the time of", &place())
    }

    fn finish_folder(&self, path: &str, entry: &Entry, report: &mut Report) -> Result<()> {
        let name = if path.is_empty() { "." } else { path };
        match self.options.form {
            Form::Exact => self.dress(self.root.as_fd(), name, entry, &|| self.at(path), report),
            Form::Store => {
                let mode = Mode::from_raw_mode(0o755);
                rfs::chmodat(&self.root, name, mode, AtFlags::empty())
                    .act("set the mode of", &self.at(path))
            }
        }
    }

    fn undo(&self, made: bool) -> Result<()> {
        for name in files::names_in(self.place)? {
            files::remove_all(&self.place.join(name))?;
        }
        if made {
            rfs::unlinkat(CWD, self.place, AtFlags::REMOVEDIR).act("remove", self.place)
        } else {
            Ok(())
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.place.join(path)
    }
}

fn mode_of(entry: &Entry) -> Mode {
    Mode::from_raw_mode(entry.mode)
}
