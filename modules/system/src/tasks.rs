//! Work with files of all owners, done inside the sandbox's user namespace.
//!
//! Each task is a plain request that a child process of this program carries out: owners of files are those of the sandbox
//! there, whoever runs Cairn. The program's `main` hands [`registry`] to `cairn_sys` first of all.

use crate::host::with_causes;
use cairn_debian::normalise;
use cairn_disk::{IngestOptions, MaterialiseOptions, Store};
use cairn_graph::Digest;
use cairn_sys::{IdMap, SandboxError, Task, in_namespace};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::PathBuf;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The child process, or the task in it.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The answer can't be read.
    #[error("the task `{task}` answered what can't be read")]
    Answer {
        /// Which task.
        task: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}

/// Lays a tree out, exactly.
#[derive(Debug, Serialize, Deserialize)]
pub struct Materialise {
    /// The store's root.
    pub root: PathBuf,
    /// What.
    pub tree: Digest,
    /// Where: an empty folder.
    pub target: PathBuf,
}

/// Takes what scripts changed over a tree into the store.
#[derive(Debug, Serialize, Deserialize)]
pub struct Collect {
    /// The store's root.
    pub root: PathBuf,
    /// On behalf of which open store ([`Store::session`]).
    pub session: PathBuf,
    /// What was below.
    pub base: Digest,
    /// The upper layer.
    pub upper: PathBuf,
    /// No entry shows a later time: seconds since 1970.
    pub epoch: i64,
}

/// All tasks, for `cairn_sys::maybe_run_as_child`.
pub fn registry() -> &'static [(&'static str, Task)] {
    &[("materialise", run_materialise), ("collect", run_collect)]
}

fn ask<Q: Serialize, A: DeserializeOwned>(
    ids: &IdMap,
    task: &'static str,
    question: &Q,
) -> Result<A, TaskError> {
    let answer = |source| TaskError::Answer { task, source };
    let input = serde_json::to_vec(question).map_err(answer)?;
    serde_json::from_slice(&in_namespace(ids, task, &input)?).map_err(answer)
}

fn answer<Q: DeserializeOwned, A: Serialize>(
    input: &[u8],
    work: impl FnOnce(Q) -> Result<A, cairn_disk::Error>,
) -> Result<Vec<u8>, String> {
    let question = serde_json::from_slice(input).map_err(|error| error.to_string())?;
    let result = work(question).map_err(|error| with_causes(&error))?;
    serde_json::to_vec(&result).map_err(|error| error.to_string())
}

/// Lays a tree out.
pub fn materialise(ids: &IdMap, question: &Materialise) -> Result<(), TaskError> {
    ask(ids, "materialise", question)
}

/// The tree of base and changes.
pub fn collect(ids: &IdMap, question: &Collect) -> Result<Digest, TaskError> {
    ask(ids, "collect", question)
}

fn run_materialise(input: &[u8]) -> Result<Vec<u8>, String> {
    answer(input, |question: Materialise| {
        let store = Store::open(&question.root)?;
        let tree = store.tree(&question.tree)?;
        let options = MaterialiseOptions::EXACT;
        store
            .materialise(&tree, &question.target, options)
            .map(|_| ())
    })
}

fn run_collect(input: &[u8]) -> Result<Vec<u8>, String> {
    answer(input, |question: Collect| {
        let store = Store::open_for(&question.root, &question.session)?;
        let base = store.tree(&question.base)?;
        let mut delta = store.ingest_overlay_upper(&question.upper, &IngestOptions::default())?;
        for entry in delta.upserts.values_mut() {
            entry.mtime = normalise::mtime(entry.mtime, question.epoch);
        }
        let tree = base
            .overlay(&delta)
            .map_err(|source| cairn_disk::Error::Tree {
                path: question.upper,
                source,
            })?;
        store.put_tree(&tree)
    })
}
