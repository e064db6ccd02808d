//! Goes through the cut points of an operation.
//!
//! In: an operation, which points. Out: how many were tried, and those that were lost. Points are tried side by side.

use crate::checks::{Lost, after_cut, durable, summary};
use crate::cuts::{Cut, all, disk_after};
use crate::operations::{Operation, Root};
use crate::recording::{Recorder, Recording};
use crate::trace::{Ended, KillAt, run};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What came of trying points of one kind.
#[derive(Debug, Default)]
pub struct Tried {
    /// How many points there are.
    pub points: usize,
    /// How many were tried.
    pub tried: usize,
    /// The lost ones: which, and why.
    pub lost: Vec<(String, Lost)>,
}

/// What the operation comes out as when nobody cuts it short.
pub fn expected(operation: &Operation) -> String {
    let root = operation.root();
    let status = operation.command(&root.path()).output().unwrap();
    assert!(status.status.success(), "{}: {status:?}", operation.name);
    summary(&root.path())
}

/// Kills the operation at its calls; at most `most` of them, spread over all.
pub fn kills(operation: &Operation, most: usize) -> Tried {
    let expected = expected(operation);
    let mut count = KillAt::default();
    let root = operation.root();
    let ended = run(
        &mut operation.command(&root.path()),
        &root.path(),
        &mut count,
    );
    assert_eq!(ended, Ended::Exited(0), "{} under a tracer", operation.name);
    let points: Vec<usize> = (1..=count.seen).collect();
    try_all(&points, most, |at| {
        let root = operation.root();
        let mut kill = KillAt {
            at: *at,
            ..KillAt::default()
        };
        run(
            &mut operation.command(&root.path()),
            &root.path(),
            &mut kill,
        );
        let what = format!("{} killed at call {at}, {:?}", operation.name, kill.change);
        after_cut(operation, &root.path(), &expected).map_err(|why| (what, why))
    })
}

/// What the operation does to the disk.
pub fn record(operation: &Operation) -> Recording {
    let root = operation.root();
    let mut recorder = Recorder::new(&root.path());
    let ended = run(
        &mut operation.command(&root.path()),
        &root.path(),
        &mut recorder,
    );
    assert_eq!(ended, Ended::Exited(0), "{} under a tracer", operation.name);
    recorder.finish()
}

/// Cuts the power at the steps of a recording; at most `most` of the cuts, spread over all.
pub fn power_cuts(operation: &Operation, recording: &Recording, most: usize) -> Tried {
    let expected = expected(operation);
    try_all(&all(recording), most, |cut| {
        let what = format!("{}: {}", operation.name, describe(recording, *cut));
        power_cut(operation, recording, *cut, &expected).map_err(|why| (what, why))
    })
}

/// One power cut.
pub fn power_cut(
    operation: &Operation,
    recording: &Recording,
    cut: Cut,
    expected: &str,
) -> Result<(), Lost> {
    let root = Root::of(&disk_after(recording, cut));
    boot_anew(&root.path());
    if cut.after == recording.steps.len() {
        durable(&root.path(), expected)?;
    }
    after_cut(operation, &root.path(), expected)
}

fn describe(recording: &Recording, cut: Cut) -> String {
    let last = cut
        .after
        .checked_sub(1)
        .map(|index| &recording.steps[index]);
    let last = format!("{last:?}");
    let last: String = last.chars().take(200).collect();
    format!(
        "the power went after step {} ({last}), {:?}",
        cut.after, cut.fate
    )
}

/// After a power cut the machine has another boot id: what carries this one's name belongs to nobody.
pub fn boot_anew(root: &Path) {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let id: String = id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    for folder in ["tmp", "trash"] {
        let folder = root.join("cairn/var").join(folder);
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if let Some(rest) = name.strip_prefix(&id) {
                fs::rename(
                    folder.join(&name),
                    folder.join(format!("000000000000{rest}")),
                )
                .unwrap();
            }
        }
    }
}

fn try_all<T: Sync>(
    points: &[T],
    most: usize,
    point: impl Fn(&T) -> Result<(), (String, Lost)> + Sync,
) -> Tried {
    let chosen: Vec<&T> = if points.len() <= most {
        points.iter().collect()
    } else {
        (0..most)
            .map(|index| &points[index * points.len() / most])
            .collect()
    };
    let (next, lost) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(chosen) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(found) = point(chosen) {
                        lost.lock().unwrap().push(found);
                    }
                }
            });
        }
    });
    Tried {
        points: points.len(),
        tried: chosen.len(),
        lost: lost.into_inner().unwrap(),
    }
}
