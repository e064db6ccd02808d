//! Deciding what goes: pure, by marking over small numbers.

use super::snapshot::{ObjectFile, Snapshot};
use crate::generations::{Generation, GenerationState};
use crate::paths::PathRecord;
use cairn_graph::{ActionKey, Content, Digest, StorePath};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What to keep besides what is always kept.
#[derive(Debug, Clone, Default)]
pub struct GcOptions {
    /// Keep this many of the newest generations. Without this and `keep_since` all stay.
    pub keep: Option<usize>,
    /// Keep generations made at this time or later.
    pub keep_since: Option<Timestamp>,
    /// Keep these generations too: those that the boot loader really lists.
    pub also_generations: Vec<u64>,
    /// Keep these paths too: what running processes use.
    pub also_paths: Vec<StorePath>,
    /// Keep objects and trees that came at this time or later: somebody may be about to refer to them.
    pub spare_since: Option<Timestamp>,
}

/// What goes, decided to the last file. Everything is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcPlan {
    /// Generations.
    pub generations: Vec<u64>,
    /// Realisations.
    pub realisations: Vec<ActionKey>,
    /// Derivations.
    pub derivations: Vec<ActionKey>,
    /// Path records.
    pub paths: Vec<StorePath>,
    /// Names in `store/`.
    pub materialised: Vec<String>,
    /// Manifests.
    pub trees: Vec<Digest>,
    /// Objects: digest, and whether the executable one.
    pub objects: Vec<(Digest, bool)>,
    /// Bytes of the manifests and objects that go.
    pub bytes: u64,
    /// What was noticed: needed things that are not there.
    pub warnings: Vec<String>,
}

/// Why nothing may be collected: it is not known what is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GcError {
    /// A needed manifest is damaged.
    #[error("the tree {0} is needed and damaged; verify and repair the store before collecting")]
    DamagedTree(Digest),
    /// The record of a needed path can't be read.
    #[error(
        "the record of {0} is needed and can't be read; verify and repair the store before collecting"
    )]
    DamagedRecord(StorePath),
}

/// Registered paths by number, in their order, and which of them are needed.
struct Live<'a> {
    numbers: HashMap<&'a StorePath, u32>,
    records: Vec<Option<&'a PathRecord>>,
    marked: Vec<bool>,
}

impl<'a> Live<'a> {
    fn none(snapshot: &'a Snapshot) -> Self {
        let numbered = snapshot.paths.keys().zip(0..);
        Self {
            numbers: numbered.collect(),
            records: snapshot.paths.values().map(Option::as_ref).collect(),
            marked: vec![false; snapshot.paths.len()],
        }
    }

    fn contains(&self, path: &StorePath) -> bool {
        let number = self.numbers.get(path);
        number.is_some_and(|number| self.marked[*number as usize])
    }
}

impl GcPlan {
    /// Decides what goes. Errors: [`GcError`].
    pub fn new(snapshot: &Snapshot, options: &GcOptions) -> Result<Self, GcError> {
        let mut plan = Self::default();
        let (kept, gone): (Vec<&Generation>, Vec<&Generation>) = {
            let kept = kept_generations(snapshot, options);
            snapshot
                .generations
                .iter()
                .partition(|generation| kept.contains(&generation.number))
        };
        plan.generations = gone.iter().map(|generation| generation.number).collect();
        plan.generations.sort_unstable();

        let mut roots: Vec<&StorePath> = Vec::new();
        roots.extend(
            kept.iter()
                .flat_map(|generation| generation.keeps.iter().chain([&generation.system])),
        );
        roots.extend(
            snapshot
                .unreadable_generations
                .iter()
                .filter_map(|(_, system)| system.as_ref()),
        );
        roots.extend(snapshot.roots.iter().flat_map(|(_, paths)| paths));
        roots.extend(&options.also_paths);
        let mut live = Live::none(snapshot);
        // What an open store is about to register has no record yet.
        let about_to_be = |path: &&StorePath| live.numbers.contains_key(*path);
        roots.extend(snapshot.temporary.paths.iter().filter(about_to_be));
        plan.mark_paths(&mut live, roots)?;
        plan.mark_contents(snapshot, options, &live)?;

        let paths = snapshot.paths.keys().zip(&live.marked);
        let dead = paths.filter(|(_, live)| !**live);
        plan.paths = dead.map(|(path, _)| path.clone()).collect();
        let live_name = |name: &String| {
            name.parse::<StorePath>()
                .is_ok_and(|path| live.contains(&path))
        };
        plan.materialised = snapshot
            .materialised
            .iter()
            .filter(|name| !live_name(name))
            .cloned()
            .collect();
        let dead = snapshot.realisations.iter();
        let dead =
            dead.filter(|(_, output)| output.as_ref().is_none_or(|output| !live.contains(output)));
        plan.realisations = dead.map(|(key, _)| *key).collect();
        plan.mark_derivations(snapshot);
        Ok(plan)
    }

    /// Whether nothing goes.
    pub fn is_empty(&self) -> bool {
        self.generations.is_empty()
            && self.realisations.is_empty()
            && self.derivations.is_empty()
            && self.paths.is_empty()
            && self.materialised.is_empty()
            && self.trees.is_empty()
            && self.objects.is_empty()
    }

    /// A derivation stays with its realisation, and with one that can't be made again without it.
    fn mark_derivations(&mut self, snapshot: &Snapshot) {
        let gone: HashSet<&ActionKey> = self.realisations.iter().collect();
        let inputs: HashMap<&ActionKey, &Vec<ActionKey>> = snapshot
            .derivations
            .iter()
            .map(|(key, inputs)| (key, inputs))
            .collect();
        let made = snapshot.realisations.iter().map(|(key, _)| key);
        let mut open: Vec<&ActionKey> = made.filter(|key| !gone.contains(key)).collect();
        let mut kept = HashSet::with_capacity(open.len());
        while let Some(next) = open.pop() {
            if kept.insert(next) {
                open.extend(inputs.get(next).into_iter().copied().flatten());
            }
        }
        let all = snapshot.derivations.iter().map(|(key, _)| key);
        self.derivations = all.filter(|key| !kept.contains(key)).copied().collect();
    }

    /// Marks the paths that the roots need.
    fn mark_paths<'a>(
        &mut self,
        live: &mut Live<'a>,
        mut open: Vec<&'a StorePath>,
    ) -> Result<(), GcError> {
        let mut absent = BTreeSet::new();
        while let Some(next) = open.pop() {
            let Some(number) = live.numbers.get(next) else {
                absent.insert(next);
                continue;
            };
            let number = *number as usize;
            let Some(record) = live.records[number] else {
                return Err(GcError::DamagedRecord(next.clone()));
            };
            if !live.marked[number] {
                live.marked[number] = true;
                open.extend(&record.references);
            }
        }
        self.warnings.extend(
            absent
                .into_iter()
                .map(|path| format!("{path} is needed and not in the store")),
        );
        Ok(())
    }

    /// Trees and objects: numbers in the snapshot's lists stand for digests.
    fn mark_contents(
        &mut self,
        snapshot: &Snapshot,
        options: &GcOptions,
        live: &Live<'_>,
    ) -> Result<(), GcError> {
        let spare_since = options.spare_since.map(Timestamp::as_second);
        let is_young = |changed: Option<i64>| {
            spare_since.is_some_and(|since| changed.is_none_or(|changed| changed >= since))
        };
        let tree_numbers: HashMap<&Digest, u32> = snapshot
            .trees
            .iter()
            .enumerate()
            .map(|(number, tree)| (&tree.digest, number as u32))
            .collect();
        // Both forms of an object, executable or not, stand next to each other; the number is that of the first.
        let mut object_numbers: HashMap<&Digest, u32> =
            HashMap::with_capacity(snapshot.objects.len());
        for (number, object) in snapshot.objects.iter().enumerate() {
            object_numbers
                .entry(&object.digest)
                .or_insert(number as u32);
        }
        let mut live_trees: Vec<bool> = snapshot
            .trees
            .iter()
            .map(|tree| {
                is_young(Some(tree.changed)) || snapshot.temporary.trees.contains(&tree.digest)
            })
            .collect();
        let mut live_objects: Vec<bool> = vec![false; snapshot.objects.len()];
        let mut absent = BTreeSet::new();
        let mut needed = |digest: &Digest| match object_numbers.get(digest) {
            Some(number) => live_objects[*number as usize] = true,
            None => drop(absent.insert(format!(
                "the object {digest} is needed and not in the store"
            ))),
        };
        let records = live.records.iter().zip(&live.marked);
        for record in records.filter_map(|(record, live)| record.filter(|_| *live)) {
            match &record.content {
                Content::File { digest, .. } => needed(digest),
                Content::Tree { digest } => match tree_numbers.get(digest) {
                    Some(number) if snapshot.trees[*number as usize].objects.is_some() => {
                        live_trees[*number as usize] = true;
                    }
                    Some(_) => return Err(GcError::DamagedTree(*digest)),
                    None => self
                        .warnings
                        .push(format!("the tree {digest} is needed and not in the store")),
                },
            }
        }
        for (tree, _) in snapshot
            .trees
            .iter()
            .zip(&live_trees)
            .filter(|(_, live)| **live)
        {
            tree.objects.iter().flatten().for_each(&mut needed);
        }
        self.warnings.extend(absent);
        self.warnings.sort_unstable();
        for (tree, _) in snapshot
            .trees
            .iter()
            .zip(live_trees)
            .filter(|(_, live)| !live)
        {
            self.trees.push(tree.digest);
            self.bytes += tree.size;
        }
        let is_live = |object: &ObjectFile| {
            let first = object_numbers.get(&object.digest);
            is_young(object.changed)
                || snapshot.temporary.objects.contains(&object.digest)
                || first.is_some_and(|number| live_objects[*number as usize])
        };
        for object in snapshot.objects.iter().filter(|object| !is_live(object)) {
            self.objects.push((object.digest, object.executable));
            self.bytes += object.size;
        }
        self.trees.sort_unstable();
        self.objects.sort_unstable();
        Ok(())
    }
}

/// The numbers of all generations that stay.
fn kept_generations(snapshot: &Snapshot, options: &GcOptions) -> HashSet<u64> {
    let all = || snapshot.generations.iter();
    if options.keep.is_none() && options.keep_since.is_none() {
        return all().map(|generation| generation.number).collect();
    }
    let mut kept: HashSet<u64> = all()
        .filter(|generation| generation.pinned)
        .map(|g| g.number)
        .collect();
    kept.extend(snapshot.default);
    kept.extend(snapshot.booted);
    kept.extend(&options.also_generations);
    kept.extend(
        all()
            .filter(|g| g.state == GenerationState::Good)
            .map(|g| g.number)
            .max(),
    );
    if let Some(since) = options.keep_since {
        kept.extend(
            all()
                .filter(|generation| generation.date >= since)
                .map(|g| g.number),
        );
    }
    let mut newest: Vec<u64> = all().map(|generation| generation.number).collect();
    newest.sort_unstable_by(|a, b| b.cmp(a));
    kept.extend(newest.into_iter().take(options.keep.unwrap_or(0)));
    kept
}
