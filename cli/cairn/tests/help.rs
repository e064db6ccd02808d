//! What the program says of itself. (Having this test also makes `cargo test` build the program for all others.)
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::process::Command;

fn cairn(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_cairn"))
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "cairn {}", words.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_command_has_a_line_in_the_help_and_a_help_of_its_own() {
    let help = cairn(&["--help"]);
    for command in [
        "switch",
        "generations",
        "rollback",
        "status",
        "diff",
        "gc",
        "image",
        "vm",
        "lock",
        "update",
        "check",
        "eval",
        "repl",
        "lint",
        "why",
        "options",
        "doc",
        "store",
        "verify",
        "tree",
        "du",
        "cache",
        "log",
        "completions",
        "man",
    ] {
        let start = format!("  {command} ");
        assert!(help.lines().any(|line| line.starts_with(&start)), "{help}");
        assert!(cairn(&[command, "--help"]).contains("Usage: cairn"));
    }
}

#[test]
fn the_version_is_the_package_s() {
    let version = cairn(&["--version"]);
    assert_eq!(
        version.trim(),
        format!("cairn {}", env!("CARGO_PKG_VERSION"))
    );
}
