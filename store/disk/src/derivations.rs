//! Derivations beside their realisations: how each output was made, so that it can be made again.
//!
//! In: resolved derivations and which realisations gave their inputs. Out: records. One that can't be read, or whose
//! key is not its own, is none: the output is then fetched or built from the configuration.

use crate::error::Result;
use crate::files;
use crate::store::Store;
use cairn_graph::{ActionKey, ResolvedDerivation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;

/// The version of the form of a [`DerivationRecord`] that is written here.
pub const DERIVATION_VERSION: u32 = 1;

/// How a realisation is made: kept as `var/drv/<action>`, beside `var/real/<action>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DerivationRecord {
    /// Version of this record's form: 1.
    pub version: u32,
    /// The key: that of `resolved`.
    pub action: ActionKey,
    /// The derivation and what its inputs came out as.
    pub resolved: ResolvedDerivation,
    /// Input label → the realisation that gave it, as far as that is known: an input that is gone can be made again too.
    pub made_by: BTreeMap<String, ActionKey>,
}

impl DerivationRecord {
    /// The record of a derivation; the key is computed.
    pub fn new(resolved: ResolvedDerivation, made_by: BTreeMap<String, ActionKey>) -> Self {
        Self {
            version: DERIVATION_VERSION,
            action: resolved.key(),
            resolved,
            made_by,
        }
    }
}

/// The records of a store.
#[derive(Debug)]
pub struct Derivations<'a> {
    store: &'a Store,
}

impl<'a> Derivations<'a> {
    pub(crate) fn of(store: &'a Store) -> Self {
        Self { store }
    }

    /// How the realisation of this key is made, if that is known.
    pub fn get(&self, key: &ActionKey) -> Result<Option<DerivationRecord>> {
        let Ok(Some(found)) =
            files::read_json::<DerivationRecord>(&self.store.layout.derivation(key))
        else {
            return Ok(None);
        };
        let sound = found.version == DERIVATION_VERSION
            && found.action == *key
            && found.resolved.key() == *key;
        Ok(sound.then_some(found))
    }

    /// Records derivations. Durable after the next [`Store::commit`]; to be written before their realisations, whose
    /// [`crate::Realisations::put_all`] commits.
    pub fn put_all(&self, records: &[DerivationRecord]) -> Result<()> {
        let folder = self.store.layout.derivations();
        if records.is_empty() {
            return Ok(());
        }
        // A store of an earlier program has no such folder.
        fs::create_dir_all(&folder)
            .map_err(|source| crate::Error::io("make the folder", &folder, source))?;
        for record in records {
            let path = self.store.layout.derivation(&record.action);
            let tmp = self.store.tmp_path()?;
            files::write_whole(&tmp, &path, &files::to_json(record, &path)?)?;
        }
        Ok(())
    }

    /// The keys of all records, sorted; files that are named otherwise are left out.
    pub fn list(&self) -> Result<Vec<ActionKey>> {
        let folder = self.store.layout.derivations();
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let names = files::names_in(&folder)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }
}
