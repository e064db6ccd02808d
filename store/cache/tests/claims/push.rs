use crate::support::{cache_files, keys, machine, push_to, pushed, wanted};
use cairn_cache::place::Folder;
use cairn_cache::{Closure, Wanted, push};
use cairn_fetch::Cancel;

#[test]
fn a_second_push_sends_no_contents() {
    let pushed = pushed();
    let before = cache_files(pushed.cache.path());
    let place = Folder::new(pushed.cache.path());
    let wanted = wanted(&pushed.generation);
    let again = push_to(&pushed.source, &wanted, &place, &pushed.keys.secret("a"));
    assert_eq!((again.files, again.bytes_sent), (0, 0));
    assert_eq!(cache_files(pushed.cache.path()), before);
}

#[test]
fn small_contents_travel_together_and_large_ones_alone() {
    let pushed = pushed();
    let files = cache_files(pushed.cache.path());
    let count = |start: &str| files.iter().filter(|file| file.starts_with(start)).count();
    // Texts of trees in one pack, small files in another; one large file.
    assert_eq!((count("packs/"), count("blobs/")), (2, 1), "{files:?}");
    assert_eq!((count("names/web1.manifest"), count("closures/")), (1, 1));
    assert_eq!(count("tmp/"), 0, "{files:?}");
}

#[test]
fn a_push_that_was_cut_off_anywhere_goes_on_and_never_shows_half_a_closure() {
    let source = machine();
    let generation = source.generation();
    let keys = keys();
    let closure = Closure::of(&source.store, &wanted(&generation)).unwrap();
    let whole = push::items(&closure.packing).len();
    for cut in 0..whole {
        let cache = tempfile::tempdir().unwrap();
        let place = Folder::new(cache.path());
        let cancel = Cancel::default();
        let plan = push::plan(&closure, &place, &cancel).unwrap();
        let seen = std::sync::atomic::AtomicUsize::new(0);
        let told = |_| {
            if seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 > cut {
                cancel.cancel();
            }
        };
        let key = keys.secret("a");
        let cut_off = push::apply(&source.store, &closure, &plan, &place, &key, &cancel, &told);
        let names = cache_files(cache.path());
        let contents = |name: &&String| name.starts_with("packs/") || name.starts_with("blobs/");
        let there = names.iter().filter(contents).count();
        if cut_off.is_err() {
            // Only what leads to the manifests may be left to be written when they are there.
            let manifests = names.iter().any(|name| name.ends_with(".manifest"));
            assert!(!manifests || there == whole, "{names:?}");
        }
        let rest = push_to(&source, &wanted(&generation), &place, &key);
        assert_eq!(
            rest.files,
            whole - there,
            "what was there is not sent again"
        );
    }
}

#[test]
fn the_same_closure_has_the_same_statement_wherever_it_is_made() {
    let (one, other) = (machine(), machine());
    let of = |machine: &crate::support::Machine| {
        let path = machine.forest(5, 20);
        Closure::of(&machine.store, &Wanted::paths(&[path])).unwrap()
    };
    let (one, other) = (of(&one), of(&other));
    assert_eq!(one.statement.encode(), other.statement.encode());
    assert_eq!(one.packing.encode(), other.packing.encode());
}

#[test]
fn a_file_that_a_power_cut_left_empty_is_sent_again() {
    let pushed = pushed();
    let files = cache_files(pushed.cache.path());
    let pack = files
        .iter()
        .find(|file| file.starts_with("packs/"))
        .unwrap();
    std::fs::write(pushed.cache.path().join(pack), "").unwrap();
    let place = Folder::new(pushed.cache.path());
    let again = push_to(
        &pushed.source,
        &wanted(&pushed.generation),
        &place,
        &pushed.keys.secret("a"),
    );
    assert_eq!(again.files, 1);
    assert!(pushed.cache.path().join(pack).metadata().unwrap().len() > 0);
}

#[test]
fn a_damaged_object_is_not_sent() {
    let source = machine();
    let path = source.file_path("file", b"as it was");
    let closure = Closure::of(&source.store, &Wanted::paths(&[path])).unwrap();
    let object = closure.packing.packs[0].members[0].digest;
    let place = source.store.layout().object(&object, false);
    std::fs::write(place, b"as it is!").unwrap();
    let cache = tempfile::tempdir().unwrap();
    let folder = Folder::new(cache.path());
    let cancel = Cancel::default();
    let plan = push::plan(&closure, &folder, &cancel).unwrap();
    let key = keys().secret("a");
    let error = push::apply(
        &source.store,
        &closure,
        &plan,
        &folder,
        &key,
        &cancel,
        &|_| {},
    );
    let error = error.unwrap_err().to_string();
    assert!(error.contains(&object.to_string()), "{error}");
    assert!(cache_files(cache.path()).is_empty());
}
