//! A store's closures as the files of a cache, made when they are asked for: nothing is stored twice.

use super::{Body, Files};
use crate::closure::{Closure, Wanted};
use crate::error::{Error, Result};
use crate::names;
use crate::packing::{Member, Pack};
use crate::push::{encode, manifest_names, pack_bytes, sign};
use crate::signing::SecretKey;
use crate::steps;
use cairn_disk::Store;
use std::collections::HashMap;
use std::io::{Seek as _, SeekFrom};

/// A store as a cache.
#[derive(Debug)]
pub struct Live {
    store: Store,
    closures: Vec<Closure>,
    manifests: HashMap<String, Vec<u8>>,
    /// Pack and blob by file name, with the closure that it is of.
    packs: HashMap<String, (usize, Pack)>,
    blobs: HashMap<String, (usize, Member)>,
}

impl Live {
    /// Prepares what is wanted of the store, each signed by the key; a later one takes a name from an earlier one. Reads trees
    /// and records; files only when they are asked for.
    pub fn new(store: Store, wanted: &[Wanted], key: &SecretKey) -> Result<Self> {
        let mut live = Self {
            store,
            closures: Vec::new(),
            manifests: HashMap::new(),
            packs: HashMap::new(),
            blobs: HashMap::new(),
        };
        for wanted in wanted {
            let closure = Closure::of(&live.store, wanted)?;
            let manifest = encode(&sign(&closure, key)?)?;
            for name in manifest_names(&closure)? {
                live.manifests.insert(name, manifest.clone());
            }
            if let Some(pointer) = steps::pointer_to(&closure) {
                for action in closure.statement.realisations.keys() {
                    let bytes = pointer.clone().into_bytes();
                    live.manifests.insert(names::action(action), bytes);
                }
                for action in closure.statement.outcomes.keys() {
                    let bytes = || pointer.clone().into_bytes();
                    let name = names::action(action);
                    live.manifests.entry(name).or_insert_with(bytes);
                }
            }
            let index = live.closures.len();
            for pack in &closure.packing.packs {
                let home = (index, pack.clone());
                live.packs.insert(names::pack(&pack.name), home);
            }
            for blob in &closure.packing.blobs {
                live.blobs.insert(names::blob(&blob.digest), (index, *blob));
            }
            live.closures.push(closure);
        }
        Ok(live)
    }
}

impl Files for Live {
    fn get(&self, name: &str) -> Result<Option<Body>> {
        if let Some(bytes) = self.manifests.get(name) {
            return Ok(Some(Body::Bytes(bytes.clone())));
        }
        if let Some((index, pack)) = self.packs.get(name) {
            let bytes = pack_bytes(&self.store, &self.closures[*index], pack)?;
            return Ok(Some(Body::Bytes(bytes)));
        }
        let Some((index, blob)) = self.blobs.get(name) else {
            return Ok(None);
        };
        let failed = |source| Error::Stream {
            act: "compress an object",
            source,
        };
        let mut file = tempfile::tempfile().map_err(failed)?;
        self.closures[*index].write_blob(&self.store, blob, &mut file)?;
        let size = file.stream_position().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Some(Body::File(file, size)))
    }
}
