//! Builds one derivation: its folder, its log, its builder, the name of what comes out.
//!
//! In: a resolved derivation whose inputs are in the store. Out: a realisation that is registered and not yet recorded. Knows no graph and
//! looks up nothing: whether a build is needed is decided before.

use crate::builder::{BuildContext, Builders, Built};
use crate::error::{BuildError, Failure, one_line};
use crate::event::Event;
use crate::log::Log;
use crate::schedule::Options;
use crate::scratch;
use cairn_disk::Store;
use cairn_graph::{
    ActionKey, Content, DerivationId, FixedOutput, Output, Realisation, ResolvedDerivation,
    StorePath,
};
use sha2::{Digest as _, Sha256};
use std::io::Read;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// All that builds have in common.
#[derive(Clone, Copy)]
pub(crate) struct Workshop<'a> {
    pub builders: &'a Builders,
    pub store: &'a Store,
    pub keep_failed: bool,
    /// Tells builds to end.
    pub stop: &'a AtomicBool,
    pub events: &'a (dyn Fn(Event) + Sync),
}

/// What is known of a build at its end besides its result.
#[derive(Default)]
pub(crate) struct Ended {
    pub log: Option<PathBuf>,
    pub tail: Vec<String>,
    pub kept: Option<PathBuf>,
    pub wall: Duration,
}

/// Builds a derivation, whatever is recorded of it, and records nothing: to see whether it comes out the same, or to have a damaged
/// output again. The contents of its inputs must be in the store; what comes out is there afterwards, and registered.
///
/// `cancelled` may become true at any time. Errors: [`Failure`].
pub fn rebuild(
    id: DerivationId,
    resolved: &ResolvedDerivation,
    builders: &Builders,
    store: &Store,
    options: &Options,
    cancelled: &AtomicBool,
    events: &(dyn Fn(Event) + Sync),
) -> Result<Realisation, Box<Failure>> {
    let workshop = Workshop {
        builders,
        store,
        keep_failed: options.keep_failed,
        stop: cancelled,
        events,
    };
    let mut ended = Ended::default();
    let name = &resolved.derivation.name;
    match workshop.build(id, resolved, &mut ended) {
        Ok(realisation) => {
            events(Event::Finished {
                id,
                output: realisation.output.clone(),
                wall: ended.wall,
            });
            Ok(realisation)
        }
        Err(source) => {
            events(Event::Failed {
                id,
                name: name.clone(),
                error: one_line(&source),
                cancelled: matches!(source, BuildError::Cancelled),
            });
            Err(Box::new(ended.failure(id, name.clone(), source)))
        }
    }
}

impl Ended {
    pub(crate) fn failure(self, id: DerivationId, name: String, source: BuildError) -> Failure {
        Failure {
            id,
            name,
            log: self.log,
            tail: self.tail,
            kept: self.kept,
            source,
        }
    }
}

impl Workshop<'_> {
    /// Builds; says when it begins.
    pub(crate) fn build(
        &self,
        id: DerivationId,
        resolved: &ResolvedDerivation,
        ended: &mut Ended,
    ) -> Result<Realisation, BuildError> {
        let action = resolved.key();
        let name = &resolved.derivation.name;
        let builder_name = &resolved.derivation.builder;
        let builder = self
            .builders
            .get(builder_name)
            .ok_or_else(|| BuildError::UnknownBuilder(builder_name.clone()))?;
        (self.events)(Event::Started {
            id,
            name: name.clone(),
            kind: builder.kind(),
            action,
        });
        let started = Instant::now();
        let context = BuildContext {
            id,
            resolved,
            action,
            store: self.store,
            scratch: scratch::make(self.store)?,
            stop: self.stop,
            events: self.events,
            log: Mutex::new(Log::new(
                self.store.layout().logs().join(format!("{action}.zst")),
            )),
        };
        let built = std::panic::catch_unwind(AssertUnwindSafe(|| builder.build(&context)))
            .unwrap_or_else(|panic| Err(panicked(builder_name, panic.as_ref())))
            .and_then(|built| self.realisation_of(resolved, action, built));
        ended.wall = started.elapsed();
        let BuildContext { scratch, log, .. } = context;
        let logged = log
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .finish();
        let failed = matches!(&built, Err(error) if !matches!(error, BuildError::Cancelled));
        let cleaned = if failed && self.keep_failed {
            scratch::keep(self.store, &scratch, name, &action).map(Some)
        } else {
            scratch::remove(&scratch).map(|()| None)
        };
        // The build's own error comes first; then what went wrong around it.
        match logged {
            Ok((log, tail)) => (ended.log, ended.tail) = (log, tail),
            Err(error) if built.is_ok() => return Err(error),
            Err(_) => {}
        }
        match cleaned {
            Ok(kept) => ended.kept = kept,
            Err(error) if built.is_ok() => return Err(error),
            Err(_) => {}
        }
        built
    }

    /// Names what was built, and checks a fixed output.
    fn realisation_of(
        &self,
        resolved: &ResolvedDerivation,
        action: ActionKey,
        built: Built,
    ) -> Result<Realisation, BuildError> {
        let name = &resolved.derivation.name;
        if let Some(fixed) = &resolved.derivation.fixed {
            self.check_fixed(name, fixed, &built.content)?;
        }
        let path = StorePath::new(name, &built.content).map_err(|error| BuildError::Output {
            name: name.clone(),
            reason: error.to_string(),
        })?;
        let output = Output {
            path,
            content: built.content,
        };
        self.store.register(&output, &built.references)?;
        Ok(Realisation::new(action, output, built.references))
    }

    fn check_fixed(
        &self,
        name: &str,
        fixed: &FixedOutput,
        content: &Content,
    ) -> Result<(), BuildError> {
        let Content::File { digest, size, .. } = content else {
            return Err(BuildError::Output {
                name: name.to_owned(),
                reason: "a fixed output is a file".to_owned(),
            });
        };
        if let Some(expected) = fixed.size.filter(|expected| expected != size) {
            return Err(BuildError::SizeMismatch {
                name: name.to_owned(),
                expected,
                found: *size,
            });
        }
        let mut file = self.store.open_object(digest)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = file.read(&mut buffer).map_err(|source| {
                let path = self.store.layout().object(digest, false);
                BuildError::Io {
                    act: "read",
                    path,
                    source,
                }
            })?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
        }
        let found = data_encoding::HEXLOWER.encode(&hasher.finalize());
        if found == fixed.sha256 {
            return Ok(());
        }
        Err(BuildError::HashMismatch {
            name: name.to_owned(),
            expected: fixed.sha256.clone(),
            found,
        })
    }
}

fn panicked(builder: &str, panic: &(dyn std::any::Any + Send)) -> BuildError {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    BuildError::Panicked {
        builder: builder.to_owned(),
        message: text.unwrap_or_else(|| "no message".to_owned()),
    }
}
