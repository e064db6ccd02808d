//! Any text is a tree or an error. A tree prints as the same text and keeps to its limits, and two of them compose to a tree
//! or to an error. The text of a second one stands after a NUL byte.
#![no_main]

use cairn_graph::tree::encoding::file_digests;
use cairn_graph::tree::limits::{DEPTH_MAX, PATH_BYTES_MAX};
use cairn_graph::{Delta, EntryKind, Tree, compose, diff};
use libfuzzer_sys::fuzz_target;

fn check(tree: &Tree) {
    tree.check().expect("what is composed is a tree");
    for (path, entry) in &tree.entries {
        assert!(path.len() <= PATH_BYTES_MAX && path.split('/').count() <= DEPTH_MAX);
        assert!(path.is_empty() || path.split('/').all(|name| !matches!(name, "" | "." | "..")));
        assert!(!path.contains('\0') && entry.mode <= 0o7777);
    }
    let text = tree.encode();
    assert_eq!(Tree::decode(&text).as_ref(), Ok(tree));
    let _ = tree.size();
}

fn read(text: &str) -> Option<Tree> {
    let tree = match Tree::decode(text) {
        Ok(tree) => tree,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    assert_eq!(tree.encode(), text);
    check(&tree);
    let files = tree.entries.values().filter_map(|entry| match entry.kind {
        EntryKind::File { digest, .. } => Some(digest),
        _ => None,
    });
    assert!(file_digests(text).eq(files));
    assert!(diff(&tree, &tree).is_empty());
    Some(tree)
}

fuzz_target!(|text: &str| {
    let (first, second) = text.split_once('\0').unwrap_or((text, ""));
    let (first, second) = (read(first), read(second));
    let Some(first) = first else { return };
    let _ = file_digests(text).count();
    if let Ok(composed) = compose(&[("first", &first), ("again", &first)]) {
        check(&composed);
    }
    let Some(second) = second else { return };
    for layers in [[("a", &first), ("b", &second)], [("b", &second), ("a", &first)]] {
        if let Ok(composed) = compose(&layers) {
            check(&composed);
        }
    }
    let delta = Delta::between(&first, &second);
    assert_eq!(first.overlay(&delta).as_ref(), Ok(&second));
    let _ = (diff(&first, &second).growth(), delta.size());
});
