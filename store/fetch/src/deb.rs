//! Binary packages, read in one pass.
//!
//! In: the stream of a `.deb`. Out: its control members and its data entries, in archive order, and its SHA-256. Strict:
//! a path that could leave the root, or a form that dpkg wouldn't write, is an error. Source: deb(5).

use crate::archive::decompress;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// One entry of the data archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Relative, without `./` and trailing slash; the root folder is the empty path.
    pub path: String,
    /// What it is.
    pub kind: MemberKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Extended attributes by name.
    pub xattrs: BTreeMap<String, Vec<u8>>,
}

/// The kinds of entries in a data archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// A directory.
    Directory,
    /// A regular file; its bytes are in the reader.
    File {
        /// Bytes.
        size: u64,
    },
    /// A symbolic link.
    Symlink {
        /// Its text.
        target: String,
    },
    /// Another name of an earlier file; the caller resolves it.
    Hardlink {
        /// The path of the earlier entry, in the form of [`Member::path`].
        target: String,
    },
    /// A character device.
    CharDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
}

/// What a whole pass over a package found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebSummary {
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes of the file.
    pub size: u64,
}

/// Why a package can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// Not the form of deb(5).
    #[error("not a Debian package: {0}")]
    Form(String),
    /// An entry that could leave the root or that has no place in a tree.
    #[error("the package's entry `{path}` is refused: {reason}")]
    Entry {
        /// Its path, lossily decoded.
        path: String,
        /// What's wrong.
        reason: String,
    },
    /// Reading or decompressing failed.
    #[error("cannot read the package's {member}")]
    Read {
        /// Which part.
        member: String,
        /// Cause.
        source: io::Error,
    },
    /// The caller refused an entry.
    #[error("cannot take over the package's entry `{path}`")]
    Visit {
        /// Its path.
        path: String,
        /// The caller's error.
        source: io::Error,
    },
}

/// Reads one package.
pub struct DebReader<R> {
    stream: Hashing<R>,
}

impl<R: Read> DebReader<R> {
    /// Nothing is read yet.
    pub fn new(stream: R) -> Self {
        Self {
            stream: Hashing {
                stream,
                hasher: Sha256::new(),
                size: 0,
            },
        }
    }

    /// Gives each control member (name, bytes, mode) to `control`, then each data entry to `data`, with a reader
    /// of its bytes (empty for anything but files).
    ///
    /// Errors: [`DebError`]; a package that lacks one of its three parts is [`DebError::Form`].
    pub fn visit(
        mut self,
        mut control: impl FnMut(&str, &[u8], u32) -> io::Result<()>,
        mut data: impl FnMut(&Member, &mut dyn Read) -> io::Result<()>,
    ) -> Result<DebSummary, DebError> {
        let mut magic = [0; AR_MAGIC.len()];
        self.exact("head", &mut magic)?;
        if magic != *AR_MAGIC {
            return Err(DebError::Form(
                "it doesn't begin like an `ar` archive".into(),
            ));
        }
        let mut next = 0;
        while let Some((name, size)) = self.header()? {
            let part = match name.as_str() {
                "debian-binary" => 0,
                name if name.starts_with("control.tar") => 1,
                name if name.starts_with("data.tar") => 2,
                name if name.starts_with('_') => {
                    self.skip(name, size)?;
                    continue;
                }
                _ => return Err(DebError::Form(format!("unknown member `{name}`"))),
            };
            if part != next {
                return Err(DebError::Form(format!("member `{name}` is out of order")));
            }
            next += 1;
            let mut body = (&mut self.stream).take(size);
            match part {
                0 => read_version(&mut body)?,
                1 => read_control(&name, &mut body, &mut control)?,
                _ => read_data(&name, &mut body, &mut data)?,
            }
            let rest = body.limit();
            self.skip(&name, rest)?;
            if size % 2 == 1 {
                self.skip(&name, 1)?;
            }
        }
        if next != 3 {
            return Err(DebError::Form(
                "it has no control or no data archive".into(),
            ));
        }
        let sha256 = data_encoding::HEXLOWER.encode(&self.stream.hasher.finalize());
        Ok(DebSummary {
            sha256,
            size: self.stream.size,
        })
    }

    /// The next member's name and size; `None` at the end.
    fn header(&mut self) -> Result<Option<(String, u64)>, DebError> {
        let mut header = [0; 60];
        let mut filled = 0;
        while filled < header.len() {
            let got = self
                .stream
                .read(&mut header[filled..])
                .map_err(|source| read("head of a member", source))?;
            match (got, filled) {
                (0, 0) => return Ok(None),
                (0, _) => return Err(DebError::Form("it ends within the head of a member".into())),
                _ => filled += got,
            }
        }
        let form = || DebError::Form("the head of a member is damaged".into());
        let text = std::str::from_utf8(&header).map_err(|_| form())?;
        if !text.ends_with("`\n") {
            return Err(form());
        }
        let name = text[..16].trim_end().trim_end_matches('/').to_owned();
        let size = text[48..58].trim_end().parse().map_err(|_| form())?;
        Ok(Some((name, size)))
    }

    fn exact(&mut self, member: &str, bytes: &mut [u8]) -> Result<(), DebError> {
        self.stream
            .read_exact(bytes)
            .map_err(|source| read(member, source))
    }

    fn skip(&mut self, member: &str, size: u64) -> Result<(), DebError> {
        let skipped = io::copy(&mut (&mut self.stream).take(size), &mut io::sink());
        match skipped.map_err(|source| read(member, source))? {
            skipped if skipped == size => Ok(()),
            _ => Err(DebError::Form(format!("it ends within `{member}`"))),
        }
    }
}

const AR_MAGIC: &[u8; 8] = b"!<arch>\n";
/// The largest control member that is believed, in bytes.
const CONTROL_MAX: u64 = 64 << 20;

fn read(member: &str, source: io::Error) -> DebError {
    DebError::Read {
        member: member.into(),
        source,
    }
}

fn read_version(body: &mut impl Read) -> Result<(), DebError> {
    let mut version = String::new();
    body.take(64)
        .read_to_string(&mut version)
        .map_err(|source| read("debian-binary", source))?;
    if version.starts_with("2.") {
        return Ok(());
    }
    Err(DebError::Form(format!(
        "its format is `{}`, only 2.x is known",
        version.trim()
    )))
}

fn read_control(
    part: &str,
    body: &mut impl Read,
    visit: &mut impl FnMut(&str, &[u8], u32) -> io::Result<()>,
) -> Result<(), DebError> {
    entries(part, body, |member, bytes| {
        if !matches!(member.kind, MemberKind::File { .. }) {
            return Ok(());
        }
        let mut content = Vec::new();
        bytes
            .take(CONTROL_MAX)
            .read_to_end(&mut content)
            .map_err(|source| read(part, source))?;
        visit(&member.path, &content, member.mode).map_err(|source| visited(&member.path, source))
    })
}

fn read_data(
    part: &str,
    body: &mut impl Read,
    visit: &mut impl FnMut(&Member, &mut dyn Read) -> io::Result<()>,
) -> Result<(), DebError> {
    entries(part, body, |member, bytes| {
        visit(&member, bytes).map_err(|source| visited(&member.path, source))
    })
}

fn visited(path: &str, source: io::Error) -> DebError {
    DebError::Visit {
        path: path.into(),
        source,
    }
}

/// Walks a compressed tar and checks the form of each entry.
fn entries(
    part: &str,
    body: &mut impl Read,
    mut visit: impl FnMut(Member, &mut dyn Read) -> Result<(), DebError>,
) -> Result<(), DebError> {
    let mut plain = decompress(body).map_err(|source| read(part, source))?;
    let mut archive = tar::Archive::new(&mut plain);
    for entry in archive.entries().map_err(|source| read(part, source))? {
        let mut entry = entry.map_err(|source| read(part, source))?;
        let member = member(part, &mut entry)?;
        let left = entry.size();
        visit(
            member,
            &mut Whole {
                stream: entry,
                left,
            },
        )?;
    }
    // What follows the last entry is padding; reading it lets the decompressor check the stream's end.
    io::copy(&mut plain, &mut io::sink()).map_err(|source| read(part, source))?;
    Ok(())
}

fn member(part: &str, entry: &mut tar::Entry<'_, impl Read>) -> Result<Member, DebError> {
    let path = clean_path(&entry.path_bytes())?;
    let refuse = |reason: &str| DebError::Entry {
        path: path.clone(),
        reason: reason.into(),
    };
    let xattrs = xattrs(part, entry)?;
    let header = entry.header();
    let number = |value: io::Result<u64>| value.map_err(|source| read(part, source));
    let device = || -> Result<(u32, u32), DebError> {
        let missing = || refuse("a device without numbers");
        let major = header.device_major().ok().flatten().ok_or_else(missing)?;
        Ok((
            major,
            header.device_minor().ok().flatten().ok_or_else(missing)?,
        ))
    };
    let target = || -> Result<Vec<u8>, DebError> {
        entry
            .link_name_bytes()
            .map(std::borrow::Cow::into_owned)
            .ok_or_else(|| refuse("a link without a target"))
    };
    let kind = match header.entry_type() {
        tar::EntryType::Directory => MemberKind::Directory,
        tar::EntryType::Regular | tar::EntryType::Continuous => {
            MemberKind::File { size: entry.size() }
        }
        tar::EntryType::Symlink => MemberKind::Symlink {
            target: String::from_utf8(target()?)
                .map_err(|_| refuse("the link's target is not UTF-8"))?,
        },
        tar::EntryType::Link => MemberKind::Hardlink {
            target: clean_path(&target()?)?,
        },
        tar::EntryType::Char => {
            let (major, minor) = device()?;
            MemberKind::CharDevice { major, minor }
        }
        tar::EntryType::Block => {
            let (major, minor) = device()?;
            MemberKind::BlockDevice { major, minor }
        }
        tar::EntryType::Fifo => MemberKind::Fifo,
        other => return Err(refuse(&format!("entries of kind {other:?} are unknown"))),
    };
    if path.is_empty() && kind != MemberKind::Directory {
        return Err(refuse("the root must be a directory"));
    }
    Ok(Member {
        kind,
        mode: header.mode().map_err(|source| read(part, source))? & 0o7777,
        uid: number(header.uid())? as u32,
        gid: number(header.gid())? as u32,
        mtime: number(header.mtime())? as i64,
        xattrs,
        path,
    })
}

/// Extended attributes from pax headers (`SCHILY.xattr.<name>`).
fn xattrs(
    part: &str,
    entry: &mut tar::Entry<'_, impl Read>,
) -> Result<BTreeMap<String, Vec<u8>>, DebError> {
    let mut found = BTreeMap::new();
    let Some(extensions) = entry
        .pax_extensions()
        .map_err(|source| read(part, source))?
    else {
        return Ok(found);
    };
    for extension in extensions {
        let extension = extension.map_err(|source| read(part, source))?;
        if let Some(name) = extension
            .key()
            .ok()
            .and_then(|key| key.strip_prefix("SCHILY.xattr."))
        {
            found.insert(name.to_owned(), extension.value_bytes().to_vec());
        }
    }
    Ok(found)
}

/// `./usr/bin/` → `usr/bin`.
fn clean_path(bytes: &[u8]) -> Result<String, DebError> {
    let refuse = |reason: &str| DebError::Entry {
        path: String::from_utf8_lossy(bytes).into_owned(),
        reason: reason.into(),
    };
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("its name is not UTF-8"))?;
    if text.starts_with('/') {
        return Err(refuse("its path is absolute"));
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refuse("its path leaves the package")),
            part if part.contains('\0') => return Err(refuse("its path has a zero byte")),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
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

/// Takes size and SHA-256 of all that is read through it.
struct Hashing<R> {
    stream: R,
    hasher: Sha256,
    size: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.stream.read(buffer)?;
        self.hasher.update(&buffer[..got]);
        self.size += got as u64;
        Ok(got)
    }
}
