//! A throwaway OpenPGP key, kept by `gpg` in a home of its own.
//!
//! In: texts. Out: clear-signed texts, detached signatures and the public keyring as a file. The key is an
//! ed25519 key without passphrase that vanishes with the value. Needs `gpg` (Debian: gnupg).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A key pair whose life is this value's.
#[derive(Debug)]
pub struct SigningKey {
    home: tempfile::TempDir,
}

impl SigningKey {
    /// Makes a new key.
    pub fn generate() -> Self {
        // Short, because the agent's socket lies in it and its path may have 107 bytes.
        let home = tempfile::Builder::new()
            .prefix("cairn-key-")
            .tempdir_in("/tmp")
            .unwrap();
        let key = Self { home };
        key.gpg(
            &[
                "--passphrase",
                "",
                "--quick-gen-key",
                "Cairn tests <tests@cairn.invalid>",
                "ed25519",
                "sign",
                "never",
            ],
            b"",
        );
        std::fs::write(key.keyring(), key.gpg(&["--export"], b"")).unwrap();
        key
    }

    /// The public keyring, binary, as `gpgv --keyring` and `sqv --keyring` read it.
    pub fn keyring(&self) -> PathBuf {
        self.home().join("archive-keyring.gpg")
    }

    /// The text, clear-signed: what stands in `InRelease`.
    pub fn clear_sign(&self, text: &[u8]) -> Vec<u8> {
        self.gpg(&["--digest-algo", "SHA512", "--clear-sign"], text)
    }

    /// A detached signature in ASCII armour: what stands in `Release.gpg`.
    pub fn detached(&self, text: &[u8]) -> Vec<u8> {
        self.gpg(
            &["--digest-algo", "SHA512", "--armor", "--detach-sign"],
            text,
        )
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn gpg(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("gpg")
            .arg("--homedir")
            .arg(self.home())
            .args([
                "--batch",
                "--yes",
                "--quiet",
                "--no-tty",
                "--pinentry-mode",
                "loopback",
            ])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("gpg runs (Debian: gnupg)");
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "gpg {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }
}

impl Drop for SigningKey {
    fn drop(&mut self) {
        let stopped = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home())
            .args(["--kill", "gpg-agent"])
            .status();
        drop(stopped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpgv(keyring: &Path, signed: &[u8]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("InRelease");
        std::fs::write(&file, signed).unwrap();
        Command::new("gpgv")
            .arg("--keyring")
            .arg(keyring)
            .arg(&file)
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    #[test]
    fn gpgv_accepts_its_signature_and_nobody_elses() {
        let (key, stranger) = (SigningKey::generate(), SigningKey::generate());
        let signed = key.clear_sign(b"Suite: tiny\n");
        assert!(gpgv(&key.keyring(), &signed));
        assert!(!gpgv(&stranger.keyring(), &signed));
        let tampered = String::from_utf8(signed)
            .unwrap()
            .replace("Suite: tiny", "Suite: evil");
        assert!(!gpgv(&key.keyring(), tampered.as_bytes()));
    }
}
