//! Versions are ordered as dpkg orders them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cairn_debian::version::compare;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::process::Command;

fn dpkg(a: &str, b: &str) -> Ordering {
    let holds = |operator| {
        Command::new("dpkg")
            .args(["--compare-versions", a, operator, b])
            .status()
            .unwrap()
            .success()
    };
    match (holds("lt"), holds("eq")) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Equal,
        _ => Ordering::Greater,
    }
}

/// Versions of few characters, so that pairs are often near to each other.
fn version() -> impl Strategy<Value = String> {
    let epoch = prop_oneof![4 => Just(String::new()), 1 => "[01]:"];
    let revision = prop_oneof![1 => Just(String::new()), 1 => "-[0-2~+a]{1,3}"];
    (epoch, "[0-2][0-9a.+~]{0,5}", revision)
        .prop_map(|(epoch, upstream, revision)| epoch + &upstream + &revision)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_dpkg(a in version(), b in version()) {
        prop_assert_eq!(compare(&a, &b), dpkg(&a, &b), "{} and {}", a, b);
    }
}

#[test]
fn agrees_with_dpkg_on_what_people_write() {
    let versions = [
        "1.0",
        "1.0~rc1",
        "1.0-1",
        "1.0-1+b1",
        "1.0+dfsg-1",
        "1:0.9",
        "1.0-1~bpo12+1",
        "1.00",
        "2.36-9+deb12u10",
        "1.0a",
        "1.0.",
        "0",
    ];
    for a in versions {
        for b in versions {
            assert_eq!(compare(a, b), dpkg(a, b), "{a} and {b}");
        }
    }
}
