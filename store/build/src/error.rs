//! What can go wrong while one derivation is built, and with a whole graph.

use cairn_graph::{DerivationId, GraphError};
use cairn_sys::{Ending, SandboxError};
use std::io;
use std::path::PathBuf;

/// Why a derivation could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The derivation's arguments are not what its builder takes.
    #[error("the arguments of builder `{builder}` can't be read")]
    Args {
        /// The builder.
        builder: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The builder wants an input that the derivation lacks.
    #[error("builder `{builder}` has no input `{label}`")]
    Input {
        /// The builder.
        builder: String,
        /// The label.
        label: String,
    },
    /// No builder of that name is registered.
    #[error("there is no builder `{0}`")]
    UnknownBuilder(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] cairn_disk::Error),
    /// The sandbox could not be made.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A command failed.
    #[error("`{command}` {ending}")]
    Command {
        /// What ran.
        command: String,
        /// How it ended.
        ending: Ending,
    },
    /// A fixed output is not what was declared.
    #[error("{name} is not what was declared: SHA-256 {found} instead of {expected}")]
    HashMismatch {
        /// The derivation's name.
        name: String,
        /// As declared.
        expected: String,
        /// As found.
        found: String,
    },
    /// A fixed output has another size than was declared.
    #[error("{name} is not what was declared: {found} bytes instead of {expected}")]
    SizeMismatch {
        /// The derivation's name.
        name: String,
        /// As declared, bytes.
        expected: u64,
        /// As found, bytes.
        found: u64,
    },
    /// The output can't have this name, or a fixed output is no file.
    #[error("the output of {name} can't enter the store: {reason}")]
    Output {
        /// The derivation's name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot {act} {}", path.display())]
    Io {
        /// What was tried.
        act: &'static str,
        /// With what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The run was cancelled, by the user or since another build failed.
    #[error("cancelled")]
    Cancelled,
    /// The builder panicked: a defect of ours.
    #[error("builder `{builder}` panicked: {message}")]
    Panicked {
        /// The builder.
        builder: String,
        /// What it said.
        message: String,
    },
    /// A builder's own error.
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl BuildError {
    /// Wraps a builder's own error.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// The exit code of a command line that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Command {
                ending: Ending::TimedOut,
                ..
            } => 101,
            Self::HashMismatch { .. } | Self::SizeMismatch { .. } => 102,
            Self::Cancelled => 130,
            _ => 100,
        }
    }
}

/// A derivation that could not be built.
#[derive(Debug, thiserror::Error)]
#[error("cannot build {name}")]
pub struct Failure {
    /// Which.
    pub id: DerivationId,
    /// Its name.
    pub name: String,
    /// The log, where one was written.
    pub log: Option<PathBuf>,
    /// The last lines of the log.
    pub tail: Vec<String>,
    /// What a failed build left, with `keep_failed`.
    pub kept: Option<PathBuf>,
    /// Why.
    pub source: BuildError,
}

/// Why a graph could not be realised.
#[derive(Debug, thiserror::Error)]
pub enum RealiseError {
    /// The graph can't be built at all.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] cairn_disk::Error),
    /// Some derivations failed; what was finished is recorded.
    #[error("{} of the builds failed, {not_built} more could not be begun", failures.len())]
    Failed {
        /// In the order of failing; never empty.
        failures: Vec<Failure>,
        /// How many were not begun, or ended, because of them.
        not_built: usize,
    },
    /// The run was cancelled; what was finished is recorded.
    #[error("cancelled")]
    Cancelled,
}

impl RealiseError {
    /// The exit code of a command line that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed { failures, .. } => failures
                .first()
                .map_or(100, |failure| failure.source.exit_code()),
            Self::Cancelled => 130,
            Self::Graph(_) | Self::Store(_) => 1,
        }
    }
}

/// An error and its causes.
pub(crate) fn one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
