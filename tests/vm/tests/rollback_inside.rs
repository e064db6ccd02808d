//! The way back from inside: `cairn rollback` on the machine that runs, then a boot without a key.
#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test")]

use cairn_tests_vm::{PAGES, TestDisk, Vm, running};
use serde_json::Value;

const BLESSED: &str = "until systemctl is-active -q systemd-bless-boot; do sleep 1; done";
/// Puts a file that nothing needs into the closed store, as an interrupted build would leave one.
const PLANT: &str = "unshare -m sh -ec 'umount /cairn/objects; mkdir -p /cairn/objects/00; \
                     echo orphan > /cairn/objects/00/'$(printf %064d 0)";

/// A command's JSON; what it says to people is on another line than its data.
fn json(vm: &mut Vm, command: &str) -> Value {
    let text = vm.done(&format!("{command} 2>/dev/null"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What the list says of a generation.
fn listed(vm: &mut Vm, number: u64) -> Value {
    let all = json(vm, "cairn generations list --json");
    let all = all.as_array().unwrap();
    let one = all.iter().find(|one| one["number"] == number);
    one.unwrap_or_else(|| panic!("{number} is not in {all:?}"))
        .clone()
}

#[track_caller]
fn says(text: &str, words: &[String]) {
    for one in words {
        assert!(text.contains(one.as_str()), "{one:?} is not in:\n{text}");
    }
}

#[test]
fn a_rollback_inside_boots_the_older_generation_without_a_key() {
    let disk = TestDisk::new();
    let mut vm = Vm::start(disk.path());
    let (newest, page) = running(&mut vm);
    let older = newest - 1;
    assert_eq!(page, PAGES[1]);
    vm.done(BLESSED);

    // What the boot loader found out is said at once, and written down by the first command that changes something.
    assert_eq!(listed(&mut vm, newest)["state"], "good");
    assert_eq!(listed(&mut vm, older)["state"], "pending");
    let status = json(&mut vm, "cairn status --json");
    assert_eq!(status["machine"]["is_ours"], true, "{status}");
    assert_eq!(status["machine"]["boots_next"], newest);
    assert_eq!(status["machine"]["states_recorded"], false);
    assert_eq!(status["machine"]["problems"], serde_json::json!([]));

    let dry = vm.done("cairn rollback -n");
    says(
        &dry,
        &[
            "boot partition /".into(),
            format!("would make generation {older} the default"),
        ],
    );
    assert_eq!(listed(&mut vm, newest)["default"], true);

    let rolled = vm.done("cairn rollback -y");
    says(
        &rolled,
        &[
            format!("generation {newest} → {older}"),
            format!("generation {newest} booted well"),
            format!("generation {older} is the default now"),
            format!("generation {older} runs after a reboot: it has another root"),
            "systemctl reboot".into(),
        ],
    );
    let status = vm.done("cairn status");
    says(
        &status,
        &[
            format!("booted   generation {newest}"),
            format!("default  generation {older}"),
            format!("next     generation {older}, after a reboot"),
            "states   what the boot loader found out is recorded".into(),
        ],
    );
    vm.power_off();

    let mut vm = Vm::start(disk.path());
    assert_eq!(running(&mut vm), (older, PAGES[0].to_owned()));
    vm.done(BLESSED);
    assert_eq!(listed(&mut vm, older)["state"], "good");
    assert_eq!(listed(&mut vm, newest)["state"], "good");
    let status = json(&mut vm, "cairn status --json");
    assert_eq!(status["booted"]["number"], older);
    assert_eq!(status["machine"]["boots_next"], older);
    assert_eq!(status["machine"]["fell_back"], false);
    says(
        &vm.done(&format!("cairn rollback --to {older}")),
        &["is the default already".into()],
    );

    refuses_what_cannot_be_written(&mut vm, older, newest);
    finishes_what_was_interrupted(&mut vm, newest);
    says_that_the_machine_went_back(&mut vm, older, newest);
    collects_in_the_closed_store(&mut vm);
}

/// A boot partition that can't be written, a user who is not root: the default stays, and the mend is said.
fn refuses_what_cannot_be_written(vm: &mut Vm, older: u64, newest: u64) {
    vm.done("mount -o remount,ro /efi");
    let refused = vm.run(&format!("cairn rollback --to {newest} -y"));
    assert_eq!(refused.status, 1, "{}", refused.text);
    says(&refused.text, &["system::boot_partition".into()]);
    vm.done("mount -o remount,rw /efi");
    assert_eq!(listed(vm, older)["default"], true);
    let refused = vm.run("runuser -u nobody -- cairn gc -y");
    assert_eq!(refused.status, 1, "{}", refused.text);
    says(&refused.text, &["system::needs_root".into()]);
    vm.done("runuser -u nobody -- cairn status");
}

/// The power failed in the middle of a switch to the newest generation.
fn finishes_what_was_interrupted(vm: &mut Vm, newest: u64) {
    let journal = format!(r#"{{"version":1,"chosen":{newest},"plan":[]}}"#);
    vm.done(&format!("echo '{journal}' > /cairn/var/journal.json"));
    let status = vm.done("cairn status");
    let pending = format!("a switch to generation {newest} was interrupted");
    says(&status, &[pending]);
    let collected = vm.done("cairn gc -y");
    let finished = format!("is finished now: generation {newest} boots next");
    says(&collected, &[finished]);
    assert_eq!(listed(vm, newest)["default"], true);
    assert_eq!(
        json(vm, "cairn status --json")["machine"]["pending"],
        Value::Null
    );
}

/// The boot loader tried the newest generation in vain, and the older one runs.
fn says_that_the_machine_went_back(vm: &mut Vm, older: u64, newest: u64) {
    let entries = "cd /efi/loader/entries";
    vm.done(&format!(
        "{entries} && mv cairn-{newest}.conf cairn-{newest}+0-3.conf"
    ));
    let status = vm.done("cairn status");
    says(
        &status,
        &[
            format!(
                "the machine went back to generation {older} by itself: generation {newest} failed"
            ),
            format!("next     generation {older}, which runs"),
        ],
    );
    says(
        &vm.done("cairn rollback -y"),
        &[
            format!("generation {older} is the default now"),
            "no reboot is needed".into(),
        ],
    );
}

/// The store is closed to all, and a command that has to write opens it for itself.
fn collects_in_the_closed_store(vm: &mut Vm) {
    vm.done(PLANT);
    vm.done("test -e /cairn/objects/00/$(printf %064d 0)");
    says(&vm.done("cairn gc -y"), &["deleted no generation".into()]);
    vm.done("! test -e /cairn/objects/00/$(printf %064d 0)");
    vm.done("! touch /cairn/objects/planted 2>/dev/null");
    vm.done("! findmnt -no OPTIONS /cairn/objects | grep -q rw");
}
