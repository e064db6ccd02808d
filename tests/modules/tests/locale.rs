//! The language: `modules/library/locale.cairn`, from configuration to spec.

use cairn_tests_modules::{spec, text};

#[test]
fn c_utf8_needs_no_locales() {
    let spec = spec("");
    assert_eq!(text(&spec, "/etc/locale.conf"), "LANG=C.UTF-8\n");
    assert!(!spec.packages.iter().any(|package| package == "locales-all"));
}

#[test]
fn another_language_brings_debians_locales() {
    let spec = spec("locale.lang = \"de_DE.UTF-8\"");
    assert_eq!(text(&spec, "/etc/locale.conf"), "LANG=de_DE.UTF-8\n");
    assert!(spec.packages.iter().any(|package| package == "locales-all"));
}
