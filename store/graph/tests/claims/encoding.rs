use crate::support::{any_tree, tree};
use cairn_graph::tree::encoding::{FileObject, file_digests, file_objects};
use cairn_graph::{Digest, Entry, EntryKind, Tree};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_printed_tree_reads_as_the_same_tree(tree in any_tree()) {
        prop_assert_eq!(tree.check(), Ok(()));
        let text = tree.encode();
        prop_assert_eq!(Tree::decode(&text), Ok(tree));
    }

    #[test]
    fn whatever_is_read_prints_as_the_same_text(tree in any_tree(), at in any::<prop::sample::Index>(), byte in 0_u8..128) {
        let mut text = tree.encode().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        if let Ok(text) = String::from_utf8(text)
            && let Ok(read) = Tree::decode(&text)
        {
            prop_assert_eq!(read.encode(), text);
        }
    }

    #[test]
    fn different_trees_have_different_digests(a in any_tree(), b in any_tree()) {
        prop_assert_eq!(a == b, a.digest() == b.digest());
    }
}

#[test]
fn the_text_is_the_one_of_the_specification() {
    let mut tree = tree(&["usr/bin/a b=hello", "lib->usr/lib"]);
    let entry = tree.entries.get_mut("usr/bin/a b").unwrap();
    entry.mode = 0o4755;
    entry.xattrs.insert("user.note".into(), b"hi".to_vec());
    let device = Entry::new(EntryKind::CharDevice { major: 1, minor: 3 }, 0o666);
    tree.insert("dev/null", device).unwrap();
    let hello = Digest::of(b"hello");
    let text = format!(
        "cairn-tree 1\n\
         d 755 0 0 1 /\n\
         d 755 0 0 1 /dev\n\
         c 666 0 0 1 1 3 /dev/null\n\
         l 777 0 0 1 /lib usr/lib\n\
         d 755 0 0 1 /usr\n\
         d 755 0 0 1 /usr/bin\n\
         f 4755 0 0 1 {hello} 5 /usr/bin/a\\20b\n\
         x user.note 6869\n"
    );
    assert_eq!(tree.encode(), text);
    assert_eq!(file_digests(&text).collect::<Vec<_>>(), [hello]);
    let object = FileObject {
        digest: hello,
        executable: true,
        size: 5,
    };
    assert_eq!(file_objects(&text).collect::<Vec<_>>(), [object]);
}

#[test]
fn every_other_form_is_refused() {
    let good = "cairn-tree 1\nd 755 0 0 1 /\nd 755 0 0 1 /a\np 644 0 0 1 /a/b\n";
    assert!(Tree::decode(good).is_ok());
    let refused = [
        ("another version", good.replace("tree 1", "tree 2")),
        ("no header", good.replace("cairn-tree 1\n", "")),
        (
            "leading zero",
            good.replace("d 755 0 0 1 /a\n", "d 0755 0 0 1 /a\n"),
        ),
        (
            "plus sign",
            good.replace("d 755 0 0 1 /a\n", "d 755 +0 0 1 /a\n"),
        ),
        (
            "unsorted",
            "cairn-tree 1\nd 755 0 0 1 /\nd 755 0 0 1 /b\nd 755 0 0 1 /a\n".into(),
        ),
        (
            "twice",
            "cairn-tree 1\nd 755 0 0 1 /\nd 755 0 0 1 /a\nd 755 0 0 1 /a\n".into(),
        ),
        ("no parent", good.replace("d 755 0 0 1 /a\n", "")),
        ("no root", good.replace("d 755 0 0 1 /\n", "")),
        (
            "parent is no folder",
            good.replace("d 755 0 0 1 /a\n", "p 755 0 0 1 /a\n"),
        ),
        ("dot dot", good.replace("/a/b", "/a/..")),
        ("double slash", good.replace("/a/b", "/a//b")),
        (
            "an escape that is not needed",
            good.replace("/a/b", "/a/\\62"),
        ),
        ("upper-case escape", good.replace("/a/b", "/a/\\5C")),
        ("cut short", good.trim_end().into()),
        ("an empty line", format!("{good}\n")),
        ("carriage return", good.replace('\n', "\r\n")),
        (
            "whiteout",
            good.replace("p 644 0 0 1 /a/b", "c 644 0 0 1 0 0 /a/b"),
        ),
        ("mode too big", good.replace("p 644", "p 10644")),
        ("a field too many", good.replace("/a/b", "/a/b c")),
        (
            "an attribute of nothing",
            "cairn-tree 1\nx user.a 00\n".into(),
        ),
        (
            "attributes unsorted",
            format!("{good}x user.b 00\nx user.a 00\n"),
        ),
        (
            "attribute twice",
            format!("{good}x user.a 00\nx user.a 00\n"),
        ),
    ];
    for (what, text) in refused {
        assert!(Tree::decode(&text).is_err(), "accepted: {what}");
    }
}
