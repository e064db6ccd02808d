//! The archive: `modules/library/debian.cairn`, from configuration to spec.

use cairn_tests_modules::spec;

#[test]
fn packages_come_from_trixie_main_unless_said_otherwise() {
    let plain = spec("").debian;
    assert_eq!(
        (plain.suite.as_str(), plain.components, plain.mirror),
        ("trixie", vec!["main".to_owned()], None)
    );
    let other =
        spec("debian = { suite = \"bookworm\", components = [\"main\", \"contrib\"] }").debian;
    assert_eq!(
        (other.suite.as_str(), other.components.len()),
        ("bookworm", 2)
    );
}
