//! Taking the contents of a closure into a store: nothing enters that does not match the digest which a statement demands.
//!
//! In: a statement that is believed, bytes from anywhere. Out: objects in the store as they come; trees and records when all is
//! there. Objects stay, so that a transfer that was interrupted goes on where it was.

use crate::error::{Error, Result};
use crate::packing::Member;
use crate::statement::Statement;
use cairn_disk::{Generation, GenerationState, NewGeneration, ObjectMeta, Store, Timestamp};
use cairn_graph::{ActionKey, Content, Digest, EntryKind, Output, Realisation, StorePath, Tree};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;

/// Bytes that the text of a tree may have.
pub const TREE_MAX: u64 = 1 << 30;

/// What is needed of one content.
#[derive(Debug, Clone)]
struct Need {
    size: u64,
    /// One of the paths that say so.
    path: StorePath,
    /// The time of the plain object, where one is needed and not there.
    plain: Option<i64>,
    /// The time of the executable one.
    executable: Option<i64>,
}

/// What a closure needs and a store does not have.
#[derive(Debug)]
pub struct Receiver<'a> {
    store: &'a Store,
    statement: &'a Statement,
    /// Whether what is found in the store is to stay as long as that is open.
    relies: bool,
    /// All trees that are known.
    trees: HashMap<Digest, Tree>,
    /// Trees that have to come: digest and bytes of the text.
    tree_needs: BTreeMap<Digest, u64>,
    objects: HashMap<Digest, Need>,
    /// Objects that are there in the other mode.
    copies: Vec<(Digest, ObjectMeta)>,
}

impl<'a> Receiver<'a> {
    /// Looks up which trees are missing. Reads the store, writes nothing: whoever means to go on must keep the collector out.
    pub fn new(store: &'a Store, statement: &'a Statement) -> Result<Self> {
        Self::looking(store, statement, false)
    }

    /// The same beside collections: what is found stays as long as the store is open.
    pub fn relying(store: &'a Store, statement: &'a Statement) -> Result<Self> {
        Self::looking(store, statement, true)
    }

    fn looking(store: &'a Store, statement: &'a Statement, relies: bool) -> Result<Self> {
        let mut receiver = Self {
            store,
            statement,
            relies,
            trees: HashMap::new(),
            tree_needs: BTreeMap::new(),
            objects: HashMap::new(),
            copies: Vec::new(),
        };
        for (path, fact) in &statement.paths {
            let Content::Tree { digest } = fact.content else {
                continue;
            };
            if receiver.trees.contains_key(&digest) {
                continue;
            }
            if fact.size > TREE_MAX {
                return Err(Error::TooLarge {
                    what: format!("the tree of {path}"),
                    bytes: fact.size,
                    limit: TREE_MAX,
                });
            }
            // A tree that is damaged here has to come as well as one that is missing.
            let found = if relies {
                store.rely_on_tree(&digest)
            } else {
                store.tree(&digest)
            };
            match found {
                Ok(tree) => {
                    let bytes = tree.encode().len() as u64;
                    if bytes != fact.size {
                        return Err(two_sizes(path, "the tree", &digest, fact.size, bytes));
                    }
                    receiver.trees.insert(digest, tree);
                }
                Err(_) => drop(receiver.tree_needs.insert(digest, fact.size)),
            }
        }
        Ok(receiver)
    }

    /// Trees that have to come.
    pub fn missing_trees(&self) -> Vec<Member> {
        let member = |(digest, size): (&Digest, &u64)| Member {
            digest: *digest,
            size: *size,
        };
        self.tree_needs.iter().map(member).collect()
    }

    /// Takes trees that have come. They are put into the store when everything in them is.
    pub fn add_trees(&mut self, trees: Vec<(Digest, Tree)>) {
        self.trees.extend(trees);
    }

    /// Once all trees are known: looks up which objects have to come. Writes nothing.
    ///
    /// Errors: [`Error::Refused`] where two trees say different sizes of a content.
    pub fn find_objects(&mut self) -> Result<Vec<Member>> {
        let mut wanted: Vec<(Member, bool, i64, &StorePath)> = Vec::new();
        for (path, fact) in &self.statement.paths {
            match fact.content {
                Content::File {
                    digest,
                    size,
                    executable,
                } => wanted.push((
                    Member { digest, size },
                    executable,
                    cairn_graph::tree::MADE_MTIME,
                    path,
                )),
                Content::Tree { digest } => {
                    let tree = self.trees.get(&digest);
                    let entries = tree.map(|tree| tree.entries.values()).into_iter().flatten();
                    wanted.extend(entries.filter_map(|entry| match entry.kind {
                        EntryKind::File { digest, size } => {
                            let member = Member { digest, size };
                            Some((member, entry.executable(), entry.mtime, path))
                        }
                        _ => None,
                    }));
                }
            }
        }
        let mut seen = HashSet::new();
        let mut sizes: HashMap<Digest, u64> = HashMap::new();
        for (member, executable, mtime, path) in wanted {
            if !seen.insert((member, executable)) {
                continue;
            }
            let size = *sizes.entry(member.digest).or_insert(member.size);
            if size != member.size {
                let what = "the object";
                return Err(two_sizes(path, what, &member.digest, member.size, size));
            }
            if self.is_there(&member, executable) {
                continue;
            }
            let need = self.objects.entry(member.digest).or_insert(Need {
                size: member.size,
                path: path.clone(),
                plain: None,
                executable: None,
            });
            let slot = if executable {
                &mut need.executable
            } else {
                &mut need.plain
            };
            slot.get_or_insert(mtime);
        }
        let mut missing = Vec::new();
        for (digest, need) in &self.objects {
            let member = Member {
                digest: *digest,
                size: need.size,
            };
            match other_mode(need) {
                Some(meta) if self.is_there(&member, !meta.executable) => {
                    self.copies.push((*digest, meta));
                }
                _ => missing.push(member),
            }
        }
        missing.sort_unstable();
        Ok(missing)
    }

    /// Whether an object of the right size is there. `verify` is what doubts more.
    fn is_there(&self, member: &Member, executable: bool) -> bool {
        if self.relies {
            // One that can't be relied on has to come.
            let relied = self
                .store
                .rely_on_object(&member.digest, executable, member.size);
            return relied.unwrap_or(false);
        }
        let path = self.store.layout().object(&member.digest, executable);
        path.symlink_metadata()
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() == member.size)
    }

    /// Makes the objects of which only the one with the other mode is there. Errors: [`Error::Store`] for a damaged one.
    pub fn copy_modes(&self) -> Result<()> {
        for (digest, meta) in &self.copies {
            let other = self.store.layout().object(digest, !meta.executable);
            let (found, _) = self.store.put_file(&other, *meta)?;
            if found != *digest {
                return Err(Error::Store(cairn_disk::Error::Damaged {
                    path: other,
                    expected: *digest,
                    found,
                }));
            }
        }
        Ok(())
    }

    /// Takes a tree's text. Errors: [`Error::Refused`], naming it by `whence` and `name`.
    pub fn read_tree(
        &self,
        member: &Member,
        bytes: Vec<u8>,
        (whence, name): (&str, &str),
    ) -> Result<Tree> {
        if Digest::of(&bytes) != member.digest {
            return Err(wrong_digest(whence, name, "tree", member));
        }
        let sound = String::from_utf8(bytes)
            .map_err(|_| "it is no text".to_owned())
            .and_then(|text| Tree::decode(&text).map_err(|error| error.to_string()));
        sound.map_err(|why| {
            let tree = format!("the tree {} in {name}", member.digest);
            Error::refused(whence, &tree, why)
        })
    }

    /// A path in the store's file system where nothing is.
    pub fn scratch(&self) -> Result<std::path::PathBuf> {
        Ok(self.store.tmp_path()?)
    }

    /// Whether a tree has to come.
    pub fn needs_tree(&self, digest: &Digest) -> bool {
        self.tree_needs.contains_key(digest)
    }

    /// A path that needs this content, an object that has to come or a tree.
    pub fn needed_by(&self, digest: &Digest) -> Option<&StorePath> {
        let is_of =
            |content: Content| matches!(content, Content::Tree { digest: tree } if tree == *digest);
        let tree = || {
            let mut paths = self.statement.paths.iter();
            paths.find(|(_, fact)| is_of(fact.content))
        };
        let object = self.objects.get(digest).map(|need| &need.path);
        object.or_else(|| tree().map(|(path, _)| path))
    }

    /// Whether an object has to come; known once [`Self::find_objects`] was asked.
    pub fn needs_object(&self, digest: &Digest) -> bool {
        self.objects.contains_key(digest)
    }

    /// Puts a small object that is needed. Errors: [`Error::Refused`], [`Error::Store`].
    pub fn put(&self, member: &Member, bytes: &[u8], (whence, name): (&str, &str)) -> Result<()> {
        let Some(need) = self.objects.get(&member.digest) else {
            return Ok(());
        };
        let wrong = || wrong_digest(whence, name, "object", member);
        if bytes.len() as u64 != need.size {
            return Err(wrong());
        }
        for meta in metas(need) {
            let mut writer = self.store.object_writer(meta);
            writer.append(bytes)?;
            writer.finish_as(&member.digest)?.ok_or_else(wrong)?;
        }
        Ok(())
    }

    /// Puts a large object that is needed, as it comes. Errors: as [`Self::put`].
    pub fn put_stream(
        &self,
        member: &Member,
        reader: &mut dyn Read,
        (whence, name): (&str, &str),
    ) -> Result<()> {
        let Some(need) = self.objects.get(&member.digest) else {
            return Ok(());
        };
        let mut metas = metas(need);
        let Some(meta) = metas.next() else {
            return Ok(());
        };
        let mut writer = self.store.object_writer(meta);
        let mut left = need.size;
        let mut chunk = vec![0; 256 * 1024];
        loop {
            let got = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Error::refused(
                        whence,
                        name,
                        format!("it is no whole zstd ({error})"),
                    ));
                }
            };
            if got as u64 > left {
                let why = format!("it unpacks to more than {} bytes", need.size);
                return Err(Error::refused(whence, name, why));
            }
            writer.append(&chunk[..got])?;
            left -= got as u64;
        }
        if left > 0 {
            let why = format!("it is truncated: {left} of {} bytes are missing", need.size);
            return Err(Error::refused(whence, name, why));
        }
        writer
            .finish_as(&member.digest)?
            .ok_or_else(|| wrong_digest(whence, name, "object", member))?;
        for other in metas {
            let path = self.store.layout().object(&member.digest, meta.executable);
            self.store.put_file(&path, other)?;
        }
        Ok(())
    }

    /// When all has come: puts the trees, registers all paths, makes it durable; then, with `realisations`, records what came
    /// out of which action.
    ///
    /// Errors: [`Error::Refused`] when something has not come after all; then nothing is registered.
    pub fn finish(&self, realisations: bool) -> Result<()> {
        for (digest, need) in &self.objects {
            let member = Member {
                digest: *digest,
                size: need.size,
            };
            if metas(need).any(|meta| !self.is_there(&member, meta.executable)) {
                let name = format!("the object {digest}");
                return Err(Error::refused("the closure", &name, "it has not come"));
            }
        }
        for fact in self.statement.paths.values() {
            if let Content::Tree { digest } = fact.content
                && self.tree_needs.contains_key(&digest)
                && let Some(tree) = self.trees.get(&digest)
            {
                self.store.put_tree(tree)?;
            }
        }
        let mut outputs = BTreeMap::new();
        for (path, fact) in &self.statement.paths {
            let output = Output {
                path: path.clone(),
                content: fact.content,
            };
            self.store.register(&output, &fact.needs)?;
            outputs.insert(path, (output, &fact.needs));
        }
        self.store.commit()?;
        if !realisations {
            return Ok(());
        }
        let mut records = Vec::new();
        for (action, path) in &self.statement.realisations {
            let Some((output, needs)) = outputs.get(path) else {
                continue;
            };
            let record = Realisation::new(*action, output.clone(), (*needs).clone());
            if !self.is_recorded(action, &record)? {
                records.push(record);
            }
        }
        Ok(self.store.realisations().put_all(&records)?)
    }

    fn is_recorded(&self, action: &ActionKey, record: &Realisation) -> Result<bool> {
        let known = self.store.realisations().get(action)?;
        Ok(known.is_some_and(|known| known.output == record.output))
    }
}

/// What is needed, where that is one mode alone.
fn other_mode(need: &Need) -> Option<ObjectMeta> {
    let mut metas = metas(need);
    let only = metas.next()?;
    metas.next().is_none().then_some(only)
}

fn metas(need: &Need) -> impl Iterator<Item = ObjectMeta> + use<> {
    let of = |executable| move |mtime| ObjectMeta { executable, mtime };
    need.plain
        .map(of(false))
        .into_iter()
        .chain(need.executable.map(of(true)))
}

/// The refusal of a content of `bytes` bytes that is said to have `said`.
fn two_sizes(path: &StorePath, what: &str, digest: &Digest, said: u64, bytes: u64) -> Error {
    let name = format!("{what} {digest}");
    let why = format!("it has {bytes} bytes, and {said} as {path} says");
    Error::refused("the closure", &name, why)
}

fn wrong_digest(whence: &str, name: &str, kind: &str, member: &Member) -> Error {
    let why = format!("its bytes are not those of the {kind} {}", member.digest);
    Error::refused(whence, name, why)
}

/// Adds the generation that a statement describes, unless the newest one is of the same system and has not failed.
///
/// Its number is the store's next one. Nothing where the statement describes none.
pub fn add_generation(
    store: &Store,
    statement: &Statement,
    whence: &str,
    command: &str,
) -> Result<Option<Generation>> {
    let Some(fact) = &statement.generation else {
        return Ok(None);
    };
    let newest = store.generations().list()?.generations.pop();
    let same = |newest: &Generation| {
        newest.system == fact.system && !matches!(newest.state, GenerationState::Failed { .. })
    };
    if let Some(newest) = newest.filter(same) {
        return Ok(Some(newest));
    }
    let description = if fact.description.is_empty() {
        format!("from {whence}")
    } else {
        fact.description.clone()
    };
    Ok(Some(store.generations().add(NewGeneration {
        system: fact.system.clone(),
        // When it came here: what is told to go by its age must not go at once.
        date: Timestamp::now(),
        description,
        config: fact.config.clone(),
        lock: fact.lock,
        command: command.into(),
        keeps: fact.keeps.clone(),
    })?))
}
