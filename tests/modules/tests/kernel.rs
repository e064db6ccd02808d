//! The kernel and its command line: `modules/library/kernel.cairn`, from configuration to spec.

use cairn_tests_modules::spec;

#[test]
fn debians_kernel_boots_a_read_only_root() {
    let kernel = spec("").kernel;
    assert_eq!(kernel.package, "linux-image-amd64");
    assert!(kernel.params.iter().any(|param| param == "ro"));
    assert!(kernel.modules.iter().any(|module| module == "virtio_blk"));
}

#[test]
fn own_params_come_after_the_base() {
    let kernel =
        spec("kernel = { package = \"linux-image-cloud-amd64\", params = [\"quiet\"] }").kernel;
    assert_eq!(kernel.package, "linux-image-cloud-amd64");
    assert_eq!(kernel.params.last().map(String::as_str), Some("quiet"));
    assert!(kernel.params.len() > 1);
}
