//! The packages: `modules/library/packages.cairn`, from configuration to spec.

use cairn_tests_modules::spec;

#[test]
fn what_is_needed_to_boot_is_there_and_own_packages_join() {
    let spec = spec("packages = [\"curl\"]");
    for package in ["curl", "systemd-sysv", "udev", "passwd"] {
        assert!(
            spec.packages.iter().any(|found| found == package),
            "{package}"
        );
    }
    assert!(spec.packages.is_sorted());
}

#[test]
fn a_package_of_the_base_can_be_taken_out() {
    assert!(
        !spec("packages = remove [\"netbase\"]")
            .packages
            .iter()
            .any(|package| package == "netbase")
    );
}
