//! Signatures on a clear-signed text (InRelease), checked by the machine's own `gpgv` or `sqv`.
//!
//! In: the signed text and keyrings. Out: only the bytes that were signed; what stands around them is dropped.
//! Never parses OpenPGP itself, and never believes a zero exit alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a text isn't believed.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// Neither program is there.
    #[error("no program to check signatures: install the package `gpgv` or the package `sqv`")]
    NoVerifier,
    /// None of the keyrings exists.
    #[error("none of the keyrings exists: {}; install the package `debian-archive-keyring`", list(.0))]
    NoKeyring(Vec<PathBuf>),
    /// The check failed.
    #[error("the signature of {what} is not good: {reason}")]
    BadSignature {
        /// Of what, for people.
        what: String,
        /// The program's words.
        reason: String,
    },
    /// The program can't be run, or a temporary file can't be made.
    #[error("cannot run {program} to check the signature of {what}")]
    Run {
        /// `gpgv` or `sqv`.
        program: &'static str,
        /// Of what.
        what: String,
        /// Cause.
        source: io::Error,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A program that checks clear-signed texts.
pub trait Verifier {
    /// Its name.
    fn name(&self) -> &'static str;
    /// The signed payload of `signed`, if a key of one of the keyrings made a good signature on it.
    fn verify(
        &self,
        what: &str,
        signed: &[u8],
        keyrings: &[PathBuf],
    ) -> Result<Vec<u8>, SignatureError>;
}

/// The verifier of this machine: `gpgv`, else `sqv`.
///
/// Errors: [`SignatureError::NoVerifier`].
pub fn find_verifier() -> Result<Box<dyn Verifier>, SignatureError> {
    if let Some(program) = in_path("gpgv") {
        return Ok(Box::new(Gpgv { program }));
    }
    match in_path("sqv") {
        Some(program) => Ok(Box::new(Sqv { program })),
        None => Err(SignatureError::NoVerifier),
    }
}

/// The signed payload of a clear-signed text; `what` names it in errors.
///
/// Errors: [`SignatureError`].
pub fn verify_clear_signed(
    what: &str,
    signed: &[u8],
    keyrings: &[&Path],
) -> Result<Vec<u8>, SignatureError> {
    check_form(what, signed)?;
    let present: Vec<PathBuf> = keyrings
        .iter()
        .filter(|path| path.exists())
        .map(|path| path.to_path_buf())
        .collect();
    if present.is_empty() {
        return Err(SignatureError::NoKeyring(
            keyrings.iter().map(|path| path.to_path_buf()).collect(),
        ));
    }
    find_verifier()?.verify(what, signed, &present)
}

/// Refuses anything but one clear-signed text from its first line on, so that no verifier has to choose between several.
fn check_form(what: &str, signed: &[u8]) -> Result<(), SignatureError> {
    let lines = |marker: &str| {
        signed
            .split(|byte| *byte == b'\n')
            .filter(|line| line.trim_ascii_end() == marker.as_bytes())
            .count()
    };
    let begins = signed.starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----");
    let single = lines("-----BEGIN PGP SIGNED MESSAGE-----") == 1
        && lines("-----BEGIN PGP SIGNATURE-----") == 1
        && lines("-----END PGP SIGNATURE-----") == 1;
    if begins
        && single
        && signed
            .trim_ascii_end()
            .ends_with(b"-----END PGP SIGNATURE-----")
    {
        return Ok(());
    }
    Err(SignatureError::BadSignature {
        what: what.into(),
        reason: "it is not one clear-signed text".into(),
    })
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// GnuPG's verifier (Debian 12).
#[derive(Debug)]
pub struct Gpgv {
    program: PathBuf,
}

/// Sequoia's verifier (Debian 13).
#[derive(Debug)]
pub struct Sqv {
    program: PathBuf,
}

impl Gpgv {
    /// This very program.
    pub fn new(program: PathBuf) -> Self {
        Self { program }
    }
}

impl Sqv {
    /// This very program.
    pub fn new(program: PathBuf) -> Self {
        Self { program }
    }
}

impl Verifier for Gpgv {
    fn name(&self) -> &'static str {
        "gpgv"
    }

    fn verify(
        &self,
        what: &str,
        signed: &[u8],
        keyrings: &[PathBuf],
    ) -> Result<Vec<u8>, SignatureError> {
        let run = |source| SignatureError::Run {
            program: "gpgv",
            what: what.into(),
            source,
        };
        let room = Room::new(signed, keyrings).map_err(run)?;
        let mut command = Command::new(&self.program);
        command
            .args(["--status-fd", "1", "--homedir"])
            .arg(room.folder.path());
        for keyring in &room.keyrings {
            command.arg("--keyring").arg(keyring);
        }
        command.arg("--output").arg(&room.payload).arg(&room.signed);
        let output = command
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(run)?;
        let status = String::from_utf8_lossy(&output.stdout);
        let said = |keyword: &str| {
            status
                .lines()
                .filter_map(|line| line.strip_prefix("[GNUPG:] "))
                .any(|line| line.split(' ').next() == Some(keyword))
        };
        // A suite is signed by several keys: those that aren't in the keyring (NO_PUBKEY, and so exit code 2) don't count,
        // one that is and fails does.
        let bad = ["BADSIG", "EXPKEYSIG", "REVKEYSIG", "EXPSIG"]
            .into_iter()
            .find(|keyword| said(keyword));
        if let (true, true, None) = (said("GOODSIG"), said("VALIDSIG"), bad) {
            return fs::read(&room.payload).map_err(run);
        }
        let words = bad.map_or_else(|| last_words(&output.stderr), str::to_owned);
        Err(SignatureError::BadSignature {
            what: what.into(),
            reason: words,
        })
    }
}

impl Verifier for Sqv {
    fn name(&self) -> &'static str {
        "sqv"
    }

    fn verify(
        &self,
        what: &str,
        signed: &[u8],
        keyrings: &[PathBuf],
    ) -> Result<Vec<u8>, SignatureError> {
        let run = |source| SignatureError::Run {
            program: "sqv",
            what: what.into(),
            source,
        };
        let room = Room::new(signed, keyrings).map_err(run)?;
        let mut command = Command::new(&self.program);
        for keyring in keyrings {
            command.arg("--keyring").arg(keyring);
        }
        command
            .arg("--output")
            .arg(&room.payload)
            .arg("--cleartext")
            .arg(&room.signed);
        let output = command
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(run)?;
        // On success it prints a fingerprint for each good signature.
        let fingerprints = String::from_utf8_lossy(&output.stdout);
        let good = fingerprints
            .lines()
            .any(|line| line.len() >= 40 && line.bytes().all(|b| b.is_ascii_hexdigit()));
        if output.status.success() && good {
            return fs::read(&room.payload).map_err(run);
        }
        Err(SignatureError::BadSignature {
            what: what.into(),
            reason: last_words(&output.stderr),
        })
    }
}

/// The last line of a program's messages that says something.
fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.unwrap_or("it has no signature by a known key")
        .to_owned()
}

/// The files that a verifier works with.
struct Room {
    folder: tempfile::TempDir,
    signed: PathBuf,
    payload: PathBuf,
    /// In the binary form that gpgv reads.
    keyrings: Vec<PathBuf>,
}

impl Room {
    fn new(signed_bytes: &[u8], keyrings: &[PathBuf]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (signed, payload) = (folder.path().join("signed"), folder.path().join("payload"));
        fs::write(&signed, signed_bytes)?;
        let mut binary = Vec::new();
        for (number, keyring) in keyrings.iter().enumerate() {
            let bytes = fs::read(keyring)?;
            let Some(key) = dearmoured(&bytes) else {
                binary.push(fs::canonicalize(keyring)?);
                continue;
            };
            let path = folder.path().join(format!("keyring-{number}.gpg"));
            fs::write(&path, key)?;
            binary.push(path);
        }
        Ok(Self {
            folder,
            signed,
            payload,
            keyrings: binary,
        })
    }
}

/// The binary form of an armoured keyring (`.asc`), every block of it; `None` when it isn't armoured.
fn dearmoured(bytes: &[u8]) -> Option<Vec<u8>> {
    const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    let text = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.contains(BEGIN))?;
    let mut keys = Vec::new();
    for block in text.split(BEGIN).skip(1) {
        let body = block.split("-----END").next()?;
        let mut lines = body.lines().skip(1).map(str::trim_end);
        // Headers end at a blank line; the checksum line begins with `=`.
        lines.by_ref().find(|line| line.is_empty())?;
        let base64: String = lines.take_while(|line| !line.starts_with('=')).collect();
        keys.extend(data_encoding::BASE64.decode(base64.as_bytes()).ok()?);
    }
    Some(keys)
}
