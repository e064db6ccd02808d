//! The index: what folders of records and objects hold, remembered for as long as they don't change (`var/index`).
//!
//! In: a folder, and how it is read. Out: its rows, as remembered or as read. Its form is in `docs/store-format.md`. It may be
//! deleted at any time, and a torn, damaged or foreign one counts as none. It only serves what shows ([`Store::overview`](crate::Store::overview)):
//! whoever moves, removes or repairs anything reads the records themselves, so that no line of it can cost anything.
//!
//! Everything that Cairn puts, replaces or removes is renamed, and that changes the times of the folder, which nobody can set (the ctime). Two
//! changes may get the same time, when they are close: so what was read of a folder is only remembered when its last change was over before.

mod row;

use crate::error::Result;
use crate::layout::Layout;
use crate::parallel;
use cairn_graph::Digest;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

pub(crate) use row::Row;

/// The first line.
const VERSION: &str = "cairn-index 1";
/// A change this long ago has another time than one that happens now: the kernel's clock for files ticks 100 times a second, or more often.
const GRANULE: Duration = Duration::from_millis(50);
/// The same where the file system knows no parts of seconds.
const COARSE_GRANULE: Duration = Duration::from_millis(2100);

/// Bytes of lines that are read at a time.
const PART: usize = 128 * 1024;

/// What is remembered of folders. The default remembers nothing, and is never written.
#[derive(Debug, Default)]
pub(crate) struct Index {
    cairn: PathBuf,
    text: String,
    known: BTreeMap<String, (Stamp, Range<usize>)>,
    /// What is as it was, or was read and can be remembered; nothing where nothing is to be.
    seen: Option<Mutex<BTreeMap<String, (Stamp, Lines)>>>,
}

/// By what a folder is seen to have changed: it is another one, or something in it was added, replaced or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    /// Seconds since 1970, and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

#[derive(Debug)]
enum Lines {
    Known(Range<usize>),
    New(String),
}

impl Index {
    /// Reads the index of a store; an empty one where there is none that can be believed.
    pub(crate) fn load(layout: &Layout) -> Self {
        let text = fs::read_to_string(layout.index()).unwrap_or_default();
        let known = folders(&text).unwrap_or_default();
        Self {
            cairn: layout.cairn().into(),
            text,
            known,
            seen: Some(Mutex::default()),
        }
    }

    /// The rows of a folder: the remembered ones when it is as it was then, and otherwise what `read` gives.
    pub(crate) fn rows<T: Row + Send>(
        &self,
        folder: &Path,
        read: impl FnOnce() -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let Some(seen) = &self.seen else {
            return read();
        };
        let name = folder.strip_prefix(&self.cairn).unwrap_or(folder);
        let (Some(name), Some(stamp)) = (name.to_str(), Stamp::of(folder)) else {
            return read();
        };
        let see = |lines| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(name.into(), (stamp, lines));
        };
        if let Some((then, range)) = self.known.get(name)
            && *then == stamp
            && let Some(rows) = parse(&self.text[range.clone()])
        {
            see(Lines::Known(range.clone()));
            return Ok(rows);
        }
        // Before it is listed: what changes from now on gives it another time.
        let settled = stamp.is_before(SystemTime::now());
        let rows = read()?;
        let mut text = String::new();
        if settled && rows.iter().all(|row| row.write(&mut text)) {
            see(Lines::New(text));
        }
        Ok(rows)
    }

    /// Writes the index anew if it is not what was seen. Who may not, or has no room, leaves it; nor need it be durable.
    pub(crate) fn save(self, layout: &Layout) {
        let Some(seen) = self.seen else { return };
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_known = |lines: &Lines| matches!(lines, Lines::Known(_));
        if seen.len() == self.known.len() && seen.values().all(|(_, lines)| is_known(lines)) {
            return;
        }
        let mut text = format!("{VERSION}\n");
        for (name, (stamp, lines)) in &seen {
            let lines = match lines {
                Lines::Known(range) => &self.text[range.clone()],
                Lines::New(text) => text,
            };
            // Writing into a String cannot fail.
            let _ = write!(text, "folder {name} {stamp} {}\n{lines}", lines.len());
        }
        let _ = writeln!(text, "end {}", Digest::of(text.as_bytes()));
        let tmp = layout.tmp().join(format!("index-{}", std::process::id()));
        // One that a killed process of this number left goes with the next collection.
        let Ok(mut file) = File::create_new(&tmp) else {
            return;
        };
        let written = file.write_all(text.as_bytes());
        if written
            .and_then(|()| fs::rename(&tmp, layout.index()))
            .is_err()
        {
            let _ = fs::remove_file(&tmp);
        }
    }
}

impl Stamp {
    fn of(folder: &Path) -> Option<Self> {
        let found = folder.metadata().ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }

    /// Whether a change at this time would give the folder another stamp.
    fn is_before(&self, now: SystemTime) -> bool {
        let times = [self.modified, self.changed];
        let granule = if times.iter().any(|(_, nanos)| *nanos == 0) {
            COARSE_GRANULE
        } else {
            GRANULE
        };
        let Ok(now) = now.duration_since(SystemTime::UNIX_EPOCH) else {
            return false;
        };
        times.into_iter().all(|(seconds, nanos)| {
            let (Ok(seconds), Ok(nanos)) = (u64::try_from(seconds), u32::try_from(nanos)) else {
                return false;
            };
            Duration::new(seconds, nanos) + granule < now
        })
    }

    fn parse(fields: &[&str]) -> Option<Self> {
        let [device, inode, seconds, nanos, changed, changed_nanos] = fields else {
            return None;
        };
        Some(Self {
            device: device.parse().ok()?,
            inode: inode.parse().ok()?,
            modified: (seconds.parse().ok()?, nanos.parse().ok()?),
            changed: (changed.parse().ok()?, changed_nanos.parse().ok()?),
        })
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (modified, changed) = (self.modified, self.changed);
        write!(f, "{} {} ", self.device, self.inode)?;
        write!(f, "{} {} ", modified.0, modified.1)?;
        write!(f, "{} {}", changed.0, changed.1)
    }
}

/// What an index says of which folder, and where its lines are; nothing when it is not whole.
fn folders(text: &str) -> Option<BTreeMap<String, (Stamp, Range<usize>)>> {
    let mut at = format!("{VERSION}\n").len();
    let (body, digest) = text.strip_suffix('\n')?.rsplit_once("\nend ")?;
    // With the line feed that `rsplit_once` has taken.
    let body = text.get(..=body.len())?;
    if !text.starts_with(VERSION) || digest.parse::<Digest>().ok()? != Digest::of(body.as_bytes()) {
        return None;
    }
    let mut found = BTreeMap::new();
    while at < body.len() {
        let (head, _) = body.get(at..)?.split_once('\n')?;
        let mut fields: Vec<&str> = head.strip_prefix("folder ")?.split(' ').collect();
        let bytes: usize = fields.pop()?.parse().ok()?;
        let (name, stamp) = fields.split_first()?;
        let begin = at + head.len() + 1;
        let range = begin..begin.checked_add(bytes)?;
        body.get(range.clone())?;
        at = range.end;
        found.insert((*name).into(), (Stamp::parse(stamp)?, range));
    }
    Some(found)
}

/// The rows of lines; nothing when one is none.
fn parse<T: Row + Send>(text: &str) -> Option<Vec<T>> {
    let parsed = parallel::try_map_large(&parts(text), |part| {
        let rows = part.lines().map(|line| T::parse(line).ok_or(()));
        rows.collect::<std::result::Result<Vec<_>, _>>()
    });
    let mut parsed = parsed.ok()?.into_iter();
    let mut rows = parsed.next().unwrap_or_default();
    parsed.for_each(|more| rows.extend(more));
    Some(rows)
}

/// A text of lines in parts of whole lines, each about as much as is worth a thread's while.
fn parts(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let bytes = text.as_bytes();
        let after = bytes.get(PART..).unwrap_or_default();
        let line_end = after.iter().position(|byte| *byte == b'\n');
        let end = line_end.map_or(text.len(), |at| PART + at + 1);
        let (part, rest) = text.split_at(end);
        parts.push(part);
        text = rest;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{PART, Stamp, folders, parts};
    use cairn_graph::Digest;
    use std::time::{Duration, SystemTime};

    fn stamp(seconds: i64, nanos: i64) -> Stamp {
        Stamp {
            device: 1,
            inode: 2,
            modified: (seconds, nanos),
            changed: (seconds, nanos),
        }
    }

    fn at(seconds: u64, millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(millis)
    }

    #[test]
    fn a_change_that_is_too_close_to_be_told_from_the_next_is_not_over() {
        let fine = stamp(1000, 4_000_000);
        assert!(fine.is_before(at(1000, 60)) && !fine.is_before(at(1000, 14)));
        // A file system of whole seconds.
        let coarse = stamp(1000, 0);
        assert!(coarse.is_before(at(1003, 0)) && !coarse.is_before(at(1001, 0)));
        // The clock was set back since; or the time is nonsense.
        assert!(!fine.is_before(at(900, 0)) && !stamp(-1, 1).is_before(at(1000, 0)));
        assert!(!stamp(1000, -1).is_before(at(2000, 0)));
        assert!(!stamp(i64::MAX, 999_999_999).is_before(at(2000, 0)));
    }

    #[test]
    fn parts_are_of_whole_lines_and_all_of_the_text() {
        let text = "a line\n".repeat(100_000);
        let parted = parts(&text);
        assert!(parted.len() > 3 && parted.concat() == text);
        let small = |part: &&str| part.ends_with('\n') && part.len() <= PART + 20;
        assert!(parted.iter().all(small));
        assert!(parts("").is_empty() && parts("no end") == ["no end"]);
    }

    #[test]
    fn an_index_that_is_not_whole_says_nothing() {
        let sealed = |body: &str| format!("{body}end {}\n", Digest::of(body.as_bytes()));
        let whole = sealed("cairn-index 1\nfolder var/paths 1 2 3 4 5 6 4\nabc\n");
        let found = folders(&whole).unwrap();
        let (then, range) = &found["var/paths"];
        assert_eq!((&whole[range.clone()], then.inode), ("abc\n", 2));
        assert!(folders(&sealed("cairn-index 1\n")).unwrap().is_empty());
        for end in 0..whole.len() {
            assert!(folders(&whole[..end]).is_none(), "{end}");
        }
        for body in [
            "",
            "cairn-index 2\n",
            "cairn-index 10\n",
            "cairn-index 1\nfolder var/paths 1 2 3 4 5 6 5\nabc\n",
            "cairn-index 1\nfolder var/paths 1 2 3 4 5 6 18446744073709551615\nabc\n",
            "cairn-index 1\nfolder var/paths 1 2 3 4 5 4\nabc\n",
            "cairn-index 1\nabc\n",
        ] {
            assert!(folders(&sealed(body)).is_none(), "{body}");
        }
    }
}
