//! The main flow on the machine itself: someone edits the configuration, runs `cairn switch`, and reboots.
//!
//! A command of its own, `tests/run -p cairn-tests-vm --test switch_inside`: an emulated processor fetches, unpacks and configures
//! all packages of a system from the real archive.
#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test")]

use cairn_tests_vm::{PAGES, TestDisk, Vm, config, running};
use std::time::Duration;

/// What the generation serves that is made inside.
const PAGE: &str = "made on the machine itself";
/// All of the archive's packages are fetched, unpacked and configured by an emulated processor.
const SWITCH: Duration = Duration::from_mins(40);

/// The first address of an archive in this machine's apt sources.
fn mirror() -> String {
    let files = std::fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.push("/etc/apt/sources.list".into());
    let texts = files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok());
    let words: Vec<String> = texts
        .flat_map(|text| {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let words: Vec<String> = lines
                .flat_map(str::split_whitespace)
                .map(str::to_owned)
                .collect();
            words
        })
        .collect();
    words
        .into_iter()
        .find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian"))
        .expect("apt sources with a mirror")
}

#[test]
fn a_switch_inside_makes_a_generation_that_boots_next() {
    let disk = TestDisk::new();
    let mut vm = Vm::start(disk.path());
    let (before, page) = running(&mut vm);
    assert_eq!(page, PAGES[1]);

    let folder = "/var/lib/cairn/configuration";
    vm.done(&format!("cp /usr/local/bin/cairn {folder}/"));
    for line in config(PAGE).lines() {
        let line = line.replace('\'', r"'\''");
        vm.done(&format!("echo '{line}' >> {folder}/system.cairn"));
    }
    // A mirror: the one that this machine has.
    vm.done(&format!(
        "mkdir -p /etc/apt && echo 'deb {} trixie main' > /etc/apt/sources.list",
        mirror()
    ));
    vm.done("cairn check");
    let told = vm.patient("cairn switch --yes", SWITCH);
    assert_eq!(told.status, 0, "{}", told.text);
    println!("{}", told.text);
    let again = vm.patient("cairn switch --yes", SWITCH);
    assert!(
        again.text.contains("nothing to do") || again.status == 0,
        "{}",
        again.text
    );
    vm.power_off();

    let mut vm = Vm::start(disk.path());
    assert_eq!(running(&mut vm), (before + 1, PAGE.to_owned()));
    vm.done("cairn rollback -y");
    vm.power_off();

    let mut vm = Vm::start(disk.path());
    assert_eq!(running(&mut vm), (before, PAGES[1].to_owned()));
}
