//! Ctrl-C and a second `cairn`: nothing is left half-made, and the next run goes on.

use std::time::{Duration, Instant};

use crate::{fresh, numbers, one_generation};
use cairn_support::Fault;

/// Waits until a package was asked for.
fn until_asked(archive: &cairn_support::Archive, package: &str) {
    let end = Instant::now() + Duration::from_mins(2);
    while archive.package_requests(package) == 0 {
        assert!(Instant::now() < end, "nobody asked for {package}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn ctrl_c_ends_with_130_and_the_same_command_goes_on() {
    let (archive, machine) = fresh();
    archive.fail_package("hello", Fault::Stall);
    let terminal = machine.terminal(&["switch", "system.cairn", "-y"]);
    until_asked(&archive, "hello");
    terminal
        .interrupt()
        .finish()
        .exits(130)
        .says("run the same command again");
    assert_eq!(numbers(&machine), Vec::<u64>::new());
    archive.server().mend();
    let fetched = archive.package_requests("tzdata");
    machine.switch().says("made generation 1");
    assert!(
        archive.package_requests("tzdata") <= fetched.max(1),
        "what had come was fetched again"
    );
    machine.cairn(&["verify"]).done();
}

#[test]
fn a_root_that_another_cairn_works_on_is_refused_with_its_name() {
    let (archive, machine) = one_generation();
    machine.edit("system.cairn", "[\"hello\"]", "[\"greeter\"]");
    archive.fail_package("greeter", Fault::Stall);
    let mut other = machine.spawn(&["switch", "system.cairn", "-y"]);
    until_asked(&archive, "greeter");
    let run = machine.cairn(&["switch", "system.cairn", "-y"]).exits(1);
    run.says("store::busy")
        .says(&format!("process {}", other.id()));
    let keep = ["gc", "--keep", "1", "-y"];
    machine.cairn(&keep).exits(1).says("store::busy");
    // A collection that deletes no generation goes on beside it.
    machine.cairn(&["gc", "-y"]).done();
    machine.cairn(&["status"]).done().says("busy switch");
    other.kill().expect("it runs");
    other.wait().expect("it ended");
    archive.server().mend();
    machine.switch().says("made generation 2");
}

#[test]
fn ctrl_c_while_a_disk_is_written_ends_with_130_and_leaves_no_half_of_it() {
    let (_archive, machine) = one_generation();
    machine
        .terminal(&["image", "system.cairn", "-o", "disk.raw"])
        .expect("gathering the contents")
        .interrupt()
        .finish()
        .exits(130)
        .says("run the same command again");
    for name in ["disk.raw", "disk.raw.partial"] {
        assert!(!machine.config(name).exists(), "{name} is there");
    }
}
