use crate::support::{any_tree, tree};
use cairn_graph::{Delta, Tree, TreeError};
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_delta_between_two_trees_leads_from_one_to_the_other(a in any_tree(), b in any_tree()) {
        prop_assert_eq!(a.overlay(&Delta::between(&a, &b)), Ok(b));
    }

    #[test]
    fn the_empty_delta_changes_nothing(a in any_tree()) {
        prop_assert!(Delta::between(&a, &a).is_empty());
        prop_assert_eq!(a.overlay(&Delta::default()), Ok(a));
    }
}

fn keys(tree: &Tree) -> Vec<&str> {
    tree.entries
        .keys()
        .map(String::as_str)
        .filter(|path| !path.is_empty())
        .collect()
}

#[test]
fn a_removal_takes_everything_below() {
    let base = tree(&["etc/a/b=1", "etc/a-b=2"]);
    let delta = Delta {
        removed: ["etc/a".to_owned()].into(),
        ..Delta::default()
    };
    assert_eq!(keys(&base.overlay(&delta).unwrap()), ["etc", "etc/a-b"]);
}

#[test]
fn an_opaque_folder_hides_the_old_and_shows_the_new() {
    let base = tree(&["etc/a/old=1"]);
    let upper = tree(&["etc/a/new=2"]);
    let delta = Delta {
        upserts: upper.entries,
        removed: ["etc/a".to_owned()].into(),
    };
    assert_eq!(
        keys(&base.overlay(&delta).unwrap()),
        ["etc", "etc/a", "etc/a/new"]
    );
}

#[test]
fn a_file_in_place_of_a_folder_hides_what_was_in_it() {
    let base = tree(&["var/run/x=1"]);
    let upper = tree(&["var/run->/run"]);
    let delta = Delta {
        upserts: upper.entries,
        ..Delta::default()
    };
    assert_eq!(keys(&base.overlay(&delta).unwrap()), ["var", "var/run"]);
}

#[test]
fn an_entry_in_no_folder_is_refused() {
    let mut upper = tree(&["a/b=1"]);
    upper.entries.remove("a");
    let delta = Delta {
        upserts: upper.entries,
        ..Delta::default()
    };
    assert!(matches!(
        Tree::new().overlay(&delta),
        Err(TreeError::Parent { .. })
    ));
}
