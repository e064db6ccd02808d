//! Making again what the store lost, by the records of the derivations that made it.
//!
//! In: a store with paths that lack contents. Out: what became of each. Nothing is decided from a configuration: what was recorded is fetched or built
//! as it was, and believed only where the same path comes out.

use super::{Session, SessionError};
use crate::archive;
use crate::builders::adapters;
use cairn_build::{BuildError, Builders, Event, Failure, Kind, Options, rebuild};
use cairn_disk::repair::Lack;
use cairn_disk::{DerivationRecord, ObjectMeta, Store};
use cairn_graph::{ActionKey, DerivationId, StorePath};
use cairn_spec::Debian;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A path that lacked something, and what became of it.
#[derive(Debug)]
pub struct Again {
    /// The path.
    pub path: StorePath,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of the attempt to make a path again.
#[derive(Debug)]
pub enum Outcome {
    /// It was fetched again, and is what it was.
    Fetched,
    /// It was built again, and is what it was.
    Built,
    /// It came from elsewhere, and is what it was.
    Taken,
    /// Its derivation came out as another path this time.
    Otherwise(StorePath),
    /// It could not be made.
    Failed(Box<Failure>),
}

/// A path that can be tried.
struct Job {
    path: StorePath,
    record: DerivationRecord,
}

impl Session {
    /// Fetches or builds again what lacks contents, inputs before what needs them, and only as much as is needed for all to
    /// be whole. What has no recorded derivation is left out: [`Store::lacking`] then still names it. The caller holds the store's lock.
    ///
    /// `debian` says which mirrors are asked. Errors: of the store; a failed build is an [`Outcome`].
    pub fn make_again(
        &self,
        store: &Store,
        debian: &Debian,
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Vec<Again>, SessionError> {
        let mtime = 1;
        let executable = true;
        store.put_bytes(self.options.init, ObjectMeta { executable, mtime })?;
        let mirrors =
            archive::mirrors(debian, self.options.mirror.as_deref(), &self.options.apt).ok();
        let builders = adapters::all(mirrors, self.client());
        let mut tried: BTreeSet<(StorePath, ActionKey)> = BTreeSet::new();
        let mut done: Vec<Again> = Vec::new();
        loop {
            let lacking = store.lacking()?;
            let front = front(store, &lacking, &tried)?;
            if front.is_empty() || self.cancel.is_cancelled() {
                return Ok(done);
            }
            tried.extend(
                front
                    .iter()
                    .map(|job| (job.path.clone(), job.record.action)),
            );
            let again = self.take(store, &builders, front, events)?;
            // Where several have its name, what came of the last one is told.
            done.retain(|before| again.iter().all(|one| one.path != before.path));
            done.extend(again);
            store.commit()?;
        }
    }

    /// Does jobs that do not need each other, several at once.
    fn take(
        &self,
        store: &Store,
        builders: &Builders,
        jobs: Vec<Job>,
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Vec<Again>, SessionError> {
        let options = Options {
            keep_failed: self.options.keep_failed,
            ..Options::default()
        };
        let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..self.options.jobs.clamp(1, jobs.len().max(1)) {
                scope.spawn(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let id = DerivationId(0);
                        let resolved = &job.record.resolved;
                        let made = rebuild(
                            id,
                            resolved,
                            builders,
                            store,
                            &options,
                            self.cancelled(),
                            events,
                        );
                        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                        results.push((job, made));
                    }
                });
            }
        });
        let mut done = Vec::new();
        for (job, made) in results.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let outcome = match made {
                Ok(realisation) if realisation.output.path == job.path => {
                    store
                        .derivations()
                        .put_all(std::slice::from_ref(&job.record))?;
                    store.realisations().put(&realisation)?;
                    let builder = builders.get(&job.record.resolved.derivation.builder);
                    if builder.is_some_and(|builder| builder.kind() == Kind::Fetch) {
                        Outcome::Fetched
                    } else {
                        Outcome::Built
                    }
                }
                Ok(realisation) => Outcome::Otherwise(realisation.output.path),
                Err(failure) if matches!(failure.source, BuildError::Cancelled) => continue,
                Err(failure) => Outcome::Failed(failure),
            };
            done.push(Again {
                path: job.path.clone(),
                outcome,
            });
        }
        done.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(done)
    }
}

/// What lacks something, has a recorded derivation that was not tried for it yet, whose inputs are whole.
fn front(
    store: &Store,
    lacking: &BTreeMap<StorePath, BTreeSet<Lack>>,
    tried: &BTreeSet<(StorePath, ActionKey)>,
) -> Result<Vec<Job>, SessionError> {
    if lacking.is_empty() {
        return Ok(Vec::new());
    }
    let mut made: Vec<(StorePath, ActionKey)> = store.all_makers()?;
    let recorded: BTreeSet<ActionKey> = made.iter().map(|(_, key)| *key).collect();
    made.retain(|(path, _)| lacking.contains_key(path));
    // A realisation that an earlier repair forgot: then the name tells, and any that has it may be the one.
    let named: BTreeSet<StorePath> = made.iter().map(|(path, _)| path.clone()).collect();
    let unnamed: Vec<&StorePath> = lacking
        .keys()
        .filter(|path| !named.contains(*path))
        .collect();
    if !unnamed.is_empty() {
        for key in store
            .derivations()
            .list()?
            .into_iter()
            .filter(|key| !recorded.contains(key))
        {
            if let Some(record) = store.derivations().get(&key)? {
                let name = &record.resolved.derivation.name;
                let same = unnamed.iter().filter(|path| path.name() == name);
                made.extend(same.map(|path| ((*path).clone(), key)));
            }
        }
    }
    let mut jobs: BTreeMap<StorePath, DerivationRecord> = BTreeMap::new();
    for (path, action) in made {
        if jobs.contains_key(&path) || tried.contains(&(path.clone(), action)) {
            continue;
        }
        if let Some(record) = store.derivations().get(&action)? {
            let mut inputs = record.resolved.inputs.values();
            let whole = inputs.all(|input| {
                let registered = store
                    .path_record(&input.path)
                    .is_ok_and(|found| found.is_some());
                registered && !lacking.contains_key(&input.path)
            });
            // What is fetched needs no inputs.
            if whole || record.resolved.derivation.fixed.is_some() {
                jobs.insert(path, record);
            }
        }
    }
    let jobs = jobs.into_iter();
    Ok(jobs.map(|(path, record)| Job { path, record }).collect())
}
