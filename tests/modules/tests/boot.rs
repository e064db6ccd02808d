//! The boot loader and the serial console: `modules/library/boot.cairn`, from configuration to spec.

use cairn_spec::{Console, Loader};
use cairn_tests_modules::{check, spec};

#[test]
fn systemd_boot_waits_three_seconds_by_default() {
    let spec = spec("");
    assert_eq!(
        (spec.boot.loader, spec.boot.timeout_secs),
        (Loader::SystemdBoot, 3)
    );
    assert_eq!(spec.image.esp_mib, 256);
}

#[test]
fn the_serial_console_is_the_last_one_on_the_command_line() {
    let with = spec("boot.console = \"serial\"");
    assert_eq!(with.boot.console, Console::Serial);
    assert_eq!(
        with.kernel.params.last().map(String::as_str),
        Some("console=ttyS0,115200")
    );
    assert!(
        !spec("")
            .kernel
            .params
            .iter()
            .any(|param| param.starts_with("console="))
    );
}

#[test]
fn another_loader_is_refused_with_the_ones_there_are() {
    let errors = check("host.name = \"a\"\nboot.loader = \"systemd-bot\"").unwrap_err();
    assert!(
        errors[0].contains("2:15-28") && errors[0].contains("\"systemd-boot\""),
        "{errors:#?}"
    );
}
