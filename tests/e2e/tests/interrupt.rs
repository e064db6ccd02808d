//! Ctrl-C and a second `cairn`: nothing is left half-made, and the next run goes on.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use crate::{default, fresh, numbers, one_generation, two_generations};
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
fn generations_are_deleted_beside_a_switch_that_builds_and_what_it_built_stays() {
    let (_archive, machine) = two_generations();
    machine.write(
        "slow.cairn",
        "build({ name = \"slow\", script = \"echo begun; sleep 6; echo done > $out\" })\n",
    );
    let uses = "let slow = import(\"./slow.cairn\")\nfiles.\"/etc/slow\".source = \"${slow}\"\n";
    machine.edit("system.cairn", "host.name", &format!("{uses}host.name"));
    machine.edit("system.cairn", "[\"hello\"]", "[\"hello\", \"greeter\"]");
    let mut other = machine.spawn(&["switch", "system.cairn", "-y", "-L"]);
    let mut lines = BufReader::new(other.stderr.take().expect("piped")).lines();
    let begun = lines.any(|line| line.expect("text").contains("begun"));
    assert!(begun, "it did not build");
    // The packages of the new generation are unpacked by now, and nothing but the running process keeps them.
    let keep = ["gc", "--keep", "1", "-y"];
    machine.cairn(&keep).done().says("generation 1");
    machine
        .cairn(&["status"])
        .done()
        .is_silent_on("busy switch");
    assert!(
        other.try_wait().expect("a child").is_none(),
        "it was too fast to be beside"
    );
    let rest: Vec<String> = lines.map(|line| line.expect("text")).collect();
    assert!(other.wait().expect("it ended").success(), "{rest:?}");
    assert_eq!(numbers(&machine), [2, 3]);
    machine.cairn(&["verify"]).done().says("the store is sound");
}

#[test]
fn two_switches_at_once_end_in_two_whole_generations() {
    let (_archive, machine) = one_generation();
    let text = machine.read("system.cairn");
    let names = ["tiny2", "tiny3"];
    for name in names {
        machine.write(
            &format!("{name}.cairn"),
            &text.replace("\"tiny\"", &format!("{name:?}")),
        );
    }
    let switches = names.map(|name| machine.spawn(&["switch", &format!("{name}.cairn"), "-y"]));
    for switch in switches {
        let output = switch.wait_with_output().expect("it ended");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
    assert_eq!(numbers(&machine), [1, 2, 3]);
    let mut hosts = [2, 3].map(|number| machine.system(number)["host"].clone());
    hosts.sort_by_key(ToString::to_string);
    assert_eq!(hosts, names);
    assert!(matches!(default(&machine), Some(2 | 3)));
    machine.cairn(&["verify"]).done().says("the store is sound");
}

#[test]
fn who_changes_generations_is_waited_for_and_named() {
    let (_archive, machine) = one_generation();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    let lock = machine.root().join("cairn/var/lock/store");
    std::fs::write(&lock, "7\nrollback\n").expect("written");
    let mut holder = std::process::Command::new("flock")
        .arg(&lock)
        .args(["sleep", "5"])
        .spawn()
        .expect("flock");
    std::thread::sleep(Duration::from_millis(300));
    let mut other = machine.spawn(&["switch", "system.cairn", "-y"]);
    let mut lines = BufReader::new(other.stderr.take().expect("piped")).lines();
    let waits = "waiting for `cairn rollback`, process 7";
    assert!(
        lines.any(|line| line.expect("text").contains(waits)),
        "it does not wait"
    );
    machine
        .cairn(&["gc", "--keep", "1", "-y"])
        .exits(1)
        .says("store::busy");
    holder.wait().expect("it ended");
    let rest: Vec<String> = lines.map(|line| line.expect("text")).collect();
    assert!(other.wait().expect("it ended").success(), "{rest:?}");
    assert_eq!(numbers(&machine), [1, 2]);
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
