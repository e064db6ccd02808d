//! Plans what has to happen on the boot partition so that a set of generations can boot.
//!
//! In: the generations and the partition as observed. Out: an [`EspPlan`], a list of steps that leaves
//! nothing to choose; nothing is written here. In whatever step it is interrupted, something that booted before still
//! boots. Never drops the chosen generation, the running one, or the newest that booted well.

use crate::counting::Counter;
use crate::entry::{Entry, EntryName, referenced};
use crate::error::Error;
use crate::manifest::Manifest;
use crate::observe::ObservedEsp;
use cairn_graph::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

/// A kernel, an initrd or a loader: named by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// BLAKE3 of the bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Where the bytes are read from.
    pub source: PathBuf,
}

/// A generation that shall be bootable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub number: u32,
    /// Its line in the menu, as `Cairn generation 12 (2026-11-23, web1)`.
    pub title: String,
    /// The kernel.
    pub kernel: Payload,
    /// The initrd.
    pub initrd: Payload,
    /// The command line ([`crate::CommandLine::words`]).
    pub options: Vec<String>,
}

/// A generation that can't be read; its entry stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its number.
    pub number: u32,
    /// Why.
    pub cause: String,
}

/// What shall be bootable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The generations, in any order.
    pub generations: Vec<Generation>,
    /// Those that exist but can't be read.
    pub unreadable: Vec<Unreadable>,
    /// The one that boots next.
    pub chosen: u32,
    /// The one that runs now, if Cairn runs here.
    pub booted: Option<u32>,
    /// systemd-boot; `None` leaves what is there.
    pub loader: Option<Payload>,
    /// How long the menu waits.
    pub timeout_secs: u32,
}

/// What a written file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Text(String),
    /// A copy of a file.
    Copy(Payload),
}

impl Content {
    /// BLAKE3 of what the file will hold.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Text(text) => Digest::of(text.as_bytes()),
            Self::Copy(payload) => payload.digest,
        }
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Copy(payload) => payload.size,
        }
    }
}

/// One change of the partition; paths have no leading slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Writes or replaces a file.
    Write {
        /// Where.
        path: String,
        /// What.
        content: Content,
    },
    /// Gives an entry another counter.
    Rename {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// Removes a file.
    Remove {
        /// Which.
        path: String,
    },
}

/// What has to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EspPlan {
    /// The changes.
    pub steps: Vec<Step>,
    /// Generations that have to go because the partition is full.
    pub evicted: Vec<u32>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Bytes that are written, in whole clusters.
    pub write_bytes: u64,
    /// Bytes that become free, in whole clusters.
    pub remove_bytes: u64,
}

impl EspPlan {
    /// Whether the partition is already as it should be.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The files that are written last under each path: the whole partition, when it was empty before.
    pub fn files(&self) -> BTreeMap<&str, &Content> {
        let writes = self.steps.iter().filter_map(|step| match step {
            Step::Write { path, content } => Some((path.as_str(), content)),
            Step::Rename { .. } | Step::Remove { .. } => None,
        });
        writes.collect()
    }
}

impl fmt::Display for EspPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "! {warning}")?;
        }
        for step in &self.steps {
            match step {
                Step::Write { path, content } => {
                    writeln!(f, "+ {path} ({} bytes)", content.size())?;
                }
                Step::Rename { from, to } => writeln!(f, "~ {from} → {to}")?,
                Step::Remove { path } => writeln!(f, "- {path}")?,
            }
        }
        Ok(())
    }
}

/// Decides what has to change.
///
/// Errors: [`Error::NoGenerations`], [`Error::ChosenMissing`], [`Error::Duplicate`], [`Error::LineBreak`],
/// [`Error::ForeignDefault`], [`Error::TooLarge`].
pub fn plan(request: &Request, observed: &ObservedEsp) -> Result<EspPlan, Error> {
    check(request, observed)?;
    let protected = protected(request, observed);
    let mut kept: Vec<&Generation> = request.generations.iter().collect();
    kept.sort_by_key(|generation| std::cmp::Reverse(generation.number));
    let mut evicted = Vec::new();
    loop {
        let mut plan = Draft::new(request, observed, &kept).into_plan();
        let needed_bytes = plan.write_bytes;
        let available_bytes = observed.free_bytes + plan.remove_bytes;
        if needed_bytes <= available_bytes {
            for number in &evicted {
                plan.warnings.push(format!(
                    "generation {number} is no longer in the boot menu: the boot partition has no room for it"
                ));
            }
            plan.evicted = evicted;
            return Ok(plan);
        }
        let oldest = kept
            .iter()
            .rposition(|generation| !protected.contains(&generation.number));
        let Some(oldest) = oldest else {
            return Err(Error::TooLarge {
                needed_bytes,
                available_bytes,
            });
        };
        evicted.push(kept.remove(oldest).number);
    }
}

fn check(request: &Request, observed: &ObservedEsp) -> Result<(), Error> {
    if request.generations.is_empty() {
        return Err(Error::NoGenerations);
    }
    let mut numbers = BTreeSet::new();
    for generation in &request.generations {
        let number = generation.number;
        if !numbers.insert(number) {
            return Err(Error::Duplicate(number));
        }
        let texts = std::iter::once(&generation.title).chain(&generation.options);
        if let Some(text) = texts.into_iter().find(|text| text.contains(['\n', '\r'])) {
            let text = text.clone();
            return Err(Error::LineBreak { number, text });
        }
    }
    if !numbers.contains(&request.chosen) {
        return Err(Error::ChosenMissing(request.chosen));
    }
    let foreign = !owned(observed).contains(crate::LOADER_CONF);
    let lines = observed.texts.get(crate::LOADER_CONF).filter(|_| foreign);
    let default = lines
        .into_iter()
        .flat_map(|text| text.lines())
        .find(|line| {
            let key = line.split_whitespace().next();
            matches!(key, Some("default" | "preferred"))
        });
    match default {
        Some(line) => Err(Error::ForeignDefault {
            path: crate::LOADER_CONF.into(),
            line: line.into(),
        }),
        None => Ok(()),
    }
}

/// Generations that must stay whatever the room: without them a bad new one would leave nothing to boot.
fn protected(request: &Request, observed: &ObservedEsp) -> BTreeSet<u32> {
    let listed = |number: &u32| request.generations.iter().any(|g| g.number == *number);
    let newest_good = observed.blessed().into_iter().filter(listed).max();
    let mut protected: BTreeSet<u32> = newest_good.into_iter().collect();
    protected.insert(request.chosen);
    protected.extend(request.booted);
    protected
}

/// Files that are ours: those of the manifest, and those with names that only we give.
fn owned(observed: &ObservedEsp) -> BTreeSet<String> {
    let mut owned: BTreeSet<String> = observed.entries().map(|(_, path)| path.into()).collect();
    owned.extend(
        observed
            .manifest
            .iter()
            .flat_map(|m| m.owned.iter().cloned()),
    );
    owned.extend(
        observed
            .files
            .keys()
            .filter(|path| payload_digest(path).is_some())
            .cloned(),
    );
    owned
}

/// The digest in a payload's name.
fn payload_digest(path: &str) -> Option<Digest> {
    let name = path.strip_prefix(crate::PAYLOADS)?.strip_prefix('/')?;
    let stem = name
        .strip_suffix(".linux")
        .or_else(|| name.strip_suffix(".initrd"))?;
    stem.parse().ok()
}

fn payload_path(payload: &Payload, suffix: &str) -> String {
    format!("{}/{}.{suffix}", crate::PAYLOADS, payload.digest)
}

/// The partition as it should become, and the way there.
struct Draft<'a> {
    observed: &'a ObservedEsp,
    payloads: BTreeMap<String, &'a Payload>,
    settings: BTreeMap<String, String>,
    /// Entries by wanted path: the text, the path that it has now, and whether it is the chosen one.
    entries: BTreeMap<String, (String, Option<String>, bool)>,
    /// Files of entries that are left alone.
    spared: BTreeSet<String>,
    warnings: Vec<String>,
}

impl<'a> Draft<'a> {
    fn new(request: &'a Request, observed: &'a ObservedEsp, kept: &[&'a Generation]) -> Self {
        let mut draft = Self {
            observed,
            payloads: BTreeMap::new(),
            settings: BTreeMap::new(),
            entries: BTreeMap::new(),
            spared: BTreeSet::new(),
            warnings: Vec::new(),
        };
        if let Some(loader) = &request.loader {
            for place in [crate::FALLBACK_LOADER, crate::LOADER] {
                draft.payloads.insert(place.into(), loader);
            }
        }
        draft.add_settings(request);
        for generation in kept {
            draft.add_generation(generation, generation.number == request.chosen);
        }
        for unreadable in &request.unreadable {
            draft.spare(unreadable);
        }
        draft
    }

    fn add_settings(&mut self, request: &Request) {
        let foreign = self.observed.files.contains_key(crate::LOADER_CONF)
            && !owned(self.observed).contains(crate::LOADER_CONF);
        if foreign {
            self.warnings.push(format!(
                "{} was not written by Cairn and stays as it is",
                crate::LOADER_CONF
            ));
        } else {
            let text = format!(
                "# Written by Cairn. There is no `default` on purpose: the sort-key of the entries decides.\ntimeout {}\nconsole-mode keep\n",
                request.timeout_secs
            );
            self.settings.insert(crate::LOADER_CONF.into(), text);
        }
    }

    fn add_generation(&mut self, generation: &'a Generation, chosen: bool) {
        let linux = payload_path(&generation.kernel, "linux");
        let initrd = payload_path(&generation.initrd, "initrd");
        let entry = Entry {
            title: generation.title.clone(),
            version: generation.number,
            chosen,
            linux: linux.clone(),
            initrd: initrd.clone(),
            options: generation.options.join(" "),
        };
        self.payloads.insert(linux, &generation.kernel);
        self.payloads.insert(initrd, &generation.initrd);
        let present = self.present(generation.number);
        let counter = match present {
            Some((name, _)) if name.counter.is_none() => None,
            // Chosen again by a person after the loader gave it up: it gets its tries back.
            Some((name, _)) if !(chosen && name.counter.is_some_and(Counter::is_spent)) => {
                name.counter
            }
            _ => Some(Counter::fresh()),
        };
        let name = EntryName {
            generation: generation.number,
            counter,
        };
        let now = present.map(|(_, path)| path.to_owned());
        self.entries
            .insert(name.path(), (entry.to_string(), now, chosen));
    }

    /// The entry of a generation as it is on the partition; the blessed one, should there be two.
    fn present(&self, number: u32) -> Option<(EntryName, &'a str)> {
        let of_number = |(name, _): &(EntryName, &str)| name.generation == number;
        self.observed
            .entries()
            .filter(of_number)
            .min_by_key(|(name, _)| *name)
    }

    fn spare(&mut self, unreadable: &Unreadable) {
        let Unreadable { number, cause } = unreadable;
        self.warnings.push(format!(
            "generation {number} can't be read and is left as it is: {cause}"
        ));
        for (name, path) in self.observed.entries() {
            if name.generation == *number {
                self.spared.insert(path.into());
                let text = self.observed.texts.get(path);
                self.spared
                    .extend(text.into_iter().flat_map(|text| referenced(text)));
            }
        }
    }

    fn holds(&self, path: &str, digest: Digest) -> bool {
        let found = self.observed.files.get(path);
        found.is_some_and(|file| file.digest == digest)
    }

    fn into_plan(self) -> EspPlan {
        let mut wanted: BTreeSet<String> = self.payloads.keys().cloned().collect();
        wanted.extend(self.settings.keys().cloned());
        wanted.extend(self.entries.keys().cloned());
        let before = owned(self.observed);
        let moved: BTreeSet<&String> = self
            .entries
            .values()
            .filter_map(|(_, now, _)| now.as_ref())
            .collect();
        let gone: Vec<&String> = before
            .iter()
            .filter(|path| self.observed.files.contains_key(*path))
            .filter(|path| *path != crate::MANIFEST && !wanted.contains(*path))
            .filter(|path| !self.spared.contains(*path) && !moved.contains(path))
            .collect();

        let mut steps = Vec::new();
        // Entries go before the kernels that they name.
        let (entries, rest): (Vec<&String>, Vec<&String>) = gone
            .iter()
            .partition(|path| path.starts_with(crate::ENTRIES));
        for path in entries.into_iter().chain(rest) {
            let path = path.clone();
            steps.push(Step::Remove { path });
        }
        self.writes(&mut steps);
        let mut owned_after = wanted;
        owned_after.extend(
            self.spared
                .iter()
                .filter(|path| before.contains(*path))
                .cloned(),
        );
        owned_after.insert(crate::MANIFEST.into());
        self.add_manifests(&mut steps, &before, owned_after);

        let cluster = self.observed.cluster_bytes.max(1);
        let clusters = |bytes: u64| bytes.div_ceil(cluster) * cluster;
        let write_bytes = steps.iter().map(|step| match step {
            Step::Write { content, .. } => clusters(content.size()),
            // Folders grow by a cluster at most.
            Step::Rename { .. } => cluster,
            Step::Remove { .. } => 0,
        });
        let removed = gone
            .iter()
            .filter_map(|path| self.observed.files.get(*path));
        EspPlan {
            write_bytes: write_bytes.sum(),
            remove_bytes: removed.map(|file| clusters(file.size)).sum(),
            steps,
            evicted: Vec::new(),
            warnings: self.warnings,
        }
    }

    /// Payloads, settings, then the entries; the chosen entry last, when all others have given up the first place.
    fn writes(&self, steps: &mut Vec<Step>) {
        for (path, payload) in &self.payloads {
            if !self.holds(path, payload.digest) {
                let content = Content::Copy((*payload).clone());
                let path = path.clone();
                steps.push(Step::Write { path, content });
            }
        }
        for (path, text) in &self.settings {
            if !self.holds(path, Digest::of(text.as_bytes())) {
                let content = Content::Text(text.clone());
                let path = path.clone();
                steps.push(Step::Write { path, content });
            }
        }
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(_, (_, _, chosen))| *chosen);
        for (path, (text, now, _)) in entries {
            let current = now.as_ref().unwrap_or(path);
            if current != path {
                let (from, to) = (current.clone(), path.clone());
                steps.push(Step::Rename { from, to });
            }
            if !self.holds(current, Digest::of(text.as_bytes())) {
                let content = Content::Text(text.clone());
                let path = path.clone();
                steps.push(Step::Write { path, content });
            }
        }
    }

    /// The manifest lists everything old and new before the first change, and only what is left after the last.
    fn add_manifests(
        &self,
        steps: &mut Vec<Step>,
        before: &BTreeSet<String>,
        after: BTreeSet<String>,
    ) {
        let write = |owned: BTreeSet<String>| Step::Write {
            path: crate::MANIFEST.into(),
            content: Content::Text(Manifest::new(owned).print()),
        };
        if !steps.is_empty() {
            let both: BTreeSet<String> = before.union(&after).cloned().collect();
            if both != after {
                steps.insert(0, write(both));
            }
        }
        let last = write(after);
        if let Step::Write { content, .. } = &last
            && !(steps.is_empty() && self.holds(crate::MANIFEST, content.digest()))
        {
            // Without old files to give up it may come first, so that an interrupted first write is known as ours.
            let first = steps
                .iter()
                .all(|step| matches!(step, Step::Write { path, .. } if path != crate::MANIFEST));
            steps.insert(if first { 0 } else { steps.len() }, last);
        }
    }
}
