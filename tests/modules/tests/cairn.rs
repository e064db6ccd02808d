//! Cairn on the machine: `modules/library/cairn.cairn`, from configuration to spec.

use cairn_tests_modules::spec;

#[test]
fn a_machine_with_the_program_has_what_a_switch_needs() {
    let machine = spec("cairn.program = ./ada.pub");
    for needed in ["gpgv", "debian-archive-keyring"] {
        assert!(
            machine.packages.iter().any(|package| package == needed),
            "{needed}"
        );
    }
    assert_eq!(machine.files["/usr/local/bin/cairn"].mode_bits(), 0o755);
    assert!(machine.files.contains_key("/etc/cairn/system.cairn"));
    let keeps = "d /var/lib/cairn/configuration 0755 root root -";
    assert!(machine.tmpfiles.iter().any(|line| line == keeps));
}

#[test]
fn there_is_no_cairn_by_default() {
    let machine = spec("");
    assert!(!machine.packages.iter().any(|package| package == "gpgv"));
    assert!(!machine.files.contains_key("/usr/local/bin/cairn"));
}
