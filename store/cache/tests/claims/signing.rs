//! Keys and signatures are minisign's: its own program is the oracle (`apt install minisign`).

use crate::support::{cache_files, folder, keys, machine, pull_from, push_to, pushed, wanted};
use cairn_cache::place::Folder;
use cairn_cache::{Error, Manifest, SecretKey, Trust, names};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

fn minisign(arguments: &[&str], folder: &Path) -> bool {
    let run = Command::new("minisign")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program minisign: `apt install minisign`");
    run.status.success()
}

#[test]
fn minisign_verifies_what_is_signed_here() {
    let pushed = pushed();
    let bytes = fs::read(pushed.cache.path().join("names/web1.manifest")).unwrap();
    let manifest = Manifest::decode(&bytes).unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("statement"), &manifest.statement).unwrap();
    fs::write(dir.path().join("statement.minisig"), &manifest.signatures).unwrap();
    fs::copy(pushed.keys.file("a.pub"), dir.path().join("key.pub")).unwrap();
    let verify = ["-Vm", "statement", "-p", "key.pub"];
    assert!(minisign(&verify, dir.path()));
    fs::write(dir.path().join("statement"), manifest.statement + "x").unwrap();
    assert!(!minisign(&verify, dir.path()));
}

#[test]
fn what_minisign_has_signed_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    assert!(minisign(
        &["-G", "-W", "-p", "theirs.pub", "-s", "theirs"],
        dir.path()
    ));
    fs::write(dir.path().join("text"), "a text\n").unwrap();
    assert!(minisign(&["-Sm", "text", "-s", "theirs"], dir.path()));
    let trust = Trust::read(&[dir.path().join("theirs.pub")], None).unwrap();
    let signature = fs::read_to_string(dir.path().join("text.minisig")).unwrap();
    assert!(trust.is_enough(&trust.verdict("a text\n", &signature)));
    assert!(!trust.is_enough(&trust.verdict("a text!\n", &signature)));
    // Its keys sign here, too.
    let secret = SecretKey::read(&dir.path().join("theirs"), None).unwrap();
    let signed = secret.sign("another", "a comment").unwrap();
    assert!(trust.is_enough(&trust.verdict("another", &signed)));
}

#[test]
fn minisign_signs_with_keys_that_are_made_here() {
    let keys = keys();
    let trust = keys.trust(&["a"], 1);
    let dir = tempfile::tempdir().unwrap();
    fs::copy(keys.file("a"), dir.path().join("ours")).unwrap();
    fs::write(dir.path().join("text"), "a text\n").unwrap();
    assert!(minisign(&["-Sm", "text", "-s", "ours"], dir.path()));
    let signature = fs::read_to_string(dir.path().join("text.minisig")).unwrap();
    assert!(trust.is_enough(&trust.verdict("a text\n", &signature)));
}

#[test]
fn a_secret_key_is_nobody_elses_and_never_overwritten() {
    let keys = keys();
    keys.secret("a");
    let mode = fs::metadata(keys.file("a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(keys.file("a")).unwrap();
    assert!(SecretKey::generate(&keys.file("a"), None).is_err());
    assert_eq!(fs::read(keys.file("a")).unwrap(), before);
    fs::remove_file(keys.file("a")).unwrap();
    assert!(
        SecretKey::generate(&keys.file("a"), None).is_err(),
        "the public one is there"
    );
    assert!(!keys.file("a").exists());
}

#[test]
fn a_damaged_secret_key_is_not_signed_with() {
    let keys = keys();
    keys.secret("a");
    let text = fs::read_to_string(keys.file("a")).unwrap();
    let (comment, line) = text.trim_end().split_once('\n').unwrap();
    // In its 64 bytes of key, far from what says that it is not encrypted.
    for at in [100, 130, 150] {
        let mut line = line.to_owned();
        let other = if &line[at..=at] == "A" { "B" } else { "A" };
        line.replace_range(at..=at, other);
        fs::write(keys.file("a"), format!("{comment}\n{line}\n")).unwrap();
        assert!(SecretKey::read(&keys.file("a"), None).is_err(), "{at}");
    }
}

#[test]
fn an_encrypted_key_needs_its_password() {
    let keys = keys();
    let path = keys.file("locked");
    SecretKey::generate(&path, Some("open".into())).unwrap();
    assert!(SecretKey::read(&path, Some("open".into())).is_ok());
    assert!(SecretKey::read(&path, Some("wrong".into())).is_err());
    let error = SecretKey::read(&path, None).unwrap_err().to_string();
    assert!(error.contains("CAIRN_KEY_PASSWORD"), "{error}");
}

#[test]
fn as_many_different_keys_must_sign_as_the_threshold_says() {
    let pushed = pushed();
    let two_of_three = pushed.keys.trust(&["a", "b", "c"], 2);
    let caches = folder(pushed.cache.path());
    let error = pull_from(&machine(), &caches, "web1", &two_of_three).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Untrusted {
                needed: 2,
                valid: 1,
                ..
            }
        ),
        "{error}"
    );
    // The same key twice is one key.
    let path = pushed.cache.path().join("names/web1.manifest");
    let sound = fs::read(&path).unwrap();
    let mut manifest = Manifest::decode(&sound).unwrap();
    let again = pushed
        .keys
        .secret("a")
        .sign(&manifest.statement, "again")
        .unwrap();
    manifest.signatures.push_str(&again);
    fs::write(&path, manifest.encode().unwrap()).unwrap();
    let error = pull_from(&machine(), &caches, "web1", &two_of_three).unwrap_err();
    assert!(
        matches!(error, Error::Untrusted { valid: 1, .. }),
        "{error}"
    );
    // Another key, filed beside the manifest as `cairn cache sign` does.
    let signature = pushed
        .keys
        .secret("c")
        .sign(&manifest.statement, "c")
        .unwrap();
    let name = names::signature(&manifest.digest(), &pushed.keys.secret("c").public().id);
    let place = pushed.cache.path().join(name);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, &signature).unwrap();
    pull_from(&machine(), &caches, "web1", &two_of_three).unwrap();
    // A signature by somebody else under that name counts for nothing.
    let stranger = pushed
        .keys
        .secret("stranger")
        .sign(&manifest.statement, "c")
        .unwrap();
    fs::write(&place, stranger).unwrap();
    assert!(pull_from(&machine(), &caches, "web1", &two_of_three).is_err());
}

#[test]
fn a_key_that_nobody_trusts_is_named() {
    let pushed = pushed();
    let trust = pushed.keys.trust(&["b"], 1);
    let caches = folder(pushed.cache.path());
    let error = pull_from(&machine(), &caches, "web1", &trust).unwrap_err();
    let id = pushed.keys.secret("a").public().id.clone();
    assert!(error.to_string().contains(&id), "{error}");
}

#[test]
fn a_file_of_trusted_keys_has_lines_comments_and_a_threshold() {
    let keys = keys();
    let line = |name: &str| keys.secret(name).public().line.clone();
    let (a, b) = (line("a"), line("b"));
    let read = |text: &str, threshold| {
        let path = keys.file("trusted-keys");
        fs::write(&path, text).unwrap();
        Trust::read(&[path], threshold)
    };
    let text = format!("# ours\n{a}\n\nuntrusted comment: theirs\n{b}\n{a}\nthreshold 2\n");
    let trust = read(&text, None).unwrap();
    assert_eq!((trust.keys.len(), trust.threshold), (2, 2));
    assert_eq!(read(&text, Some(1)).unwrap().threshold, 1);
    for wrong in ["", "# none\n", "RWnonsense\n", "threshold 1\n"] {
        assert!(read(wrong, None).is_err(), "{wrong:?}");
    }
    for threshold in ["0", "3", "-1", "two"] {
        let text = format!("{a}\n{b}\nthreshold {threshold}\n");
        assert!(read(&text, None).is_err(), "{text}");
    }
}

#[test]
fn a_second_signer_does_not_touch_what_the_first_wrote() {
    let pushed = pushed();
    let before = cache_files(pushed.cache.path());
    let place = Folder::new(pushed.cache.path());
    push_to(
        &pushed.source,
        &wanted(&pushed.generation),
        &place,
        &pushed.keys.secret("b"),
    );
    assert_eq!(cache_files(pushed.cache.path()), before);
    let trust = pushed.keys.trust(&["b"], 1);
    pull_from(&machine(), &folder(pushed.cache.path()), "web1", &trust).unwrap();
}

#[test]
fn signatures_beyond_all_measure_count_for_nothing() {
    let keys = keys();
    let trust = keys.trust(&["a"], 1);
    let signed = keys.secret("a").sign("a text", "a test").unwrap();
    assert!(trust.is_enough(&trust.verdict("a text", &signed)));
    let many = signed.repeat(cairn_cache::signing::SIGNATURES_MAX / signed.len() + 1);
    assert!(!trust.is_enough(&trust.verdict("a text", &many)));
}
