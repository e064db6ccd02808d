//! Closing words: what was made, and what to do next.
//!
//! In: generations and figures. Out: text.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use cairn_activation::MachinePlan;
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
#[derive(Debug)]
pub struct Ending<'a> {
    /// The generation that is the default now.
    pub generation: &'a Generation,
    /// What it is made of.
    pub manifest: &'a SystemManifest,
    /// Whether it was made now; it may have been there, not as the default.
    pub is_new: bool,
    /// The default before.
    pub before: Option<u64>,
    /// What was done to the machine that runs.
    pub machine: Option<&'a MachinePlan>,
}

impl Ending<'_> {
    /// The text.
    pub fn text(&self, config: &Path, root: &Path, took: Duration) -> String {
        let number = self.generation.number;
        let mut out = String::new();
        let name = paint(STRONG, format!("generation {number}"));
        let took = style::duration(took);
        let _ = if self.is_new {
            writeln!(out, "{} {name} in {took}", paint(GOOD, "made"))
        } else {
            writeln!(
                out,
                "{} {name} in {took}: the newest generation is of this system already",
                paint(GOOD, "chose")
            )
        };
        let manifest = self.manifest;
        let facts = [
            ("system", self.generation.system.logical()),
            (
                "root",
                format!(
                    "{}, {}, {}",
                    style::count(manifest.packages.len(), "package"),
                    style::count(manifest.root_entries as usize, "entry")
                        .replace("entrys", "entries"),
                    style::bytes(manifest.root_bytes)
                ),
            ),
            ("kernel", manifest.kernel_release.clone()),
        ];
        for (name, value) in facts {
            let _ = writeln!(out, "  {} {value}", paint(QUIET, format!("{name:<7}")));
        }
        if let Some(plan) = self.machine {
            let _ = writeln!(out, "{}", crate::machine::ending(plan));
        }
        out.push_str("next\n");
        let next = match self.machine {
            Some(plan) => self.next_on_machine(plan),
            None => self.next_in_folder(config, root),
        };
        let widest = next.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
        for (line, what) in next {
            let _ = writeln!(out, "  {line:<widest$}  {}", paint(QUIET, what));
        }
        out
    }

    fn next_on_machine(&self, plan: &MachinePlan) -> Vec<(String, String)> {
        let mut next = Vec::new();
        if plan.reboot.is_some() {
            let runs = format!("runs generation {}", self.generation.number);
            next.push(("systemctl reboot".into(), runs));
        }
        if let Some(before) = self.before.filter(|one| *one != self.generation.number) {
            let line = format!("cairn rollback --to {before}");
            let what = "goes back, without network or build; so does the boot menu";
            next.push((line, what.into()));
        }
        let lists = "lists what there is".to_owned();
        next.push(("cairn generations list".into(), lists));
        next
    }

    fn next_in_folder(&self, config: &Path, root: &Path) -> Vec<(String, String)> {
        let root = root_flag(root);
        let config = config.display();
        let mut next = vec![
            (
                format!("cairn vm {config}{root}"),
                "boots it in a virtual machine".into(),
            ),
            (
                format!("cairn image {config}{root} -o disk.raw"),
                "writes a disk to boot from".into(),
            ),
            (
                format!("cairn generations list{root}"),
                "lists what there is".into(),
            ),
        ];
        if self.generation.number > 1 {
            next.push((format!("cairn rollback{root}"), "goes back".into()));
        }
        next
    }
}

/// ` --root FOLDER`, where it is needed.
pub fn root_flag(root: &Path) -> String {
    if root == Path::new("/") {
        String::new()
    } else {
        format!(" --root {}", root.display())
    }
}
