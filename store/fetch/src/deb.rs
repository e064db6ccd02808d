//! Binary packages, read in one pass.
//!
//! In: the stream of a `.deb`, from anywhere. Out: its control members and its data entries, in archive order, and its
//! SHA-256. Strict: a path that could leave the root, a form that dpkg wouldn't write, or more than [`Limits`] is an
//! error that names the entry. The head of each member is read here, the tars in [`entries`], what pax and GNU say of
//! an entry before it in [`extensions`]. Source: deb(5).

mod entries;
mod extensions;
mod limits;

pub use limits::Limits;

use entries::{Bounds, Walk};
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
        /// The path of the earlier entry, which is no directory, in the form of [`Member::path`].
        target: String,
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
        /// Its path, lossily decoded, control characters escaped.
        path: String,
        /// What's wrong.
        reason: String,
    },
    /// More of something than [`Limits`] allow.
    #[error("the package's {member} has more than {max} {what}")]
    Limit {
        /// Which part.
        member: String,
        /// More than this.
        max: u64,
        /// Of what: `entries`, `bytes unpacked`.
        what: &'static str,
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
    limits: Limits,
}

impl<R: Read> DebReader<R> {
    /// Nothing is read yet.
    pub fn new(stream: R) -> Self {
        Self::with_limits(stream, Limits::default())
    }

    /// The same with other limits.
    pub fn with_limits(stream: R, limits: Limits) -> Self {
        let stream = Hashing {
            stream,
            hasher: Sha256::new(),
            size: 0,
        };
        Self { stream, limits }
    }

    /// Gives each control member (name, bytes, mode) to `control`, then each data entry to `data`, with a reader
    /// of its bytes (empty for anything but files). No path comes twice but a directory's; a hard link comes after what
    /// it links to.
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
        let mut installed_kib = None;
        while let Some((name, size)) = self.header()? {
            let part = match name.as_str() {
                "debian-binary" => Some(0),
                name if name.starts_with("control.tar") => Some(1),
                name if name.starts_with("data.tar") => Some(2),
                name if name.starts_with('_') => None,
                _ => return Err(DebError::Form(format!("unknown member `{name}`"))),
            };
            if part.is_some_and(|part| part != next) {
                return Err(DebError::Form(format!("member `{name}` is out of order")));
            }
            let limits = self.limits;
            let mut body = (&mut self.stream).take(size);
            match part {
                Some(0) => read_version(&mut body)?,
                Some(1) => {
                    installed_kib = read_control(&name, &mut body, limits, &mut control)?;
                }
                Some(_) => read_data(&name, &mut body, limits, installed_kib, &mut data)?,
                None => {}
            }
            next += u32::from(part.is_some());
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
        // Every byte is a character, so that columns are.
        let text = std::str::from_utf8(&header).map_err(|_| form())?;
        if !text.is_ascii() || !text.ends_with("`\n") {
            return Err(form());
        }
        let name = text[..16].trim_end_matches(' ').trim_end_matches('/');
        let size = text[48..58].trim_end_matches(' ');
        if name.contains(|c: char| c.is_ascii_control())
            || !size.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(form());
        }
        Ok(Some((name.to_owned(), size.parse().map_err(|_| form())?)))
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

fn read(member: &str, source: io::Error) -> DebError {
    match limits::passed(&source) {
        Some(max) => DebError::Limit {
            member: member.into(),
            max,
            what: "bytes unpacked",
        },
        None => DebError::Read {
            member: member.into(),
            source,
        },
    }
}

fn read_version(body: &mut impl Read) -> Result<(), DebError> {
    let mut version = Vec::new();
    body.take(64)
        .read_to_end(&mut version)
        .map_err(|source| read("debian-binary", source))?;
    if version.starts_with(b"2.") {
        return Ok(());
    }
    Err(DebError::Form(format!(
        "its format is `{}`, only 2.x is known",
        version.trim_ascii().escape_ascii()
    )))
}

/// Gives the control members; returns what the package says that it takes when it is installed, in KiB.
fn read_control(
    part: &str,
    body: &mut impl Read,
    limits: Limits,
    visit: &mut impl FnMut(&str, &[u8], u32) -> io::Result<()>,
) -> Result<Option<u64>, DebError> {
    let bounds = Bounds {
        entries: limits.entries,
        file_bytes: limits.control_bytes,
        overhead_bytes: limits.control_bytes,
    };
    let mut installed_kib = None;
    Walk::new(part, bounds).run(body, |member, bytes| {
        let size = match member.kind {
            MemberKind::Directory => return Ok(()),
            MemberKind::File { size } => size,
            _ => {
                return Err(DebError::Entry {
                    path: member.path.clone(),
                    reason: "a control member must be a file".into(),
                });
            }
        };
        let mut content = Vec::with_capacity(size.min(64 * 1024) as usize);
        bytes
            .read_to_end(&mut content)
            .map_err(|source| read(part, source))?;
        if member.path == "control" {
            installed_kib = limits::installed_kib(&content);
        }
        visit(&member.path, &content, member.mode).map_err(|source| visited(&member.path, source))
    })?;
    Ok(installed_kib)
}

fn read_data(
    part: &str,
    body: &mut impl Read,
    limits: Limits,
    installed_kib: Option<u64>,
    visit: &mut impl FnMut(&Member, &mut dyn Read) -> io::Result<()>,
) -> Result<(), DebError> {
    let bounds = Bounds {
        entries: limits.entries,
        file_bytes: limits.file_bytes(installed_kib),
        overhead_bytes: limits.overhead_bytes(),
    };
    Walk::new(part, bounds).run(body, |member, bytes| {
        visit(member, bytes).map_err(|source| visited(&member.path, source))
    })
}

fn visited(path: &str, source: io::Error) -> DebError {
    DebError::Visit {
        path: path.into(),
        source,
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
