use crate::support::{any_tree, file, tree};
use cairn_graph::{Tree, TreeError, diff};
use proptest::prelude::*;

#[test]
fn inserting_makes_the_folders_above() {
    let tree = tree(&["a/b/c=1"]);
    assert_eq!(
        tree.entries.keys().map(String::as_str).collect::<Vec<_>>(),
        ["", "a", "a/b", "a/b/c"]
    );
    assert_eq!(tree.check(), Ok(()));
}

#[test]
fn inserting_refuses_what_would_be_no_tree() {
    let mut tree = tree(&["a/b=1"]);
    let before = tree.clone();
    assert!(matches!(
        tree.insert("a", file("x")),
        Err(TreeError::Occupied { .. })
    ));
    assert!(matches!(
        tree.insert("", file("x")),
        Err(TreeError::Occupied { .. })
    ));
    assert!(matches!(
        tree.insert("a/b/c/d", file("x")),
        Err(TreeError::Parent { .. })
    ));
    for path in ["a/../b", "a//b", "a/", "./a", "a\0"] {
        assert!(
            matches!(tree.insert(path, file("x")), Err(TreeError::Path { .. })),
            "{path:?} was taken"
        );
    }
    assert_eq!(tree, before);
}

#[test]
fn names_that_begin_alike_are_not_below() {
    let tree = tree(&["a/x=1", "a-b/y=2", "a.c=3", "a/z/w=4"]);
    assert_eq!(
        tree.below("a").map(|(path, _)| path).collect::<Vec<_>>(),
        ["a/x", "a/z", "a/z/w"]
    );
    assert_eq!(
        tree.children("a").map(|(name, _)| name).collect::<Vec<_>>(),
        ["x", "z"]
    );
    assert_eq!(
        tree.children("").map(|(name, _)| name).collect::<Vec<_>>(),
        ["a", "a-b", "a.c"]
    );
    let mut without = tree.clone();
    assert!(without.remove("a"));
    assert_eq!(
        without
            .entries
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>(),
        ["", "a-b", "a-b/y", "a.c"]
    );
}

#[test]
fn a_difference_counts_bytes() {
    let (old, new) = (
        tree(&["a=1", "b=22", "c=333"]),
        tree(&["b=22", "c=4444", "d=55555"]),
    );
    let diff = diff(&old, &new);
    assert_eq!(diff.removed, [("a".to_owned(), 1)]);
    assert_eq!(diff.added, [("d".to_owned(), 5)]);
    assert_eq!(diff.changed.len(), 1);
    assert_eq!(
        (
            diff.changed[0].old_size,
            diff.changed[0].new_size,
            diff.changed[0].content
        ),
        (3, 4, true)
    );
    assert_eq!(diff.growth(), 5);
    assert_eq!(new.size() as i64 - old.size() as i64, diff.growth());
}

proptest! {
    #[test]
    fn a_prefixed_tree_has_the_tree_as_subtree(tree in any_tree()) {
        let moved: Tree = tree.prefix("usr/share").unwrap();
        prop_assert_eq!(moved.check(), Ok(()));
        prop_assert_eq!(moved.subtree("usr/share"), Some(tree));
    }

    #[test]
    fn only_equal_trees_have_no_difference(a in any_tree(), b in any_tree()) {
        prop_assert!(diff(&a, &a).is_empty());
        prop_assert_eq!(diff(&a, &b).is_empty(), a == b);
    }
}
