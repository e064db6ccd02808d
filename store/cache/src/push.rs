//! Sending a closure to a cache.
//!
//! In: a store, a closure, a key. Out: files in the cache: contents first, what refers to them last. What is there is not sent
//! again, so a push that was interrupted goes on where it was.

use crate::closure::Closure;
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::packing::{Member, Pack};
use crate::place::Place;
use crate::signing::SecretKey;
use crate::{compress, lanes, names, steps};
use cairn_disk::Store;
use cairn_fetch::Cancel;
use cairn_graph::StorePath;
use std::sync::atomic::{AtomicU64, Ordering};

/// One file of contents.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// Small contents.
    Pack(&'a Pack),
    /// A large one.
    Blob(&'a Member),
}

/// What a push would send.
#[derive(Debug)]
pub struct PushPlan<'a> {
    /// What the cache does not have.
    pub missing: Vec<Item<'a>>,
    /// How many files of contents it has already.
    pub present: usize,
    /// Bytes of what is missing, before they are compressed.
    pub bytes: u64,
}

/// What a push has sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Files of contents.
    pub files: usize,
    /// Bytes of contents as sent.
    pub bytes_sent: u64,
}

/// Tells of bytes of contents that are through, before compression.
pub type Told<'a> = &'a (dyn Fn(u64) + Sync);

impl Item<'_> {
    /// The file's name in the cache.
    pub fn name(&self) -> String {
        match self {
            Self::Pack(pack) => names::pack(&pack.name),
            Self::Blob(blob) => names::blob(&blob.digest),
        }
    }

    /// Bytes of its contents.
    pub fn size(&self) -> u64 {
        match self {
            Self::Pack(pack) => pack.size(),
            Self::Blob(blob) => blob.size,
        }
    }

    /// Contents in it.
    pub fn members(&self) -> &[Member] {
        match self {
            Self::Pack(pack) => &pack.members,
            Self::Blob(blob) => std::slice::from_ref(*blob),
        }
    }
}

/// Everything that the closure is sent as.
pub fn items(packing: &crate::Packing) -> Vec<Item<'_>> {
    let packs = packing.packs.iter().map(Item::Pack);
    packs.chain(packing.blobs.iter().map(Item::Blob)).collect()
}

/// Asks the cache what it has. Writes nothing.
///
/// Errors: [`Error::Unreachable`], [`Error::ReadOnly`].
pub fn plan<'a>(closure: &'a Closure, place: &dyn Place, cancel: &Cancel) -> Result<PushPlan<'a>> {
    place.check_writable()?;
    let all = items(&closure.packing);
    let known = std::sync::Mutex::new(vec![false; all.len()]);
    lanes::each(place.lanes(), &all, cancel, |index, item| {
        let has = place.has(&item.name())?;
        let mut known = known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        known[index] = has;
        Ok(())
    })?;
    let known = known
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let present = known.iter().filter(|has| **has).count();
    let missing: Vec<Item<'a>> = all
        .into_iter()
        .zip(known)
        .filter_map(|(item, has)| (!has).then_some(item))
        .collect();
    Ok(PushPlan {
        bytes: missing.iter().map(Item::size).sum(),
        missing,
        present,
    })
}

/// Sends what is missing, and then the manifest, signed, under the closure's name and its first root.
///
/// Errors: [`Error::Store`] for contents that are damaged here, [`Error::Unreachable`], [`Error::ReadOnly`], [`Error::Cancelled`].
pub fn apply(
    store: &Store,
    closure: &Closure,
    plan: &PushPlan<'_>,
    place: &dyn Place,
    key: &SecretKey,
    cancel: &Cancel,
    told: Told<'_>,
) -> Result<Pushed> {
    let sent = AtomicU64::new(0);
    lanes::each(place.lanes(), &plan.missing, cancel, |_, item| {
        let bytes = put(store, closure, item, place)?;
        sent.fetch_add(bytes, Ordering::Relaxed);
        told(item.size());
        Ok(())
    })?;
    // What a manifest refers to is there before it, whatever happens in between.
    place.settle()?;
    let manifest = sign(closure, key)?;
    let bytes = encode(&manifest)?;
    for name in manifest_names(closure)? {
        place.put(&name, &mut |out| {
            out.write_all(&bytes).map_err(|source| Error::Stream {
                act: "write a manifest",
                source,
            })
        })?;
    }
    place.settle()?;
    // Last, what leads to the manifest: who builds asks by actions.
    let made = closure.statement.realisations.keys();
    let made = made.map(|action| (action, true));
    let named = closure.statement.outcomes.keys();
    let actions: Vec<_> = made.chain(named.map(|action| (action, false))).collect();
    if let Some(pointer) = steps::pointer_to(closure) {
        lanes::each(
            place.lanes(),
            &actions,
            cancel,
            |_, (action, has_content)| {
                // A closure that has the contents leads further than one that only names them.
                if !has_content && place.has(&names::action(action))? {
                    return Ok(());
                }
                place.put(&names::action(action), &mut |out| {
                    out.write_all(pointer.as_bytes())
                        .map_err(|source| Error::Stream {
                            act: "write what an action came out as",
                            source,
                        })
                })?;
                Ok(())
            },
        )?;
        place.settle()?;
    }
    Ok(Pushed {
        files: plan.missing.len(),
        bytes_sent: sent.into_inner(),
    })
}

/// The closure's manifest with the signature of a key.
pub fn sign(closure: &Closure, key: &SecretKey) -> Result<Manifest> {
    let statement = closure.statement.encode();
    if statement.len() > crate::statement::STATEMENT_MAX {
        return Err(Error::TooLarge {
            what: "the statement of the closure".into(),
            bytes: statement.len() as u64,
            limit: crate::statement::STATEMENT_MAX as u64,
        });
    }
    let comment = format!("cairn closure {}", title(closure));
    Ok(Manifest {
        signatures: key.sign(&statement, &comment)?,
        statement,
        packing: closure.packing.encode(),
    })
}

/// What the closure is called, for people: its name, or else its first root.
pub fn title(closure: &Closure) -> &str {
    let statement = &closure.statement;
    let first = statement.roots.first().map_or("", |root| root.base_name());
    statement.name.as_deref().unwrap_or(first)
}

/// The paths that a closure is about: the system of a generation, or what was asked for.
pub(crate) fn about(closure: &Closure) -> &[StorePath] {
    match &closure.statement.generation {
        Some(generation) => std::slice::from_ref(&generation.system),
        None => &closure.statement.roots,
    }
}

/// The names that a closure's manifest is put under: its name, and the paths that it is about.
pub fn manifest_names(closure: &Closure) -> Result<Vec<String>> {
    let statement = &closure.statement;
    let mut found = Vec::new();
    found.extend(about(closure).iter().map(names::closure));
    if let Some(name) = &statement.name {
        found.push(names::manifest(name)?);
    }
    Ok(found)
}

pub(crate) fn encode(manifest: &Manifest) -> Result<Vec<u8>> {
    manifest.encode().map_err(|source| Error::Stream {
        act: "compress a manifest",
        source,
    })
}

/// Sends one file of contents; returns its bytes.
fn put(store: &Store, closure: &Closure, item: &Item<'_>, place: &dyn Place) -> Result<u64> {
    match item {
        Item::Pack(pack) => {
            let packed = pack_bytes(store, closure, pack)?;
            place.put(&item.name(), &mut |out| {
                out.write_all(&packed).map_err(|source| Error::Stream {
                    act: "write a pack",
                    source,
                })
            })
        }
        Item::Blob(blob) => place.put(&item.name(), &mut |out| {
            closure.write_blob(store, blob, out)
        }),
    }
}

/// The compressed bytes of a pack.
pub(crate) fn pack_bytes(store: &Store, closure: &Closure, pack: &Pack) -> Result<Vec<u8>> {
    let plain = closure.read_pack(store, &pack.members)?;
    compress::compress(&plain).map_err(|source| Error::Stream {
        act: "compress a pack",
        source,
    })
}
