//! Checks that run beside the editor's questions, one at a time for each configuration.
//!
//! In: entries whose texts changed. Out: results on a channel. A check of a text that has changed since is thrown away and
//! begun again; one that does not end keeps only its own configuration waiting.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cairn_eval::Limits;
use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::check::{Found, check};
use crate::documents::Documents;
use crate::host::World;
use crate::position::Encoding;
use crate::project::{Entry, Projects};
use crate::shelf::Shelf;

/// A check that ended; `None` where it failed by itself.
#[derive(Debug)]
pub struct Done {
    /// Of which configuration.
    pub entry: Entry,
    /// What it found.
    pub found: Option<Found>,
}

/// The checks that run.
#[derive(Debug)]
pub struct Checks {
    sender: Sender<Done>,
    /// Where results arrive.
    pub results: Receiver<Done>,
    /// Those that run, and whether their texts have changed since.
    running: BTreeMap<Entry, bool>,
    limits: Limits,
    encoding: Encoding,
    shelf: Shelf,
}

impl Checks {
    /// None yet. Each check may use as much as the limits say.
    pub fn new(limits: Limits, encoding: Encoding, shelf: Shelf) -> Self {
        let (sender, results) = unbounded();
        Self {
            sender,
            results,
            running: BTreeMap::new(),
            limits,
            encoding,
            shelf,
        }
    }

    /// Checks a configuration, now or when the check of it that runs has ended.
    pub fn begin(&mut self, entry: &Entry, documents: &Documents, projects: &mut Projects) {
        if let Some(stale) = self.running.get_mut(entry) {
            *stale = true;
            return;
        }
        let world = World::new(&entry.root, documents);
        let files = projects.files(&entry.path(), documents);
        let open = files
            .iter()
            .filter_map(|path| path.strip_prefix(&entry.root).ok()?.to_str());
        let open: Vec<String> = open.map(str::to_owned).collect();
        let (encoding, shelf, sender) = (self.encoding, self.shelf.clone(), self.sender.clone());
        let (of, limits) = (entry.clone(), self.limits);
        let work = move || {
            let checking = || {
                cairn_eval::with_deep_stack(|| check(&world, &of, &open, limits, encoding, &shelf))
            };
            let found = catch_unwind(AssertUnwindSafe(checking));
            let found = found.ok().and_then(Result::ok);
            // Nobody waits where the editor is gone.
            let _gone = sender.send(Done { entry: of, found });
        };
        let started = std::thread::Builder::new()
            .name("check".to_owned())
            .spawn(work);
        if started.is_ok() {
            self.running.insert(entry.clone(), false);
        }
    }

    /// Takes a result in; false where it is of a text that has changed since, and the check was begun again.
    pub fn ended(&mut self, entry: &Entry, documents: &Documents, projects: &mut Projects) -> bool {
        let stale = self.running.remove(entry).unwrap_or(false);
        if stale {
            self.begin(entry, documents, projects);
        }
        !stale
    }
}
