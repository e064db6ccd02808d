//! Unpacks a .deb into a tree with `control/` and `data/`; contents go straight into the store.

use crate::host::with_causes;
use cairn_disk::{ObjectMeta, Store};
use cairn_fetch::deb::{DebError, DebReader, Member, MemberKind};
use cairn_graph::{Entry, EntryKind, Tree};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// Reads a package.
///
/// Errors: [`DebError`], also for what the store refuses.
pub fn unpack(store: &Store, deb: impl Read) -> Result<Tree, DebError> {
    let mut control = Tree::new();
    let mut data: BTreeMap<String, Entry> = BTreeMap::new();
    let refuse = |error: &dyn std::error::Error| io::Error::other(with_causes(error));
    DebReader::new(deb).visit(
        |name, bytes, mode| {
            let meta = ObjectMeta {
                executable: mode & 0o111 != 0,
                mtime: 1,
            };
            let (digest, size) = store
                .put_bytes(bytes, meta)
                .map_err(|error| refuse(&error))?;
            let path = format!("control/{name}");
            control
                .insert_file(&path, digest, size, mode & 0o7777)
                .map_err(|error| refuse(&error))
        },
        |member, bytes| {
            let entry = take(store, member, bytes, &data)?;
            let path = if member.path.is_empty() {
                "data".into()
            } else {
                format!("data/{}", member.path)
            };
            data.insert(path, entry);
            Ok(())
        },
    )?;
    for (path, entry) in data {
        let failed = |error: &dyn std::error::Error| DebError::Entry {
            path: path.clone(),
            reason: with_causes(error),
        };
        control
            .insert(&path, entry)
            .map_err(|error| failed(&error))?;
    }
    Ok(control)
}

fn take(
    store: &Store,
    member: &Member,
    bytes: &mut dyn Read,
    before: &BTreeMap<String, Entry>,
) -> io::Result<Entry> {
    let kind = match &member.kind {
        MemberKind::Directory => EntryKind::Directory,
        MemberKind::File { .. } => {
            let meta = ObjectMeta {
                executable: member.mode & 0o111 != 0,
                mtime: member.mtime,
            };
            let put = store.put(bytes, meta, member.path.as_ref());
            let (digest, size) = put.map_err(|error| io::Error::other(with_causes(&error)))?;
            EntryKind::File { digest, size }
        }
        MemberKind::Symlink { target } => EntryKind::Symlink {
            target: target.clone(),
        },
        MemberKind::Hardlink { target } => {
            let original = before.get(&format!("data/{target}"));
            return original.cloned().ok_or_else(|| {
                io::Error::other(format!("it is a link to `{target}`, which is not there"))
            });
        }
        MemberKind::Fifo => EntryKind::Fifo,
    };
    let mode = if matches!(kind, EntryKind::Symlink { .. }) {
        0o777
    } else {
        member.mode
    };
    Ok(Entry {
        kind,
        mode,
        uid: member.uid,
        gid: member.gid,
        mtime: member.mtime,
        xattrs: member.xattrs.clone(),
    })
}
