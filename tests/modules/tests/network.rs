//! The network: `modules/library/network.cairn`, from configuration to spec.

use cairn_tests_modules::{spec, text};

#[test]
fn ethernet_asks_for_an_address_by_default() {
    let spec = spec("");
    assert!(text(&spec, "/etc/systemd/network/80-dhcp.network").contains("Type=ether\n"));
    assert_eq!(spec.units["systemd-networkd.service"].enable, Some(true));
    assert_eq!(
        spec.units["systemd-networkd-wait-online.service"].enable,
        Some(false)
    );
    assert_eq!(
        spec.files["/etc/resolv.conf"].link.as_deref(),
        Some("/run/systemd/resolve/stub-resolv.conf")
    );
}

#[test]
fn a_machine_may_do_without() {
    let spec = spec("network.enable = false");
    assert!(!spec.units.contains_key("systemd-networkd.service"));
    assert!(!spec.files.contains_key("/etc/resolv.conf"));
    assert!(
        !spec
            .packages
            .iter()
            .any(|package| package == "systemd-resolved")
    );
}

#[test]
fn the_kernel_loads_its_part_for_wireless_networks_only_where_it_is_wanted() {
    const FILE: &str = "/etc/modprobe.d/cairn-network.conf";
    assert_eq!(
        text(&spec(""), FILE),
        "alias net-pf-16-proto-16-family-nl80211 off\n"
    );
    assert!(!spec("network.wireless = true").files.contains_key(FILE));
    assert!(!spec("network.enable = false").files.contains_key(FILE));
}

#[test]
fn networks_do_not_come_from_the_kernels_command_line() {
    assert!(spec("").units["systemd-network-generator.service"].mask);
}

#[test]
fn networkd_may_write_to_var_from_the_start() {
    let units = spec("").units;
    assert!(units["systemd-networkd-persistent-storage.service"].mask);
    let overrides = units["systemd-networkd.service"].overrides.clone();
    let lines = overrides.unwrap_or_default();
    for line in [
        "Environment=SYSTEMD_NETWORK_PERSISTENT_STORAGE_READY=1",
        "StateDirectory=systemd/network",
    ] {
        assert!(lines.lines().any(|one| one == line), "{lines}");
    }
}
