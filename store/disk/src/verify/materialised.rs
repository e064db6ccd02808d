//! What is at `store/<hash>-<name>`: the same entries as the path's tree, in the form that the store gives them.
//!
//! In: registered paths and which objects are sound. Out: faults. A file that is the same inode as a sound object is right by that; any
//! other is hashed. No link is followed.

use super::contents::Inode;
use super::{Contents, Fault, Records};
use crate::error::{Act, Error, Result};
use crate::files;
use crate::hashing::hash_file;
use crate::parallel;
use crate::store::Store;
use cairn_graph::tree::parent;
use cairn_graph::{Content, Digest, Entry, EntryKind, StorePath, Tree};
use cairn_sys::fs as sys;
use rustix::fs::{self as rfs, AtFlags, Dir, FileType, Mode, OFlags, Stat};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A materialised path that is registered.
struct Place {
    path: StorePath,
    at: PathBuf,
    content: Content,
}

/// One folder of one place.
struct Folder<'a> {
    place: &'a Place,
    tree: &'a Tree,
    inner: &'a str,
    names: Vec<&'a str>,
}

pub(crate) fn check(
    store: &Store,
    records: &Records,
    contents: &Contents,
    faults: &mut Vec<Fault>,
) -> Result<()> {
    let all = store.layout.store();
    let root = sys::open_folder(&all).act("open the folder", &all)?;
    let mut places = Vec::new();
    for name in files::names_in(&all)? {
        let at = all.join(&name);
        match name.parse::<StorePath>() {
            Err(_) => faults.push(Fault::Stray { path: at }),
            Ok(path) => {
                if let Some(content) = records.paths.get(&path).map(|record| record.content) {
                    places.push(Place { path, at, content });
                }
            }
        }
    }
    let found = parallel::try_map_large(&places, |place| {
        Ok::<_, Error>(match &place.content {
            Content::File {
                digest,
                size,
                executable,
            } => {
                let name = place.path.base_name();
                let found = check_file(contents, root.as_fd(), name, (digest, *size, *executable));
                found.map(|why| place.fault("", why)).into_iter().collect()
            }
            // A manifest that is missing or damaged is a fault already.
            Content::Tree { digest } => match store.tree(digest) {
                Ok(tree) => check_tree(contents, &root, place, &tree)?,
                Err(_) => Vec::new(),
            },
        })
    })?;
    faults.extend(found.into_iter().flatten());
    Ok(())
}

fn check_tree(
    contents: &Contents,
    root: &OwnedFd,
    place: &Place,
    tree: &Tree,
) -> Result<Vec<Fault>> {
    match kind_of(root.as_fd(), place.path.base_name()) {
        Ok((FileType::Directory, _)) => {}
        Ok(_) => return Ok(vec![place.fault("", "it is no folder".into())]),
        Err(why) => return Ok(vec![place.fault("", why)]),
    }
    let folders = folders(place, tree);
    let found = parallel::try_map(&folders, |folder| {
        Ok::<_, Error>(folder.check(contents, root))
    })?;
    Ok(found.into_iter().flatten().collect())
}

impl Place {
    fn fault(&self, entry: &str, why: String) -> Fault {
        Fault::Differs {
            path: self.path.clone(),
            place: if entry.is_empty() {
                self.at.clone()
            } else {
                self.at.join(entry)
            },
            why,
        }
    }
}

fn folders<'a>(place: &'a Place, tree: &'a Tree) -> Vec<Folder<'a>> {
    let mut by_folder: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, entry) in &tree.entries {
        if entry.is_dir() {
            by_folder.entry(path).or_default();
        }
        if let Some(above) = parent(path) {
            by_folder.entry(above).or_default().push(path);
        }
    }
    let folders = by_folder.into_iter().map(|(inner, names)| Folder {
        place,
        tree,
        inner,
        names,
    });
    folders.collect()
}

impl Folder<'_> {
    fn check(&self, contents: &Contents, root: &OwnedFd) -> Vec<Fault> {
        let fault = |entry: &str, why: String| self.place.fault(entry, why);
        let at = Path::new(self.place.path.base_name()).join(self.inner);
        let opened = sys::open_folder_beneath(root, &at);
        let folder = match opened {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return vec![fault(self.inner, format!("it can't be opened: {error}"))];
            }
            // It is missing or no folder: that is told where it lies.
            Err(_) => return Vec::new(),
        };
        let mut faults = Vec::new();
        let mode = rfs::fstat(&folder).map(|stat| stat.st_mode & 0o7777);
        if mode.is_ok_and(|mode| mode != 0o755) {
            faults.push(fault(self.inner, "the folder's mode is not 0755".into()));
        }
        let mut expected: BTreeSet<&str> = BTreeSet::new();
        for path in &self.names {
            let name = path.rsplit_once('/').map_or(*path, |(_, name)| name);
            expected.insert(name);
            if let Some(entry) = self.tree.entries.get(*path) {
                let found = check_entry(contents, folder.as_fd(), name, entry);
                faults.extend(found.map(|why| fault(path, why)));
            }
        }
        let listed =
            Dir::read_from(&folder).and_then(Iterator::collect::<rustix::io::Result<Vec<_>>>);
        match listed {
            Err(error) => faults.push(fault(self.inner, format!("it can't be listed: {error}"))),
            Ok(items) => {
                for item in items {
                    let name = item.file_name().to_string_lossy();
                    if name != "." && name != ".." && !expected.contains(name.as_ref()) {
                        let entry = Path::new(self.inner).join(name.as_ref());
                        faults.push(fault(
                            &entry.to_string_lossy(),
                            "it should not be there".into(),
                        ));
                    }
                }
            }
        }
        faults
    }
}

/// What is wrong with one entry.
fn check_entry(
    contents: &Contents,
    folder: BorrowedFd<'_>,
    name: &str,
    entry: &Entry,
) -> Option<String> {
    match &entry.kind {
        EntryKind::File { digest, size } => {
            check_file(contents, folder, name, (digest, *size, entry.executable()))
        }
        EntryKind::Directory => match kind_of(folder, name) {
            Ok((FileType::Directory, _)) => None,
            Ok(_) => Some("it is no folder".into()),
            Err(why) => Some(why),
        },
        EntryKind::Symlink { target } => match rfs::readlinkat(folder, name, Vec::new()) {
            Ok(found) if found.as_bytes() == target.as_bytes() => None,
            Ok(found) => Some(format!("it leads to {}", found.to_string_lossy())),
            Err(_) => {
                Some(kind_of(folder, name).map_or_else(|why| why, |_| "it is no link".into()))
            }
        },
        EntryKind::Fifo => match kind_of(folder, name) {
            Ok((FileType::Fifo, _)) => None,
            Ok(_) => Some("it is no named pipe".into()),
            Err(why) => Some(why),
        },
        // A path with a device can't be materialised.
        EntryKind::CharDevice { .. } => None,
    }
}

fn check_file(
    contents: &Contents,
    folder: BorrowedFd<'_>,
    name: impl rustix::path::Arg + Copy,
    (digest, size, executable): (&Digest, u64, bool),
) -> Option<String> {
    let stat = match kind_of(folder, name) {
        Ok((FileType::RegularFile, stat)) => stat,
        Ok(_) => return Some("it is no file".into()),
        Err(why) => return Some(why),
    };
    let inode: Inode = (stat.st_dev, stat.st_ino);
    if contents.faulty.contains(&inode) {
        return None;
    }
    let (mode, right) = (
        stat.st_mode & 0o7777,
        if executable { 0o755 } else { 0o644 },
    );
    if mode != right {
        return Some(format!("its mode is {mode:04o}, not {right:04o}"));
    }
    if contents.objects.get(&(*digest, executable)) == Some(&inode) {
        return None;
    }
    if stat.st_size as u64 != size {
        return Some(format!("it has {} bytes, not {size}", stat.st_size));
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let hashed = rfs::openat(folder, name, flags, Mode::empty()).map_err(io::Error::from);
    match hashed.and_then(|file| hash_file(&mut File::from(file))) {
        Ok((found, _)) if found == *digest => None,
        Ok(_) => Some("its contents are others".into()),
        Err(error) => Some(format!("it can't be read: {error}")),
    }
}

/// What stands at a name, or why it can't be said.
fn kind_of(
    folder: BorrowedFd<'_>,
    name: impl rustix::path::Arg,
) -> std::result::Result<(FileType, Stat), String> {
    match rfs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok((FileType::from_raw_mode(stat.st_mode), stat)),
        Err(rustix::io::Errno::NOENT) => Err("it is missing".into()),
        Err(error) => Err(format!("it can't be read: {error}")),
    }
}
