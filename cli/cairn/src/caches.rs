//! The caches that builds take single steps from.
//!
//! In: `--cache`, `etc/cairn/caches` below the root, trusted keys. Out: what [`cairn_build`] asks before it builds. A cache that can't be
//! used is a warning: what it may have is built then.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cairn_build::{Elsewhere, Event};
use cairn_cache::{Steps, Trust};
use cairn_disk::Store;
use cairn_fetch::Client;
use cairn_graph::{ActionKey, Realisation};

use crate::context::Context;

/// Steps from caches, as builds ask for them.
#[derive(Debug)]
pub struct CachedSteps {
    steps: Steps,
}

impl CachedSteps {
    /// Those of this run; nothing where no cache is configured or none can be used.
    pub fn of(context: &Context) -> Option<Arc<Self>> {
        if context.globals.no_cache {
            return None;
        }
        let mut addresses = addresses(context);
        if context.globals.offline {
            addresses.retain(|address| is_local(address));
        }
        if addresses.is_empty() {
            return None;
        }
        let without = |error: &cairn_cache::Error| {
            context.warn(&format!("caches are not asked: {error}"));
        };
        let trust = trust(context, &given_keys(), None);
        let trust = trust.inspect_err(without).ok()?;
        // What a cache does not give soon is built.
        let client = Client::new(context.stop.clone()).retrying(3, Duration::from_millis(200));
        let variable = |name: &str| std::env::var(name).ok();
        let mut places = Vec::new();
        for address in &addresses {
            match cairn_cache::place(address, &client, &variable) {
                Ok(place) => places.push(place),
                Err(error) => context.warn(&format!("a cache is not asked: {error}")),
            }
        }
        if places.is_empty() {
            return None;
        }
        let steps = Steps::new(places, trust, context.stop.clone());
        Some(Arc::new(Self { steps }))
    }

    /// What is learnt of steps.
    pub fn steps(&self) -> &Steps {
        &self.steps
    }
}

/// The addresses of the command line, or else of the file: one in each line, with comments (`#`).
fn addresses(context: &Context) -> Vec<String> {
    let given = &context.globals.caches;
    if !given.is_empty() {
        return given.clone();
    }
    let file = context.globals.root.join("etc/cairn/caches");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            context.warn(&format!(
                "caches are not asked: cannot read {}: {error}",
                file.display()
            ));
            return Vec::new();
        }
    };
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn is_local(address: &str) -> bool {
    matches!(address.split_once("://"), None | Some(("file", _)))
}

/// The keys of these files, or else of the [usual one](usual_keys). Errors: there is none, or it can't be read.
pub fn trust(
    context: &Context,
    files: &[PathBuf],
    threshold: Option<usize>,
) -> cairn_cache::Result<Trust> {
    let usual = usual_keys(context);
    if !files.is_empty() {
        return Trust::read(files, threshold);
    }
    if !usual.exists() {
        return Err(cairn_cache::Error::NoTrust { path: usual });
    }
    Trust::read(&[usual], threshold)
}

/// Where the keys are that a machine trusts.
pub fn usual_keys(context: &Context) -> PathBuf {
    context.globals.root.join("etc/cairn/trusted-keys")
}

/// The files of `CAIRN_TRUST`, which commands without `--trust` go by too.
fn given_keys() -> Vec<PathBuf> {
    let given = std::env::var_os("CAIRN_TRUST").filter(|text| !text.is_empty());
    given.map_or_else(Vec::new, |given| std::env::split_paths(&given).collect())
}

impl Elsewhere for CachedSteps {
    fn known(&self, action: &ActionKey) -> Option<Realisation> {
        self.steps.known(action)
    }

    fn offers(&self, action: &ActionKey) -> bool {
        self.steps.offers(action)
    }

    fn ask(&self, actions: &[ActionKey], events: &(dyn Fn(Event) + Sync)) {
        let unasked = self.steps.unasked(actions);
        if unasked == 0 {
            return;
        }
        events(Event::Asking { actions: unasked });
        for text in self.steps.ask(actions) {
            events(Event::Warning { text });
        }
    }

    fn take(
        &self,
        store: &Store,
        actions: &[ActionKey],
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Vec<ActionKey>, cairn_disk::Error> {
        let done = AtomicU64::new(0);
        let told = |bytes: u64| {
            let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
            events(Event::Taking { done });
        };
        let taken = match self.steps.take(store, actions, &told) {
            Ok(taken) => taken,
            Err(cairn_cache::Error::Store(error)) => return Err(error),
            // Whoever builds sees it too.
            Err(cairn_cache::Error::Cancelled) => return Ok(Vec::new()),
            Err(error) => {
                let text = error.to_string();
                events(Event::Warning { text });
                return Ok(Vec::new());
            }
        };
        for text in taken.warnings {
            events(Event::Warning { text });
        }
        for action in &taken.actions {
            if let Some(realisation) = self.steps.known(action) {
                events(Event::Taken {
                    output: realisation.output,
                    whence: self.steps.whence(action).unwrap_or_default(),
                });
            }
        }
        Ok(taken.actions)
    }
}
