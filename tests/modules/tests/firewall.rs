//! The firewall: `modules/library/firewall.cairn`, from configuration to spec.

use cairn_tests_modules::{spec, text};

#[test]
fn there_is_no_firewall_unless_it_is_enabled() {
    let spec = spec("firewall.tcp = [80]");
    assert!(!spec.files.contains_key("/etc/nftables.conf"));
    assert!(!spec.packages.iter().any(|package| package == "nftables"));
}

#[test]
fn listed_ports_are_open_and_ssh_does_not_lock_itself_out() {
    let spec = spec(
        "firewall = { enable = true, tcp = [80, 443], udp = [53] }\nservices.ssh.enable = true",
    );
    let rules = text(&spec, "/etc/nftables.conf");
    for line in [
        "tcp dport 22 accept",
        "tcp dport 80 accept",
        "tcp dport 443 accept",
        "udp dport 53 accept",
        "policy drop;",
    ] {
        assert!(rules.contains(line), "{line} in {rules}");
    }
    assert!(rules.starts_with("#!/usr/sbin/nft -f\nflush ruleset\n"));
    assert!(rules.ends_with("accept\n  }\n}\n"), "{rules}");
    assert_eq!(rules.matches('{').count(), rules.matches('}').count());
    assert_eq!(spec.units["nftables.service"].enable, Some(true));
}

#[test]
fn without_a_port_the_rules_are_still_whole() {
    let spec = spec("firewall.enable = true");
    assert!(text(&spec, "/etc/nftables.conf").ends_with("udp dport 546 accept\n  }\n}\n"));
}
