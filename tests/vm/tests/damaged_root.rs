//! A generation whose root is damaged never runs: the machine comes back to the older one by itself.
#![allow(missing_docs, reason = "a test")]

use cairn_tests_vm::{PAGES, TestDisk, Vm, http_get};
use std::time::Duration;

#[test]
fn a_damaged_root_is_refused_and_the_machine_falls_back_unattended() {
    let disk = TestDisk::new();
    disk.damage_newest_root();
    let mut vm = Vm::start(disk.path());
    for _ in 0..3 {
        vm.console()
            .expect("cairn: the root image is damaged", Duration::from_secs(90));
    }
    let answer = http_get(vm.http_port(), "/", Duration::from_mins(4));
    assert!(answer.ends_with(&format!("{}\n", PAGES[0])), "{answer}");
    let entries = vm.done("ls -1 $(findmnt -no TARGET -t vfat)/loader/entries");
    assert!(
        entries.contains("+0-3.conf"),
        "the bad one is counted out: {entries}"
    );
}
