//! The newest generation boots by itself and is what the configuration says.
#![allow(missing_docs, reason = "a test")]

use cairn_tests_vm::{GREETING, PAGES, TestDisk, Vm, http_get};
use std::time::Duration;

#[test]
fn a_generation_boots_is_immutable_serves_and_is_blessed() {
    let disk = TestDisk::new();
    let mut vm = Vm::start(disk.path());
    assert_eq!(
        vm.settle(),
        "running",
        "{}",
        vm.run("systemctl --failed; journalctl -b -p err --no-pager")
            .text
    );

    let answer = http_get(vm.http_port(), "/", Duration::from_mins(1));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with(&format!("{}\n", PAGES[1])), "{answer}");

    let nginx = vm.done("dpkg-query -W -f '${db:Status-Status} ${Package}' nginx");
    assert_eq!(nginx, "installed nginx");
    assert_eq!(vm.done("dpkg --audit"), "");
    assert_eq!(vm.done("hostname"), "web1");

    for place in [
        "/usr/bin/planted",
        "/bin/planted",
        "/var/lib/dpkg/planted",
        "/cairn/store/planted",
        "/cairn/objects/planted",
    ] {
        let written = vm.run(&format!("touch {place}"));
        assert_ne!(written.status, 0, "{place}");
        assert!(
            written.text.contains("Read-only file system"),
            "{place}: {}",
            written.text
        );
    }
    vm.done("mount -o remount,rw / 2>/dev/null; ! touch /usr/bin/planted 2>/dev/null");

    holds_what_was_built(&mut vm);
    starts_nothing_without_work(&mut vm);

    // Blessed: the entry of the running generation has lost its counter.
    let number = vm.done("sed 's/.*cairn.gen=\\([0-9]*\\).*/\\1/' /proc/cmdline");
    let names = vm.done("until systemctl is-active -q systemd-bless-boot; do sleep 1; done; ls -1 $(findmnt -no TARGET -t vfat)/loader/entries");
    assert!(
        names
            .lines()
            .any(|name| name == format!("cairn-{number}.conf")),
        "{names}"
    );
}

/// The result of a build lies on the disk under its own path, and a unit ran it from there.
fn holds_what_was_built(vm: &mut Vm) {
    assert_eq!(vm.done("greet"), GREETING);
    let said = vm.done("journalctl -b -u greet.service -o cat --no-pager");
    assert!(said.lines().any(|line| line == GREETING), "{said}");
    let program = vm.done(
        "systemctl show -P ExecStart greet.service | grep -o '/cairn/store/[^ ;]*' | head -1",
    );
    assert!(program.ends_with("-greeting/bin/greet"), "{program}");
    assert_eq!(vm.done(&program), GREETING);
    assert_ne!(vm.run(&format!("echo >> {program}")).status, 0);
}

/// Each of these once cost an emulated machine a quarter of a second, and waiting for the network seconds.
fn starts_nothing_without_work(vm: &mut Vm) {
    let mounts = [
        ("/tmp", "tmpfs"),
        ("/run/lock", "tmpfs"),
        ("/efi", "vfat"),
        ("/dev/mqueue", "mqueue"),
        ("/dev/hugepages", "hugetlbfs"),
        ("/sys/fs/fuse/connections", "fusectl"),
        ("/sys/kernel/config", "configfs"),
        ("/sys/kernel/debug", "debugfs"),
        ("/sys/kernel/tracing", "tracefs"),
    ];
    for (place, kind) in mounts {
        assert_eq!(vm.done(&format!("findmnt -no FSTYPE {place}")), kind);
    }
    assert_eq!(vm.done("stat -c %a /tmp"), "1777");
    let by_systemd = vm.run("journalctl -b --no-pager | grep ' Mounting '");
    assert_eq!(by_systemd.text, "", "all of them stood before systemd");
    let idle = "systemctl is-active systemd-networkd-wait-online systemd-remount-fs systemd-network-generator";
    assert_eq!(vm.run(idle).text, "inactive\ninactive\ninactive");
    let modules = vm.run("grep -E '^(cfg80211|drm|kvm|libata|psmouse|vsock) ' /proc/modules");
    assert_eq!(modules.text, "", "nothing that this machine has no use for");
}

#[test]
fn what_the_machine_keeps_outlives_a_reboot_and_what_was_edited_in_etc_does_not() {
    let disk = TestDisk::new();
    let mut vm = Vm::start(disk.path());
    let id = vm.done("cat /etc/machine-id");
    assert_eq!(id.len(), 32, "{id}");
    vm.done(
        "echo kept > /var/kept; echo home > /home/kept; echo edited > /etc/edited; cat /etc/edited",
    );
    vm.power_off();

    let mut vm = Vm::start(disk.path());
    assert_eq!(vm.done("cat /var/kept /home/kept"), "kept\nhome");
    assert_eq!(vm.done("cat /etc/machine-id"), id);
    assert_ne!(vm.run("cat /etc/edited").status, 0);
}
