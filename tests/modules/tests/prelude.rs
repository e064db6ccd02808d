//! modules/library/prelude.cairn, and what holds for the library as a whole

use cairn_tests_modules::{check, options};

#[test]
fn a_port_is_between_1_and_65535() {
    let errors = check("host.name = \"a\"\nfirewall.tcp = [80, 0, 65536]").unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(
        errors[0].contains("2:21-22") && errors[1].contains("2:24-29"),
        "{errors:#?}"
    );
}

#[test]
fn every_module_declares_something_that_has_words() {
    let options = options();
    for path in [
        "host.name",
        "services.nginx.sites.<name>.port",
        "users.<name>.ssh.keys",
        "firewall.tcp",
    ] {
        assert!(options.iter().any(|option| option.path == path), "{path}");
    }
    let silent: Vec<&str> = options
        .iter()
        .filter(|option| option.doc.is_none())
        .filter(|option| !matches!(option.path.rsplit('.').next(), Some("enable" | "port")))
        .map(|option| option.path.as_str())
        .collect();
    assert_eq!(silent, [""; 0]);
}
