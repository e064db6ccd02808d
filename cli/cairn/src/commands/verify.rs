//! `cairn verify`: is the store what it says it is, and can it be mended?

mod mending;

use std::collections::BTreeMap;
use std::path::Path;

use cairn_disk::{Fault, Store};
use cairn_graph::Digest;
use clap::Args;

use self::mending::Mended;
use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::style;

/// Hashes everything in the store again and lists what is damaged, missing or not what it should be.
///
/// Objects and trees are hashed, records looked up, and what stands below `/cairn/store` is compared with what its path holds.
#[derive(Debug, Args)]
pub struct Verify {
    /// Mends what is wrong: from elsewhere in the store, then by fetching or building it again. Damaged files go to the
    /// store's quarantine
    #[arg(long)]
    repair: bool,
}

impl Verify {
    /// Whether it changes the store.
    pub fn repairs(&self) -> bool {
        self.repair
    }

    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let store = context.store()?;
        if self.repair && !context.globals.dry_run {
            return repair(context, &store);
        }
        let faults = store.verify()?;
        if context.globals.json {
            context.json(&serde_json::json!({ "version": 1, "faults": json(&faults) }))?;
        } else {
            for line in lines(&faults) {
                context.data(&format!("{line}\n"))?;
            }
        }
        if faults.is_empty() {
            context.tell("the store is sound");
            return Ok(Exit::Done);
        }
        Err(CommandError::Faults {
            count: lines(&faults).len(),
        })
    }
}

/// Verifies, mends, verifies again; what is still wrong is named with what needs it and what would bring it back.
fn repair(context: &Context, store: &Store) -> Ended {
    let lock = store.lock_contents("verify --repair")?;
    let faults = store.verify()?;
    if faults.is_empty() {
        if context.globals.json {
            context.json(&Mended::default().json(&[], &[]))?;
        }
        context.tell("the store is sound");
        return Ok(Exit::Done);
    }
    if !context.globals.json {
        for line in lines(&faults) {
            context.data(&format!("{line}\n"))?;
        }
    }
    let mended = mending::mend(context, store, &lock, &faults)?;
    let left = store.verify()?;
    if context.globals.json {
        context.json(&mended.json(&json(&faults), &json(&left)))?;
    } else {
        context.data(&mended.text())?;
    }
    if left.is_empty() {
        let count = lines(&faults).len();
        let faults = style::count(count, "fault");
        context.tell(&format!("mended {faults}; the store is sound"));
        return Ok(Exit::Done);
    }
    Err(CommandError::Unmended {
        count: lines(&left).len(),
    })
}

fn json(faults: &[Fault]) -> Vec<serde_json::Value> {
    let one =
        |fault: &Fault| serde_json::json!({ "path": fault.path(), "fault": fault.to_string() });
    faults.iter().map(one).collect()
}

/// One line for each thing that is wrong, however many refer to it.
///
/// What is damaged is missing too for all that refer to it: that is the same fault.
fn lines(faults: &[Fault]) -> Vec<String> {
    let mut users: BTreeMap<String, Vec<&Path>> = BTreeMap::new();
    let mut kinds: BTreeMap<String, &str> = BTreeMap::new();
    for fault in faults {
        let (name, kind, by) = match fault {
            Fault::Missing { by, what, digest } => (digest.to_string(), *what, by),
            Fault::Unregistered { by, path } => (path.base_name().to_owned(), "path", by),
            _ => continue,
        };
        users.entry(name.clone()).or_default().push(by);
        kinds.insert(name, kind);
    }
    let mut lines = Vec::new();
    for fault in faults {
        if matches!(fault, Fault::Missing { .. } | Fault::Unregistered { .. }) {
            continue;
        }
        let used = fault.path().and_then(|path| name_of(path));
        let used = used.and_then(|name| users.remove(&name));
        lines.push(match used {
            Some(users) => format!("{fault}; {}", needed(users.len())),
            None => fault.to_string(),
        });
    }
    for (name, users) in users {
        let kind = kinds.get(&name).copied().unwrap_or("object");
        lines.push(match users.as_slice() {
            [one] => format!("the {kind} {name} is missing; {} needs it", one.display()),
            more => format!("the {kind} {name} is missing; {}", needed(more.len())),
        });
    }
    lines
}

fn needed(users: usize) -> String {
    match users {
        1 => "1 tree or path needs it".into(),
        _ => format!("{users} trees or paths need it"),
    }
}

/// The digest, or the path, that a file of the store is named by.
fn name_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let hex = name.strip_suffix(".x").unwrap_or(name);
    Some(match hex.parse::<Digest>() {
        Ok(digest) => digest.to_string(),
        Err(_) => name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_one_fault_however_many_need_it() {
        let (damaged, gone) = (Digest::of(b"a"), Digest::of(b"b"));
        let missing = |by: &str, digest| Fault::Missing {
            by: by.into(),
            what: "object",
            digest,
        };
        let faults = [
            Fault::Damaged {
                path: format!("/objects/00/{damaged}.x").into(),
                found: gone,
            },
            missing("/trees/1", damaged),
            missing("/trees/2", damaged),
            missing("/trees/1", gone),
            missing("/trees/2", gone),
        ];
        let lines = lines(&faults);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].ends_with("; 2 trees or paths need it"),
            "{lines:?}"
        );
        assert!(lines[1].contains("is missing; 2 trees"), "{lines:?}");
    }
}
