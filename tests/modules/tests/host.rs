//! The host's name: `modules/library/host.cairn`, from configuration to spec.

use cairn_tests_modules::{check, spec, text, try_spec};

#[test]
fn the_name_is_in_hostname_and_hosts() {
    let spec = spec("");
    assert_eq!(text(&spec, "/etc/hostname"), "web1\n");
    assert!(text(&spec, "/etc/hosts").contains("\n127.0.1.1 web1\n"));
    assert!(text(&spec, "/etc/hosts").ends_with("ip6-loopback\n"));
    assert_eq!(text(&spec, "/etc/machine-id"), "");
}

#[test]
fn a_machine_without_a_name_is_refused_with_the_declaration() {
    let errors = check("").unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(
        errors[0].contains("`host.name` is needed, but never set"),
        "{errors:#?}"
    );
}

#[test]
fn a_name_that_rfc_1123_forbids_is_refused() {
    let errors = try_spec("host.name = \"web_1\"").unwrap_err();
    assert!(
        errors[0].contains("`host.name` is \"web_1\""),
        "{errors:#?}"
    );
}
