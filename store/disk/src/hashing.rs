//! Hashing whole files with a large buffer for each thread, and reading objects checked.
//!
//! In: an open file, or an object's digest. Out: digests, and bytes as they come.

use crate::error::{Act, Error, Result};
use crate::store::Store;
use cairn_graph::Digest;
use std::cell::RefCell;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;

/// Bytes read at once: most files of a store fit.
const BUFFER: usize = 1024 * 1024;

thread_local! {
    static SPACE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Hashes an open file from where it stands; the digest and the bytes that were read.
pub(crate) fn hash_file(file: &mut File) -> io::Result<(Digest, u64)> {
    let mut size = 0;
    let hashed = read_hashed(file, |part| {
        size += part.len() as u64;
        ControlFlow::<Infallible>::Continue(())
    })?;
    match hashed {
        ControlFlow::Continue(digest) => Ok((digest, size)),
        ControlFlow::Break(never) => match never {},
    }
}

/// Reads an open file from where it stands, in parts; the digest of them all, unless `take` broke off.
fn read_hashed<B>(
    file: &mut File,
    mut take: impl FnMut(&[u8]) -> ControlFlow<B>,
) -> io::Result<ControlFlow<B, Digest>> {
    // Taken out: `take` may hash something itself.
    let mut space = SPACE.take();
    space.resize(BUFFER, 0);
    let mut hasher = blake3::Hasher::new();
    let hashed = loop {
        let part = match file.read(&mut space) {
            Ok(0) => break Ok(ControlFlow::Continue(Digest(*hasher.finalize().as_bytes()))),
            Ok(read) => &space[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => break Err(error),
        };
        hasher.update(part);
        if let ControlFlow::Break(why) = take(part) {
            break Ok(ControlFlow::Break(why));
        }
    };
    SPACE.set(space);
    hashed
}

impl Store {
    /// All bytes of an object, checked against the digest. Errors: [`Error::Missing`], [`Error::Damaged`].
    pub fn read_object(&self, digest: &Digest) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_object_in_parts(digest, &mut |part| {
            bytes.extend_from_slice(part);
            true
        })?;
        Ok(bytes)
    }

    /// Reads an object in parts, until it ends or `take` returns false; one that is read to its end is checked.
    ///
    /// Errors: [`Error::Missing`], [`Error::Damaged`] after its last part.
    pub fn read_object_in_parts(
        &self,
        digest: &Digest,
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<()> {
        let path = self.layout.object(digest, false);
        let read = read_hashed(&mut self.open_object(digest)?, |part| {
            if take(part) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        match read.act("read", &path)? {
            ControlFlow::Continue(found) if found != *digest => Err(Error::Damaged {
                path,
                expected: *digest,
                found,
            }),
            _ => Ok(()),
        }
    }
}
