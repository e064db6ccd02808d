use crate::world::{Keys, Machine, PREFIX, blob, closure, place, pull_all, push_all};
use cairn_cache::{Error, Manifest, names};
use cairn_graph::StorePath;
use cairn_tests_s3::Server;
use std::fs;
use std::path::PathBuf;

const LARGE: usize = 3 << 20;

struct Pushed {
    server: Server,
    keys: Keys,
    source: Machine,
    path: StorePath,
}

/// A closure in the bucket, signed with the key `a`.
fn pushed() -> Pushed {
    let server = Server::start();
    let (source, keys) = (Machine::new(), Keys::new());
    let path = source.path(&[("small", 100), ("large", LARGE)]);
    push_all(
        &source.store,
        &path,
        place(&server).as_ref(),
        &keys.secret("a"),
    );
    Pushed {
        server,
        keys,
        source,
        path,
    }
}

impl Pushed {
    fn file(&self, name: &str) -> PathBuf {
        self.server.object(&format!("{PREFIX}/{name}"))
    }

    /// Pulls, which must fail, and leave a store that is sound and does not know the path.
    fn refused(&self, names: &[&str], threshold: usize) -> Error {
        let target = Machine::new();
        let trust = self.keys.trust(names, threshold);
        let error = pull_all(&target.store, &self.path, place(&self.server), &trust).unwrap_err();
        assert_eq!(target.store.verify().unwrap(), []);
        assert!(target.store.path_record(&self.path).unwrap().is_none());
        error
    }
}

#[test]
fn contents_that_were_changed_or_cut_short_are_refused_and_named() {
    let pushed = pushed();
    let name = blob("large", LARGE);
    let sound = fs::read(pushed.file(&name)).unwrap();
    let mut other = sound.clone();
    other[LARGE / 2] ^= 1;
    for bytes in [&other[..], &sound[..LARGE / 2], &[]] {
        fs::write(pushed.file(&name), bytes).unwrap();
        let error = pushed.refused(&["a"], 1);
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        let error = error.to_string();
        assert!(
            error.contains(&name) && error.contains("s3://machines/caches/one"),
            "{error}"
        );
    }
    // All of it again: it was the damage that was refused.
    fs::write(pushed.file(&name), &sound).unwrap();
    let trust = pushed.keys.trust(&["a"], 1);
    let target = Machine::new();
    pull_all(&target.store, &pushed.path, place(&pushed.server), &trust).unwrap();
}

#[test]
fn contents_that_are_gone_are_named() {
    let pushed = pushed();
    let name = blob("large", LARGE);
    fs::remove_file(pushed.file(&name)).unwrap();
    let error = pushed.refused(&["a"], 1);
    assert!(matches!(error, Error::Absent { .. }), "{error}");
    assert!(error.to_string().contains(&name), "{error}");
}

#[test]
fn a_closure_that_nobody_who_is_trusted_has_signed_is_refused() {
    let pushed = pushed();
    let error = pushed.refused(&["b"], 1);
    assert!(
        matches!(error, Error::Untrusted { valid: 0, .. }),
        "{error}"
    );
    let name = names::closure(&pushed.path);
    let mut manifest = Manifest::decode(&fs::read(pushed.file(&name)).unwrap()).unwrap();
    manifest.signatures.clear();
    fs::write(pushed.file(&name), manifest.encode().unwrap()).unwrap();
    let error = pushed.refused(&["a"], 1);
    assert!(
        matches!(error, Error::Untrusted { valid: 0, .. }),
        "{error}"
    );
}

#[test]
fn a_further_signature_in_the_bucket_counts_beside_the_first() {
    let pushed = pushed();
    let error = pushed.refused(&["a", "b"], 2);
    assert!(
        matches!(error, Error::Untrusted { valid: 1, .. }),
        "{error}"
    );
    let statement = closure(&pushed.source.store, &pushed.path).statement;
    let secret = pushed.keys.secret("b");
    let name = names::signature(&statement.digest(), &secret.public().id);
    let text = secret.sign(&statement.encode(), "a test").unwrap();
    let put = place(&pushed.server).put(&name, &mut |out| {
        out.write_all(text.as_bytes()).unwrap();
        Ok(())
    });
    put.unwrap();
    let target = Machine::new();
    let trust = pushed.keys.trust(&["a", "b"], 2);
    pull_all(&target.store, &pushed.path, place(&pushed.server), &trust).unwrap();
    assert_eq!(target.store.verify().unwrap(), []);
}
