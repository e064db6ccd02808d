//! The entries of one of a package's two archives.
//!
//! In: a compressed tar. Out: each entry as a [`Member`], checked: its path, its kind, that it comes once, that it says
//! one thing to all readers, and that all together keep to [`Bounds`]. Decides nothing about contents.

use super::extensions::{self, Extension};
use super::limits::Bounded;
use super::{DebError, Member, MemberKind, read};
use crate::archive::decompress;
use cairn_graph::tree::limits::TARGET_BYTES_MAX;
use std::collections::HashMap;
use std::io::{self, Read};

/// What one archive may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) entries: u64,
    /// Bytes of all files.
    pub(super) file_bytes: u64,
    /// Bytes of all else.
    pub(super) overhead_bytes: u64,
}

/// A way through an archive.
pub(super) struct Walk<'a> {
    part: &'a str,
    bounds: Bounds,
    /// Paths that came, and whether each was a directory.
    came: HashMap<String, bool>,
    entries: u64,
    file_bytes: u64,
}

impl<'a> Walk<'a> {
    /// `part` is what errors call the archive.
    pub(super) fn new(part: &'a str, bounds: Bounds) -> Self {
        Self {
            part,
            bounds,
            came: HashMap::new(),
            entries: 0,
            file_bytes: 0,
        }
    }

    /// Gives each entry to `visit`, with a reader of its bytes.
    pub(super) fn run(
        mut self,
        body: &mut impl Read,
        mut visit: impl FnMut(&Member, &mut dyn Read) -> Result<(), DebError>,
    ) -> Result<(), DebError> {
        let part = self.part;
        let failed = |source| read(part, source);
        let all_bytes = self
            .bounds
            .file_bytes
            .saturating_add(self.bounds.overhead_bytes);
        let mut plain = Bounded::new(decompress(body).map_err(failed)?, all_bytes);
        let mut archive = tar::Archive::new(&mut plain);
        let mut extension = Extension::default();
        // Raw: what stands before an entry is read here, within bounds.
        for entry in archive.entries().map_err(failed)?.raw(true) {
            let mut entry = entry.map_err(failed)?;
            let kind = entry.header().entry_type();
            if let tar::EntryType::GNULongName
            | tar::EntryType::GNULongLink
            | tar::EntryType::XHeader = kind
            {
                let body = self.extension_body(&mut entry)?;
                let taken = match kind {
                    tar::EntryType::GNULongName => extension.long_path(body),
                    tar::EntryType::GNULongLink => extension.long_target(body),
                    _ => extension.pax(&body),
                };
                let path = entry.path_bytes();
                taken
                    .map_err(|reason| refuse(extension.path.as_deref().unwrap_or(&path), reason))?;
                continue;
            }
            let member = self.member(&entry, std::mem::take(&mut extension))?;
            self.count(&member)?;
            let left = entry.size();
            let mut bytes = Whole {
                stream: entry,
                left,
            };
            visit(&member, &mut bytes)?;
        }
        if extension.is_any() {
            let form = format!("`{part}` ends where an entry was announced");
            return Err(DebError::Form(form));
        }
        // What follows the last entry is padding; reading it lets the decompressor check the stream's end.
        io::copy(&mut plain, &mut io::sink()).map_err(failed)?;
        Ok(())
    }

    fn extension_body(&self, entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, DebError> {
        let size = entry.size();
        if size > extensions::BYTES_MAX {
            let reason = format!("{size} bytes stand before it to say what it is");
            return Err(refuse(&entry.path_bytes(), reason));
        }
        let mut body = vec![0; size as usize];
        entry
            .read_exact(&mut body)
            .map_err(|source| read(self.part, source))?;
        Ok(body)
    }

    /// Counts an entry, before anything of it is read.
    fn count(&mut self, member: &Member) -> Result<(), DebError> {
        self.entries += 1;
        if self.entries > self.bounds.entries {
            return Err(DebError::Limit {
                member: self.part.into(),
                max: self.bounds.entries,
                what: "entries",
            });
        }
        if let MemberKind::File { size } = member.kind {
            self.file_bytes = self.file_bytes.saturating_add(size);
            if self.file_bytes > self.bounds.file_bytes {
                let max = self.bounds.file_bytes;
                let reason = format!("with it the package has more than {max} bytes of files");
                return Err(refuse(member.path.as_bytes(), reason));
            }
        }
        let is_folder = member.kind == MemberKind::Directory;
        let before = self.came.insert(member.path.clone(), is_folder);
        if before.is_some_and(|was_folder| !(was_folder && is_folder)) {
            return Err(refuse(member.path.as_bytes(), "it comes twice"));
        }
        Ok(())
    }

    fn member(
        &self,
        entry: &tar::Entry<'_, impl Read>,
        said: Extension,
    ) -> Result<Member, DebError> {
        let header = entry.header();
        let name = said.path.unwrap_or_else(|| entry.path_bytes().into_owned());
        let refuse = |reason: &str| refuse(&name, reason);
        let path = clean_path(&name)?;
        let number =
            |value: io::Result<u64>| value.map_err(|_| refuse("a number in its head is none"));
        let target = || {
            let short = || header.link_name_bytes().map(std::borrow::Cow::into_owned);
            let target = said
                .target
                .clone()
                .or_else(short)
                .filter(|target| !target.is_empty());
            target.ok_or_else(|| refuse("a link without a target"))
        };
        if said.size.is_some_and(|size| size != entry.size()) {
            return Err(refuse("two different sizes are given for it"));
        }
        let kind = match header.entry_type() {
            tar::EntryType::Directory => MemberKind::Directory,
            // So wrote tars that had no kind for directories.
            tar::EntryType::Regular | tar::EntryType::Continuous if name.ends_with(b"/") => {
                return Err(refuse("a file whose name ends with a slash"));
            }
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                MemberKind::File { size: entry.size() }
            }
            tar::EntryType::Symlink => MemberKind::Symlink {
                target: link_target(target()?).map_err(refuse)?,
            },
            tar::EntryType::Link => MemberKind::Hardlink {
                target: self.linked(&clean_path(&target()?)?).map_err(refuse)?,
            },
            tar::EntryType::Fifo => MemberKind::Fifo,
            tar::EntryType::Char | tar::EntryType::Block => {
                return Err(refuse("a package can't bring a device"));
            }
            other => {
                let kind = char::from(other.as_byte()).escape_default();
                return Err(refuse(&format!(
                    "its kind is `{kind}`, which packages don't have"
                )));
            }
        };
        if entry.size() > 0 && !matches!(kind, MemberKind::File { .. }) {
            return Err(refuse("only files have contents"));
        }
        if path.is_empty() && kind != MemberKind::Directory {
            return Err(refuse("the root must be a directory"));
        }
        let id = |said: Option<u64>, told: io::Result<u64>| {
            let id = said.map_or_else(|| number(told), Ok)?;
            // The last is what `chown` takes for "as it is".
            let sound = u32::try_from(id).ok().filter(|id| *id != u32::MAX);
            sound.ok_or_else(|| refuse("its owner or group is no id of a user"))
        };
        let mtime = match said.mtime {
            Some(mtime) => mtime,
            None => number(header.mtime())? as i64,
        };
        Ok(Member {
            kind,
            mode: number(header.mode().map(u64::from))? as u32 & 0o7777,
            uid: id(said.uid, header.uid())?,
            gid: id(said.gid, header.gid())?,
            mtime,
            xattrs: said.xattrs,
            path,
        })
    }

    /// What a hard link links to, which must be there.
    fn linked(&self, target: &str) -> Result<String, &'static str> {
        match self.came.get(target) {
            Some(false) => Ok(target.into()),
            Some(true) => Err("a hard link to a directory"),
            None => Err("a hard link to what has not come before it"),
        }
    }
}

/// The error that names an entry.
fn refuse(path: &[u8], reason: impl Into<String>) -> DebError {
    const SHOWN: usize = 200;
    let text = String::from_utf8_lossy(path);
    let mut shown = String::new();
    for c in text.chars().take(SHOWN) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    DebError::Entry {
        path: shown,
        reason: reason.into(),
    }
}

fn link_target(bytes: Vec<u8>) -> Result<String, &'static str> {
    if bytes.len() > TARGET_BYTES_MAX {
        return Err("the link's target is longer than 4095 bytes");
    }
    let target = String::from_utf8(bytes).map_err(|_| "the link's target is not UTF-8")?;
    if target.contains(char::is_control) {
        return Err("the link's target has a control character");
    }
    Ok(target)
}

/// `./usr/bin/` → `usr/bin`.
fn clean_path(bytes: &[u8]) -> Result<String, DebError> {
    let refuse = |reason: &str| refuse(bytes, reason);
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("its name is not UTF-8"))?;
    if text.starts_with('/') {
        return Err(refuse("its path is absolute"));
    }
    // A line break would become another file in dpkg's lists, an escape would speak to a terminal.
    if text.contains(char::is_control) {
        return Err(refuse("its path has a control character"));
    }
    let parts = text.split('/').filter(|part| !matches!(*part, "" | "."));
    let path = parts.collect::<Vec<_>>().join("/");
    if path.split('/').any(|part| part == "..") {
        return Err(refuse("its path leaves the package"));
    }
    match cairn_graph::tree::check_path(&path) {
        Err(cairn_graph::TreeError::Path { why, .. }) => Err(refuse(why)),
        Err(error) => Err(refuse(&error.to_string())),
        Ok(()) => Ok(path),
    }
}

/// The bytes of an entry, all of them or an error: an archive that was cut would else give a short file.
struct Whole<R> {
    stream: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.stream.read(buffer)?;
        if got == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(got as u64);
        Ok(got)
    }
}
