//! QEMU's command line.
#![allow(missing_docs, reason = "tests")]

use cairn_image::qemu::{Forward, Machine, Serial, arguments};

fn machine() -> Machine {
    Machine::new("/disks/a,b.raw".into(), "/disks/vars.fd".into())
}

#[test]
fn a_comma_in_a_path_stays_a_comma() {
    let words = arguments(&machine(), false).join(" ");
    assert!(words.contains("file=/disks/a,,b.raw"), "{words}");
}

#[test]
fn kvm_is_used_only_where_it_works() {
    assert!(
        arguments(&machine(), true)
            .join(" ")
            .contains("-accel kvm -cpu host")
    );
    assert!(
        arguments(&machine(), false)
            .join(" ")
            .contains("-accel tcg")
    );
}

/// The boot time of an emulated machine hangs on these.
#[test]
fn only_an_emulated_machine_gets_a_plain_processor_and_words_for_its_kernel() {
    let emulated = arguments(&machine(), false).join(" ");
    let told = "-smbios type=11,value=io.systemd.boot.kernel-cmdline-extra=cairn.added \
                tsc=reliable cryptomgr.notests loglevel=5 ";
    assert!(emulated.contains(told), "{emulated}");
    assert!(emulated.contains("-cpu qemu64,+ssse3"), "{emulated}");
    assert!(emulated.contains(",-svm -"), "{emulated}");
    let real = arguments(&machine(), true).join(" ");
    assert!(!real.contains("-smbios"), "{real}");
    for words in [emulated, real] {
        let machine = "-machine q35,sata=off,smbus=off,i8042=off ";
        assert!(words.contains(machine), "{words}");
    }
}

#[test]
fn ports_and_serial_lines_come_in_order() {
    let mut machine = machine();
    machine.forward = vec![
        Forward {
            host: 8080,
            guest: 80,
        },
        Forward {
            host: 2222,
            guest: 22,
        },
    ];
    machine.serial.push(Serial::Socket("/s".into()));
    let words = arguments(&machine, false).join(" ");
    assert!(
        words.contains("hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=tcp:127.0.0.1:2222-:22"),
        "{words}"
    );
    let (first, second) = (words.find("stdio,id=serial0"), words.find("path=/s"));
    assert!(first.is_some() && first < second, "{words}");
}

#[test]
fn a_throwaway_machine_leaves_the_disk_as_it_is() {
    let mut machine = machine();
    assert!(
        arguments(&machine, false)
            .join(" ")
            .contains("snapshot=off")
    );
    machine.snapshot = true;
    assert!(arguments(&machine, false).join(" ").contains("snapshot=on"));
}
