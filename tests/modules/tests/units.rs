//! systemd units: `modules/library/units.cairn`, from configuration to spec.

use cairn_tests_modules::spec;

#[test]
fn debians_timers_do_not_touch_an_immutable_system() {
    let units = spec("").units;
    for unit in [
        "apt-daily.timer",
        "apt-daily-upgrade.timer",
        "dpkg-db-backup.timer",
    ] {
        assert!(units[unit].mask, "{unit}");
    }
}

#[test]
fn a_default_mask_gives_way_to_a_plain_definition() {
    assert!(!spec("units.\"apt-daily.timer\".mask = false").units["apt-daily.timer"].mask);
}

#[test]
fn own_units_have_text_and_can_be_enabled() {
    let unit = spec(
        "units.\"a.service\" = { text = \"[Service]\\nExecStart=/bin/true\\n\", enable = true }",
    )
    .units["a.service"]
        .clone();
    assert_eq!((unit.enable, unit.mask), (Some(true), false));
    assert!(unit.text.is_some_and(|text| text.ends_with("true\n")));
}

/// What would start a program at each boot of a root that is complete before systemd starts.
#[test]
fn a_boot_starts_nothing_that_finds_nothing_to_do() {
    let all = spec("");
    for unit in [
        "systemd-remount-fs.service",
        "systemd-tmpfiles-setup-dev-early.service",
    ] {
        assert!(all.units[unit].mask, "{unit}");
    }
    for (unit, line) in [
        ("modprobe@.service", "ConditionPathExists=!/sys/module/%i"),
        (
            "modprobe@drm.service",
            "ConditionPathExistsGlob=|/sys/bus/pci/devices/*/boot_vga",
        ),
        (
            "systemd-udev-load-credentials.service",
            "ConditionPathExists=/run/credentials/@system",
        ),
    ] {
        let overrides = all.units[unit].overrides.clone();
        let lines = overrides.unwrap_or_default();
        assert!(lines.lines().any(|one| one == line), "{unit}: {lines}");
    }
    for name in ["gpt-auto", "hibernate-resume", "ssh", "system-update"] {
        let path = format!("/etc/systemd/system-generators/systemd-{name}-generator");
        assert_eq!(all.files[&path].link.as_deref(), Some("/dev/null"));
    }
}

#[test]
fn udev_is_asked_about_devices_only_and_removable_media_are_polled_all_the_same() {
    const UNIT: &str = "systemd-udev-trigger.service";
    let all = spec("");
    let overrides = all.units[UNIT].overrides.clone().unwrap_or_default();
    assert!(
        overrides.starts_with("[Service]\nExecStart=\nExecStart=-udevadm trigger --type=devices ")
    );
    assert!(
        all.kernel
            .params
            .contains(&"block.events_dfl_poll_msecs=2000".to_owned())
    );
    let own = spec(&format!("units.\"{UNIT}\".overrides = \"[Service]\\n\""));
    assert_eq!(own.units[UNIT].overrides.as_deref(), Some("[Service]\n"));
}
