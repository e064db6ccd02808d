use crate::world::{Keys, Machine, closure, objects, place, pull_all, push_all};
use cairn_cache::{Error, names, pull, push};
use cairn_fetch::Cancel;
use cairn_tests_s3::Server;

#[test]
fn a_push_that_was_cut_off_publishes_nothing_and_goes_on_where_it_was() {
    let server = Server::start();
    let (source, keys) = (Machine::new(), Keys::new());
    let path = source.dozen();
    let (bucket, secret) = (place(&server), keys.secret("a"));
    let closure = closure(&source.store, &path);
    let cancel = Cancel::default();
    let plan = push::plan(&closure, bucket.as_ref(), &cancel).unwrap();
    let all = plan.missing.len();
    assert_eq!(all, 13, "a pack with the tree, and a dozen blobs");
    let cut = |_| cancel.cancel();
    let place_of = bucket.as_ref();
    let error = push::apply(
        &source.store,
        &closure,
        &plan,
        place_of,
        &secret,
        &cancel,
        &cut,
    );
    assert!(matches!(error, Err(Error::Cancelled)), "{error:?}");

    let sent = objects(&server);
    assert!((1..all).contains(&sent.len()), "{sent:?}");
    assert!(!sent.contains(&names::closure(&path)), "{sent:?}");
    let trust = keys.trust(&["a"], 1);
    let error = pull_all(&Machine::new().store, &path, place(&server), &trust).unwrap_err();
    assert!(matches!(error, Error::Absent { .. }), "{error}");

    let rest = push_all(&source.store, &path, bucket.as_ref(), &secret);
    assert_eq!(rest.files, all - sent.len());
    let target = Machine::new();
    pull_all(&target.store, &path, place(&server), &trust).unwrap();
    assert_eq!(target.store.verify().unwrap(), []);
}

#[test]
fn a_pull_that_was_cut_off_registers_nothing_and_goes_on_where_it_was() {
    let server = Server::start();
    let (source, keys) = (Machine::new(), Keys::new());
    let path = source.dozen();
    push_all(
        &source.store,
        &path,
        place(&server).as_ref(),
        &keys.secret("a"),
    );
    let trust = keys.trust(&["a"], 1);
    let found = pull::find(&[place(&server)], path.base_name(), &trust).unwrap();
    let target = Machine::new();
    let cancel = Cancel::default();
    let plan = pull::plan(&target.store, &found, &cancel).unwrap();
    let cut = |_| cancel.cancel();
    let error = plan.apply(&cancel, &cut);
    assert!(matches!(error, Err(Error::Cancelled)), "{error:?}");
    assert!(target.store.path_record(&path).unwrap().is_none());
    assert_eq!(target.store.verify().unwrap(), []);

    let pulled = pull_all(&target.store, &path, place(&server), &trust).unwrap();
    assert!((1..12).contains(&pulled.objects), "{pulled:?}");
    assert_eq!(target.store.verify().unwrap(), []);
    assert_eq!(target.store.closure(&path).unwrap(), [path]);
}
