//! What a builder is, and all that it may touch while it builds.
//!
//! In: a derivation whose inputs are known. Out: [`Built`], a content that is in the store. Builders write objects and trees;
//! paths, records and durability are the scheduler's.

use crate::error::BuildError;
use crate::event::Event;
use crate::log::Log;
use cairn_disk::Store;
use cairn_graph::{
    ActionKey, Content, Derivation, DerivationId, Output, ResolvedDerivation, StorePath,
};
use cairn_sys::{ExitOutcome, IdMap, Sandbox, Watch};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What kind of work a builder does: how it is shown and scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Waits for the network.
    Fetch,
    /// Unpacks or converts, on one core.
    Unpack,
    /// Builds.
    Build,
}

/// Makes the output of derivations that name it.
pub trait Builder: Send + Sync {
    /// Builds. What it returns must be in the store; inputs are, as objects and trees.
    ///
    /// Should look at [`BuildContext::check_cancelled`] now and then.
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError>;

    /// How it is shown.
    fn kind(&self) -> Kind {
        Kind::Build
    }

    /// About how many milliseconds it takes, for the order of work only.
    fn cost(&self, derivation: &Derivation) -> u64 {
        let _ = derivation;
        match self.kind() {
            Kind::Fetch | Kind::Unpack => 200,
            Kind::Build => 5_000,
        }
    }
}

/// What a builder made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The content; it is in the store.
    pub content: Content,
    /// Other store paths that the output needs at run time.
    pub references: Vec<StorePath>,
}

impl Built {
    /// A content without references.
    pub fn new(content: Content) -> Self {
        Self {
            content,
            references: Vec::new(),
        }
    }
}

/// Builders by name.
#[derive(Default)]
pub struct Builders {
    by_name: BTreeMap<String, Box<dyn Builder>>,
}

impl fmt::Debug for Builders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

impl Builders {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a builder; a later one of the same name replaces an earlier.
    pub fn with(mut self, name: impl Into<String>, builder: impl Builder + 'static) -> Self {
        self.by_name.insert(name.into(), Box::new(builder));
        self
    }

    /// The builder of this name.
    pub fn get(&self, name: &str) -> Option<&dyn Builder> {
        self.by_name.get(name).map(AsRef::as_ref)
    }

    /// What this derivation costs, for the order of work.
    pub(crate) fn cost(&self, derivation: &Derivation) -> u64 {
        self.get(&derivation.builder)
            .map_or(1, |builder| builder.cost(derivation))
    }
}

/// All that a builder may touch.
pub struct BuildContext<'a> {
    pub(crate) id: DerivationId,
    pub(crate) resolved: &'a ResolvedDerivation,
    pub(crate) action: ActionKey,
    pub(crate) store: &'a Store,
    pub(crate) scratch: PathBuf,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) events: &'a (dyn Fn(Event) + Sync),
    pub(crate) log: Mutex<Log>,
}

impl BuildContext<'_> {
    /// The derivation.
    pub fn derivation(&self) -> &Derivation {
        &self.resolved.derivation
    }

    /// The key of what is being built.
    pub fn action(&self) -> ActionKey {
        self.action
    }

    /// The store.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// An empty folder in the store's file system; removed after the build.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// The derivation's arguments as the builder's own type. Errors: [`BuildError::Args`].
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, BuildError> {
        let derivation = self.derivation();
        serde_json::from_value(derivation.args.clone()).map_err(|source| BuildError::Args {
            builder: derivation.builder.clone(),
            source,
        })
    }

    /// All inputs, by label.
    pub fn inputs(&self) -> &BTreeMap<String, Output> {
        &self.resolved.inputs
    }

    /// The input of this label. Errors: [`BuildError::Input`].
    pub fn input(&self, label: &str) -> Result<&Output, BuildError> {
        self.resolved
            .inputs
            .get(label)
            .ok_or_else(|| BuildError::Input {
                builder: self.derivation().builder.clone(),
                label: label.to_owned(),
            })
    }

    /// Writes a line to the log and shows it.
    pub fn log(&self, line: &str) {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(line);
        (self.events)(Event::Line {
            id: self.id,
            line: line.to_owned(),
        });
    }

    /// Shows how far the build is.
    pub fn progress(&self, done: u64, total: Option<u64>) {
        (self.events)(Event::Progress {
            id: self.id,
            done,
            total,
        });
    }

    /// Becomes true when the build should end soon.
    pub fn stop(&self) -> &AtomicBool {
        self.stop
    }

    /// Errors: [`BuildError::Cancelled`] when the build should end.
    pub fn check_cancelled(&self) -> Result<(), BuildError> {
        if self.stop.load(Ordering::SeqCst) {
            Err(BuildError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// The ids inside and outside of sandboxes. Errors: [`cairn_sys::SandboxError::NoSubIds`].
    pub fn ids(&self) -> Result<IdMap, BuildError> {
        Ok(IdMap::for_current_user()?)
    }

    /// Runs a sandbox, its lines to the log, until its end or a cancellation, however it ends.
    pub fn run(&self, sandbox: &Sandbox) -> Result<ExitOutcome, BuildError> {
        let mut line = |bytes: &[u8]| self.log(&String::from_utf8_lossy(bytes));
        let mut watch = Watch {
            line: &mut line,
            cancelled: Some(self.stop),
        };
        let outcome = cairn_sys::run(sandbox, &mut watch)?;
        if outcome.ending == cairn_sys::Ending::Cancelled {
            return Err(BuildError::Cancelled);
        }
        Ok(outcome)
    }

    /// As [`BuildContext::run`]; a command that does not exit with 0 is a [`BuildError::Command`] with this name.
    pub fn run_ok(&self, sandbox: &Sandbox, command: &str) -> Result<ExitOutcome, BuildError> {
        let outcome = self.run(sandbox)?;
        if outcome.success() {
            return Ok(outcome);
        }
        Err(BuildError::Command {
            command: command.to_owned(),
            ending: outcome.ending,
        })
    }

    /// Runs a task that `main` registered, as root of a user namespace, with JSON in and out.
    ///
    /// It is a process of its own: the store must be opened again there.
    pub fn in_namespace<I: Serialize, O: DeserializeOwned>(
        &self,
        task: &str,
        input: &I,
    ) -> Result<O, BuildError> {
        self.check_cancelled()?;
        let broken = |source| BuildError::Args {
            builder: format!("{} (task {task})", self.derivation().builder),
            source,
        };
        let input = serde_json::to_vec(input).map_err(broken)?;
        let output = cairn_sys::in_namespace(&self.ids()?, task, &input)?;
        serde_json::from_slice(&output).map_err(broken)
    }
}
