//! Users and groups: `modules/library/users.cairn`, from configuration to spec.

use cairn_tests_modules::{spec, text};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC4xX5BiVw8tmrsUkKnxKUd19Had56W3c/25zX9CzlvT";

#[test]
fn a_user_has_a_home_a_shell_and_keys_in_etc() {
    let spec = spec(&format!(
        "users.ada = {{ groups = [\"sudo\"], ssh.keys = [\"{KEY} ada\\n\", \"{KEY} work\"] }}"
    ));
    let ada = &spec.users["ada"];
    assert_eq!(
        (ada.shell.as_str(), ada.home_of("ada").as_str(), ada.uid),
        ("/bin/bash", "/home/ada", None)
    );
    assert_eq!(
        text(&spec, "/etc/ssh/authorized_keys.d/ada"),
        format!("{KEY} ada\n{KEY} work\n")
    );
    assert!(
        spec.tmpfiles
            .contains(&"d /home/ada 0700 ada ada -".to_owned())
    );
}

#[test]
fn a_services_user_has_neither_shell_nor_home() {
    let spec = spec("users.runner.system = true\ngroups.runner.gid = 900");
    assert_eq!(spec.users["runner"].shell, "/usr/sbin/nologin");
    assert!(!spec.tmpfiles.iter().any(|line| line.contains("runner")));
    assert_eq!(spec.groups["runner"].gid, Some(900));
}

#[test]
fn root_is_there_and_locked() {
    let spec = spec("");
    assert_eq!(spec.users["root"].password_hash, None);
    assert_eq!(spec.users["root"].home_of("root"), "/root");
    assert!(!spec.files.contains_key("/etc/ssh/authorized_keys.d/root"));
}
