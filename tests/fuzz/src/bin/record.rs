//! Any bytes are a record of the store or an error; what was read is written and reads back as the same, and every store
//! path in it names one file in one folder.
#![no_main]

use cairn_disk::{Generation, PathRecord};
use cairn_graph::{Content, Derivation, Realisation, ResolvedDerivation, StorePath};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Option<T> {
    let record: T = match serde_json::from_slice(bytes) {
        Ok(record) => record,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let written = serde_json::to_vec_pretty(&record).expect("a record that was read is written");
    let again: T = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(serde_json::to_vec_pretty(&again).ok(), Some(written));
    Some(record)
}

fn check(path: &StorePath) {
    let name = path.base_name();
    assert!(name.len() <= 244 && !name.starts_with('.') && !name.contains(['/', '\0', '\n']));
    assert!(!path.name().is_empty() && !path.name().starts_with('.'));
    assert_eq!(path.to_string().parse().ok().as_ref(), Some(path));
    assert_eq!(name.parse().ok().as_ref(), Some(path));
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 6 {
        0 => {
            if let Some(record) = read::<Realisation>(bytes) {
                check(&record.output.path);
                record.references.iter().for_each(check);
            }
        }
        1 => {
            if let Some(record) = read::<PathRecord>(bytes) {
                record.references.iter().for_each(check);
            }
        }
        2 => {
            if let Some(record) = read::<Generation>(bytes) {
                check(&record.system);
                record.keeps.iter().for_each(check);
            }
        }
        3 => {
            if let Some(record) = read::<ResolvedDerivation>(bytes) {
                let text = record.encode();
                assert_eq!(text.lines().count(), 2, "{text}");
                let _ = record.key();
            }
        }
        4 => {
            if let Some(derivation) = read::<Derivation>(bytes) {
                assert!(serde_json::to_string(&derivation.args).is_ok());
            }
        }
        _ => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            if let Ok(path) = text.parse::<StorePath>() {
                check(&path);
            }
            let (name, content) = text.split_once('\n').unwrap_or((text, ""));
            if let Some(content) = read::<Content>(content.as_bytes())
                && let Ok(path) = StorePath::new(name, &content)
            {
                check(&path);
                assert_eq!(path.name(), name);
            }
        }
    }
});
