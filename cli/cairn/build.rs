//! Builds `cairn-init`, the program that runs first in the initrd, as one static file for `include_bytes!`.
//!
//! In: the sources of `cli/init`. Out: `$OUT_DIR/cairn-init`. The initrd has no libraries, so it is linked statically; its
//! bytes are part of every system's digest, so paths of this machine are kept out of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "x86_64-unknown-linux-gnu";
const PROFILE: &str = "initrd";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let top = here.join("../..").canonicalize()?;
    for watched in ["cli/init", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", top.join(watched).display());
    }
    let target_dir = out.join("init-target");
    let cargo_home = env::var("CARGO_HOME")
        .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))?;
    let flags = [
        "-Ctarget-feature=+crt-static".to_owned(),
        "-Crelocation-model=static".to_owned(),
        format!("--remap-path-prefix={}=/cairn", top.display()),
        format!("--remap-path-prefix={cargo_home}=/cargo"),
        format!("--remap-path-prefix={}=/target", target_dir.display()),
    ];
    let mut cargo = Command::new(variable("CARGO")?);
    cargo
        .current_dir(&top)
        .args([
            "build",
            "--locked",
            "--quiet",
            "--package",
            "cairn-init",
            "--profile",
            PROFILE,
        ])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("CARGO_INCREMENTAL", "0");
    // What the outer cargo set for this package is not meant for the inner one.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let outer = text.starts_with("CARGO_FEATURE_")
            || text.starts_with("CARGO_CFG_")
            || text.starts_with("CARGO_PROFILE_");
        if outer
            || text == "RUSTFLAGS"
            || text == "CARGO_TARGET_DIR"
            || text == "RUSTC_WORKSPACE_WRAPPER"
        {
            cargo.env_remove(&name);
        }
    }
    let status = cargo.status()?;
    if !status.success() {
        return Err(format!("cargo cannot build cairn-init: {status}").into());
    }
    let built = target_dir.join(TARGET).join(PROFILE).join("cairn-init");
    copy_if_changed(&built, &out.join("cairn-init"))?;
    Ok(())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}

/// An unchanged file keeps its time, so that nothing is compiled again for it.
fn copy_if_changed(from: &Path, to: &Path) -> std::io::Result<()> {
    let bytes = fs::read(from)?;
    if fs::read(to).ok().as_deref() != Some(bytes.as_slice()) {
        fs::write(to, bytes)?;
    }
    Ok(())
}
