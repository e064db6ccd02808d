//! Manifests: the one file that a closure costs to be known: signatures, statement and packing together.
//!
//! In: the three texts. Out: their file, compressed, and back, within bounds. Whether signatures hold is not decided here.

use crate::compress;
use crate::error::Error;
use crate::packing::{PACKING_MAX, Packing};
use crate::signing::SIGNATURES_MAX;
use crate::statement::{STATEMENT_MAX, Statement};
use cairn_graph::Digest;

/// The first line.
const HEADER: &str = "cairn-manifest 1\n";
/// Plain bytes that a manifest may have.
pub const MANIFEST_MAX: u64 = (SIGNATURES_MAX + STATEMENT_MAX + PACKING_MAX + 256) as u64;

/// The three texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Signatures of the statement in minisign's form, one after the other.
    pub signatures: String,
    /// The text of a [`Statement`].
    pub statement: String,
    /// The text of a [`Packing`].
    pub packing: String,
}

/// Why bytes are no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no manifest: {0}")]
pub struct ManifestError(pub String);

impl Manifest {
    /// The file.
    ///
    /// Errors: zstd's, which means that memory is short.
    pub fn encode(&self) -> std::io::Result<Vec<u8>> {
        compress::compress(self.plain().as_bytes())
    }

    fn plain(&self) -> String {
        format!(
            "{HEADER}signatures {}\nstatement {}\npacking {}\n\n{}{}{}",
            self.signatures.len(),
            self.statement.len(),
            self.packing.len(),
            self.signatures,
            self.statement,
            self.packing
        )
    }

    /// Reads the file: the sizes of its parts, nothing in them. Errors: [`ManifestError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let plain = unpack(bytes)?;
        let text = String::from_utf8(plain).map_err(|_| ManifestError("it is no text".into()))?;
        Self::decode_plain(&text)
    }

    /// Reads the plain text.
    pub fn decode_plain(text: &str) -> Result<Self, ManifestError> {
        let fault = |why: &str| ManifestError(why.into());
        let (head, body) = text
            .split_once("\n\n")
            .ok_or_else(|| fault("its head does not end"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER.trim_end()) {
            return Err(fault("expected `cairn-manifest 1`"));
        }
        let mut size = |word: &str, most: usize| {
            let line = lines.next().and_then(|line| line.strip_prefix(word));
            let size = line.and_then(|text| text.parse::<usize>().ok());
            size.filter(|size| *size <= most)
                .ok_or_else(|| ManifestError(format!("no sound size of its {}", word.trim_end())))
        };
        let signatures = size("signatures ", SIGNATURES_MAX)?;
        let statement = size("statement ", STATEMENT_MAX)?;
        let packing = size("packing ", PACKING_MAX)?;
        let part = |from: usize, len: usize| {
            body.get(from..from + len)
                .map(str::to_owned)
                .ok_or_else(|| fault("its parts are not as long as its head says"))
        };
        let manifest = Self {
            signatures: part(0, signatures)?,
            statement: part(signatures, statement)?,
            packing: part(signatures + statement, packing)?,
        };
        if manifest.plain() == text {
            Ok(manifest)
        } else {
            Err(fault("it is not in its one form"))
        }
    }

    /// The digest of the statement's text: what signatures are filed under.
    pub fn digest(&self) -> Digest {
        Digest::of(self.statement.as_bytes())
    }

    /// Reads the statement; `whence` and `name` are what errors name. Does not look at signatures.
    pub(crate) fn read_statement(&self, whence: &str, name: &str) -> Result<Statement, Error> {
        Statement::decode(&self.statement)
            .map_err(|error| Error::refused(whence, name, error.to_string()))
    }

    /// Reads the packing.
    pub(crate) fn read_packing(&self, whence: &str, name: &str) -> Result<Packing, Error> {
        Packing::decode(&self.packing)
            .map_err(|error| Error::refused(whence, name, error.to_string()))
    }
}

/// Unpacks while growing, so that a small file that claims to be large costs little.
fn unpack(bytes: &[u8]) -> Result<Vec<u8>, ManifestError> {
    use std::io::Read as _;
    let fault = |error: std::io::Error| ManifestError(error.to_string());
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(fault)?;
    decoder
        .window_log_max(compress::WINDOW_LOG_MAX)
        .map_err(fault)?;
    let mut plain = Vec::new();
    decoder
        .take(MANIFEST_MAX + 1)
        .read_to_end(&mut plain)
        .map_err(fault)?;
    if plain.len() as u64 > MANIFEST_MAX {
        return Err(ManifestError(format!(
            "it unpacks to more than {MANIFEST_MAX} bytes"
        )));
    }
    Ok(plain)
}
