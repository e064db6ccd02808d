//! What may be on a disk after a power cut.
//!
//! In: a recording and where it is cut. Out: a [`Disk`] for each thing that may have happened to what was not synced by then.
//! Names come in order, as from a journal, or only where they were synced; contents come whole, half or not at all, each file for itself.

use crate::disk::{Disk, Id, Kind, Step};
use crate::recording::Recording;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What happened to what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// All of it came.
    Kept,
    /// All names came, and no contents: what a file system with delayed allocation leaves.
    ContentsLost,
    /// All names came, and half of the contents.
    ContentsTorn,
    /// Nothing came, names neither: what only keeps its promise leaves.
    AllLost,
    /// Names came; contents came or not, each file by chance.
    ByChance(u64),
}

/// The fates that are tried at every cut.
pub const FATES: [Fate; 6] = [
    Fate::Kept,
    Fate::ContentsLost,
    Fate::ContentsTorn,
    Fate::AllLost,
    Fate::ByChance(1),
    Fate::ByChance(2),
];

/// One power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// How many steps were begun.
    pub after: usize,
    /// What happened to those that were not synced.
    pub fate: Fate,
}

/// All cuts of a recording that leave different disks.
pub fn all(recording: &Recording) -> Vec<Cut> {
    let mut seen = HashSet::new();
    let mut cuts = Vec::new();
    // From the end on: where the same is left earlier, it is the later cut that asks for more.
    for after in (0..=recording.steps.len()).rev() {
        for fate in FATES {
            let cut = Cut { after, fate };
            if seen.insert(fingerprint(&disk_after(recording, cut))) {
                cuts.push(cut);
            }
        }
    }
    cuts.reverse();
    cuts
}

fn fingerprint(disk: &Disk) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (path, node) in disk.listing() {
        path.hash(&mut hasher);
        let Some(node) = node else { continue };
        (node.mode, node.mtime).hash(&mut hasher);
        match &node.kind {
            // The ends tell contents apart; all of them would take minutes.
            Kind::File(bytes) => {
                let end = bytes.len().min(64);
                (bytes.len(), &bytes[..end], &bytes[bytes.len() - end..]).hash(&mut hasher);
            }
            kind => kind.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// What is on the disk after a cut.
pub fn disk_after(recording: &Recording, cut: Cut) -> Disk {
    let steps = &recording.steps[..cut.after];
    let durable = durable(steps);
    let mut disk = recording.before.clone();
    for (index, step) in steps.iter().enumerate() {
        if durable[index] {
            disk.apply(step);
            continue;
        }
        match (step, cut.fate) {
            (_, Fate::Kept) => disk.apply(step),
            (_, Fate::AllLost) | (Step::Contents(..), Fate::ContentsLost) => {}
            (Step::Contents(node, bytes), fate) => {
                let is_whole = match fate {
                    Fate::ByChance(seed) => chance(seed, *node),
                    _ => 1,
                };
                match is_whole {
                    0 => disk.apply(step),
                    1 => disk.apply(&Step::Contents(*node, bytes[..bytes.len() / 2].into())),
                    _ => {}
                }
            }
            _ => disk.apply(step),
        }
    }
    disk
}

/// One of three, the same for the same file.
fn chance(seed: u64, node: Id) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, node).hash(&mut hasher);
    hasher.finish() % 3
}

/// Which steps were made durable by a later one.
fn durable(steps: &[Step]) -> Vec<bool> {
    let mut durable = vec![false; steps.len()];
    let (mut all, mut synced) = (false, HashSet::new());
    for (index, step) in steps.iter().enumerate().rev() {
        durable[index] = all
            || match step {
                Step::SyncAll => {
                    all = true;
                    true
                }
                Step::Sync(node) => {
                    synced.insert(*node);
                    true
                }
                Step::Name((folder, _), _) | Step::Unname((folder, _)) => synced.contains(folder),
                Step::Move(_, (folder, _), _) => synced.contains(folder),
                Step::Exchange(one, other) => synced.contains(&one.0) && synced.contains(&other.0),
                Step::Dress(node, ..) | Step::Contents(node, _) => synced.contains(node),
            };
    }
    durable
}

/// The recording as it would be if the program had forgotten some of its syncs.
pub fn without_syncs(recording: &Recording, forgets: impl Fn(&Step) -> bool) -> Recording {
    Recording {
        before: recording.before.clone(),
        steps: recording
            .steps
            .iter()
            .filter(|step| !(matches!(step, Step::Sync(_) | Step::SyncAll) && forgets(step)))
            .cloned()
            .collect(),
    }
}

/// How many files of a recording were written.
pub fn files_written(recording: &Recording) -> usize {
    let files = recording.steps.iter().filter_map(|step| match step {
        Step::Contents(node, bytes) if !bytes.is_empty() => Some(*node),
        _ => None,
    });
    files
        .filter(|node| matches!(recording.before.nodes[node].kind, Kind::File(_)))
        .collect::<HashSet<_>>()
        .len()
}
