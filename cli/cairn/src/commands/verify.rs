//! `cairn verify`: is the store what it says it is?

use std::collections::BTreeMap;
use std::path::Path;

use cairn_disk::Fault;
use cairn_graph::Digest;
use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ui::style;

/// Hashes everything in the store again and lists what is damaged or missing.
#[derive(Debug, Args)]
pub struct Verify {
    /// Moves damaged files to the store's quarantine; what needs them is not built again by itself
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
        let faults = store.verify()?;
        if context.globals.json {
            let list: Vec<_> = faults
                .iter()
                .map(
                    |fault| serde_json::json!({ "path": fault.path(), "fault": fault.to_string() }),
                )
                .collect();
            context.json(&serde_json::json!({ "version": 1, "faults": list }))?;
        } else {
            for line in lines(&faults) {
                context.data(&format!("{line}\n"))?;
            }
        }
        if faults.is_empty() {
            context.tell("the store is sound");
            return Ok(Exit::Done);
        }
        if self.repair && !context.globals.dry_run {
            let lock = store.lock("verify --repair")?;
            let moved = store.quarantine(&lock, &faults)?;
            context.tell(&format!(
                "{} moved to {}",
                style::count(moved, "file"),
                store.layout().quarantine().display()
            ));
        }
        Err(CommandError::Faults {
            count: lines(&faults).len(),
        })
    }
}

/// One line for each thing that is wrong, however many refer to it.
///
/// What is damaged is missing too for all that refer to it: that is the same fault.
fn lines(faults: &[Fault]) -> Vec<String> {
    let mut users: BTreeMap<Digest, Vec<&Path>> = BTreeMap::new();
    let mut kinds: BTreeMap<Digest, &str> = BTreeMap::new();
    for fault in faults {
        if let Fault::Missing { by, what, digest } = fault {
            users.entry(*digest).or_default().push(by);
            kinds.insert(*digest, what);
        }
    }
    let mut lines = Vec::new();
    for fault in faults.iter().filter(|fault| fault.path().is_some()) {
        let used = fault.path().and_then(|path| digest_of(path));
        let used = used.and_then(|digest| users.remove(&digest));
        lines.push(match used {
            Some(users) => format!("{fault}; {}", needed(users.len())),
            None => fault.to_string(),
        });
    }
    for (digest, users) in users {
        let kind = kinds.get(&digest).copied().unwrap_or("object");
        lines.push(match users.as_slice() {
            [one] => format!("the {kind} {digest} is missing; {} needs it", one.display()),
            more => format!("the {kind} {digest} is missing; {}", needed(more.len())),
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

/// The digest that a file of the store is named by.
fn digest_of(path: &Path) -> Option<Digest> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".x").unwrap_or(name).parse().ok()
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
