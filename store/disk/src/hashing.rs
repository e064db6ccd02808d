//! Hashing whole files with a large buffer for each thread, and reading objects checked.
//!
//! In: an open file, or an object's digest. Out: digests, and bytes as they come.

use crate::error::{Act, Error, Result};
use crate::store::Store;
use cairn_graph::Digest;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};

/// Bytes read at once: most files of a store fit.
const BUFFER: usize = 1024 * 1024;

thread_local! {
    static SPACE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Hashes an open file from where it stands; the digest and the bytes that were read.
pub(crate) fn hash_file(file: &mut File) -> io::Result<(Digest, u64)> {
    SPACE.with_borrow_mut(|space| {
        space.resize(BUFFER, 0);
        let mut hasher = blake3::Hasher::new();
        let mut size = 0;
        loop {
            let read = match file.read(space) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&space[..read]);
            size += read as u64;
        }
        Ok((Digest(*hasher.finalize().as_bytes()), size))
    })
}

impl Store {
    /// Reads an object in parts, until it ends or `take` returns false; one that is read to its end is checked.
    ///
    /// Errors: [`Error::Missing`], [`Error::Damaged`] after its last part.
    pub fn read_object_in_parts(
        &self,
        digest: &Digest,
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<()> {
        let path = self.layout.object(digest, false);
        let mut file = self.open_object(digest)?;
        let mut hasher = blake3::Hasher::new();
        let mut part = vec![0; BUFFER];
        loop {
            let read = file.read(&mut part).act("read", &path)?;
            if read == 0 {
                break;
            }
            hasher.update(&part[..read]);
            if !take(&part[..read]) {
                return Ok(());
            }
        }
        let found = Digest(*hasher.finalize().as_bytes());
        if found == *digest {
            return Ok(());
        }
        Err(Error::Damaged {
            path,
            expected: *digest,
            found,
        })
    }
}
