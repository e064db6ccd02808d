//! Everything in a cache is changed, cut short or left out: nothing wrong enters a store, and the error names the file.

use crate::support::{Pushed1, cache_files, folder, machine, pull_from, pushed};
use cairn_cache::{Error, Manifest};
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
        if name.starts_with("closures/") {
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
        if name.starts_with("closures/") {
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
        if name.starts_with("closures/") {
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
    assert!(error.contains("another size"), "{error}");
}
