//! The clock: `modules/library/time.cairn`, from configuration to spec.

use cairn_tests_modules::{spec, text, try_spec};

#[test]
fn the_zone_is_a_link_into_the_database() {
    let spec = spec("time.zone = \"Europe/Berlin\"");
    assert_eq!(
        spec.files["/etc/localtime"].link.as_deref(),
        Some("/usr/share/zoneinfo/Europe/Berlin")
    );
    assert_eq!(text(&spec, "/etc/timezone"), "Europe/Berlin\n");
}

#[test]
fn a_zone_cannot_lead_elsewhere() {
    let errors = try_spec("host.name = \"a\"\ntime.zone = \"../../etc/shadow\"").unwrap_err();
    assert!(errors[0].contains("`time.zone`"), "{errors:#?}");
}
