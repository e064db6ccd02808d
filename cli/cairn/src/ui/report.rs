//! Closing words: what was made, and what to do next.
//!
//! In: generations and figures. Out: text.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use cairn_debian::Lock;
use cairn_disk::{Generation, GenerationState};
use cairn_spec::SystemSpec;
use cairn_system::SystemManifest;
use cairn_system::locking::SYSTEM;

use super::style::{self, GOOD, QUIET, STRONG, paint};

/// The state's word, and why a generation failed.
pub fn state(state: &GenerationState) -> (&'static str, Option<String>) {
    match state {
        GenerationState::Pending => ("pending", None),
        GenerationState::Good => ("good", None),
        GenerationState::Failed { why } => ("failed", Some(why.clone())),
    }
}

/// A time of RFC 3339 as the machine's zone shows it, to the minute.
pub fn local_time(date: &str) -> String {
    match date.parse::<jiff::Timestamp>() {
        Ok(time) => time
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string(),
        Err(_) => date.to_owned(),
    }
}

/// What the first generation will be.
pub fn first(spec: &SystemSpec, lock: &Lock) -> String {
    let packages = lock.sets.get(SYSTEM).map(Vec::as_slice).unwrap_or_default();
    let installed: u64 = packages
        .iter()
        .map(|package| package.installed_size_kib * 1024)
        .sum();
    let fetched: u64 = lock.packages().iter().map(|package| package.size).sum();
    let rows = [
        ("host", spec.host.name.clone()),
        ("suite", spec.debian.suite.clone()),
        (
            "packages",
            format!(
                "{}, {} when installed, {} to fetch at most",
                packages.len(),
                style::bytes(installed),
                style::bytes(fetched)
            ),
        ),
        ("files", spec.files.len().to_string()),
        ("units", spec.units.len().to_string()),
        (
            "users",
            spec.users.keys().cloned().collect::<Vec<_>>().join(", "),
        ),
    ];
    let mut out = String::from("the first generation\n");
    for (name, value) in rows {
        let _ = writeln!(out, "  {} {value}", paint(QUIET, format!("{name:<9}")));
    }
    out
}

/// What a finished switch says.
pub fn made(
    generation: &Generation,
    manifest: &SystemManifest,
    config: &Path,
    root: &Path,
    took: Duration,
) -> String {
    let number = generation.number;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} {} in {}",
        paint(GOOD, "made"),
        paint(STRONG, format!("generation {number}")),
        style::duration(took)
    );
    let facts = [
        ("system", generation.system.logical()),
        (
            "root",
            format!(
                "{}, {}, {}",
                style::count(manifest.packages.len(), "package"),
                style::count(manifest.root_entries as usize, "entry").replace("entrys", "entries"),
                style::bytes(manifest.root_bytes)
            ),
        ),
        ("kernel", manifest.kernel_release.clone()),
    ];
    for (name, value) in facts {
        let _ = writeln!(out, "  {} {value}", paint(QUIET, format!("{name:<7}")));
    }
    let root = root_flag(root);
    let config = config.display();
    out.push_str("next\n");
    let mut next = vec![
        (
            format!("cairn vm {config}{root}"),
            "boots it in a virtual machine",
        ),
        (
            format!("cairn image {config}{root} -o disk.raw"),
            "writes a disk to boot from",
        ),
        (
            format!("cairn generations list{root}"),
            "lists what there is",
        ),
    ];
    if number > 1 {
        next.push((format!("cairn rollback{root}"), "goes back"));
    }
    let widest = next.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
    for (line, what) in next {
        let _ = writeln!(out, "  {line:<widest$}  {}", paint(QUIET, what));
    }
    out
}

/// ` --root FOLDER`, where it is needed.
pub fn root_flag(root: &Path) -> String {
    if root == Path::new("/") {
        String::new()
    } else {
        format!(" --root {}", root.display())
    }
}
