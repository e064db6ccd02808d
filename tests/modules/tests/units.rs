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
