//! How the contents of a closure travel: many small ones in packs, each large one as a blob.
//!
//! In: which trees and files there are. Out: a [`Packing`], the same for the same closure, its text `cairn-packing 1`,
//! and back. Nothing here is signed: whoever reads a pack checks each member against the digest that a signed statement, or
//! a tree that one names, demands. The form is specified in `docs/cache-format.md`.

use cairn_graph::{Digest, StorePath};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

/// The first line.
const HEADER: &str = "cairn-packing 1\n";
/// Contents with more bytes than this travel alone.
pub const BLOB_MIN: u64 = 1 << 20;
/// A pack ends where it has at least these bytes and a member says so.
const PACK_LOW: u64 = 1 << 20;
/// A pack ends before it has more than these bytes.
const PACK_HIGH: u64 = 4 << 20;
/// Plain bytes that a pack may have at most for who reads it.
pub const PACK_MAX: u64 = 16 << 20;
/// Members that a pack may have at most.
pub const MEMBERS_MAX: usize = 1 << 16;
/// Bytes that the text of a packing may have.
pub const PACKING_MAX: usize = 256 << 20;

/// One content: an object, or the text of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// BLAKE3 of the bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// Contents, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// BLAKE3 of the lines of its members: the same name is the same contents.
    pub name: Digest,
    /// What is in it, in order; never empty.
    pub members: Vec<Member>,
}

/// How the contents of a closure travel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packing {
    /// The packs.
    pub packs: Vec<Pack>,
    /// What travels alone, sorted.
    pub blobs: Vec<Member>,
}

/// What a path of a closure is made of.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// The path.
    pub path: &'a StorePath,
    /// The text of its tree, where it is one.
    pub text: Option<Member>,
    /// Its files, in the tree's order.
    pub files: Vec<Member>,
}

/// Why a text is no packing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the packing: {why}")]
pub struct PackingError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Pack {
    /// The pack of these members.
    pub fn new(members: Vec<Member>) -> Self {
        let mut text = String::with_capacity(members.len() * 72);
        print_members(&mut text, &members);
        Self {
            name: Digest::of(text.as_bytes()),
            members,
        }
    }

    /// Bytes of all members.
    pub fn size(&self) -> u64 {
        self.members.iter().map(|member| member.size).sum()
    }
}

impl Packing {
    /// Packs everything that the parts name, each content once.
    ///
    /// Packs end where contents say so, as long as that leaves them between a lower and an upper size: a content more or
    /// less changes the packs near it and no others, so that generations share the rest.
    pub fn plan(parts: &[Parts<'_>]) -> Self {
        let mut parts: Vec<&Parts<'_>> = parts.iter().collect();
        // By name, so that the next version of a package stands where this one does.
        parts.sort_by_key(|part| (part.path.name(), part.path));
        let mut packing = Self::default();
        let mut seen = HashSet::new();
        let texts = parts.iter().filter_map(|part| part.text);
        packing.add(texts, &mut seen);
        // A content of several trees travels with the smallest: the root of a machine has the files of all packages.
        let mut by_size: Vec<usize> = (0..parts.len()).collect();
        by_size.sort_by_key(|index| (parts[*index].files.len(), *index));
        let mut owner: HashMap<Digest, usize> = HashMap::new();
        for index in by_size {
            for file in &parts[index].files {
                owner.entry(file.digest).or_insert(index);
            }
        }
        let files = parts.iter().enumerate().flat_map(|(index, part)| {
            let owner = &owner;
            let own = move |file: &&Member| owner.get(&file.digest) == Some(&index);
            part.files.iter().filter(own).copied()
        });
        packing.add(files, &mut seen);
        packing.blobs.sort_unstable();
        packing
    }

    fn add(&mut self, contents: impl Iterator<Item = Member>, seen: &mut HashSet<Digest>) {
        let (mut members, mut size) = (Vec::new(), 0);
        for member in contents {
            if !seen.insert(member.digest) {
                continue;
            }
            if member.size > BLOB_MIN {
                self.blobs.push(member);
                continue;
            }
            if size + member.size > PACK_HIGH || members.len() == MEMBERS_MAX {
                self.packs.push(Pack::new(std::mem::take(&mut members)));
                size = 0;
            }
            members.push(member);
            size += member.size;
            if size >= PACK_LOW && member.digest.0[31].is_multiple_of(16) {
                self.packs.push(Pack::new(std::mem::take(&mut members)));
                size = 0;
            }
        }
        if !members.is_empty() {
            self.packs.push(Pack::new(members));
        }
    }

    /// The text.
    pub fn encode(&self) -> String {
        let count: usize = self.packs.iter().map(|pack| pack.members.len() + 1).sum();
        let mut out = String::with_capacity(HEADER.len() + (count + self.blobs.len()) * 76);
        out.push_str(HEADER);
        for pack in &self.packs {
            // Writing into a String cannot fail.
            let _ = writeln!(out, "pack {}", pack.name);
            print_members(&mut out, &pack.members);
        }
        if !self.blobs.is_empty() {
            out.push_str("blobs\n");
            print_members(&mut out, &self.blobs);
        }
        out
    }

    /// Reads the text: every content once, packs within their bounds and named by their members.
    ///
    /// Errors: [`PackingError`]; whatever is read prints as the same text.
    pub fn decode(text: &str) -> Result<Self, PackingError> {
        let fault = |line, why| Err(PackingError { line, why });
        if text.len() > PACKING_MAX {
            return fault(1, "it is too long");
        }
        let Some(body) = text.strip_prefix(HEADER) else {
            return fault(1, "expected `cairn-packing 1`");
        };
        if !text.ends_with('\n') {
            return fault(text.lines().count(), "it ends within a line");
        }
        let mut packing = Self::default();
        let mut seen = HashSet::new();
        let mut in_blobs = false;
        let mut line = 1;
        for text in body.split_terminator('\n') {
            line += 1;
            if let Some(name) = text.strip_prefix("pack ") {
                let (Ok(name), false) = (name.parse(), in_blobs) else {
                    return fault(line, "no pack can begin here");
                };
                packing.close(line)?;
                let members = Vec::new();
                packing.packs.push(Pack { name, members });
            } else if text == "blobs" && !in_blobs {
                packing.close(line)?;
                in_blobs = true;
            } else {
                let member = parse_member(text).map_err(|why| PackingError { line, why })?;
                if !seen.insert(member.digest) {
                    return fault(line, "a content is there twice");
                }
                let list = if in_blobs {
                    &mut packing.blobs
                } else if let Some(pack) = packing.packs.last_mut() {
                    &mut pack.members
                } else {
                    return fault(line, "a content in no pack");
                };
                if in_blobs && list.last().is_some_and(|last| *last >= member) {
                    return fault(line, "blobs are not sorted");
                }
                list.push(member);
            }
        }
        if in_blobs && packing.blobs.is_empty() {
            return fault(line, "no blob follows");
        }
        if !in_blobs {
            packing.close(line)?;
        }
        Ok(packing)
    }

    /// Checks the pack that ends before this line.
    fn close(&self, line: usize) -> Result<(), PackingError> {
        let fault = |why| Err(PackingError { line, why });
        let Some(pack) = self.packs.last() else {
            return Ok(());
        };
        let size = pack
            .members
            .iter()
            .try_fold(0_u64, |sum, member| sum.checked_add(member.size));
        if pack.members.is_empty() || pack.members.len() > MEMBERS_MAX {
            return fault("the pack above is empty or has too many members");
        }
        if size.is_none_or(|size| size > PACK_MAX) {
            return fault("the pack above is too large");
        }
        if Pack::new(pack.members.clone()).name != pack.name {
            return fault("the pack above is not named by its members");
        }
        Ok(())
    }
}

fn print_members(out: &mut String, members: &[Member]) {
    for member in members {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "{} {}", member.digest, member.size);
    }
}

fn parse_member(line: &str) -> Result<Member, &'static str> {
    let (digest, size) = line
        .split_once(' ')
        .ok_or("a content has a digest and a size")?;
    let number = size.parse::<u64>().map_err(|_| "the size is no number")?;
    if number.to_string() != size {
        return Err("the size is not in its one form");
    }
    Ok(Member {
        digest: digest.parse().map_err(|_| "no digest")?,
        size: number,
    })
}
