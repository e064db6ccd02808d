//! Why something is built that was built before: what its derivation has that the last one of its name had not.
//!
//! In: derivations, and the records of a store. Out: words. Decides nothing.

use cairn_disk::{DerivationRecord, Store};
use cairn_graph::ResolvedDerivation;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// The newest records of derivations with these names and builders. Errors: [`cairn_disk::Error`] when they can't be listed.
pub fn newest(
    store: &Store,
    of: &BTreeSet<(String, String)>,
) -> Result<BTreeMap<(String, String), DerivationRecord>, cairn_disk::Error> {
    let mut found: BTreeMap<(String, String), (SystemTime, DerivationRecord)> = BTreeMap::new();
    for key in store.derivations().list()? {
        let Some(record) = store.derivations().get(&key)? else {
            continue;
        };
        let derivation = &record.resolved.derivation;
        let called = (derivation.name.clone(), derivation.builder.clone());
        let metadata = store.layout().derivation(&key).metadata();
        let Some(time) = metadata.and_then(|metadata| metadata.modified()).ok() else {
            continue;
        };
        if of.contains(&called) && found.get(&called).is_none_or(|(known, _)| *known < time) {
            found.insert(called, (time, record));
        }
    }
    Ok(found
        .into_iter()
        .map(|(called, (_, record))| (called, record))
        .collect())
}

/// What differs between two derivations of one name, each in a word or two, sorted: `script`, `env.CFLAGS`, `input src`.
pub fn changes(before: &ResolvedDerivation, now: &ResolvedDerivation) -> Vec<String> {
    let mut found = BTreeSet::new();
    let versions = (
        before.derivation.builder_version,
        now.derivation.builder_version,
    );
    if versions.0 != versions.1 {
        found.insert("builder".to_owned());
    }
    differing(
        &before.derivation.args,
        &now.derivation.args,
        "",
        &mut found,
    );
    let labels: BTreeSet<&String> = before.inputs.keys().chain(now.inputs.keys()).collect();
    for label in labels {
        let content = |of: &ResolvedDerivation| of.inputs.get(label).map(|output| output.content);
        if content(before) != content(now) {
            found.insert(format!("input {label}"));
        }
    }
    found.into_iter().collect()
}

/// Two levels of fields are named: what lies deeper is one with what it is in.
fn differing(before: &Value, now: &Value, path: &str, found: &mut BTreeSet<String>) {
    if before == now {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (before, now) else {
        let named = if path.is_empty() { "arguments" } else { path };
        found.insert(named.to_owned());
        return;
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (old, new) = (old.get(name), new.get(name));
        if old == new {
            continue;
        }
        if path.is_empty() {
            let null = Value::Null;
            differing(old.unwrap_or(&null), new.unwrap_or(&null), name, found);
        } else {
            found.insert(format!("{path}.{name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cairn_graph::{Content, Derivation, Digest, Output, StorePath};
    use serde_json::json;

    fn resolved(args: Value, inputs: &[(&str, &str)]) -> ResolvedDerivation {
        let output = |text: &str| {
            let digest = Digest::of(text.as_bytes());
            let content = Content::Tree { digest };
            let path = StorePath::new("input", &content);
            path.map(|path| Output { path, content }).ok()
        };
        let inputs = inputs.iter();
        ResolvedDerivation {
            derivation: Derivation {
                name: "hello".into(),
                builder: "script".into(),
                builder_version: 1,
                args,
                fixed: None,
            },
            inputs: inputs
                .filter_map(|(label, text)| Some(((*label).to_owned(), output(text)?)))
                .collect(),
        }
    }

    #[test]
    fn a_change_is_named_by_its_field_and_its_input() {
        let before = resolved(
            json!({ "script": "make", "env": { "A": "1", "B": "1" }, "epoch": 1 }),
            &[("src", "1"), ("gone", "1"), ("root", "1")],
        );
        let now = resolved(
            json!({ "script": "make all", "env": { "A": "1", "B": "2", "C": "1" }, "epoch": 1 }),
            &[("src", "2"), ("new", "1"), ("root", "1")],
        );
        assert_eq!(
            changes(&before, &now),
            [
                "env.B",
                "env.C",
                "input gone",
                "input new",
                "input src",
                "script"
            ]
        );
        assert_eq!(changes(&before, &before), Vec::<String>::new());
    }
}
