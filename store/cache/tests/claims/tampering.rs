//! Everything in a cache is changed, cut short or left out: nothing wrong enters a store, and the error names the file.

use crate::support::{Pushed1, cache_files, folder, machine, pull_from, pushed};
use cairn_cache::receive::Receiver;
use cairn_cache::{Closure, Error, Manifest, Pack, Wanted};
use cairn_graph::{Content, EntryKind, StorePath, Tree};
use std::fs;
use std::path::Path;

/// Pulls into an empty store, which must then hold no path; returns the error.
fn refused(pushed: &Pushed1) -> Error {
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    let error = pull_from(&target, &caches, "web1", &trust).unwrap_err();
    let records = target
        .entries()
        .into_iter()
        .filter(|name| name.contains("/var/"));
    assert_eq!(records.count(), 0, "something was registered");
    assert_eq!(
        target.store.verify().unwrap(),
        [],
        "something wrong entered"
    );
    error
}

#[test]
fn every_file_with_one_bit_changed_is_refused_and_named() {
    let pushed = pushed();
    for name in cache_files(pushed.cache.path()) {
        // Not read here: a pull by name goes to that name.
        if name.starts_with("closures/") || name.starts_with("actions/") {
            continue;
        }
        let path = pushed.cache.path().join(&name);
        let sound = fs::read(&path).unwrap();
        for at in [0, 5, sound.len() / 3, sound.len() / 2, sound.len() - 1] {
            let mut bytes = sound.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            let target = machine();
            let trust = pushed.keys.trust(&["a"], 1);
            match pull_from(&target, &folder(pushed.cache.path()), "web1", &trust) {
                // A bit that zstd does not look at, such as of a reserved field: all is as it should be then.
                Ok(_) => assert_eq!(target.entries(), pushed.source.entries()),
                Err(error) => {
                    assert!(error.to_string().contains(&name), "{name} at {at}: {error}");
                }
            }
            assert_eq!(target.store.verify().unwrap(), [], "{name} at {at}");
        }
        fs::write(&path, &sound).unwrap();
    }
}

#[test]
fn every_file_that_is_cut_short_is_refused_and_named() {
    let pushed = pushed();
    for name in cache_files(pushed.cache.path()) {
        // Not read here: a pull by name goes to that name.
        if name.starts_with("closures/") || name.starts_with("actions/") {
            continue;
        }
        let path = pushed.cache.path().join(&name);
        let sound = fs::read(&path).unwrap();
        for len in [0, 1, sound.len() / 2, sound.len() - 1] {
            fs::write(&path, &sound[..len]).unwrap();
            let error = refused(&pushed);
            assert!(matches!(error, Error::Refused { .. }), "{error}");
            assert!(error.to_string().contains(&name), "{name}: {error}");
        }
        fs::write(&path, &sound).unwrap();
    }
    // All of it again: it was the damage that was refused.
    let trust = pushed.keys.trust(&["a"], 1);
    pull_from(&machine(), &folder(pushed.cache.path()), "web1", &trust).unwrap();
}

#[test]
fn contents_that_are_sound_by_themselves_but_others_are_refused() {
    let pushed = pushed();
    for folder in ["packs", "blobs"] {
        let names = cache_files(pushed.cache.path());
        let names = names.iter().filter(|name| name.starts_with(folder));
        for name in names {
            let path = pushed.cache.path().join(name);
            let sound = fs::read(&path).unwrap();
            let mut plain = zstd::decode_all(&sound[..]).unwrap();
            let last = plain.len() - 1;
            plain[last] ^= 0x20;
            fs::write(&path, zstd::encode_all(&plain[..], 3).unwrap()).unwrap();
            let error = refused(&pushed);
            assert!(matches!(error, Error::Refused { .. }), "{error}");
            assert!(error.to_string().contains(name.as_str()), "{error}");
            fs::write(&path, &sound).unwrap();
        }
    }
}

#[test]
fn a_bomb_is_refused_at_the_size_that_was_declared() {
    let pushed = pushed();
    let bomb = zstd::encode_all(&vec![0_u8; 64 << 20][..], 3).unwrap();
    assert!(bomb.len() < 10_000);
    for name in cache_files(pushed.cache.path()) {
        // Not read here: a pull by name goes to that name.
        if name.starts_with("closures/") || name.starts_with("actions/") {
            continue;
        }
        let path = pushed.cache.path().join(&name);
        let sound = fs::read(&path).unwrap();
        fs::write(&path, &bomb).unwrap();
        let error = refused(&pushed).to_string();
        assert!(error.contains(&name), "{error}");
        fs::write(&path, &sound).unwrap();
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = Manifest::decode(&fs::read(path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, manifest.encode().unwrap()).unwrap();
}

#[test]
fn a_statement_that_was_changed_after_it_was_signed_is_untrusted() {
    let pushed = pushed();
    let manifest = pushed.cache.path().join("names/web1.manifest");
    change(&manifest, |manifest| {
        manifest.statement = manifest.statement.replace("the first", "the worst");
    });
    let error = refused(&pushed);
    assert!(
        matches!(error, Error::Untrusted { valid: 0, .. }),
        "{error}"
    );
}

#[test]
fn an_unsigned_closure_is_untrusted_and_named() {
    let pushed = pushed();
    let manifest = pushed.cache.path().join("names/web1.manifest");
    change(&manifest, |manifest| manifest.signatures.clear());
    let error = refused(&pushed).to_string();
    assert!(
        error.contains("names/web1.manifest") && error.contains("nobody has signed it"),
        "{error}"
    );
}

#[test]
fn a_closure_that_was_signed_for_another_name_is_refused() {
    let pushed = pushed();
    let names = pushed.cache.path().join("names");
    fs::copy(names.join("web1.manifest"), names.join("db1.manifest")).unwrap();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    let error = pull_from(&machine(), &caches, "db1", &trust).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("signed for web1, not for db1"), "{error}");
}

#[test]
fn a_packing_that_leaves_something_out_or_lies_about_its_size_is_refused() {
    let pushed = pushed();
    let path = pushed.cache.path().join("names/web1.manifest");
    let sound = fs::read(&path).unwrap();
    change(&path, |manifest| {
        let blobs = manifest.packing.find("blobs\n").unwrap();
        manifest.packing.truncate(blobs);
    });
    let error = refused(&pushed).to_string();
    assert!(error.contains("does not say how"), "{error}");
    fs::write(&path, &sound).unwrap();
    change(&path, |manifest| {
        manifest.packing = manifest.packing.replace(" 3145728\n", " 3145727\n");
    });
    let error = refused(&pushed).to_string();
    assert!(error.contains("has 3145727 bytes there"), "{error}");
    assert!(error.contains("3145728 as "), "{error}");
}

/// Publishes, under the name `web1` and signed, a tree whose text says other sizes of its files than they have; `lie` changes the text.
/// With `honest`, the packing says what the files have, else what the tree says.
fn published_with_wrong_sizes(pushed: &Pushed1, honest: bool, lie: impl Fn(&str) -> String) {
    let source = machine();
    let files: [(&str, &[u8], u32); 2] = [("a", b"aaaaaaaa", 0o644), ("b", b"bbbbbb", 0o755)];
    let sound = source.path("sized", &files, &[]);
    let of = |path: &StorePath| {
        let wanted = Wanted {
            name: Some("web1".into()),
            ..Wanted::paths(std::slice::from_ref(path))
        };
        Closure::of(&source.store, &wanted).unwrap()
    };
    let true_closure = of(&sound);
    let text = source
        .store
        .content_tree(&source.store.path_content(&sound).unwrap(), "");
    let tree = Tree::decode(&lie(&text.unwrap().encode())).unwrap();
    let digest = source.store.put_tree(&tree).unwrap();
    let content = Content::Tree { digest };
    let path = source.store.add_path("sized", content, &[]).unwrap();
    let mut closure = of(&path);
    let files = true_closure.packing.packs.last().unwrap().members.clone();
    let sizes: u64 = files.iter().map(|member| member.size).sum();
    assert_eq!(sizes, 14);
    if honest {
        *closure.packing.packs.last_mut().unwrap() = Pack::new(files.clone());
    }
    for (index, pack) in closure.packing.packs.iter().enumerate() {
        let plain = match index {
            0 => tree.encode().into_bytes(),
            _ => files
                .iter()
                .flat_map(|member| source.store.read_object(&member.digest).unwrap())
                .collect(),
        };
        let file = pushed
            .cache
            .path()
            .join(cairn_cache::names::pack(&pack.name));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, zstd::encode_all(&plain[..], 3).unwrap()).unwrap();
    }
    let manifest = cairn_cache::push::sign(&closure, &pushed.keys.secret("a")).unwrap();
    let place = pushed.cache.path().join("names/web1.manifest");
    fs::write(place, manifest.encode().unwrap()).unwrap();
}

#[test]
fn an_object_of_another_length_than_its_tree_says_is_refused_and_named_whatever_the_packing_says() {
    let object = cairn_graph::Digest::of(b"aaaaaaaa").to_string();
    for size in ["7", "9", "80000"] {
        for honest in [true, false] {
            let pushed = pushed();
            published_with_wrong_sizes(&pushed, honest, |text| {
                let lied = text.replacen(&format!("{object} 8"), &format!("{object} {size}"), 1);
                assert_ne!(lied, text);
                lied
            });
            let error = refused(&pushed);
            assert!(matches!(error, Error::Refused { .. }), "{error}");
            let text = error.to_string();
            assert!(text.contains(&object), "{size}: {text}");
        }
    }
}

#[test]
fn a_content_that_two_trees_give_two_sizes_is_refused_even_where_it_is_there() {
    let (source, target) = (machine(), machine());
    let entry = source.file(b"aaaaaaaa", 0o644);
    target.file(b"aaaaaaaa", 0o644);
    let mut paths = Vec::new();
    for (name, size) in [("one", 8), ("two", 9)] {
        let EntryKind::File { digest, .. } = entry.kind else {
            panic!("no file");
        };
        let mut tree = Tree::new();
        tree.insert_file("a", digest, size, 0o644).unwrap();
        let digest = source.store.put_tree(&tree).unwrap();
        let content = Content::Tree { digest };
        target.store.put_tree(&tree).unwrap();
        paths.push(source.store.add_path(name, content, &[]).unwrap());
    }
    let closure = Closure::of(&source.store, &Wanted::paths(&paths)).unwrap();
    let mut receiver = Receiver::new(&target.store, &closure.statement).unwrap();
    let error = receiver.find_objects().unwrap_err().to_string();
    let said = ["it has 8 bytes, and 9 as ", "it has 9 bytes, and 8 as "];
    assert!(said.iter().any(|said| error.contains(said)), "{error}");
    // The text of a tree that is there has a size, too.
    let mut statement = closure.statement.clone();
    statement.paths.values_mut().next().unwrap().size += 1;
    let error = Receiver::new(&target.store, &statement).unwrap_err();
    assert!(error.to_string().starts_with("the tree "), "{error}");
}
