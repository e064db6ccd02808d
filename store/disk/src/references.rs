//! Finding which store paths a content mentions, in file bytes and in link targets.
//!
//! In: a content and the paths that it might mention. Out: those that it does. Contents that are compressed hide
//! what they mention; who makes such declares references.

use crate::error::{Act, Result};
use crate::parallel;
use crate::store::Store;
use cairn_graph::{Content, EntryKind, StorePath};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Characters of a store path's hash.
const HASH_LEN: usize = 32;
/// Bytes read at once.
const CHUNK: usize = 1024 * 1024;

impl Store {
    /// The candidates that the content mentions by their hash, sorted.
    pub fn scan_references(
        &self,
        content: &Content,
        candidates: &[StorePath],
    ) -> Result<Vec<StorePath>> {
        let hashes: BTreeMap<&[u8], &StorePath> = candidates
            .iter()
            .map(|path| (&path.base_name().as_bytes()[..HASH_LEN], path))
            .collect();
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let tree = self.content_tree(content, "content")?;
        let mut digests = BTreeSet::new();
        let mut found = BTreeSet::new();
        for entry in tree.entries.values() {
            match &entry.kind {
                EntryKind::File { digest, .. } => drop(digests.insert(*digest)),
                EntryKind::Symlink { target } => search(target.as_bytes(), &hashes, &mut found),
                _ => {}
            }
        }
        let digests: Vec<_> = digests.into_iter().collect();
        let parts = parallel::try_map(&digests, |digest| {
            let path = self.layout.object(digest, false);
            let mut file = self.open_object(digest)?;
            let mut found = BTreeSet::new();
            let mut buffer = Vec::new();
            loop {
                // The end of one chunk may begin a hash that the next one ends.
                let kept = buffer.len().min(HASH_LEN - 1);
                buffer.drain(..buffer.len() - kept);
                let read = file
                    .by_ref()
                    .take(CHUNK as u64)
                    .read_to_end(&mut buffer)
                    .act("read", &path)?;
                search(&buffer, &hashes, &mut found);
                if read == 0 {
                    return Ok(found);
                }
            }
        })?;
        found.extend(parts.into_iter().flatten());
        Ok(found.into_iter().collect())
    }
}

/// Skips ahead as Boyer and Moore do: a byte that no hash has rules out every window that it lies in.
fn search(bytes: &[u8], hashes: &BTreeMap<&[u8], &StorePath>, found: &mut BTreeSet<StorePath>) {
    let in_hash = |byte: u8| {
        matches!(byte, b'0'..=b'9' | b'a'..=b'z') && !matches!(byte, b'e' | b'o' | b't' | b'u')
    };
    let mut start = 0;
    while let Some(window) = bytes.get(start..start + HASH_LEN) {
        if let Some(last_bad) = window.iter().rposition(|byte| !in_hash(*byte)) {
            start += last_bad + 1;
            continue;
        }
        if let Some(path) = hashes.get(window) {
            found.insert((*path).clone());
        }
        start += 1;
    }
}
