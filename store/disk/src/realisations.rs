//! Realisations: which derivation came out as what, by the key of its resolved inputs.
//!
//! In: records. Out: records, durable. One that can't be read, or whose output is gone, is none: it is made again.

use crate::error::{Act, Result};
use crate::files::{self, Folder};
use crate::store::Store;
use crate::temporary_roots::Need;
use cairn_graph::{ActionKey, Realisation};
use cairn_sys::fs as sys;
use std::fs;
use std::sync::OnceLock;

/// The records of a store. Who looks up many keeps one of these: it opens their folder once.
#[derive(Debug)]
pub struct Realisations<'a> {
    store: &'a Store,
    folder: OnceLock<Option<Folder>>,
}

impl<'a> Realisations<'a> {
    pub(crate) fn of(store: &'a Store) -> Self {
        let folder = OnceLock::new();
        Self { store, folder }
    }

    /// What the derivation of this key came out as, if that is known and still in the store.
    pub fn get(&self, key: &ActionKey) -> Result<Option<Realisation>> {
        let Some(found) = self.record(key) else {
            return Ok(None);
        };
        let record = self.store.path_record(&found.output.path).ok().flatten();
        let usable = record.is_some_and(|record| record.content == found.output.content);
        Ok(usable.then_some(found))
    }

    /// As [`Realisations::get`]; the output and what it needs then stay while this store is open.
    pub fn claim(&self, key: &ActionKey) -> Result<Option<Realisation>> {
        self.store.beside_no_collection(|| {
            let found = self.get(key)?;
            if let Some(found) = &found {
                self.store.need(Need::Path(&found.output.path))?;
            }
            Ok(found)
        })
    }

    /// What the record of this key says, whether or not the output is still in the store: enough to know the keys of what needs it.
    pub fn record(&self, key: &ActionKey) -> Option<Realisation> {
        let folder = || Folder::open(self.store.layout.realisations()).ok();
        let folder = self.folder.get_or_init(folder).as_ref()?;
        let read = folder.read_json::<Realisation>(&key.to_string());
        let found = read.ok().flatten()?;
        let sound =
            found.version == cairn_graph::derivation::REALISATION_VERSION && found.action == *key;
        sound.then_some(found)
    }

    /// Records realisations whose outputs are not in the store and do not come into it: enough to know the keys of what needs them, until
    /// the next collection. Durable.
    pub fn remember(&self, realisations: &[Realisation]) -> Result<()> {
        if realisations.is_empty() {
            return Ok(());
        }
        self.store.beside_no_collection(|| self.write(realisations))
    }

    /// Records one realisation. See [`Realisations::put_all`].
    pub fn put(&self, realisation: &Realisation) -> Result<()> {
        self.put_all(std::slice::from_ref(realisation))
    }

    /// Registers the outputs, makes all that was put durable, and then records the realisations, durably: two
    /// `syncfs` and one `fsync` however many there are.
    pub fn put_all(&self, realisations: &[Realisation]) -> Result<()> {
        if realisations.is_empty() {
            return Ok(());
        }
        for realisation in realisations {
            self.store
                .register(&realisation.output, &realisation.references)?;
        }
        self.store.commit()?;
        self.write(realisations)
    }

    fn write(&self, realisations: &[Realisation]) -> Result<()> {
        let folder = self.store.layout.realisations();
        let mut moves = Vec::with_capacity(realisations.len());
        for realisation in realisations {
            let path = self.store.layout.realisation(&realisation.action);
            let tmp = self.store.tmp_path()?;
            files::write_new(&tmp, &path, &files::to_json(realisation, &path)?)?;
            moves.push((tmp, path));
        }
        self.store.commit()?;
        for (tmp, path) in moves {
            fs::rename(&tmp, &path).act("write", &path)?;
        }
        sys::sync_folder(&folder).act("sync the folder", &folder)
    }
}
