//! What must hold after an operation was cut short.
//!
//! In: a root. Out: what is wrong with it, in words; nothing is the wanted answer. Looks at the files themselves, beside what
//! `cairn verify` says.

use crate::operations::{CONFIGURATION, Operation};
use cairn_disk::Store;
use cairn_graph::{ActionKey, Content, Digest, EntryKind, StorePath};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Why a cut point is lost.
pub type Lost = String;

/// Checks a root that an operation was cut short on, and runs the operation again. Errors: what is lost.
pub fn after_cut(operation: &Operation, root: &Path, expected: &str) -> Result<(), Lost> {
    sound(root).map_err(|why| format!("after the cut: {why}"))?;
    succeeds(&mut operation.command(root)).map_err(|why| format!("run again: {why}"))?;
    let result = summary(root);
    if result != expected {
        return Err(format!(
            "run again, it lacks {:?} and has {:?} too many",
            lacks(expected, &result),
            lacks(&result, expected)
        ));
    }
    sound(root).map_err(|why| format!("after running it again: {why}"))
}

/// Checks that what a command made is there when the power went after it had ended: nobody would run it again. What it took away may be back.
/// Errors: what is gone.
pub fn durable(root: &Path, expected: &str) -> Result<(), Lost> {
    match lacks(expected, &summary(root)).as_slice() {
        [] => Ok(()),
        gone => Err(format!("the command had ended, and {gone:?} is gone")),
    }
}

/// The lines of one text that are not in the other.
fn lacks(one: &str, other: &str) -> Vec<String> {
    let there: Vec<&str> = other.lines().collect();
    let missing = one.lines().filter(|line| !there.contains(line));
    missing.map(str::to_owned).collect()
}

fn sound(root: &Path) -> Result<(), Lost> {
    if !root.join("cairn/version").exists() {
        // There is no store yet, and nothing that was registered.
        return Ok(());
    }
    let mut verify = Command::new(cairn_support::binary::cairn());
    succeeds(verify.arg("--root").arg(root).arg("verify"))?;
    match faults(root).as_slice() {
        [] => Ok(()),
        faults => Err(faults.join("; ")),
    }
}

fn succeeds(command: &mut Command) -> Result<(), Lost> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(format!(
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&text)
    ))
}

/// What came of an operation: names and references that do not depend on when it ran.
pub fn summary(root: &Path) -> String {
    let store = Store::open(root).unwrap();
    let layout = store.layout();
    let mut lines = Vec::new();
    for folder in [layout.paths(), layout.realisations(), layout.roots()] {
        lines.extend(names(&folder));
    }
    if let Some(number) = store.generations().default().unwrap() {
        let generation = store.generations().get(number).unwrap();
        lines.push(format!("default {}", generation.system));
    }
    if let Ok(lock) = fs::read(root.join(CONFIGURATION).join("cairn.lock")) {
        lines.push(format!("lock {}", Digest::of(&lock)));
    }
    lines.join("\n")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// All that is broken of what is registered.
pub fn faults(root: &Path) -> Vec<String> {
    let store = Store::open(root).unwrap();
    let layout = store.layout();
    let mut faults = Vec::new();
    for name in names(&layout.paths()) {
        let path: StorePath = match name.parse() {
            Ok(path) => path,
            Err(error) => {
                faults.push(format!("paths/{name}: {error}"));
                continue;
            }
        };
        if let Err(error) = store.closure(&path) {
            faults.push(format!("the closure of {name}: {error}"));
        }
        match store.path_content(&path) {
            Ok(content) => whole(&store, &path, &content, &mut faults),
            Err(error) => faults.push(format!("paths/{name}: {error}")),
        }
    }
    for name in names(&layout.realisations()) {
        let known = name
            .parse::<ActionKey>()
            .ok()
            .and_then(|key| store.realisations().get(&key).unwrap());
        if known.is_none() {
            faults.push(format!("the realisation {name} can't be used"));
        }
    }
    if let Err(error) = store.roots().list() {
        faults.push(format!("the roots: {error}"));
    }
    let listing = store.generations().list().unwrap();
    for (number, error) in listing.unreadable {
        faults.push(format!("generation {number}: {error}"));
    }
    for generation in listing.generations {
        for path in generation.keeps.iter().chain([&generation.system]) {
            if let Err(error) = store.closure(path) {
                faults.push(format!("generation {}: {error}", generation.number));
            }
        }
    }
    match store.generations().default() {
        Ok(Some(number)) => {
            if let Err(error) = store.generations().get(number) {
                faults.push(format!("the default generation: {error}"));
            }
        }
        Ok(None) => {}
        Err(error) => faults.push(format!("the default generation: {error}")),
    }
    faults
}

/// Reads all that a path holds, as objects and, where it was made, as real files.
fn whole(store: &Store, path: &StorePath, content: &Content, faults: &mut Vec<String>) {
    let place = store.layout().store_path(path);
    let real = place.symlink_metadata().is_ok();
    let check = |name: &str, digest: &Digest, faults: &mut Vec<String>| {
        if let Err(error) = store.read_object(digest) {
            faults.push(format!("{path}/{name}: {error}"));
        }
        let file = if name.is_empty() {
            place.clone()
        } else {
            place.join(name)
        };
        if real && fs::read(&file).ok().map(|bytes| Digest::of(&bytes)) != Some(*digest) {
            faults.push(format!("{} is not what was registered", file.display()));
        }
    };
    match content {
        Content::File { digest, .. } => check("", digest, faults),
        Content::Tree { digest } => match store.tree(digest) {
            Ok(tree) => {
                for (name, entry) in &tree.entries {
                    if let EntryKind::File { digest, .. } = &entry.kind {
                        check(name, digest, faults);
                    } else if real
                        && !name.is_empty()
                        && place.join(name).symlink_metadata().is_err()
                    {
                        faults.push(format!("{path} lacks {name}"));
                    }
                }
            }
            Err(error) => faults.push(format!("{path}: {error}")),
        },
    }
}
