//! Closures: from paths of a store to everything that has to travel with them.
//!
//! In: a store and paths in it. Out: the [`Statement`] and the [`Packing`], the same for the same paths, and the bytes of
//! every content, checked when they are read.

use crate::error::{Error, Result};
use crate::packing::{Member, Packing, Parts};
use crate::statement::{GenerationFact, OutcomeFact, PathFact, Statement, is_name};
use cairn_disk::{Generation, Store};
use cairn_graph::{ActionKey, Content, Digest, EntryKind, StorePath};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::Write;

/// What is to be closed over.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Paths that are wanted for themselves.
    pub paths: Vec<StorePath>,
    /// A generation, with its system and what it keeps.
    pub generation: Option<GenerationFact>,
    /// The name to publish it under.
    pub name: Option<String>,
}

/// A closure in a store.
#[derive(Debug)]
pub struct Closure {
    /// What it is.
    pub statement: Statement,
    /// How it travels.
    pub packing: Packing,
    /// The texts of its trees.
    texts: HashMap<Digest, String>,
}

impl Wanted {
    /// A generation; with `keeps`, what it was made of too.
    pub fn generation(generation: &Generation, keeps: bool, name: &str) -> Self {
        Self {
            generation: Some(GenerationFact::of(generation, keeps)),
            name: Some(name.into()),
            ..Self::default()
        }
    }

    /// Paths alone.
    pub fn paths(paths: &[StorePath]) -> Self {
        Self {
            paths: paths.to_vec(),
            ..Self::default()
        }
    }
}

impl Closure {
    /// Gathers a closure. Reads records and trees, no files.
    ///
    /// Errors: [`Error::Name`], [`Error::Store`] when something is missing.
    pub fn of(store: &Store, wanted: &Wanted) -> Result<Self> {
        if let Some(name) = wanted.name.as_ref().filter(|name| !is_name(name)) {
            return Err(Error::Name { name: name.clone() });
        }
        let mut roots = wanted.paths.clone();
        if let Some(generation) = &wanted.generation {
            roots.push(generation.system.clone());
            roots.extend(generation.keeps.iter().cloned());
        }
        roots.sort();
        roots.dedup();
        let mut paths = BTreeMap::new();
        let mut texts = HashMap::new();
        let mut files: BTreeMap<StorePath, Vec<Member>> = BTreeMap::new();
        let mut open = roots.clone();
        while let Some(path) = open.pop() {
            if paths.contains_key(&path) {
                continue;
            }
            let record = store
                .path_record(&path)?
                .ok_or_else(|| missing("path", path.base_name()))?;
            let size = match record.content {
                Content::File { digest, size, .. } => {
                    files.insert(path.clone(), vec![Member { digest, size }]);
                    size
                }
                Content::Tree { digest } => {
                    let tree = store.tree(&digest)?;
                    files.insert(path.clone(), tree_files(&tree));
                    let text = tree.encode();
                    let size = text.len() as u64;
                    texts.insert(digest, text);
                    size
                }
            };
            open.extend(record.references.iter().cloned());
            let fact = PathFact {
                content: record.content,
                size,
                needs: record.references,
            };
            paths.insert(path, fact);
        }
        let parts: Vec<Parts<'_>> = paths
            .iter()
            .map(|(path, fact)| Parts {
                path,
                text: match fact.content {
                    Content::Tree { digest } => Some(Member {
                        digest,
                        size: fact.size,
                    }),
                    Content::File { .. } => None,
                },
                files: files.remove(path).unwrap_or_default(),
            })
            .collect();
        let packing = Packing::plan(&parts);
        let realisations = realisations(store, &paths)?;
        let statement = Statement {
            name: wanted.name.clone(),
            roots,
            // A generation with what it was made of needs none, and is the same text whoever made it.
            outcomes: match &wanted.generation {
                Some(generation) if !generation.keeps.is_empty() => BTreeMap::new(),
                _ => outcomes(store, &paths, &realisations)?,
            },
            realisations,
            paths,
            generation: wanted.generation.clone(),
        };
        statement
            .check()
            .map_err(|error| Error::refused("the store", "the closure", error.to_string()))?;
        Ok(Self {
            statement,
            packing,
            texts,
        })
    }

    /// Bytes of all contents, each once.
    pub fn size(&self) -> u64 {
        let packs: u64 = self.packing.packs.iter().map(crate::Pack::size).sum();
        let blobs: u64 = self.packing.blobs.iter().map(|blob| blob.size).sum();
        packs + blobs
    }

    /// The bytes of a content that is small, checked.
    ///
    /// Errors: [`Error::Store`] for one that is missing or damaged.
    pub fn read(&self, store: &Store, member: &Member) -> Result<Vec<u8>> {
        let bytes = match self.texts.get(&member.digest) {
            Some(text) => text.clone().into_bytes(),
            None => store.read_object(&member.digest)?,
        };
        if bytes.len() as u64 == member.size {
            Ok(bytes)
        } else {
            Err(missing(
                "object",
                &format!("{} of {} bytes", member.digest, member.size),
            )
            .into())
        }
    }

    /// The bytes of a pack.
    pub fn read_pack(&self, store: &Store, members: &[Member]) -> Result<Vec<u8>> {
        let size: u64 = members.iter().map(|member| member.size).sum();
        let mut plain = Vec::with_capacity(size as usize);
        for member in members {
            plain.extend_from_slice(&self.read(store, member)?);
        }
        Ok(plain)
    }

    /// Compresses a content of any size into a writer; checked before the last byte is written.
    ///
    /// Errors: [`Error::Store`], [`Error::Stream`].
    pub fn write_blob(&self, store: &Store, blob: &Member, out: &mut dyn Write) -> Result<()> {
        if let Some(text) = self.texts.get(&blob.digest) {
            return pack_stream(&mut text.as_bytes(), blob, out, &store.layout().trees());
        }
        let place = store.layout().object(&blob.digest, false);
        pack_stream(&mut store.open_object(&blob.digest)?, blob, out, &place)
    }
}

/// Compresses exactly the bytes of this digest.
fn pack_stream(
    reader: &mut dyn std::io::Read,
    blob: &Member,
    out: &mut dyn Write,
    place: &std::path::Path,
) -> Result<()> {
    let failed = |source| Error::Stream {
        act: "write what is to be sent",
        source,
    };
    let mut encoder =
        zstd::stream::write::Encoder::new(out, crate::compress::LEVEL).map_err(failed)?;
    encoder
        .set_pledged_src_size(Some(blob.size))
        .map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut left = blob.size;
    let mut chunk = vec![0; 256 * 1024];
    while left > 0 {
        let most = chunk.len().min(left as usize);
        let got = reader
            .read(&mut chunk[..most])
            .map_err(Error::file("read", place))?;
        if got == 0 {
            break;
        }
        hasher.update(&chunk[..got]);
        encoder.write_all(&chunk[..got]).map_err(failed)?;
        left -= got as u64;
    }
    let found = Digest(*hasher.finalize().as_bytes());
    if left > 0 || found != blob.digest {
        return Err(Error::Store(cairn_disk::Error::Damaged {
            path: place.into(),
            expected: blob.digest,
            found,
        }));
    }
    encoder.finish().map(drop).map_err(failed)
}

/// The files of a tree, in its order.
pub(crate) fn tree_files(tree: &cairn_graph::Tree) -> Vec<Member> {
    let of = |entry: &cairn_graph::Entry| match entry.kind {
        EntryKind::File { digest, size } => Some(Member { digest, size }),
        _ => None,
    };
    tree.entries.values().filter_map(of).collect()
}

/// The realisations of a store whose outputs are among these paths.
fn realisations(
    store: &Store,
    paths: &BTreeMap<StorePath, PathFact>,
) -> Result<BTreeMap<ActionKey, StorePath>> {
    let folder = store.layout().realisations();
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(&folder).map_err(Error::file("list", &folder))? {
        let name = entry.map_err(Error::file("list", &folder))?.file_name();
        let Some(action) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Some(record) = store.realisations().get(&action)? else {
            continue;
        };
        if paths.contains_key(&record.output.path) {
            found.insert(action, record.output.path);
        }
    }
    Ok(found)
}

/// What the paths were made from and is not among them, as far as it is recorded.
fn outcomes(
    store: &Store,
    paths: &BTreeMap<StorePath, PathFact>,
    realisations: &BTreeMap<ActionKey, StorePath>,
) -> Result<BTreeMap<ActionKey, OutcomeFact>> {
    let mut found = BTreeMap::new();
    let mut seen: HashSet<ActionKey> = realisations.keys().copied().collect();
    let mut open: Vec<ActionKey> = realisations.keys().copied().collect();
    while let Some(action) = open.pop() {
        let Some(derivation) = store.derivations().get(&action)? else {
            continue;
        };
        for input in derivation
            .made_by
            .values()
            .filter(|input| seen.insert(**input))
        {
            open.push(*input);
            let Some(record) = store.realisations().record(input) else {
                continue;
            };
            if !paths.contains_key(&record.output.path) {
                let mut needs = record.references;
                needs.sort();
                needs.dedup();
                let fact = OutcomeFact {
                    path: record.output.path,
                    content: record.output.content,
                    needs,
                };
                found.insert(*input, fact);
            }
        }
    }
    Ok(found)
}

fn missing(what: &'static str, name: &str) -> cairn_disk::Error {
    cairn_disk::Error::Missing {
        what,
        name: name.into(),
    }
}
