//! More than one's share: disk, memory, names, processes, log. Limits stop it, and the host goes on.

use crate::scene::{HERE, Role, Scene, count_refused, run_for_log};
use crate::{Claim, claims};
use cairn_sys::{Ending, Limits};
use rustix::fs::statvfs;
use std::path::Path;
use std::process::Command;

pub const CLAIMS: &[Claim] = claims![
    a_file_grows_no_larger_than_its_limit,
    many_files_take_no_more_of_the_disk_than_their_limit,
    files_without_a_name_leave_what_must_stay_free,
    memory_file_systems_end_at_their_size_and_names,
    a_fork_bomb_ends_at_its_limit,
    threads_end_at_the_limit_of_processes,
    a_bomb_that_is_stopped_leaves_no_process,
    a_flood_of_output_is_stopped,
];

const MEBI: u64 = 1 << 20;
/// What an attack passes before somebody looks: it writes a mebibyte a millisecond at most.
const SLACK: u64 = 400 * MEBI;
const ROLES: [Role; 2] = [Role::Builder, Role::Root];

/// A scene in memory: nothing is written to a disk.
fn scene() -> Scene {
    let memory = Path::new("/dev/shm");
    let place = memory.is_dir().then_some(memory);
    Scene::below(place.unwrap_or(&std::env::temp_dir()))
}

fn free(path: &Path) -> u64 {
    let found = statvfs(path).unwrap();
    found.f_bavail * found.f_frsize
}

fn a_file_grows_no_larger_than_its_limit() {
    let scene = scene();
    let file = format!("{HERE}/file");
    let arguments = ["one_file", &file, &(16 * MEBI).to_string()];
    scene.outside(&arguments).came_through();
    for role in ROLES {
        scene.clear();
        let limit = |limits: &mut Limits| limits.file_bytes = Some(4 * MEBI);
        scene
            .inside_with(role, &arguments, |spec| limit(&mut spec.limits))
            .was_refused();
        let found = std::fs::metadata(scene.given().join("file")).unwrap();
        assert_eq!(found.len(), 4 * MEBI);
    }
}

fn many_files_take_no_more_of_the_disk_than_their_limit() {
    let scene = scene();
    let all = 1024 * MEBI;
    let arguments = ["many_files", HERE, &all.to_string()];
    for role in ROLES {
        let mut sandbox = scene.sandbox(role, &arguments);
        sandbox.spec.limits.disk_bytes = Some(32 * MEBI);
        let (outcome, log) = run_for_log(&sandbox);
        assert_eq!(outcome.ending, Ending::TooMuchDisk, "{log}");
        let taken = taken(&scene);
        assert!(taken < 32 * MEBI + SLACK, "{taken}");
        count_refused();
        scene.clear();
        // The control: more than the limit is possible.
        let more = (32 * MEBI + SLACK).to_string();
        scene
            .inside(role, &["many_files", HERE, &more])
            .came_through();
        scene.clear();
    }
}

fn taken(scene: &Scene) -> u64 {
    let entries = std::fs::read_dir(scene.given()).unwrap();
    entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

fn files_without_a_name_leave_what_must_stay_free() {
    let scene = scene();
    for role in ROLES {
        let all = (1024 * MEBI).to_string();
        let mut sandbox = scene.sandbox(role, &["nameless_files", HERE, &all]);
        let before = free(&scene.given());
        sandbox.spec.limits.disk_bytes = Some(64 * MEBI);
        sandbox.spec.limits.disk_free_bytes = Some(before - 128 * MEBI);
        let (outcome, log) = run_for_log(&sandbox);
        assert_eq!(outcome.ending, Ending::DiskFull, "{log}");
        count_refused();
        // The control: who only counts what has a name does not see them.
        sandbox.spec.argv[3] = (256 * MEBI).to_string();
        sandbox.spec.limits.disk_free_bytes = None;
        let (outcome, log) = run_for_log(&sandbox);
        assert_eq!(outcome.ending, Ending::Exited(0), "{log}");
    }
}

fn memory_file_systems_end_at_their_size_and_names() {
    let scene = scene();
    let places = [
        ("/tmp", 8 * MEBI),
        ("/dev/shm", 256 * MEBI),
        ("/dev", MEBI),
        ("", MEBI),
    ];
    for role in ROLES {
        for (place, size) in places {
            let bytes = (size + 4 * MEBI).to_string();
            scene
                .outside(&["one_file", &format!("{HERE}/file"), &bytes])
                .came_through();
            scene
                .inside(role, &["one_file", &format!("{place}/file"), &bytes])
                .was_refused();
            scene.clear();
        }
        let names = "20000";
        scene.outside(&["empty_files", HERE, names]).came_through();
        scene.clear();
        for place in ["/tmp", "/dev/shm", "/dev"] {
            scene
                .inside(role, &["empty_files", place, names])
                .was_refused();
        }
    }
}

fn a_fork_bomb_ends_at_its_limit() {
    let scene = scene();
    let arguments = ["fork_bomb", "300"];
    scene.outside(&arguments).came_through();
    scene.inside(Role::Builder, &arguments).came_through();
    let said = scene
        .inside_with(Role::Builder, &arguments, |spec| {
            spec.limits.processes = Some(64);
        })
        .was_refused();
    let made: u32 = said
        .text
        .lines()
        .find_map(|line| line.strip_prefix("made "))
        .and_then(|number| number.parse().ok())
        .unwrap();
    assert!((32..64).contains(&made), "{made}");
}

fn threads_end_at_the_limit_of_processes() {
    let scene = scene();
    let arguments = ["threads", "200"];
    scene.outside(&arguments).came_through();
    scene
        .inside_with(Role::Builder, &arguments, |spec| {
            spec.limits.processes = Some(64);
        })
        .was_refused();
}

fn a_bomb_that_is_stopped_leaves_no_process() {
    let scene = scene();
    let mut sandbox = scene.sandbox(Role::Builder, &["exploding_bomb", "12"]);
    sandbox.spec.limits.processes = Some(256);
    sandbox.spec.limits.wall_secs = Some(1);
    let (outcome, log) = run_for_log(&sandbox);
    assert_eq!(outcome.ending, Ending::TimedOut, "{log}");
    assert_eq!(running("exploding_bomb"), 0);
    count_refused();
    // The control: there are processes to find while it runs.
    let mut control = Command::new(crate::scene::program())
        .args(["exploding_bomb", "0"])
        .spawn()
        .unwrap();
    while running("exploding_bomb") == 0 {
        std::thread::yield_now();
    }
    control.kill().unwrap();
    control.wait().unwrap();
}

/// How many processes of the host have this argument.
fn running(argument: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0)
                .any(|word| word == argument.as_bytes())
        })
        .count()
}

fn a_flood_of_output_is_stopped() {
    let scene = scene();
    let arguments = ["flood", &(64 * MEBI).to_string()];
    for role in ROLES {
        let mut sandbox = scene.sandbox(role, &arguments);
        let (outcome, _) = run_for_log(&sandbox);
        assert_eq!(outcome.ending, Ending::Exited(0));
        sandbox.spec.limits.output_bytes = Some(MEBI);
        let (outcome, _) = run_for_log(&sandbox);
        assert_eq!(outcome.ending, Ending::TooMuchOutput);
        assert!(outcome.output_bytes < 8 * MEBI);
        count_refused();
    }
}
