//! Signatures on a clear-signed text (InRelease), checked by the machine's own `gpgv` or `sqv`.
//!
//! In: the signed text and keyrings. Out: only the bytes that were signed; what stands around them is dropped.
//! Never parses OpenPGP itself, and never believes a zero exit alone.

use std::io;
use std::path::{Path, PathBuf};

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
pub fn find_verifier() -> Result<Box<dyn Verifier>, SignatureError> {
    todo!()
}

/// The signed payload of a clear-signed text; `what` names it in errors.
pub fn verify_clear_signed(
    what: &str,
    signed: &[u8],
    keyrings: &[&Path],
) -> Result<Vec<u8>, SignatureError> {
    todo!()
}
