//! The text of a tree: `cairn-tree 1`, the bytes whose BLAKE3 is the tree's digest.
//!
//! In: a tree. Out: its one text, and back; a text that is not exactly what [`Tree::encode`] would print is refused.
//! The form is specified in `docs/store-format.md`.

use super::limits::{ENTRIES_MAX, TEXT_BYTES_MAX};
use super::{Entry, EntryKind, Tree, TreeError};
use crate::digest::Digest;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The first line.
const HEADER: &str = "cairn-tree 1\n";

/// Why a text is no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A line has the wrong form, or is not how [`Tree::encode`] would print it.
    #[error("line {line} of a tree: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The lines are sound, but together they are no tree.
    #[error("the entries are no tree")]
    Tree(#[from] TreeError),
}

impl Tree {
    /// The text of the tree.
    pub fn encode(&self) -> String {
        let mut out = String::with_capacity(HEADER.len() + self.entries.len() * 136);
        out.push_str(HEADER);
        for (path, entry) in &self.entries {
            print_entry(&mut out, path, entry);
        }
        out
    }

    /// Reads the text of a tree.
    ///
    /// Errors: [`DecodeError`]; whatever is read prints as the same text.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        if text.len() > TEXT_BYTES_MAX {
            let bytes = text.len();
            return Err(TreeError::TooLong { bytes }.into());
        }
        let body = text.strip_prefix(HEADER).ok_or(DecodeError::Line {
            line: 1,
            why: "expected `cairn-tree 1`",
        })?;
        let mut entries: Vec<(String, Entry)> = Vec::new();
        for (index, line) in body.split_terminator('\n').enumerate() {
            let fault = |why| DecodeError::Line {
                line: index + 2,
                why,
            };
            if let Some(attribute) = line.strip_prefix("x ") {
                let (_, entry) = entries
                    .last_mut()
                    .ok_or_else(|| fault("an attribute of no entry"))?;
                let (name, value) = parse_attribute(attribute).map_err(fault)?;
                entry.xattrs.insert(name, value);
                continue;
            }
            let (path, entry) = parse_entry(line).map_err(fault)?;
            if entries.last().is_some_and(|(last, _)| *last >= path) {
                return Err(fault("entries are not sorted by path"));
            }
            entries.push((path, entry));
            if entries.len() > ENTRIES_MAX {
                let count = entries.len();
                return Err(TreeError::TooMany { count }.into());
            }
        }
        let tree = Self {
            entries: BTreeMap::from_iter(entries),
        };
        tree.check()?;
        let printed = tree.encode();
        if printed == text {
            return Ok(tree);
        }
        let same = printed
            .bytes()
            .zip(text.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let line = text
            .bytes()
            .take(same)
            .filter(|byte| *byte == b'\n')
            .count()
            + 1;
        Err(DecodeError::Line {
            line,
            why: "it is not in the one form that is hashed",
        })
    }

    /// BLAKE3 of the text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.encode().as_bytes())
    }
}

/// The digests of all files in the text of a tree, without reading it as a tree; for marking what is in use.
pub fn file_digests(text: &str) -> impl Iterator<Item = Digest> {
    text.lines()
        .filter_map(|line| line.strip_prefix("f "))
        .filter_map(|line| line.split(' ').nth(4)?.parse().ok())
}

/// A file in the text of a tree: its object, and which of its two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileObject {
    /// BLAKE3 of the bytes.
    pub digest: Digest,
    /// Whether any execute bit is set: then it is the object with `.x`.
    pub executable: bool,
    /// Bytes.
    pub size: u64,
}

/// The objects of all files in the text of a tree, without reading it as a tree; equal ones each time.
pub fn file_objects(text: &str) -> impl Iterator<Item = FileObject> {
    text.lines()
        .filter_map(|line| line.strip_prefix("f "))
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let mode = u32::from_str_radix(fields.next()?, 8).ok()?;
            Some(FileObject {
                digest: fields.nth(3)?.parse().ok()?,
                executable: mode & 0o111 != 0,
                size: fields.next()?.parse().ok()?,
            })
        })
}

fn print_entry(out: &mut String, path: &str, entry: &Entry) {
    let kind = match entry.kind {
        EntryKind::Directory => 'd',
        EntryKind::File { .. } => 'f',
        EntryKind::Symlink { .. } => 'l',
        EntryKind::CharDevice { .. } => 'c',
        EntryKind::Fifo => 'p',
    };
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "{kind} {:o} {} {} {} ",
        entry.mode, entry.uid, entry.gid, entry.mtime
    );
    match &entry.kind {
        EntryKind::File { digest, size } => {
            data_encoding::HEXLOWER.encode_append(&digest.0, out);
            let _ = write!(out, " {size} ");
        }
        EntryKind::CharDevice { major, minor } => {
            let _ = write!(out, "{major} {minor} ");
        }
        EntryKind::Directory | EntryKind::Symlink { .. } | EntryKind::Fifo => {}
    }
    out.push('/');
    escape(out, path);
    if let EntryKind::Symlink { target } = &entry.kind {
        out.push(' ');
        escape(out, target);
    }
    out.push('\n');
    for (name, value) in &entry.xattrs {
        out.push_str("x ");
        escape(out, name);
        out.push(' ');
        if value.is_empty() {
            out.push('-');
        }
        data_encoding::HEXLOWER.encode_append(value, out);
        out.push('\n');
    }
}

fn parse_entry(line: &str) -> Result<(String, Entry), &'static str> {
    let mut fields = line.split(' ');
    let mut next = || fields.next().ok_or("a field is missing");
    let kind = next()?;
    let mode = u32::from_str_radix(next()?, 8).map_err(|_| "the mode is no octal number")?;
    let uid = next()?.parse().map_err(|_| "the owner is no number")?;
    let gid = next()?.parse().map_err(|_| "the group is no number")?;
    let mtime = next()?.parse().map_err(|_| "the time is no number")?;
    let number = |text: &str| {
        text.parse::<u32>()
            .map_err(|_| "a device number is no number")
    };
    let mut kind = match kind {
        "d" => EntryKind::Directory,
        "f" => EntryKind::File {
            digest: next()?.parse().map_err(|_| "the digest is no digest")?,
            size: next()?.parse().map_err(|_| "the size is no number")?,
        },
        "l" => EntryKind::Symlink {
            target: String::new(),
        },
        "c" => EntryKind::CharDevice {
            major: number(next()?)?,
            minor: number(next()?)?,
        },
        "p" => EntryKind::Fifo,
        _ => return Err("the kind is none of `d f l c p`"),
    };
    let path = unescape(
        next()?
            .strip_prefix('/')
            .ok_or("the path does not begin with `/`")?,
    )?;
    if let EntryKind::Symlink { target } = &mut kind {
        *target = unescape(next()?)?;
    }
    if fields.next().is_some() {
        return Err("a field too many");
    }
    Ok((
        path,
        Entry {
            kind,
            mode,
            uid,
            gid,
            mtime,
            xattrs: BTreeMap::new(),
        },
    ))
}

fn parse_attribute(line: &str) -> Result<(String, Vec<u8>), &'static str> {
    let (name, value) = line.split_once(' ').ok_or("a field is missing")?;
    let value = if value == "-" { "" } else { value };
    let value = data_encoding::HEXLOWER
        .decode(value.as_bytes())
        .map_err(|_| "the attribute's value is not hexadecimal")?;
    Ok((unescape(name)?, value))
}

/// Prints bytes up to the space, the backslash and DEL as `\` and two hexadecimal digits.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        if c <= ' ' || c == '\\' || c == '\x7f' {
            let _ = write!(out, "\\{:02x}", c as u32);
        } else {
            out.push(c);
        }
    }
}

fn unescape(text: &str) -> Result<String, &'static str> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\\');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let code = part.get(..2).ok_or("an escape is cut short")?;
        let byte = u8::from_str_radix(code, 16).map_err(|_| "an escape is not hexadecimal")?;
        if byte >= 0x80 {
            return Err("an escape of more than ASCII");
        }
        out.push(byte as char);
        out.push_str(&part[2..]);
    }
    Ok(out)
}
