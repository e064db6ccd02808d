//! A closure in one file.
//!
//! In: a store, a closure. Out: a stream `cairn-export 1`: the manifest, then every pack and blob that it names, in order; and
//! back, with the checks of a pull. The form is specified in `docs/cache-format.md`.

use crate::closure::Closure;
use crate::compress;
use crate::error::{Error, Result};
use crate::manifest::{MANIFEST_MAX, Manifest};
use crate::packing::{Member, Packing};
use crate::pull::{split, unpack, unpack_members};
use crate::push::{Item, Told, encode, items, pack_bytes};
use crate::receive::Receiver;
use crate::signing::{SecretKey, Trust};
use crate::statement::Statement;
use cairn_disk::Store;
use cairn_fetch::Cancel;
use cairn_graph::{Content, Digest};
use std::collections::HashSet;
use std::io::{BufRead, Read, Seek as _, SeekFrom, Write};

/// The first line.
const HEADER: &str = "cairn-export 1\n";
/// What errors of reading name.
const WHENCE: &str = "the import";

/// What came in.
#[derive(Debug)]
pub struct Imported {
    /// The closure.
    pub statement: Statement,
    /// Whether enough trusted keys have signed it; if not, nothing was believed but what the contents themselves prove.
    pub is_signed: bool,
    /// Objects that were missing.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Writes a closure, signed where there is a key.
///
/// Errors: [`Error::Stream`] when the writer refuses, [`Error::Store`], [`Error::Cancelled`].
pub fn export(
    store: &Store,
    closure: &Closure,
    key: Option<&SecretKey>,
    out: &mut dyn Write,
    cancel: &Cancel,
    told: Told<'_>,
) -> Result<()> {
    let manifest = match key {
        Some(key) => crate::push::sign(closure, key)?,
        None => Manifest {
            signatures: String::new(),
            statement: closure.statement.encode(),
            packing: closure.packing.encode(),
        },
    };
    let failed = |source| Error::Stream {
        act: "write the export",
        source,
    };
    out.write_all(HEADER.as_bytes()).map_err(failed)?;
    frame(out, "manifest", &encode(&manifest)?)?;
    for item in in_order(&closure.packing, &closure.statement) {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let name = item.name();
        match item {
            Item::Pack(pack) => frame(out, &name, &pack_bytes(store, closure, pack)?)?,
            Item::Blob(blob) => {
                // Its compressed size stands before it.
                let mut file = tempfile::tempfile().map_err(failed)?;
                closure.write_blob(store, blob, &mut file)?;
                let size = file.stream_position().map_err(failed)?;
                file.seek(SeekFrom::Start(0)).map_err(failed)?;
                writeln!(out, "{name} {size}").map_err(failed)?;
                std::io::copy(&mut file, out).map_err(failed)?;
            }
        }
        told(item.size());
    }
    out.write_all(b"end\n")
        .and_then(|()| out.flush())
        .map_err(failed)
}

/// What carries trees first, so that whoever reads knows what else is needed when it comes.
fn in_order<'a>(packing: &'a Packing, statement: &Statement) -> Vec<Item<'a>> {
    let trees: HashSet<Digest> = statement
        .paths
        .values()
        .filter_map(|fact| match fact.content {
            Content::Tree { digest } => Some(digest),
            Content::File { .. } => None,
        })
        .collect();
    let has_tree = |item: &Item<'_>| {
        item.members()
            .iter()
            .any(|member| trees.contains(&member.digest))
    };
    let (mut first, rest): (Vec<_>, Vec<_>) = items(packing).into_iter().partition(has_tree);
    first.extend(rest);
    first
}

fn frame(out: &mut dyn Write, name: &str, bytes: &[u8]) -> Result<()> {
    writeln!(out, "{name} {}", bytes.len())
        .and_then(|()| out.write_all(bytes))
        .map_err(|source| Error::Stream {
            act: "write the export",
            source,
        })
}

/// The head of an export: what is in it, before any content is read.
#[derive(Debug)]
pub struct Head {
    /// Its three texts.
    pub manifest: Manifest,
    /// What it is.
    pub statement: Statement,
    /// How it travels.
    pub packing: Packing,
}

impl Head {
    /// Bytes of all contents that follow.
    pub fn size(&self) -> u64 {
        items(&self.packing).iter().map(Item::size).sum()
    }
}

/// Reads the head. Errors: [`Error::Refused`], [`Error::Stream`].
pub fn read_head(reader: &mut dyn BufRead) -> Result<Head> {
    let mut line = read_line(reader)?;
    if line != HEADER.trim_end() {
        return Err(refused("its first line", "expected `cairn-export 1`"));
    }
    line = read_line(reader)?;
    let bytes = read_frame(reader, &line, "manifest", MANIFEST_MAX)?;
    let manifest =
        Manifest::decode(&bytes).map_err(|error| refused("manifest", error.to_string()))?;
    Ok(Head {
        statement: manifest.read_statement(WHENCE, "manifest")?,
        packing: manifest.read_packing(WHENCE, "manifest")?,
        manifest,
    })
}

/// Takes the contents of an export into the store and registers its paths. The caller holds the store's lock.
///
/// Contents are checked in any case. What derivations came out as is only believed where trusted keys have signed: no
/// content proves it. Errors: [`Error::Refused`] names what is not what it should be.
pub fn import(
    store: &Store,
    head: Head,
    trust: Option<&Trust>,
    reader: &mut dyn BufRead,
    cancel: &Cancel,
    told: Told<'_>,
) -> Result<Imported> {
    let Head {
        manifest,
        statement,
        packing,
    } = head;
    let is_signed = trust.is_some_and(|trust| {
        trust.is_enough(&trust.verdict(&manifest.statement, &manifest.signatures))
    });
    let mut receiver = Receiver::new(store, &statement)?;
    let missing = receiver.missing_trees();
    let order = in_order(&packing, &statement);
    let carried: HashSet<Member> = order
        .iter()
        .flat_map(|item| item.members().to_vec())
        .collect();
    let is_carried = |member: &Member| {
        if carried.contains(member) {
            return Ok(());
        }
        Err(refused(
            "the packing",
            format!("it does not say how {} travels", member.digest),
        ))
    };
    missing.iter().try_for_each(is_carried)?;
    let mut left = missing.len();
    let mut objects = None;
    if left == 0 {
        objects = Some(receiver.find_objects()?);
    }
    for item in order {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let name = item.name();
        let line = read_line(reader)?;
        // Trees come first: what else is needed is known after the last of them.
        let has_trees = item
            .members()
            .iter()
            .any(|member| receiver.needs_tree(&member.digest));
        if objects.is_none() && left == 0 {
            objects = Some(receiver.find_objects()?);
        }
        match item {
            Item::Pack(_) => {
                let bytes = read_frame(reader, &line, &name, compress::bound(item.size()))?;
                let plain = unpack_members(&item, &bytes, WHENCE)?;
                for (member, bytes) in split(item.members(), &plain) {
                    if receiver.needs_tree(&member.digest) {
                        let tree = receiver.read_tree(member, bytes.to_vec(), (WHENCE, &name))?;
                        receiver.add_trees(vec![(member.digest, tree)]);
                        left -= 1;
                    }
                    receiver.put(member, bytes, (WHENCE, &name))?;
                }
            }
            Item::Blob(blob) if has_trees => {
                let bytes = read_frame(reader, &line, &name, compress::bound(blob.size))?;
                let plain = compress::decompress(&bytes, blob.size as usize)
                    .map_err(|why| refused(&name, why))?;
                let tree = receiver.read_tree(blob, plain, (WHENCE, &name))?;
                receiver.add_trees(vec![(blob.digest, tree)]);
                left -= 1;
            }
            Item::Blob(blob) => {
                let size = frame_size(&line, &name, compress::bound(blob.size))?;
                let mut body = (&mut *reader).take(size);
                let mut decoder = unpack(&mut body)
                    .map_err(|error| refused(&name, format!("it is no zstd ({error})")))?;
                receiver.put_stream(blob, &mut decoder, (WHENCE, &name))?;
                drop(decoder);
                std::io::copy(&mut body, &mut std::io::sink()).map_err(stream)?;
            }
        }
        told(item.size());
    }
    if read_line(reader)? != "end" {
        return Err(refused("its last line", "expected `end`"));
    }
    let objects = match objects {
        Some(objects) => objects,
        None => receiver.find_objects()?,
    };
    objects.iter().try_for_each(is_carried)?;
    receiver.copy_modes()?;
    receiver.finish(is_signed)?;
    drop(receiver);
    Ok(Imported {
        is_signed,
        objects: objects.len(),
        bytes: objects.iter().map(|object| object.size).sum(),
        statement,
    })
}

fn refused(name: &str, why: impl Into<String>) -> Error {
    Error::refused(WHENCE, name, why)
}

fn stream(source: std::io::Error) -> Error {
    Error::Stream {
        act: "read the import",
        source,
    }
}

/// A line of at most 256 bytes, without its end.
fn read_line(reader: &mut dyn BufRead) -> Result<String> {
    let mut line = Vec::new();
    reader
        .take(256)
        .read_until(b'\n', &mut line)
        .map_err(stream)?;
    if line.pop() != Some(b'\n') {
        return Err(refused("a line", "it is truncated or too long"));
    }
    String::from_utf8(line).map_err(|_| refused("a line", "it is no text"))
}

/// The size that a frame's line says, where it is the frame that must come now.
fn frame_size(line: &str, name: &str, limit: u64) -> Result<u64> {
    let said = line
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(' '));
    let size = said.and_then(|text| text.parse::<u64>().ok());
    size.filter(|size| *size <= limit)
        .ok_or_else(|| refused(name, format!("`{}` is not its line", line.escape_default())))
}

fn read_frame(reader: &mut dyn BufRead, line: &str, name: &str, limit: u64) -> Result<Vec<u8>> {
    let size = frame_size(line, name, limit)?;
    let mut bytes = Vec::new();
    reader.take(size).read_to_end(&mut bytes).map_err(stream)?;
    if bytes.len() as u64 == size {
        Ok(bytes)
    } else {
        let why = format!("it is truncated: {} of {size} bytes", bytes.len());
        Err(refused(name, why))
    }
}
