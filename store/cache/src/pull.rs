//! Taking a closure from caches into a store.
//!
//! In: caches, a name, keys that are trusted. Out: the closure in the store. All caches are asked at once; contents come
//! from every cache that has the same statement, and from another one where the first fails.

use crate::error::{Error, Result};
use crate::manifest::{MANIFEST_MAX, Manifest};
use crate::packing::{Member, Packing};
use crate::place::Place;
use crate::push::{Item, Told, items};
use crate::receive::Receiver;
use crate::signing::{SIGNATURES_MAX, Trust, Verdict};
use crate::statement::Statement;
use crate::{compress, lanes, names};
use cairn_disk::Store;
use cairn_fetch::Cancel;
use cairn_graph::{Digest, StorePath, Tree};
use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A closure that enough trusted keys have signed.
#[derive(Debug)]
pub struct Found {
    /// What it is.
    pub statement: Statement,
    /// How it travels.
    pub packing: Packing,
    /// Ids of the trusted keys that have signed it.
    pub signed_by: Vec<String>,
    /// The caches that have it, in the order that they were given in; never empty.
    pub caches: Vec<Arc<dyn Place>>,
    /// Why caches that were asked do not serve it, a line each.
    pub warnings: Vec<String>,
}

impl Found {
    /// The part of it that some of its paths are, from the same caches.
    pub fn narrowed(&self, roots: &[StorePath]) -> Self {
        Self {
            statement: self.statement.narrowed(roots),
            packing: self.packing.clone(),
            signed_by: self.signed_by.clone(),
            caches: self.caches.clone(),
            warnings: Vec::new(),
        }
    }
}

/// What has to come.
#[derive(Debug)]
pub struct PullPlan<'a> {
    receiver: Receiver<'a>,
    found: &'a Found,
    /// Where each content travels.
    homes: HashMap<Digest, Item<'a>>,
    /// How many trees were missing; they are here now, in memory.
    pub trees: usize,
    /// Objects that are missing.
    pub objects: Vec<Member>,
}

/// What came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Trees that were missing.
    pub trees: usize,
    /// Files that were missing.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// How long a cache may take when another one has answered already.
const GRACE: Duration = Duration::from_secs(3);

/// Asks all caches for a name or a store path, and takes the first, in their order, whose statement is signed by enough keys.
///
/// One file from each cache tells all. Signatures of one statement count together, whichever cache they are from; only where they are not
/// enough, further ones are asked for. A cache that is silent keeps nobody waiting whom the others can serve.
/// Errors: that of a cache which has it and is refused; otherwise [`Error::Unreachable`] or [`Error::Absent`].
pub fn find(places: &[Arc<dyn Place>], name: &str, trust: &Trust) -> Result<Found> {
    let file = names::manifest(name)?;
    let (send, answers) = mpsc::channel();
    for (index, place) in places.iter().enumerate() {
        let (place, send) = (Arc::clone(place), send.clone());
        let (name, file) = (name.to_owned(), file.clone());
        thread::spawn(move || {
            // Nobody listens any more when the others were enough.
            let _ = send.send((index, ask(place.as_ref(), &name, &file)));
        });
    }
    drop(send);
    let mut search = Search {
        places,
        file: &file,
        trust,
        answers: (0..places.len()).map(|_| None).collect(),
    };
    let mut until: Option<Instant> = None;
    let mut is_patient = false;
    loop {
        let next = match until {
            Some(until) => answers.recv_timeout(until.saturating_duration_since(Instant::now())),
            None => answers.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok((index, answer)) => {
                if answer.is_ok() && !is_patient && until.is_none() {
                    until = Some(Instant::now() + GRACE);
                }
                search.answers[index] = Some(answer);
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Ok(found) = search.choose() {
                    return Ok(found);
                }
                (until, is_patient) = (None, true);
            }
            Err(RecvTimeoutError::Disconnected) => {
                return search.choose().map_err(|refusals| search.worst(refusals));
            }
        }
    }
}

/// What one cache says.
struct Answer {
    manifest: Manifest,
    digest: Digest,
    statement: Statement,
    packing: Packing,
}

/// What the caches have said so far.
struct Search<'a> {
    places: &'a [Arc<dyn Place>],
    file: &'a str,
    trust: &'a Trust,
    answers: Vec<Option<Result<Answer>>>,
}

impl Search<'_> {
    /// The first statement, in the order of the caches, that enough trusted keys have signed. Errors: why none is.
    fn choose(&mut self) -> std::result::Result<Found, Vec<Error>> {
        let mut refusals = Vec::new();
        let mut tried: Vec<Digest> = Vec::new();
        for index in 0..self.answers.len() {
            let Some(Ok(answer)) = &self.answers[index] else {
                continue;
            };
            let digest = answer.digest;
            if tried.contains(&digest) {
                continue;
            }
            tried.push(digest);
            match self.signed(&digest, index) {
                Ok(signed_by) => return self.found(index, signed_by, &refusals).ok_or(refusals),
                Err(error) => refusals.push(error),
            }
        }
        Err(refusals)
    }

    /// The error that says most, once all caches have answered.
    fn worst(&mut self, mut refusals: Vec<Error>) -> Error {
        let answers = self.answers.drain(..).flatten();
        refusals.extend(answers.filter_map(Result::err));
        worst(refusals).unwrap_or_else(|| Error::Absent {
            cache: "no cache".into(),
            name: self.file.into(),
        })
    }

    /// The caches that have said this statement, with their manifests.
    fn of(&self, digest: Digest) -> impl Iterator<Item = (&Arc<dyn Place>, &Answer)> {
        let said = self.places.iter().zip(&self.answers);
        said.filter_map(move |(place, answer)| match answer {
            Some(Ok(answer)) if answer.digest == digest => Some((place, answer)),
            _ => None,
        })
    }

    /// Who of the trusted has signed a statement. Where its manifests' own signatures are not enough, its caches are asked for others.
    fn signed(&self, digest: &Digest, index: usize) -> Result<Vec<String>> {
        let mut verdict = Verdict::default();
        let mut questions: Vec<(&dyn Place, String)> = Vec::new();
        let mut text = "";
        for (_, answer) in self.of(*digest) {
            text = &answer.manifest.statement;
            verdict.add(self.trust.verdict(text, &answer.manifest.signatures));
        }
        if !self.trust.is_enough(&verdict) {
            for (place, _) in self.of(*digest) {
                let ids = self.trust.keys.iter().map(|key| &key.id);
                let absent = ids.filter(|id| !verdict.valid.contains(*id));
                questions.extend(absent.map(|id| (place.as_ref(), names::signature(digest, id))));
            }
            // That there is none is no news here; what is missing is told below.
            let answers = lanes::all(&questions, |(place, name)| {
                place.read(name, SIGNATURES_MAX as u64)
            });
            for more in answers.into_iter().flatten() {
                let more = String::from_utf8_lossy(&more);
                verdict.add(self.trust.verdict(text, &more));
            }
        }
        if self.trust.is_enough(&verdict) {
            return Ok(verdict.valid.into_iter().collect());
        }
        Err(Error::Untrusted {
            whence: self.places[index].title(),
            name: self.file.into(),
            needed: self.trust.threshold,
            valid: verdict.valid.len(),
            signed_by: verdict.named.into_iter().collect(),
        })
    }

    /// Takes the statement of a cache, and the caches that have the same.
    fn found(&mut self, index: usize, signed_by: Vec<String>, refusals: &[Error]) -> Option<Found> {
        let mut warnings: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        let answer = self.answers[index].take()?.ok()?;
        let mut caches = vec![Arc::clone(&self.places[index])];
        caches.extend(self.of(answer.digest).map(|(place, _)| Arc::clone(place)));
        for (place, other) in self.places.iter().zip(&self.answers) {
            match other {
                Some(Err(error)) => warnings.push(error.to_string()),
                Some(Ok(other)) if other.digest != answer.digest => {
                    warnings.push(format!("{} has another {}", place.title(), self.file));
                }
                _ => {}
            }
        }
        Some(Found {
            statement: answer.statement,
            packing: answer.packing,
            signed_by,
            caches,
            warnings,
        })
    }
}

/// The error that says most: a refusal before silence, silence before absence.
fn worst(mut errors: Vec<Error>) -> Option<Error> {
    errors.sort_by_key(|error| match error {
        Error::Refused { .. } | Error::Untrusted { .. } => 0,
        Error::Absent { .. } => 2,
        _ => 1,
    });
    errors.into_iter().next()
}

fn ask(place: &dyn Place, name: &str, file: &str) -> Result<Answer> {
    let title = place.title();
    let bytes = place.read(file, MANIFEST_MAX)?;
    let manifest = Manifest::decode(&bytes)
        .map_err(|error| Error::refused(&title, file, error.to_string()))?;
    let statement = manifest.read_statement(&title, file)?;
    is_about(&statement, name).map_err(|why| Error::refused(&title, file, why))?;
    Ok(Answer {
        digest: manifest.digest(),
        packing: manifest.read_packing(&title, file)?,
        statement,
        manifest,
    })
}

/// Whether a statement is about what was asked for: a cache must not answer for one machine with another's.
fn is_about(statement: &Statement, name: &str) -> std::result::Result<(), String> {
    let is_root = |path: &StorePath| statement.roots.contains(path);
    let fits = match name.parse::<StorePath>() {
        Ok(path) => is_root(&path),
        Err(_) => statement.name.as_deref() == Some(name),
    };
    if fits {
        return Ok(());
    }
    let says = statement.name.as_deref().unwrap_or("no name");
    Err(format!("it is signed for {says}, not for {name}"))
}

/// Looks up what is missing; for that, fetches the trees that are. Reads the store, writes nothing.
///
/// Errors: [`Error::Refused`] for a tree that is not what the statement says, or a packing that does not say how something
/// travels.
pub fn plan<'a>(store: &'a Store, found: &'a Found, cancel: &Cancel) -> Result<PullPlan<'a>> {
    plan_for(Receiver::new(store, &found.statement)?, found, cancel)
}

/// The same beside collections, without the store's lock: what is there already stays as long as the store is open.
pub fn plan_relying<'a>(
    store: &'a Store,
    found: &'a Found,
    cancel: &Cancel,
) -> Result<PullPlan<'a>> {
    plan_for(Receiver::relying(store, &found.statement)?, found, cancel)
}

fn plan_for<'a>(receiver: Receiver<'a>, found: &'a Found, cancel: &Cancel) -> Result<PullPlan<'a>> {
    let mut homes = HashMap::new();
    for item in items(&found.packing) {
        homes.extend(item.members().iter().map(|member| (member.digest, item)));
    }
    let missing = receiver.missing_trees();
    let mut plan = PullPlan {
        receiver,
        found,
        homes,
        trees: missing.len(),
        objects: Vec::new(),
    };
    let trees = Mutex::new(Vec::new());
    let loads = plan.homes_of(&missing)?;
    plan.load(&loads, cancel, &|load, place| {
        let got = plan.fetch_trees(load, place)?;
        let mut trees = trees
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        trees.extend(got);
        Ok(())
    })?;
    let trees = trees
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    plan.receiver.add_trees(trees);
    plan.objects = plan.receiver.find_objects()?;
    plan.homes_of(&plan.objects)?;
    Ok(plan)
}

/// A file that has to come, and which of its contents are needed.
type Load<'a> = (Item<'a>, Vec<Member>);

impl<'a> PullPlan<'a> {
    /// Bytes of the objects that are missing.
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.size).sum()
    }

    /// The files that these contents travel in, each once.
    fn homes_of(&self, contents: &[Member]) -> Result<Vec<Load<'a>>> {
        let mut loads: Vec<Load<'a>> = Vec::new();
        let mut index_of: HashMap<String, usize> = HashMap::new();
        for member in contents {
            let item = self.homes.get(&member.digest).ok_or_else(|| {
                let why = format!("it does not say how {} travels", member.digest);
                self.refused("the packing", why)
            })?;
            let said = item
                .members()
                .iter()
                .find(|one| one.digest == member.digest);
            let said = said.map_or(0, |said| said.size);
            if said != member.size {
                let path = self.receiver.needed_by(&member.digest);
                let path = path.map_or("the closure", StorePath::base_name);
                let why = format!(
                    "{} has {said} bytes there, and {} as {path} says",
                    member.digest, member.size
                );
                return Err(self.refused("the packing", why));
            }
            let index = *index_of.entry(item.name()).or_insert_with(|| {
                loads.push((*item, Vec::new()));
                loads.len() - 1
            });
            loads[index].1.push(*member);
        }
        // The largest first: the last one to come is then a small one.
        loads.sort_by_key(|(item, _)| std::cmp::Reverse(item.size()));
        Ok(loads)
    }

    fn refused(&self, name: &str, why: String) -> Error {
        let whence = self.found.caches.first().map(|place| place.title());
        Error::refused(&whence.unwrap_or_default(), name, why)
    }

    /// Fetches what is missing and registers everything. The caller holds the store's lock.
    ///
    /// `told` is told of bytes of objects that have come. Errors: [`Error::Refused`] names what is not what it should be;
    /// nothing of it has entered the store. [`Error::Cancelled`]: the next pull goes on.
    pub fn apply(&self, cancel: &Cancel, told: Told<'_>) -> Result<Pulled> {
        let loads = self.homes_of(&self.objects)?;
        self.receiver.copy_modes()?;
        self.load(&loads, cancel, &|load, place| {
            self.fetch_objects(load, place)?;
            told(load.1.iter().map(|member| member.size).sum());
            Ok(())
        })?;
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        self.receiver.finish(true)?;
        Ok(Pulled {
            trees: self.trees,
            objects: self.objects.len(),
            bytes: self.bytes(),
        })
    }

    /// Fetches files, spread over the caches; one that fails is asked for elsewhere.
    fn load(
        &self,
        loads: &[Load<'a>],
        cancel: &Cancel,
        fetch: &(dyn Fn(&Load<'a>, &dyn Place) -> Result<()> + Sync),
    ) -> Result<()> {
        let caches = &self.found.caches;
        let lanes = caches.iter().map(|place| place.lanes()).max().unwrap_or(1);
        lanes::each(lanes, loads, cancel, |index, load| {
            let mut errors = Vec::new();
            for turn in 0..caches.len() {
                match fetch(load, caches[(index + turn) % caches.len()].as_ref()) {
                    Ok(()) => return Ok(()),
                    // Of the store, or the user: another cache does not help.
                    Err(error @ (Error::Store(_) | Error::Cancelled | Error::File { .. })) => {
                        return Err(error);
                    }
                    Err(error) => errors.push(error),
                }
            }
            Err(worst(errors).unwrap_or(Error::Cancelled))
        })
    }

    fn fetch_trees(
        &self,
        (item, needed): &Load<'a>,
        place: &dyn Place,
    ) -> Result<Vec<(Digest, Tree)>> {
        let (title, name) = (place.title(), item.name());
        let whence = (title.as_str(), name.as_str());
        let mut trees = Vec::new();
        match item {
            Item::Pack(_) => {
                let plain = fetch_pack(item, place)?;
                for (member, bytes) in split(item.members(), &plain) {
                    if needed.contains(member) {
                        let tree = self.receiver.read_tree(member, bytes.to_vec(), whence)?;
                        trees.push((member.digest, tree));
                    }
                }
            }
            Item::Blob(blob) => {
                let bytes = place.read(&name, compress::bound(blob.size))?;
                let plain = compress::decompress(&bytes, blob.size as usize)
                    .map_err(|why| Error::refused(&title, &name, why))?;
                trees.push((blob.digest, self.receiver.read_tree(blob, plain, whence)?));
            }
        }
        Ok(trees)
    }

    fn fetch_objects(&self, (item, needed): &Load<'a>, place: &dyn Place) -> Result<()> {
        let (title, name) = (place.title(), item.name());
        let whence = (title.as_str(), name.as_str());
        match item {
            Item::Pack(_) => {
                let plain = fetch_pack(item, place)?;
                let needed: std::collections::HashSet<&Member> = needed.iter().collect();
                for (member, bytes) in split(item.members(), &plain) {
                    if needed.contains(member) {
                        self.receiver.put(member, bytes, whence)?;
                    }
                }
                Ok(())
            }
            Item::Blob(blob) => {
                let scratch = self.receiver.scratch()?;
                let reader = place.open(&name, compress::bound(blob.size), &scratch)?;
                let mut decoder = unpack(reader).map_err(|error| {
                    Error::refused(&title, &name, format!("it is no zstd ({error})"))
                })?;
                self.receiver.put_stream(blob, &mut decoder, whence)
            }
        }
    }
}

/// The plain bytes of a pack: as many as its members have.
fn fetch_pack(item: &Item<'_>, place: &dyn Place) -> Result<Vec<u8>> {
    let name = item.name();
    let bytes = place.read(&name, compress::bound(item.size()))?;
    unpack_members(item, &bytes, &place.title())
}

/// The plain bytes of a pack's file. Errors: [`Error::Refused`] where it has others than its members; it names the first that is wrong.
pub(crate) fn unpack_members(item: &Item<'_>, bytes: &[u8], whence: &str) -> Result<Vec<u8>> {
    let size = item.size() as usize;
    compress::decompress(bytes, size).map_err(|mut why| {
        // What is too long may still be read: then it is known which content is.
        if let Ok(plain) = compress::decompress_up_to(bytes, size + size / 8 + 4096)
            && let Some((wrong, _)) = split(item.members(), &plain)
                .find(|(member, bytes)| Digest::of(bytes) != member.digest)
        {
            let said = format!("{} has not the {} bytes", wrong.digest, wrong.size);
            why = format!("{said} that it should have: {why}");
        }
        Error::refused(whence, &item.name(), why)
    })
}

/// The members of a pack with their bytes; the sum of their sizes is that of the bytes.
pub(crate) fn split<'m, 'b>(
    members: &'m [Member],
    plain: &'b [u8],
) -> impl Iterator<Item = (&'m Member, &'b [u8])> {
    let mut at = 0;
    members.iter().map(move |member| {
        let bytes = plain.get(at..at + member.size as usize);
        at += member.size as usize;
        (member, bytes.unwrap_or_default())
    })
}

/// A decoder that does not take more memory than a cache may ask for.
pub(crate) fn unpack<'r>(
    reader: impl std::io::Read + 'r,
) -> std::io::Result<impl std::io::Read + 'r> {
    let mut decoder = zstd::stream::read::Decoder::new(reader)?;
    decoder.window_log_max(compress::WINDOW_LOG_MAX)?;
    Ok(decoder)
}
