//! Somebody swaps what is being taken in for links to files of the host: nothing of theirs enters the store. Each control shows that
//! who only looks before opening is taken in by the same swaps.

use crate::support::{Machine, machine};
use cairn_disk::IngestOptions;
use cairn_graph::Digest;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SECRET: &[u8] = b"a secret of the host";

struct Scene {
    machine: Machine,
    output: PathBuf,
    /// What stands in the output, and what it is swapped for.
    honest: PathBuf,
    evil: PathBuf,
}

/// An output with one thing in it that is exchanged with a link: to a file, or to a folder that has a file of the same name.
fn scene(is_folder: bool) -> Scene {
    let machine = machine();
    let at = |name: &str| machine.dir.path().join(name);
    let (output, host) = (at("output"), at("host"));
    fs::create_dir(&output).unwrap();
    fs::create_dir(&host).unwrap();
    fs::write(host.join("file"), SECRET).unwrap();
    let (honest, evil) = (output.join("thing"), at("evil"));
    if is_folder {
        fs::create_dir(&honest).unwrap();
        fs::write(honest.join("file"), "honest").unwrap();
        symlink(&host, &evil).unwrap();
    } else {
        fs::write(&honest, "honest").unwrap();
        symlink(host.join("file"), &evil).unwrap();
    }
    Scene {
        machine,
        output,
        honest,
        evil,
    }
}

impl Scene {
    /// Swaps without pause while `work` is done again and again, until it says that it is enough or the time is over.
    fn while_swapping(&self, limit: Duration, mut work: impl FnMut() -> bool) -> bool {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    cairn_sys::fs::exchange(&self.honest, &self.evil).unwrap();
                }
            });
            let begun = Instant::now();
            let mut enough = false;
            while !enough && begun.elapsed() < limit {
                enough = work();
            }
            stop.store(true, Ordering::Relaxed);
            enough
        })
    }

    fn has_secret(&self) -> bool {
        self.machine.store.has_object(&Digest::of(SECRET))
    }

    /// Takes the output in again and again; says how often it succeeded.
    fn ingest_while_swapping(&self) -> usize {
        let mut taken = 0;
        self.while_swapping(Duration::from_millis(700), || {
            let options = IngestOptions::default();
            taken += usize::from(
                self.machine
                    .store
                    .ingest_tree(&self.output, &options)
                    .is_ok(),
            );
            false
        });
        taken
    }
}

/// Looks whether each thing is a link, and then opens it by its path.
fn look_then_read(path: &Path) -> Vec<Vec<u8>> {
    let Ok(found) = path.symlink_metadata() else {
        return Vec::new();
    };
    if found.is_file() {
        return fs::read(path).into_iter().collect();
    }
    if !found.is_dir() {
        return Vec::new();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| look_then_read(&entry.path()))
        .collect()
}

fn is_taken_in(scene: &Scene) -> bool {
    scene.while_swapping(Duration::from_secs(20), || {
        let read = look_then_read(&scene.output);
        read.iter().any(|bytes| bytes == SECRET)
    })
}

#[test]
fn a_file_that_is_swapped_for_a_link_brings_nothing_of_the_host() {
    let scene = scene(false);
    assert!(is_taken_in(&scene), "the control never read the secret");
    assert!(scene.ingest_while_swapping() > 0);
    assert!(!scene.has_secret());
}

#[test]
fn a_folder_that_is_swapped_for_a_link_brings_nothing_of_the_host() {
    let scene = scene(true);
    assert!(is_taken_in(&scene), "the control never read the secret");
    assert!(scene.ingest_while_swapping() > 0);
    assert!(!scene.has_secret());
}

#[test]
fn a_file_that_is_swapped_for_a_pipe_does_not_stop_the_ingest() {
    let mut scene = scene(false);
    fs::remove_file(&scene.evil).unwrap();
    scene.evil = scene.machine.dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&scene.evil)
        .status();
    assert!(made.unwrap().success());
    // A reader that waits for the other end would stay here for ever.
    assert!(scene.ingest_while_swapping() > 0);
}

#[test]
fn an_output_that_is_a_link_itself_is_refused() {
    let scene = scene(false);
    assert_eq!(fs::read(&scene.evil).unwrap(), SECRET);
    let options = IngestOptions::default();
    scene
        .machine
        .store
        .ingest(&scene.evil, &options)
        .unwrap_err();
    assert!(!scene.has_secret());
}
