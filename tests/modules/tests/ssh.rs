//! Remote login: `modules/library/services/ssh.cairn`, from configuration to spec.

use cairn_tests_modules::{spec, text};

#[test]
fn keys_open_the_door_and_passwords_do_not() {
    let spec = spec("services.ssh.enable = true");
    let config = text(&spec, "/etc/ssh/sshd_config.d/10-cairn.conf");
    for line in [
        "Port 22\n",
        "PasswordAuthentication no\n",
        "HostKey /var/lib/cairn/ssh/ssh_host_ed25519_key\n",
    ] {
        assert!(config.contains(line), "{line} in {config}");
    }
    assert!(config.contains("AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u"));
}

#[test]
fn the_host_key_is_state_made_before_sshd_starts() {
    let spec = spec("services.ssh.enable = true");
    let unit = spec.units["cairn-ssh-key.service"]
        .text
        .clone()
        .unwrap_or_default();
    assert!(
        unit.contains("ConditionPathExists=!/var/lib/cairn/ssh/ssh_host_ed25519_key\n"),
        "{unit}"
    );
    assert!(unit.contains("-N \"\""), "{unit}");
    let overrides = spec.units["ssh.service"]
        .overrides
        .clone()
        .unwrap_or_default();
    assert!(
        overrides.contains("Requires=cairn-ssh-key.service\nAfter=cairn-ssh-key.service\n"),
        "{overrides}"
    );
}

#[test]
fn without_ssh_there_is_no_trace_of_it() {
    let spec = spec("");
    assert!(!spec.units.keys().any(|unit| unit.contains("ssh")));
    assert!(!spec.packages.iter().any(|package| package.contains("ssh")));
}
