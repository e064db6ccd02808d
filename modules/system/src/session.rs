//! One run of the line: a configuration, a root folder, the machine's surroundings.
//!
//! In: paths and [`Options`]. Out: the stages, one method each, in the order of the flow. The commands call them; nothing
//! here talks to people.

mod mending;

use crate::archive::{self, Archive, ArchiveError};
use crate::builders::{adapters, numbering};
use crate::described::Described;
use crate::evaluate::{EvaluateError, Evaluated, entry, evaluate, folder_of};
use crate::expression::{self, Expression};
use crate::locking::{self, Demand, LockingError};
use crate::lowering::{self, Lowered, LoweredBuilds, Surroundings};
use crate::manifest::{MANIFEST, SystemManifest};
use crate::source::SourceError;
use cairn_build::{BuildError, Builders, Elsewhere, Event, RealiseError, Realised};
use cairn_debian::lock::LockError;
use cairn_debian::{Index, Lock, LockedPackage};
use cairn_disk::{
    DerivationRecord, Generation, GenerationState, NewGeneration, ObjectMeta, Store, Timestamp,
};
use cairn_fetch::cancel::Cancel;
use cairn_fetch::http::Client;
use cairn_graph::{
    BuildGraph, Content, DerivationId, Digest, EntryKind, GraphError, Output, Realisation,
    ResolvedDerivation, StorePath,
};
use cairn_spec::{Debian, SystemSpec};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use mending::{Again, Outcome};

/// How a session works.
#[derive(Debug, Clone)]
pub struct Options {
    /// No network.
    pub offline: bool,
    /// Builds at once.
    pub jobs: usize,
    /// A mirror that replaces the configuration's and apt's.
    pub mirror: Option<String>,
    /// A keyring that replaces the configuration's and Debian's.
    pub keyring: Option<PathBuf>,
    /// Where apt's sources are: `/etc/apt`.
    pub apt: PathBuf,
    /// The program that runs first in the initrd.
    pub init: &'static [u8],
    /// Keeps the folders of failed builds.
    pub keep_failed: bool,
    /// Goes on with what does not depend on a failure.
    pub keep_going: bool,
    /// What evaluating the configuration may use.
    pub limits: cairn_eval::Limits,
    /// Where others have taken steps: asked before anything is built.
    pub elsewhere: Option<Arc<dyn Elsewhere>>,
    /// Where indexes are kept; below the root's store where it is not said.
    pub cache: Option<PathBuf>,
}

/// Why a session stopped.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The configuration.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The lock.
    #[error(transparent)]
    Locking(#[from] LockingError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A build.
    #[error(transparent)]
    Realise(#[from] RealiseError),
    /// The store.
    #[error(transparent)]
    Store(#[from] cairn_disk::Error),
    /// A local file.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The lock file.
    #[error("cannot {act} {path}")]
    LockFile {
        /// `read` or `write`.
        act: &'static str,
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A system path that is none.
    #[error("{path} is no system: {cause}")]
    System {
        /// The path.
        path: StorePath,
        /// Why.
        cause: String,
    },
}

/// A lock and the one before it.
#[derive(Debug)]
pub struct Locked {
    /// The lock that stands beside the configuration.
    pub before: Option<Lock>,
    /// The lock that covers the configuration.
    pub lock: Lock,
}

/// A system that was made.
#[derive(Debug)]
pub struct Made {
    /// Its path.
    pub system: StorePath,
    /// What it says of itself.
    pub manifest: SystemManifest,
    /// How many steps were built now; none when everything was there.
    pub built: usize,
    /// What the collector should keep with it.
    pub keeps: Vec<StorePath>,
}

/// One run.
#[derive(Debug)]
pub struct Session {
    config: PathBuf,
    root: PathBuf,
    options: Options,
    cancel: Cancel,
}

impl Session {
    /// A session for a configuration file below a root folder; touches nothing yet.
    pub fn new(config: &Path, root: &Path, options: Options, cancel: Cancel) -> Self {
        Self {
            config: config.into(),
            root: root.into(),
            options,
            cancel,
        }
    }

    /// The same, asking others before it builds.
    pub fn asking(mut self, elsewhere: Option<Arc<dyn Elsewhere>>) -> Self {
        self.options.elsewhere = elsewhere;
        self
    }

    /// `cairn.lock` beside the configuration, where that lies itself.
    pub fn lock_path(&self) -> PathBuf {
        lock_path(&self.config)
    }

    /// Source → Config: evaluates the configuration.
    pub fn evaluate(&self) -> Result<Evaluated, SessionError> {
        Ok(evaluate(&self.config, self.options.limits)?)
    }

    /// The lock beside the configuration, if there is one.
    pub fn read_lock(&self) -> Result<Option<Lock>, SessionError> {
        let path = self.lock_path();
        match fs::read_to_string(&path) {
            Ok(text) => {
                let wrong = |source: LockError| LockingError::Lock { path, source };
                Ok(Some(Lock::parse(&text).map_err(wrong)?))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SessionError::LockFile {
                act: "read",
                path,
                source,
            }),
        }
    }

    /// Source → value: computes what an expression wants to be built; nothing where the file is a configuration.
    pub fn expression(&self) -> Result<Option<Expression>, SessionError> {
        Ok(expression::evaluate(&self.config, self.options.limits)?)
    }

    /// Config → lock: the packages that the configuration means. Reaches for the network only where the lock does not
    /// cover the configuration, or with `refresh`.
    pub fn lock(
        &self,
        evaluated: &Evaluated,
        refresh: bool,
        say: &mut dyn FnMut(&str),
    ) -> Result<Locked, SessionError> {
        let before = self.read_lock()?;
        let demand = Demand::of_system(&evaluated.spec, &evaluated.described);
        let lock = self.lock_demand(&demand, before.as_ref(), refresh, say)?;
        let lock = locking::with_accounts(lock, &evaluated.spec);
        Ok(Locked { before, lock })
    }

    /// The same for builds that belong to no system. The lock beside them may be a configuration's: it keeps what that needs.
    pub fn lock_builds(
        &self,
        described: &Described,
        say: &mut dyn FnMut(&str),
    ) -> Result<Locked, SessionError> {
        let before = self.read_lock()?;
        let demand = Demand::of_builds(described, before.as_ref());
        if demand.wanted.is_empty() {
            let lock = before.unwrap_or_else(|| locking::empty(&demand.debian));
            let before = Some(lock.clone());
            return Ok(Locked { before, lock });
        }
        let lock = self.lock_demand(&demand, before.as_ref(), false, say)?;
        Ok(Locked { before, lock })
    }

    fn lock_demand(
        &self,
        demand: &Demand,
        before: Option<&Lock>,
        refresh: bool,
        say: &mut dyn FnMut(&str),
    ) -> Result<Lock, SessionError> {
        if let Some(lock) = before.filter(|lock| !refresh && locking::is_current(lock, demand)) {
            return Ok(lock.clone());
        }
        let debian = &demand.debian;
        let mut mirrors =
            archive::mirrors(debian, self.options.mirror.as_deref(), &self.options.apt)?;
        if let Some(keyring) = &self.options.keyring {
            mirrors.keyrings = vec![keyring.display().to_string()];
        }
        let client = self.client();
        let cache = self
            .options
            .cache
            .clone()
            .unwrap_or_else(|| self.kept_indexes());
        let now = Timestamp::now().as_second();
        let archive = Archive::new(debian, mirrors, &client, cache, now)
            .with_named_mirror(self.options.mirror.is_some());
        Ok(locking::lock(demand, before, refresh, &archive, say)?)
    }

    /// Writes the lock beside the configuration, if it is not there like this.
    pub fn write_lock(&self, locked: &Locked) -> Result<(), SessionError> {
        if locked.before.as_ref() == Some(&locked.lock) {
            return Ok(());
        }
        let path = self.lock_path();
        let failed = |source| SessionError::LockFile {
            act: "write",
            path: path.clone(),
            source,
        };
        let folder = folder_of(&path);
        let readable = fs::Permissions::from_mode(0o644);
        let mut file = tempfile::Builder::new()
            .prefix(".cairn.lock")
            .permissions(readable)
            .tempfile_in(folder)
            .map_err(failed)?;
        file.write_all(locked.lock.print().as_bytes())
            .map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        cairn_sys::fs::sync_folder(folder).map_err(failed)
    }

    /// Lock → graph: every step, none of them taken.
    pub fn lower(&self, evaluated: &Evaluated, lock: &Lock) -> Result<Lowered, SessionError> {
        let outputs = evaluated.sources.iter().map(|source| &source.output);
        let sources: BTreeMap<StorePath, Content> =
            outputs.map(|o| (o.path.clone(), o.content)).collect();
        let around = Surroundings {
            sources: &sources,
            described: &evaluated.described,
            numbers: &lock.accounts.declared,
            init: Digest::of(self.options.init),
        };
        Ok(lowering::lower(&evaluated.spec, lock, &around)?)
    }

    /// Lock → graph: every step of builds alone.
    pub fn lower_builds(
        &self,
        described: &Described,
        lock: &Lock,
    ) -> Result<LoweredBuilds, SessionError> {
        Ok(lowering::lower_builds(described, lock)?)
    }

    /// The spec with the paths of results that are known already in place of the texts that stand for them; to compare it with one that was built.
    pub fn foresee(
        &self,
        store: Option<&Store>,
        evaluated: &Evaluated,
        lowered: &Lowered,
    ) -> Result<SystemSpec, SessionError> {
        let wanted: Vec<DerivationId> = lowered.builds.values().copied().collect();
        if wanted.is_empty() {
            return Ok(evaluated.spec.clone());
        }
        let plan = cairn_build::plan_in(&lowered.graph, &wanted, store)?;
        let known = lowered.builds.iter().filter_map(|(text, id)| {
            let output = &plan.known.get(id)?.realisation.output;
            Some((text.clone(), output.path.logical()))
        });
        let spec = serde_json::to_value(&evaluated.spec).map(|mut spec| {
            lowering::substitute(&mut spec, &known.collect());
            serde_json::from_value(spec)
        });
        // A spec is plain data: turning it into JSON and back can't fail.
        let Ok(Ok(spec)) = spec else {
            return Ok(evaluated.spec.clone());
        };
        Ok(spec)
    }

    /// Graph → contents: takes the steps that are missing. The caller holds the store's lock.
    pub fn realise(
        &self,
        store: &Store,
        evaluated: &Evaluated,
        lowered: &Lowered,
        wanted: &[DerivationId],
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Realised, SessionError> {
        store.sweep(true)?;
        store.put_bytes(
            self.options.init,
            ObjectMeta {
                executable: true,
                mtime: 1,
            },
        )?;
        let sources = evaluated.sources.iter();
        for source in sources.chain(&evaluated.described.sources) {
            source.keep(store)?;
        }
        let builders = self.builders(&evaluated.spec.debian);
        // A change of the machine alone is then made on these packages, and what does not change is there.
        let parts = lowered.graph.inputs(lowered.system).into_iter();
        let parts = parts.map(|(_, part)| part).chain([lowered.packages]);
        let options = cairn_build::Options {
            taken_along: parts.collect(),
            ..self.build_options()
        };
        self.realise_graph(store, &lowered.graph, &builders, (wanted, &options), events)
    }

    /// The same for builds alone.
    pub fn realise_builds(
        &self,
        store: &Store,
        expression: &Expression,
        lowered: &LoweredBuilds,
        lock: &Lock,
        wanted: &[DerivationId],
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Realised, SessionError> {
        store.sweep(true)?;
        for source in &expression.described.sources {
            source.keep(store)?;
        }
        let builders = self.builders(&locking::debian_of(&lock.archive));
        let options = self.build_options();
        self.realise_graph(store, &lowered.graph, &builders, (wanted, &options), events)
    }

    /// All builders, over the mirrors of an archive.
    pub fn builders(&self, debian: &Debian) -> Builders {
        let named = self.options.mirror.as_deref();
        let mirrors = archive::mirrors(debian, named, &self.options.apt).ok();
        adapters::all(mirrors, self.client())
    }

    /// How builds run.
    pub fn build_options(&self) -> cairn_build::Options {
        cairn_build::Options {
            jobs: self.options.jobs,
            keep_failed: self.options.keep_failed,
            keep_going: self.options.keep_going,
            elsewhere: self.options.elsewhere.clone(),
            ..cairn_build::Options::default()
        }
    }

    fn realise_graph(
        &self,
        store: &Store,
        graph: &BuildGraph,
        builders: &Builders,
        (wanted, options): (&[DerivationId], &cairn_build::Options),
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Realised, SessionError> {
        Ok(cairn_build::realise(
            graph,
            wanted,
            builders,
            store,
            options,
            self.cancelled(),
            events,
        )?)
    }

    /// Builds again what was built, whatever is recorded, and records nothing: what came out now.
    pub fn build_again(
        &self,
        store: &Store,
        builders: &Builders,
        id: DerivationId,
        resolved: &ResolvedDerivation,
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Output, SessionError> {
        let options = self.build_options();
        let stop = self.cancelled();
        match cairn_build::rebuild(id, resolved, builders, store, &options, stop, events) {
            Ok(realisation) => Ok(realisation.output),
            Err(failure) => {
                let error = match failure.source {
                    BuildError::Cancelled => RealiseError::Cancelled,
                    _ => RealiseError::Failed {
                        failures: vec![*failure],
                        not_built: 0,
                    },
                };
                Err(error.into())
            }
        }
    }

    /// Writes into the lock which numbers the packages' accounts came out with, so that they stay whatever is added later.
    ///
    /// The same packages with these numbers come out the same: that is recorded, so that the next run builds nothing.
    pub fn settle(
        &self,
        store: &Store,
        evaluated: &Evaluated,
        locked: &mut Locked,
        lowered: &Lowered,
        realised: &Realised,
    ) -> Result<(), SessionError> {
        let Some(output) = realised.outputs.get(&lowered.packages) else {
            return Ok(());
        };
        // Not here where the system came from elsewhere without them: their numbers are those that the lock has.
        let tree = match store.content_tree(&output.content, output.path.name()) {
            Err(cairn_disk::Error::Missing { .. }) => return Ok(()),
            tree => tree?,
        };
        let text = |path: &str| match tree.get(path).map(|entry| &entry.kind) {
            Some(EntryKind::File { digest, .. }) => {
                Ok(String::from_utf8_lossy(&store.read_object(digest)?).into_owned())
            }
            _ => Ok(String::new()),
        };
        let text = |path: &str| -> Result<String, cairn_disk::Error> { text(path) };
        let mut numbers = numbering::observed(&text("etc/passwd")?, &text("etc/group")?);
        // Accounts of packages that are gone keep their numbers for the day they come back.
        let known = &locked.lock.accounts.of_packages;
        for (name, id) in &known.users {
            numbers.users.entry(name.clone()).or_insert(*id);
        }
        for (name, id) in &known.groups {
            numbers.groups.entry(name.clone()).or_insert(*id);
        }
        if *known == numbers {
            return Ok(());
        }
        locked.lock.accounts.of_packages = numbers;
        let again = self.lower(evaluated, &locked.lock)?;
        let resolved = again
            .graph
            .resolve(again.packages, |id| realised.outputs.get(&id).cloned())?;
        let references = store
            .path_record(&output.path)?
            .map(|record| record.references)
            .unwrap_or_default();
        let action = resolved.key();
        let inputs = again.graph.inputs(again.packages).into_iter();
        let made_by = inputs
            .filter_map(|(label, id)| Some((label.to_owned(), *realised.actions.get(&id)?)))
            .collect();
        let derivation = DerivationRecord::new(resolved, made_by);
        store.derivations().put_all(&[derivation])?;
        store.realisations().put(&Realisation {
            version: 1,
            action,
            output: output.clone(),
            references,
        })?;
        Ok(())
    }

    /// What the system of a realised graph is.
    pub fn made(
        &self,
        store: &Store,
        lowered: &Lowered,
        realised: &Realised,
    ) -> Result<Made, SessionError> {
        let missing = || GraphError::Unknown(lowered.system);
        let output: &Output = realised.outputs.get(&lowered.system).ok_or_else(missing)?;
        let manifest = read_manifest(store, &output.path)?;
        let mut keeps: Vec<StorePath> = realised
            .outputs
            .values()
            .map(|output| output.path.clone())
            .collect();
        keeps.sort();
        keeps.dedup();
        Ok(Made {
            system: output.path.clone(),
            manifest,
            built: realised.built,
            keeps,
        })
    }

    /// The newest generation, where it is of this system and did not fail: what [`Self::register`] would give.
    pub fn registered(
        &self,
        store: &Store,
        made: &Made,
    ) -> Result<Option<Generation>, SessionError> {
        let newest = store.generations().list()?.generations.pop();
        Ok(newest.filter(|newest| {
            newest.system == made.system && !matches!(newest.state, GenerationState::Failed { .. })
        }))
    }

    /// Adds a system as a generation, unless the newest one is of this system. The default stays. Of what it was made of, it keeps what
    /// is in the store: what came from elsewhere came without.
    pub fn register(
        &self,
        store: &Store,
        made: &Made,
        lock: &Lock,
        command: &str,
    ) -> Result<Generation, SessionError> {
        if let Some(generation) = self.registered(store, made)? {
            return Ok(generation);
        }
        // What the system's files name must be there when it runs. Its root is only ever mounted through its image.
        for path in store.closure(&made.system)? {
            if path != made.manifest.root_path {
                store.ensure_materialised(&path)?;
            }
        }
        store.beside_no_collection(|| {
            let mut keeps = Vec::with_capacity(made.keeps.len());
            for path in &made.keeps {
                if store.path_record(path)?.is_some() {
                    keeps.push(path.clone());
                }
            }
            Ok(store.generations().add(NewGeneration {
                system: made.system.clone(),
                date: Timestamp::now(),
                description: String::new(),
                config: whole(&self.config).display().to_string(),
                lock: Some(Digest::of(lock.print().as_bytes())),
                command: command.into(),
                keeps,
            })?)
        })
    }

    /// The packages of each set of a lock, as dpkg's status file would have them; without relations where the
    /// indexes that the lock was made from are not kept.
    pub fn locked_members(&self, lock: &Lock) -> BTreeMap<String, String> {
        let kept = archive::kept(&self.kept_indexes(), &lock.archive);
        let texts = kept.map(|indexes| indexes.texts).unwrap_or_default();
        let indexes: Vec<Index<'_>> = texts
            .iter()
            .filter_map(|(origin, text)| Index::parse(text, *origin).ok())
            .collect();
        let mut offered = BTreeMap::new();
        for package in indexes.iter().flat_map(|index| &index.packages) {
            offered.insert((package.name, package.version), package);
        }
        let stanza = |locked: &LockedPackage| {
            let known = offered.get(&(locked.name.as_str(), locked.version.as_str()));
            let mut text = format!("Package: {}\nVersion: {}\n", locked.name, locked.version);
            for (field, value) in known.into_iter().flat_map(|package| {
                let essential = if package.essential { "yes" } else { "" };
                [
                    ("Essential", essential),
                    ("Pre-Depends", package.pre_depends),
                    ("Depends", package.depends),
                    ("Provides", package.provides),
                ]
            }) {
                if !value.is_empty() {
                    text = text + field + ": " + value + "\n";
                }
            }
            text + "\n"
        };
        let sets = lock.sets.iter();
        sets.map(|(set, packages)| (set.clone(), packages.iter().map(stanza).collect()))
            .collect()
    }

    /// Where indexes are kept when nobody says otherwise.
    fn kept_indexes(&self) -> PathBuf {
        kept_indexes(&self.root)
    }

    fn client(&self) -> Client {
        let client = Client::new(self.cancel.clone());
        if self.options.offline {
            client.offline()
        } else {
            client
        }
    }

    fn cancelled(&self) -> &AtomicBool {
        self.cancel.flag()
    }
}

/// Where the lock of a configuration is.
pub(crate) fn lock_path(config: &Path) -> PathBuf {
    entry(config).with_file_name("cairn.lock")
}

/// Where the indexes of a root are kept when nobody says otherwise.
pub(crate) fn kept_indexes(root: &Path) -> PathBuf {
    root.join("cairn/var/cache/index")
}

/// The path from `/` on: what is written down must mean the same in any folder.
fn whole(config: &Path) -> PathBuf {
    std::path::absolute(config).unwrap_or_else(|_| config.to_owned())
}

/// What a system path says of itself.
///
/// Errors: [`SessionError::System`], [`SessionError::Store`].
pub fn read_manifest(store: &Store, system: &StorePath) -> Result<SystemManifest, SessionError> {
    let text = read_part(store, system, MANIFEST)?;
    let wrong = |error: serde_json::Error| SessionError::System {
        path: system.clone(),
        cause: error.to_string(),
    };
    serde_json::from_slice(&text).map_err(wrong)
}

/// The contract that a system was made from.
///
/// Errors: [`SessionError::System`], [`SessionError::Store`].
pub fn read_spec(store: &Store, system: &StorePath) -> Result<SystemSpec, SessionError> {
    let text = read_part(store, system, "system.json")?;
    let wrong = |cause: String| SessionError::System {
        path: system.clone(),
        cause,
    };
    let text = String::from_utf8(text).map_err(|error| wrong(error.to_string()))?;
    SystemSpec::parse(&text).map_err(|error| wrong(error.to_string()))
}

fn read_part(store: &Store, system: &StorePath, name: &str) -> Result<Vec<u8>, SessionError> {
    let tree = store.content_tree(&store.path_content(system)?, system.name())?;
    match tree.get(name).map(|entry| &entry.kind) {
        Some(EntryKind::File { digest, .. }) => Ok(store.read_object(digest)?),
        _ => Err(SessionError::System {
            path: system.clone(),
            cause: format!("it has no `{name}`"),
        }),
    }
}
