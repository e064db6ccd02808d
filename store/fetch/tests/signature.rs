//! Signed texts, checked by this machine's verifier. The keys are made here with `gpg`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cairn_fetch::signature::{Gpgv, SignatureError, Verifier, verify_clear_signed};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TEXT: &str = "Origin: Debian\n- dashed: line\nSuite: trixie\n";

/// A folder with a key pair, its keyrings (binary and armoured) and a signed text.
struct Signer {
    folder: tempfile::TempDir,
}

impl Signer {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let signer = Self { folder };
        std::fs::write(signer.path("text"), TEXT).unwrap();
        signer.gpg(&[
            "--passphrase",
            "",
            "--quick-gen-key",
            "test@example.org",
            "ed25519",
            "sign",
            "never",
        ]);
        signer.gpg(&["--output", "key.gpg", "--export"]);
        signer.gpg(&["--armor", "--output", "key.asc", "--export"]);
        signer.gpg(&["--output", "signed", "--clear-sign", "text"]);
        signer
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn signed(&self) -> Vec<u8> {
        std::fs::read(self.path("signed")).unwrap()
    }

    fn gpg(&self, arguments: &[&str]) {
        let status = Command::new("gpg")
            .arg("--homedir")
            .arg(self.folder.path())
            .args(["--batch", "--quiet", "--pinentry-mode", "loopback"])
            .args(arguments)
            .current_dir(self.folder.path())
            .stderr(Stdio::null())
            .status();
        assert!(
            status.expect("this test needs gpg").success(),
            "gpg {arguments:?}"
        );
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.folder.path())
            .args(["--kill", "all"])
            .status();
    }
}

fn is_bad(result: &Result<Vec<u8>, SignatureError>) -> bool {
    matches!(result, Err(SignatureError::BadSignature { .. }))
}

#[test]
fn only_the_signed_text_comes_back() {
    let signer = Signer::new();
    for keyring in ["key.gpg", "key.asc"] {
        let keyring = signer.path(keyring);
        let missing = Path::new("/nonexistent.gpg");
        let payload =
            verify_clear_signed("InRelease", &signer.signed(), &[missing, &keyring]).unwrap();
        assert_eq!(String::from_utf8(payload).unwrap(), TEXT);
    }
}

#[test]
fn changed_surrounded_unsigned_and_foreign_texts_are_not_believed() {
    let (signer, stranger) = (Signer::new(), Signer::new());
    let (signed, keyring) = (signer.signed(), signer.path("key.gpg"));
    let text = String::from_utf8(signed.clone()).unwrap();
    let changed = text.replace("trixie", "trixiE");
    let before = format!("Evil: yes\n{text}");
    let after = format!("{text}Evil: yes\n");
    let twice = format!("{text}{text}");
    for (case, bytes) in [
        ("changed", changed.as_bytes()),
        ("before", before.as_bytes()),
        ("after", after.as_bytes()),
        ("twice", twice.as_bytes()),
        ("plain", TEXT.as_bytes()),
        ("empty", b""),
    ] {
        assert!(
            is_bad(&verify_clear_signed("InRelease", bytes, &[&keyring])),
            "{case}"
        );
    }
    let foreign = verify_clear_signed("InRelease", &signed, &[&stranger.path("key.gpg")]);
    assert!(is_bad(&foreign), "foreign");
}

#[test]
fn without_any_keyring_the_package_that_has_it_is_named() {
    let signer = Signer::new();
    let error = verify_clear_signed(
        "InRelease",
        &signer.signed(),
        &[Path::new("/nonexistent.gpg")],
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("/nonexistent.gpg") && error.contains("debian-archive-keyring"),
        "{error}"
    );
}

#[test]
fn a_verifier_that_only_exits_with_zero_is_not_believed() {
    let signer = Signer::new();
    let liar = Gpgv::new("/bin/true".into());
    assert!(is_bad(&liar.verify(
        "InRelease",
        &signer.signed(),
        &[signer.path("key.gpg")]
    )));
}
