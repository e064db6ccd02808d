//! The way back: an older generation from the boot menu, by keys.
#![allow(missing_docs, reason = "a test")]

use cairn_tests_vm::{PAGES, TestDisk, Vm, running};

#[test]
fn without_a_key_the_newest_boots_and_the_older_one_is_a_key_away() {
    let disk = TestDisk::new();
    let mut vm = Vm::start(disk.path());
    let (newest, page) = running(&mut vm);
    assert_eq!(page, PAGES[1]);
    vm.power_off();

    let mut vm = Vm::start(disk.path());
    vm.pick(1);
    let (picked, page) = running(&mut vm);
    assert_eq!((picked, page.as_str()), (newest - 1, PAGES[0]));
    // Not only the page: the root itself is another one.
    let root = vm.done("sed 's/.*cairn.root=\\([0-9a-f]*\\).*/\\1/' /proc/cmdline");
    let folder = &root[..2];
    vm.done(&format!("test -s /cairn/objects/{folder}/{root}"));
    vm.power_off();

    // Picking is for once: the choice is still the newest.
    let mut vm = Vm::start(disk.path());
    assert_eq!(running(&mut vm).0, newest);
}
