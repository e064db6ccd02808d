//! The store as a source of contents for pure code.

use crate::host::with_causes;
use crate::machine::Contents;
use cairn_disk::{ObjectMeta, Store};
use cairn_graph::{Digest, Tree};

/// Contents of a store; what is put shows this time.
#[derive(Debug)]
pub struct StoreContents<'a> {
    /// The store.
    pub store: &'a Store,
    /// Seconds since 1970.
    pub mtime: i64,
}

impl Contents for StoreContents<'_> {
    fn read(&self, digest: &Digest) -> Result<Vec<u8>, String> {
        self.store
            .read_object(digest)
            .map_err(|error| with_causes(&error))
    }

    fn put(&self, bytes: &[u8], executable: bool) -> Result<Digest, String> {
        let meta = ObjectMeta {
            executable,
            mtime: self.mtime,
        };
        let (digest, _) = self
            .store
            .put_bytes(bytes, meta)
            .map_err(|error| with_causes(&error))?;
        Ok(digest)
    }

    fn tree(&self, digest: &Digest) -> Result<Tree, String> {
        self.store.tree(digest).map_err(|error| with_causes(&error))
    }
}
