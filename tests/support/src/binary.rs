//! Finds the `cairn` that is tested: the one that cargo builds from this workspace.
//!
//! In: nothing, or `CAIRN_BIN`. Out: the path of an executable that is up to date. Cargo gives a package's tests
//! the path of that package's own binaries only, so this asks cargo; where all is built that takes
//! some tenths of a second, once in a process.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The executable; `CAIRN_BIN` names another one.
pub fn cairn() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| std::env::var_os("CAIRN_BIN").map_or_else(build, PathBuf::from))
        .clone()
}

fn build() -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--quiet",
        "--package",
        "cairn",
        "--message-format=json-render-diagnostics",
    ]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo cannot build cairn");
    let text = String::from_utf8(output.stdout).unwrap();
    let executable = text.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == "cairn")
            .then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.expect("cargo names the executable of cairn")
}
