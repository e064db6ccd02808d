use crate::world::{Keys, Machine, closure, objects, place, place_with, push_all};
use cairn_cache::{Error, pull, push};
use cairn_fetch::Cancel;
use cairn_tests_s3::Server;

#[test]
fn wrong_credentials_are_refused_and_never_printed() {
    let server = Server::start();
    let source = Machine::new();
    let path = source.path(&[("small", 100)]);
    let bucket = place_with(&|name| match name {
        "AWS_SECRET_ACCESS_KEY" => Some("another".into()),
        _ => server.variable(name),
    });
    let closure = closure(&source.store, &path);
    let error = push::plan(&closure, bucket.as_ref(), &Cancel::default()).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("403"), "{text}");
    assert!(
        !text.contains("Signature") && !text.contains("another"),
        "{text}"
    );
    assert_eq!(objects(&server), Vec::<String>::new());
}

#[test]
fn nobody_without_credentials_reads_a_bucket_that_asks_for_them() {
    let server = Server::start();
    let (source, keys) = (Machine::new(), Keys::new());
    let path = source.path(&[("small", 100)]);
    push_all(
        &source.store,
        &path,
        place(&server).as_ref(),
        &keys.secret("a"),
    );
    let nobody = place_with(&|name| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => None,
        _ => server.variable(name),
    });
    let error = pull::find(&[nobody], path.base_name(), &keys.trust(&["a"], 1)).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(format!("{error:?}").contains("403"), "{error:?}");
}
