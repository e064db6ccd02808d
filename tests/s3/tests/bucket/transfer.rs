use crate::world::{Keys, Machine, objects, place, pull_all, push_all};
use cairn_cache::{Error, names, pull};
use cairn_tests_s3::Server;

#[test]
fn what_is_pushed_to_a_bucket_is_pulled_from_it_and_is_not_sent_twice() {
    let server = Server::start();
    let (source, keys) = (Machine::new(), Keys::new());
    // In a pack, alone from memory, and alone from a file.
    let path = source.path(&[("small", 100), ("large", 3 << 20), ("huge", 40 << 20)]);
    let bucket = place(&server);
    let pushed = push_all(&source.store, &path, bucket.as_ref(), &keys.secret("a"));
    assert_eq!(pushed.files, 4, "two packs and two blobs");
    let again = push_all(&source.store, &path, bucket.as_ref(), &keys.secret("a"));
    assert_eq!((again.files, again.bytes_sent), (0, 0));

    let target = Machine::new();
    let trust = keys.trust(&["a"], 1);
    let pulled = pull_all(&target.store, &path, place(&server), &trust).unwrap();
    assert_eq!((pulled.trees, pulled.objects), (1, 3));
    assert_eq!(target.store.verify().unwrap(), []);
    assert_eq!(target.store.closure(&path).unwrap(), [path.clone()]);
    let pulled = pull_all(&target.store, &path, place(&server), &trust).unwrap();
    assert_eq!((pulled.trees, pulled.objects), (0, 0));
}

#[test]
fn a_closure_that_nobody_pushed_is_absent() {
    let server = Server::start();
    let (source, keys) = (Machine::new(), Keys::new());
    let path = source.path(&[("small", 100)]);
    let trust = keys.trust(&["a"], 1);
    let error = pull::find(&[place(&server)], path.base_name(), &trust).unwrap_err();
    assert!(matches!(error, Error::Absent { .. }), "{error}");
    assert!(
        error.to_string().contains(&names::closure(&path)),
        "{error}"
    );
    assert_eq!(objects(&server), Vec::<String>::new());
}
