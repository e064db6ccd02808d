//! Texts of trees, paths and records that mean harm. Each is refused in words that say what it is about.

use crate::support::{any_tree, tree};
use cairn_graph::tree::limits::{
    ATTRIBUTE_BYTES_MAX, DEPTH_MAX, ENTRIES_MAX, FILE_BYTES_MAX, PATH_BYTES_MAX,
};
use cairn_graph::{
    ConflictError, Digest, Entry, EntryKind, StorePath, Tree, TreeError, compose, diff,
};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const EMPTY: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
const OTHER: &str = "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f";

/// A text of a root folder and these lines.
fn text(lines: &str) -> String {
    format!("cairn-tree 1\nd 755 0 0 1 /\n{lines}")
}

/// The error of a text, with its causes.
fn refusal(text: &str) -> String {
    let error = Tree::decode(text).expect_err(text);
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

#[test]
fn every_attack_by_a_manifest_is_refused_and_named() {
    let deep = |depth: usize| {
        let mut lines = String::new();
        let mut path = String::new();
        for _ in 0..depth {
            path.push_str("/a");
            writeln!(lines, "d 755 0 0 1 {path}").unwrap();
        }
        lines
    };
    let long_path = {
        let mut lines = String::new();
        let mut path = String::new();
        for _ in 0..17 {
            path = format!("{path}/{}", "n".repeat(250));
            writeln!(lines, "d 755 0 0 1 {path}").unwrap();
        }
        lines
    };
    let attacks: Vec<(&str, String, &str)> = vec![
        (
            "a path that leaves the root",
            "p 644 0 0 1 /..\n".into(),
            "`..` can't be a path",
        ),
        (
            "a path that leaves a folder",
            "d 755 0 0 1 /a\np 644 0 0 1 /a/../../etc\n".into(),
            "`a/../../etc`",
        ),
        (
            "a path through the folder itself",
            "p 644 0 0 1 /.\n".into(),
            "`.` can't be a path",
        ),
        (
            "an escaped slash's other spelling",
            "p 644 0 0 1 /a\\2fb\n".into(),
            "`/a/b` lies in something",
        ),
        (
            "an absolute path in a path",
            "d 755 0 0 1 /a\np 644 0 0 1 /a//etc/passwd\n".into(),
            "empty component",
        ),
        (
            "a path without its slash",
            "p 644 0 0 1 etc\n".into(),
            "does not begin with `/`",
        ),
        ("an escaped NUL", "p 644 0 0 1 /a\\00b\n".into(), "NUL"),
        (
            "an escape beyond ASCII",
            "p 644 0 0 1 /\\ff\n".into(),
            "more than ASCII",
        ),
        (
            "an escape that ends the line",
            "p 644 0 0 1 /a\\\n".into(),
            "cut short",
        ),
        (
            "an escape cut within a character",
            "p 644 0 0 1 /\\2é\n".into(),
            "escape",
        ),
        (
            "a file below a link",
            "l 777 0 0 1 /a /etc\np 644 0 0 1 /a/passwd\n".into(),
            "`/a/passwd` lies in",
        ),
        (
            "a file below a file",
            format!("f 644 0 0 1 {EMPTY} 0 /a\np 644 0 0 1 /a/b\n"),
            "`/a/b` lies in",
        ),
        (
            "a path twice",
            "p 644 0 0 1 /a\np 644 0 0 1 /a\n".into(),
            "not sorted",
        ),
        (
            "a file and a folder at one path",
            "d 755 0 0 1 /a\np 644 0 0 1 /a\n".into(),
            "not sorted",
        ),
        ("the root twice", "d 700 0 0 1 /\n".into(), "not sorted"),
        ("a whiteout", "c 0 0 0 1 0 0 /a\n".into(), "whiteout"),
        (
            "a block device",
            "b 600 0 0 1 8 0 /sda\n".into(),
            "kind is none",
        ),
        ("a socket", "s 600 0 0 1 /s\n".into(), "kind is none"),
        (
            "a mode of a kind",
            "p 140644 0 0 1 /a\n".into(),
            "`/a`: its mode",
        ),
        (
            "an owner that chown skips",
            "p 644 4294967295 0 1 /a\n".into(),
            "`/a`: its owner",
        ),
        (
            "a group that chown skips",
            "p 644 0 4294967295 1 /a\n".into(),
            "`/a`: its owner",
        ),
        (
            "an owner beyond 32 bits",
            "p 644 4294967296 0 1 /a\n".into(),
            "owner is no number",
        ),
        (
            "a negative owner",
            "p 644 -1 0 1 /a\n".into(),
            "owner is no number",
        ),
        (
            "a time beyond 64 bits",
            "p 644 0 0 9223372036854775808 /a\n".into(),
            "time is no number",
        ),
        (
            "a size beyond all disks",
            format!("f 644 0 0 1 {OTHER} {} /a\n", FILE_BYTES_MAX + 1),
            "`/a`: it is larger",
        ),
        (
            "a size of 64 bits",
            format!("f 644 0 0 1 {OTHER} {} /a\n", u64::MAX),
            "`/a`: it is larger",
        ),
        (
            "an empty file with a content",
            format!("f 644 0 0 1 {OTHER} 0 /a\n"),
            "`/a`: its size and its digest",
        ),
        (
            "a content of an empty file",
            format!("f 644 0 0 1 {EMPTY} 7 /a\n"),
            "`/a`: its size and its digest",
        ),
        (
            "a digest that is a path",
            "f 644 0 0 1 ../../../../etc/passwd 7 /a\n".into(),
            "digest is no digest",
        ),
        (
            "a digest in capitals",
            format!("f 644 0 0 1 {} 5 /a\n", OTHER.to_uppercase()),
            "digest is no digest",
        ),
        (
            "a link to nothing",
            "l 777 0 0 1 /a \n".into(),
            "`/a`: a symbolic link needs",
        ),
        (
            "a link with a NUL",
            "l 777 0 0 1 /a b\\00c\n".into(),
            "`/a`: a symbolic link needs",
        ),
        (
            "a link that is too long",
            format!("l 777 0 0 1 /a {}\n", "t".repeat(4096)),
            "`/a`: the symbolic link's",
        ),
        (
            "a name that is too long",
            format!("p 644 0 0 1 /{}\n", "n".repeat(256)),
            "longer than 255 bytes",
        ),
        (
            "a path that is too long",
            long_path,
            "longer than 4095 bytes",
        ),
        (
            "folders too deep",
            deep(DEPTH_MAX + 1),
            "more than 256 components",
        ),
        (
            "an attribute of a device, which would be opened",
            "c 600 0 0 1 10 130 /dog\nx user.a 00\n".into(),
            "`/dog`: only files",
        ),
        (
            "an attribute of a pipe",
            "p 600 0 0 1 /p\nx user.a 00\n".into(),
            "`/p`: only files",
        ),
        (
            "an attribute of a link",
            "l 777 0 0 1 /l x\nx user.a 00\n".into(),
            "`/l`: only files",
        ),
        (
            "an overlay's redirect",
            "d 755 0 0 1 /a\nx trusted.overlay.redirect 2f657463\n".into(),
            "`/a`: its extended",
        ),
        (
            "an overlay's redirect of a user",
            "d 755 0 0 1 /a\nx user.overlay.redirect 2f657463\n".into(),
            "`/a`: its extended",
        ),
        (
            "an access list",
            "d 755 0 0 1 /a\nx system.posix_acl_access 00\n".into(),
            "`/a`: its extended",
        ),
        (
            "a label",
            "d 755 0 0 1 /a\nx security.selinux 00\n".into(),
            "`/a`: its extended",
        ),
        (
            "an attribute without a name",
            "d 755 0 0 1 /a\nx  00\n".into(),
            "`/a`: its extended",
        ),
        (
            "an attribute of nothing but a prefix",
            "d 755 0 0 1 /a\nx user. 00\n".into(),
            "without a sound name",
        ),
        (
            "an attribute with a long name",
            format!("d 755 0 0 1 /a\nx user.{} 00\n", "n".repeat(255)),
            "without a sound name",
        ),
        (
            "attributes too big",
            format!(
                "d 755 0 0 1 /a\nx user.a {}\n",
                "00".repeat(ATTRIBUTE_BYTES_MAX)
            ),
            "more than 64 KiB",
        ),
        (
            "half a byte",
            "d 755 0 0 1 /a\nx user.a 0\n".into(),
            "not hexadecimal",
        ),
        (
            "an attribute twice",
            "d 755 0 0 1 /a\nx user.a 00\nx user.a 01\n".into(),
            "one form",
        ),
        (
            "another header later",
            "cairn-tree 1\n".into(),
            "line 3 of a tree",
        ),
        (
            "a line without its end",
            "p 644 0 0 1 /a".into(),
            "one form",
        ),
        ("a field less", "p 644 0 0 /a\n".into(), "time is no number"),
    ];
    for (what, lines, said) in &attacks {
        let found = refusal(&text(lines));
        assert!(found.contains(said), "{what}: {found}");
        assert!(
            found.len() < 600,
            "{what}: {} bytes of message",
            found.len()
        );
    }
    assert_eq!(attacks.len(), 52);
}

#[test]
fn what_stands_at_a_limit_is_a_tree() {
    let mut tree = Tree::new();
    let path = vec!["a"; DEPTH_MAX].join("/");
    tree.insert_dir(&path, 0o755).unwrap();
    let long = format!(
        "{}{}",
        format!("{}/", "n".repeat(255)).repeat(15),
        "n".repeat(255)
    );
    assert_eq!(long.len(), PATH_BYTES_MAX);
    tree.insert_symlink(&long, &"t".repeat(4095)).unwrap();
    let mut full = Entry::new(EntryKind::Directory, 0o7777);
    full.xattrs
        .insert("user.a".into(), vec![0; ATTRIBUTE_BYTES_MAX - 6]);
    tree.insert("full", full).unwrap();
    tree.insert_file("big", Digest::of(b"x"), FILE_BYTES_MAX, 0o644)
        .unwrap();
    assert_eq!(Tree::decode(&tree.encode()).as_ref(), Ok(&tree));
}

#[test]
fn sizes_that_lie_are_summed_without_wrapping() {
    let mut tree = Tree::new();
    let kind = EntryKind::File {
        digest: Digest::of(b"x"),
        size: u64::MAX,
    };
    for name in ["a", "b", "c"] {
        // No tree by its own rules, but values of this type can be made.
        tree.entries
            .insert(name.into(), Entry::new(kind.clone(), 0o644));
    }
    assert_eq!(tree.size(), u64::MAX);
    let nothing = Tree::new();
    assert_eq!(diff(&nothing, &tree).growth(), i64::MAX);
    assert_eq!(diff(&tree, &nothing).growth(), i64::MIN);
}

#[test]
fn a_million_entries_are_read_in_seconds() {
    let mut lines = String::new();
    for folder in 0..1000 {
        writeln!(lines, "d 755 0 0 1 /{folder:04}").unwrap();
        for file in 0..1000 {
            writeln!(lines, "f 644 0 0 1 {OTHER} 5 /{folder:04}/{file:04}").unwrap();
        }
    }
    let begun = Instant::now();
    let tree = Tree::decode(&text(&lines)).unwrap();
    assert_eq!(tree.entries.len(), 1_001_001);
    assert!(
        begun.elapsed() < Duration::from_mins(1),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn one_entry_too_many_is_refused_before_all_are_read() {
    let mut lines = String::with_capacity(ENTRIES_MAX * 25);
    for number in 0..ENTRIES_MAX {
        writeln!(lines, "p 0 0 0 1 /{number:07}").unwrap();
    }
    // Nothing after the last entry that is allowed is looked at.
    lines.push_str("this is no entry\n");
    let found = refusal(&text(&lines));
    assert!(
        found.contains("4000001 entries; 4000000 are the most"),
        "{found}"
    );
}

#[test]
fn links_that_lead_far_down_make_no_gigabytes() {
    // Each name below `a` goes to 4,000 bytes further down, whose 250 folders are all missing.
    let target = vec!["0123456789abcde"; 250].join("/");
    let one = tree(&[&format!("a->{target}")]);
    let mut other = Tree::new();
    for number in 0..20_000 {
        other
            .insert(&format!("a/{number}"), crate::support::file("x"))
            .unwrap();
    }
    let begun = Instant::now();
    let composed = compose(&[("one", &one), ("other", &other)]).unwrap();
    assert_eq!(composed.entries.len(), 20_000 + 250 + 2);
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    // A chain of such links would be as long as all of them together.
    let mut chain = Tree::new();
    for number in 0..30 {
        let target = format!("l{}/{}", number + 1, vec!["n".repeat(250); 15].join("/"));
        chain
            .insert_symlink(&format!("l{number}"), &target)
            .unwrap();
    }
    let below = tree(&["l0/x=1"]);
    let error = compose(&[("chain", &chain), ("below", &below)]).unwrap_err();
    assert!(
        matches!(&error, ConflictError::LinkLoop { path, label } if path == "l0" && label == "below"),
        "{error}"
    );
}

#[test]
fn links_out_of_the_root_stay_in_it_when_layers_meet() {
    for target in ["/etc", "../../etc", "/../../etc", "../a/../../etc"] {
        let one = tree(&[&format!("d/a->{target}")]);
        let other = tree(&["d/a/shadow=x"]);
        let composed = compose(&[("one", &one), ("other", &other)]).unwrap();
        assert_eq!(composed.check(), Ok(()));
        assert!(
            composed.get("etc/shadow").is_some(),
            "{target}: {:?}",
            composed.entries.keys()
        );
    }
}

#[test]
fn only_names_of_one_file_are_store_paths() {
    let hash = "0123456789abcdfghijklmnpqrsvwxyz";
    let good = format!("{hash}-name");
    assert_eq!(good.parse::<StorePath>().unwrap().base_name(), good);
    assert_eq!(
        format!("/cairn/store/{good}")
            .parse::<StorePath>()
            .unwrap()
            .base_name(),
        good
    );
    let refused = [
        format!("{hash}-"),
        format!("{hash}-.."),
        format!("{hash}-.hidden"),
        format!("{hash}-a/b"),
        format!("{hash}-a\nb"),
        format!("{hash}-{}", "n".repeat(212)),
        format!("{hash}name"),
        format!("{}-name", &hash[1..]),
        format!("{}-name", hash.to_uppercase()),
        format!("{hash}-é"),
        format!("é{}-name", &hash[2..]),
        format!("../{good}"),
        format!("/{good}"),
        format!("/etc/{good}"),
        format!("/cairn/store{good}"),
        format!("/cairn/store//{good}"),
        format!("/cairn/store/../{good}"),
        format!("{good}/"),
        String::new(),
    ];
    for text in refused {
        let error = text.parse::<StorePath>().expect_err(&text).to_string();
        assert!(error.contains("is not a store path"), "{error}");
        assert!(serde_json::from_value::<StorePath>(text.into()).is_err());
    }
}

/// Lines that are right, nearly right and wrong, in any order.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        "[ab]",
        Just("..".to_owned()),
        Just("a\\20b".to_owned()),
        "\\PC{0,3}"
    ];
    let path = prop::collection::vec(name, 0..4).prop_map(|names| format!("/{}", names.join("/")));
    let number = prop_oneof!["[0-9]{1,20}", Just("0".to_owned()), Just("-1".to_owned())];
    let kind = prop_oneof![
        Just("d"),
        Just("p"),
        Just("l"),
        Just("c"),
        Just("f"),
        Just("x")
    ];
    let line =
        (kind, number, path.clone(), path).prop_map(|(kind, number, path, target)| match kind {
            "l" => format!("l 777 0 0 {number} {path} {target}"),
            "c" => format!("c 600 0 0 1 1 {number} {path}"),
            "f" => format!("f 644 0 0 1 {OTHER} {number} {path}"),
            "x" => format!("x user.a {number}"),
            kind => format!("{kind} 755 {number} 0 1 {path}"),
        });
    prop::collection::vec(line, 0..6)
}

proptest! {
    #[test]
    fn any_lines_are_a_tree_within_its_limits_or_an_error(mut lines in lines(), sorted in any::<bool>()) {
        if sorted {
            lines.sort();
        }
        let text = text(&lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>());
        if let Ok(tree) = Tree::decode(&text) {
            prop_assert_eq!(tree.check(), Ok(()));
            prop_assert_eq!(tree.encode(), text);
            for path in tree.entries.keys().filter(|path| !path.is_empty()) {
                prop_assert!(path.split('/').all(|name| !matches!(name, "" | "." | "..")));
            }
        }
    }

    #[test]
    fn a_tree_that_was_cut_or_doubled_is_refused(tree in any_tree(), at in any::<prop::sample::Index>()) {
        let text = tree.encode();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let at = at.index(lines.len());
        let doubled = [&lines[..=at], &lines[at..]].concat().concat();
        prop_assert!(Tree::decode(&doubled).is_err());
        let cut: String = text.chars().take(text.chars().count() - 1).collect();
        prop_assert!(Tree::decode(&cut).is_err());
    }

    #[test]
    fn any_text_is_a_store_path_that_prints_itself_or_none(text in "[0-9a-z]{32}-[A-Za-z0-9+._?=~-]{1,20}|\\PC{0,60}") {
        if let Ok(path) = text.parse::<StorePath>() {
            prop_assert_eq!(path.base_name(), text);
        }
    }
}

#[test]
fn a_tree_says_what_is_wrong_without_repeating_what_is_endless() {
    let path = "n/".repeat(1 << 20);
    let Err(error @ TreeError::Path { .. }) = Tree::new().insert(&path, crate::support::file("x"))
    else {
        panic!("it was taken")
    };
    assert!(error.to_string().len() < 300, "{}", error.to_string().len());
}
