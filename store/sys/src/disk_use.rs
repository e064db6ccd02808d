//! How much of the host's disks a running sandbox takes.
//!
//! In: the spec. Out: whether a limit is passed. Counts only when the file system's own numbers say that it may be; follows no link and
//! never leaves the folders, whatever the command moves meanwhile. Ends nothing itself.

use crate::fs::{open_folder, open_folder_beneath};
use crate::sandbox::{Ending, Mount, RootFs, Spec};
use rustix::fs::{AtFlags, Dir, FileType, statat, statvfs};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often the file system is asked.
const EVERY: Duration = Duration::from_millis(100);
/// How long nobody counts while the file system's numbers say that there is no need; others may free what the command takes.
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// Counting takes at most one part in so many of the time.
const COUNT_SHARE: u32 = 20;
/// One inode of so many must stay free.
const FREE_INODES: u64 = 64;
/// What `st_blocks` counts.
const BLOCK: u64 = 512;

/// The watch over one run.
#[derive(Debug)]
pub(crate) struct DiskUse {
    folders: Vec<Watched>,
    limit: Option<u64>,
    must_stay_free: Option<u64>,
    asked: Instant,
    counted: Instant,
    counting_took: Duration,
}

/// A folder that the command may write.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    /// Bytes used of the file system when the folder was last counted.
    used_then: u64,
    /// Bytes of the folder at that time.
    taken_then: u64,
    /// Bytes used of the file system when the command began.
    used_first: u64,
}

impl DiskUse {
    /// Begins to watch.
    pub(crate) fn of(spec: &Spec) -> Self {
        let is_limited = spec.limits.disk_bytes.is_some() || spec.limits.disk_free_bytes.is_some();
        let folders = written_folders(spec).filter(|_| is_limited);
        let now = Instant::now();
        Self {
            folders: folders.map(Watched::new).collect(),
            limit: spec.limits.disk_bytes,
            must_stay_free: spec.limits.disk_free_bytes,
            asked: now,
            counted: now,
            counting_took: Duration::ZERO,
        }
    }

    /// How the run must end, if a limit is passed.
    pub(crate) fn exceeded(&mut self) -> Option<Ending> {
        if self.folders.is_empty() || self.asked.elapsed() < EVERY {
            return None;
        }
        self.asked = Instant::now();
        if let Some(must_stay_free) = self.must_stay_free
            && self
                .folders
                .iter()
                .any(|folder| folder.is_nearly_full(must_stay_free))
        {
            return Some(Ending::DiskFull);
        }
        let limit = self.limit?;
        let rest = self.counting_took * COUNT_SHARE;
        let is_due = self.counted.elapsed() >= rest.max(COUNT_EVERY);
        let at_most: u64 = self.folders.iter().map(Watched::at_most).sum();
        if at_most <= limit && !is_due || self.counted.elapsed() < rest {
            return None;
        }
        let begun = Instant::now();
        let taken: u64 = self.folders.iter_mut().map(Watched::count).sum();
        (self.counted, self.counting_took) = (Instant::now(), begun.elapsed());
        (taken > limit).then_some(Ending::TooMuchDisk)
    }
}

/// What of the host's disks the command may write.
fn written_folders(spec: &Spec) -> impl Iterator<Item = &Path> {
    let root = match &spec.root {
        RootFs::Overlay { upper, .. } => Some(upper.as_path()),
        RootFs::Directory {
            path,
            read_only: false,
        } => Some(path.as_path()),
        _ => None,
    };
    let mounts = spec.mounts.iter().filter_map(|mount| match mount {
        Mount::Bind {
            from,
            read_only: false,
            ..
        } => Some(from.as_path()),
        Mount::Overlay { upper, .. } => upper.as_ref().map(|(upper, _)| upper.as_path()),
        _ => None,
    });
    root.into_iter().chain(mounts)
}

impl Watched {
    fn new(path: &Path) -> Self {
        let used = used(path);
        let mut made = Self {
            path: path.to_owned(),
            used_then: used,
            taken_then: 0,
            used_first: used,
        };
        made.count();
        made
    }

    /// What the folder can take by now, if nobody has freed anything.
    fn at_most(&self) -> u64 {
        self.taken_then + used(&self.path).saturating_sub(self.used_then)
    }

    /// Counts; where not all can be read (another user owns it), what the file system lost since the beginning stands for it.
    fn count(&mut self) -> u64 {
        self.used_then = used(&self.path);
        let (bytes, is_whole) = count(&self.path);
        let lost = self.used_then.saturating_sub(self.used_first);
        self.taken_then = if is_whole { bytes } else { bytes.max(lost) };
        self.taken_then
    }

    fn is_nearly_full(&self, must_stay_free: u64) -> bool {
        statvfs(&self.path).is_ok_and(|found| {
            found.f_bavail * found.f_frsize < must_stay_free
                || (found.f_files > 0 && found.f_favail < found.f_files / FREE_INODES)
        })
    }
}

/// Bytes used of the file system of a path.
fn used(path: &Path) -> u64 {
    statvfs(path).map_or(0, |found| (found.f_blocks - found.f_bfree) * found.f_frsize)
}

/// Bytes of the blocks below a path, a file with several names once; and whether all of it could be read.
fn count(path: &Path) -> (u64, bool) {
    let Ok(root) = open_folder(path) else {
        let found = std::fs::symlink_metadata(path);
        let blocks = found.map_or(0, |found| std::os::unix::fs::MetadataExt::blocks(&found));
        return (blocks * BLOCK, true);
    };
    let (mut bytes, mut is_whole) = (0, true);
    let mut seen = HashSet::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        let Ok(folder) = open_folder_beneath(&root, &relative) else {
            // What is gone by now is no longer there to be counted.
            is_whole &= !path.join(&relative).is_dir();
            continue;
        };
        let Ok(items) = Dir::read_from(&folder) else {
            is_whole = false;
            continue;
        };
        for item in items.flatten() {
            let name = item.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Ok(stat) = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if stat.st_nlink == 1
                || FileType::from_raw_mode(stat.st_mode) == FileType::Directory
                || seen.insert((stat.st_dev, stat.st_ino))
            {
                bytes += stat.st_blocks as u64 * BLOCK;
            }
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                open.push(relative.join(os_str(name)));
            }
        }
    }
    (bytes, is_whole)
}

fn os_str(name: &std::ffi::CStr) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(name.to_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::fs;

    #[test]
    fn a_file_with_two_names_counts_once_and_a_link_leads_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("folder/file"), vec![1; 1 << 20]).unwrap();
        let (before, is_whole) = count(dir.path());
        assert!(is_whole && (1 << 20..2 << 20).contains(&before), "{before}");
        fs::hard_link(at("folder/file"), at("other")).unwrap();
        std::os::unix::fs::symlink("/usr", at("usr")).unwrap();
        assert_eq!(count(dir.path()).0, before);
    }
}
