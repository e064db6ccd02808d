//! Trees to try things on.

use cairn_graph::tree::limits::FILE_BYTES_MAX;
use cairn_graph::{Digest, Entry, EntryKind, Tree};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A file entry whose content is the text.
pub fn file(text: &str) -> Entry {
    let kind = EntryKind::File {
        digest: Digest::of(text.as_bytes()),
        size: text.len() as u64,
    };
    Entry::new(kind, 0o644)
}

/// A tree in a line: `usr/bin/a=text` is a file, `lib->usr/lib` a link, `etc/` a folder.
pub fn tree(items: &[&str]) -> Tree {
    let mut tree = Tree::new();
    for item in items {
        if let Some((path, target)) = item.split_once("->") {
            tree.insert_symlink(path, target).unwrap();
        } else if let Some((path, text)) = item.split_once('=') {
            tree.insert(path, file(text)).unwrap();
        } else {
            tree.insert_dir(item.trim_end_matches('/'), 0o755).unwrap();
        }
    }
    tree
}

fn entry() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![
        Just(EntryKind::Directory),
        (any::<[u8; 32]>(), 1..=FILE_BYTES_MAX).prop_map(|(digest, size)| EntryKind::File {
            digest: Digest(digest),
            size
        }),
        "[^\0]{1,12}".prop_map(|target| EntryKind::Symlink { target }),
        (1_u32..300, any::<u32>())
            .prop_map(|(major, minor)| EntryKind::CharDevice { major, minor }),
        Just(EntryKind::Fifo),
    ];
    let name = prop_oneof![3 => "user\\.[^\0]{1,8}", 1 => Just("security.capability".to_owned())];
    let xattrs = prop::collection::btree_map(name, prop::collection::vec(any::<u8>(), 0..6), 0..3);
    (
        kind,
        0_u32..=0o7777,
        0..u32::MAX,
        0..u32::MAX,
        any::<i64>(),
        xattrs,
    )
        .prop_map(|(kind, mode, uid, gid, mtime, xattrs)| {
            let dressed = matches!(kind, EntryKind::File { .. } | EntryKind::Directory);
            Entry {
                kind,
                mode,
                uid,
                gid,
                mtime,
                xattrs: if dressed { xattrs } else { BTreeMap::new() },
            }
        })
}

/// Any tree, with few names so that paths meet, some of them awkward.
pub fn any_tree() -> impl Strategy<Value = Tree> {
    let name = prop_oneof!["[ab]", "[a-c.]{1,3}", "[ \\\\\n\u{e9}\x7f-]{1,3}"];
    let path = prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
    prop::collection::vec((path, entry()), 0..24).prop_map(|items| {
        let mut tree = Tree::new();
        for (path, entry) in items {
            // What does not fit on what is there already is left out.
            let _ = tree.insert(&path, entry);
        }
        tree
    })
}
