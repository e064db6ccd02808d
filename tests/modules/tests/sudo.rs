//! Acting as root: `modules/library/sudo.cairn`, from configuration to spec.

use cairn_tests_modules::{spec, text};

#[test]
fn sudo_asks_for_a_password_unless_told_otherwise() {
    let asking = spec("sudo.enable = true");
    assert!(asking.packages.iter().any(|package| package == "sudo"));
    assert!(!asking.files.contains_key("/etc/sudoers.d/cairn"));
    let silent = spec("sudo = { enable = true, passwords = false }");
    assert_eq!(
        text(&silent, "/etc/sudoers.d/cairn"),
        "%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n"
    );
    assert_eq!(silent.files["/etc/sudoers.d/cairn"].mode_bits(), 0o440);
}

#[test]
fn there_is_no_sudo_by_default() {
    assert!(!spec("").packages.iter().any(|package| package == "sudo"));
}
