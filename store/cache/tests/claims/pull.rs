use crate::support::{folder, keys, machine, pull_from, push_to, pushed, wanted};
use cairn_cache::place::Folder;
use cairn_cache::{Error, Wanted, pull};
use cairn_fetch::Cancel;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn an_empty_store_gets_all_of_a_generation_and_is_sound() {
    let pushed = pushed();
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    let (_, generation) = pull_from(&target, &caches, "web1", &trust).unwrap();
    let generation = generation.unwrap();
    assert_eq!(generation.number, 1);
    assert_eq!(generation.system, pushed.generation.system);
    assert_eq!(generation.keeps, pushed.generation.keeps);
    assert_eq!(generation.lock, pushed.generation.lock);
    assert_eq!(target.entries(), pushed.source.entries());
    assert_eq!(target.store.verify().unwrap(), []);
    target
        .store
        .ensure_materialised(&generation.system)
        .unwrap();
}

#[test]
fn pulling_again_takes_nothing_and_makes_no_other_generation() {
    let pushed = pushed();
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    pull_from(&target, &caches, "web1", &trust).unwrap();
    let (pulled, generation) = pull_from(&target, &caches, "web1", &trust).unwrap();
    assert_eq!((pulled.trees, pulled.objects, pulled.bytes), (0, 0, 0));
    assert_eq!(generation.unwrap().number, 1);
}

#[test]
fn the_number_is_the_next_one_of_the_store_that_takes_it() {
    let pushed = pushed();
    let target = machine();
    let other = target.path("system-other", &[("a", b"a", 0o644)], &[]);
    for _ in 0..2 {
        let new = cairn_disk::NewGeneration {
            system: other.clone(),
            date: "2026-01-02T03:04:05Z".parse().unwrap(),
            description: String::new(),
            config: String::new(),
            lock: None,
            command: "switch".into(),
            keeps: Vec::new(),
        };
        target.store.generations().add(new).unwrap();
    }
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    let (_, generation) = pull_from(&target, &caches, "web1", &trust).unwrap();
    assert_eq!(generation.unwrap().number, 3);
}

#[test]
fn a_store_path_is_pulled_by_its_name() {
    let source = machine();
    let path = source.forest(3, 10);
    let (cache, keys) = (tempfile::tempdir().unwrap(), keys());
    let place = Folder::new(cache.path());
    let wanted = Wanted::paths(std::slice::from_ref(&path));
    push_to(&source, &wanted, &place, &keys.secret("a"));
    let target = machine();
    let trust = keys.trust(&["a"], 1);
    let (_, generation) =
        pull_from(&target, &folder(cache.path()), path.base_name(), &trust).unwrap();
    assert!(generation.is_none());
    assert_eq!(target.store.closure(&path).unwrap().len(), 4);
    assert_eq!(target.store.verify().unwrap(), []);
}

#[test]
fn only_the_mode_that_is_missing_is_made_from_what_is_there() {
    let pushed = pushed();
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    pull_from(&target, &caches, "web1", &trust).unwrap();
    let digest = cairn_graph::Digest::of(b"#!/bin/sh\n");
    std::fs::remove_file(target.store.layout().object(&digest, true)).unwrap();
    let (pulled, _) = pull_from(&target, &caches, "web1", &trust).unwrap();
    assert_eq!(pulled.objects, 0);
    assert_eq!(target.entries(), pushed.source.entries());
}

#[test]
fn a_pull_that_was_cut_off_anywhere_registers_nothing_and_goes_on() {
    let source = machine();
    let path = source.forest(10, 500);
    let (cache, keys) = (tempfile::tempdir().unwrap(), keys());
    let place = Folder::new(cache.path());
    push_to(
        &source,
        &Wanted::paths(std::slice::from_ref(&path)),
        &place,
        &keys.secret("a"),
    );
    let trust = keys.trust(&["a"], 1);
    let caches = folder(cache.path());
    let found = pull::find(&caches, path.base_name(), &trust).unwrap();
    let target = machine();
    let mut missing = usize::MAX;
    let mut rounds = 0;
    loop {
        let cancel = Cancel::default();
        let plan = pull::plan(&target.store, &found, &cancel).unwrap();
        assert!(
            plan.objects.len() < missing,
            "each round goes on from the last"
        );
        missing = plan.objects.len();
        let seen = AtomicUsize::new(0);
        let cut = |_| {
            if seen.fetch_add(1, Ordering::SeqCst) == 0 {
                cancel.cancel();
            }
        };
        match plan.apply(&cancel, &cut) {
            Ok(_) => break,
            Err(Error::Cancelled) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(target.store.path_record(&path).unwrap().is_none());
        assert_eq!(target.store.verify().unwrap(), []);
        rounds += 1;
        // The last file of contents is through when the flag is seen.
        if missing == 0 {
            break;
        }
    }
    assert!(rounds > 2, "{rounds} rounds: too few to show anything");
    pull_from(&target, &caches, path.base_name(), &trust).unwrap();
    assert_eq!(target.entries(), source.entries());
}

#[test]
fn what_one_cache_lost_comes_from_another() {
    let pushed = pushed();
    let second = tempfile::tempdir().unwrap();
    let place = Folder::new(second.path());
    push_to(
        &pushed.source,
        &wanted(&pushed.generation),
        &place,
        &pushed.keys.secret("a"),
    );
    std::fs::remove_dir_all(pushed.cache.path().join("blobs")).unwrap();
    std::fs::remove_dir_all(second.path().join("packs")).unwrap();
    let caches: Vec<_> = folder(pushed.cache.path())
        .into_iter()
        .chain(folder(second.path()))
        .collect();
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    pull_from(&target, &caches, "web1", &trust).unwrap();
    assert_eq!(target.entries(), pushed.source.entries());
    // Neither of them alone has it all.
    for cache in &caches {
        let alone = cairn_cache::place(
            &cache.title(),
            &cairn_fetch::Client::new(Cancel::default()),
            &|_| None,
        );
        let error = pull_from(&machine(), &[alone.unwrap()], "web1", &trust);
        assert!(matches!(error, Err(Error::Absent { .. })), "{error:?}");
    }
}

#[test]
fn signatures_of_one_statement_count_together_whichever_cache_they_are_from() {
    let pushed = pushed();
    let second = tempfile::tempdir().unwrap();
    let place = Folder::new(second.path());
    push_to(
        &pushed.source,
        &wanted(&pushed.generation),
        &place,
        &pushed.keys.secret("b"),
    );
    let trust = pushed.keys.trust(&["a", "b"], 2);
    let (one, other) = (folder(pushed.cache.path()), folder(second.path()));
    for alone in [&one, &other] {
        let error = pull_from(&machine(), alone, "web1", &trust).unwrap_err();
        assert!(
            matches!(error, Error::Untrusted { valid: 1, .. }),
            "{error}"
        );
    }
    let both: Vec<_> = one.into_iter().chain(other).collect();
    let found = pull::find(&both, "web1", &trust).unwrap();
    assert_eq!((found.signed_by.len(), found.caches.len()), (2, 2));
    pull_from(&machine(), &both, "web1", &trust).unwrap();
}

#[test]
fn what_is_refused_in_one_cache_is_taken_from_the_next_with_a_warning() {
    let pushed = pushed();
    let stranger = tempfile::tempdir().unwrap();
    let source = machine();
    let generation = source.generation();
    let place = Folder::new(stranger.path());
    let mut wanted = wanted(&generation);
    wanted.paths.push(source.file_path("another", b"another"));
    push_to(&source, &wanted, &place, &pushed.keys.secret("stranger"));
    let caches: Vec<_> = folder(stranger.path())
        .into_iter()
        .chain(folder(pushed.cache.path()))
        .collect();
    let trust = pushed.keys.trust(&["a"], 1);
    let found = pull::find(&caches, "web1", &trust).unwrap();
    assert_eq!(found.caches.len(), 1);
    assert_eq!(found.caches[0].title(), caches[1].title());
    assert!(
        found.warnings[0].contains(&caches[0].title()),
        "{:?}",
        found.warnings
    );
}

#[test]
fn a_cache_that_is_silent_keeps_nobody_waiting() {
    let pushed = pushed();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let client = cairn_fetch::Client::new(Cancel::default());
    let mut caches = vec![cairn_cache::place(&address, &client, &|_| None).unwrap()];
    caches.extend(folder(pushed.cache.path()));
    let trust = pushed.keys.trust(&["a"], 1);
    let began = std::time::Instant::now();
    let found = pull::find(&caches, "web1", &trust).unwrap();
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    assert_eq!(found.caches.len(), 1);
}

#[test]
fn a_name_that_is_not_there_is_absent() {
    let pushed = pushed();
    let trust = pushed.keys.trust(&["a"], 1);
    let caches = folder(pushed.cache.path());
    let error = pull_from(&machine(), &caches, "web2", &trust).unwrap_err();
    assert!(error.to_string().contains("names/web2.manifest"), "{error}");
    for name in ["", ".", "..", "a/b", "../web1", "a b", "web1\n"] {
        let error = pull_from(&machine(), &caches, name, &trust).unwrap_err();
        assert!(matches!(error, Error::Name { .. }), "{name:?}: {error}");
    }
}
