//! Where a download's bytes go, and what is known of them.
//!
//! In: blocks. Out: a file or a text, with size and digests held against what was declared.

use crate::http::{BLOCK, Fetched, HttpError, Request};
use cairn_graph::Digest;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The digests of what has come so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hashed {
    pub(crate) size: u64,
    sha256: Sha256,
    blake3: blake3::Hasher,
    /// The server's tag or date of the file, from an answer of this transfer.
    pub(crate) validator: Option<String>,
}

impl Hashed {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        self.blake3.update(bytes);
    }

    pub(crate) fn finish(self, request: &Request<'_>) -> Result<Fetched, HttpError> {
        if let Some(expected) = request.size
            && expected != self.size
        {
            return Err(HttpError::Truncated {
                url: request.url.into(),
                expected,
                got: self.size,
            });
        }
        let got = data_encoding::HEXLOWER.encode(&self.sha256.finalize());
        match request.sha256 {
            Some(expected) if expected != got => Err(HttpError::Digest {
                url: request.url.into(),
                expected: expected.into(),
                got,
            }),
            _ => Ok(Fetched {
                size: self.size,
                sha256: got,
                digest: Digest(*self.blake3.finalize().as_bytes()),
            }),
        }
    }
}

/// Where the bytes go.
pub(crate) trait Sink {
    /// Takes over what is there already; returns its size and leaves the position behind it.
    fn rehash(&mut self, state: &mut Hashed) -> Result<u64, HttpError>;
    /// Throws away what is there.
    fn restart(&mut self) -> Result<(), HttpError>;
    fn write(&mut self, bytes: &[u8]) -> Result<(), HttpError>;
}

pub(crate) struct FileSink<'a> {
    pub(crate) file: &'a mut fs::File,
    pub(crate) path: &'a Path,
    pub(crate) url: &'a str,
}

impl FileSink<'_> {
    fn failed(&self, act: &'static str, source: io::Error) -> HttpError {
        HttpError::File {
            act,
            path: self.path.into(),
            url: self.url.into(),
            source,
        }
    }
}

impl Sink for FileSink<'_> {
    fn rehash(&mut self, state: &mut Hashed) -> Result<u64, HttpError> {
        let mut block = vec![0; BLOCK];
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(|source| self.failed("read", source))?;
        loop {
            match self.file.read(&mut block) {
                Ok(0) => return Ok(state.size),
                Ok(got) => state.update(&block[..got]),
                Err(source) => return Err(self.failed("read", source)),
            }
        }
    }

    fn restart(&mut self) -> Result<(), HttpError> {
        let emptied = self
            .file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied
            .map(|_| ())
            .map_err(|source| self.failed("empty", source))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        self.file
            .write_all(bytes)
            .map_err(|source| self.failed("write", source))
    }
}

pub(crate) struct MemorySink<'a> {
    pub(crate) bytes: Vec<u8>,
    pub(crate) limit: u64,
    pub(crate) url: &'a str,
}

impl Sink for MemorySink<'_> {
    fn rehash(&mut self, _: &mut Hashed) -> Result<u64, HttpError> {
        Ok(0)
    }

    fn restart(&mut self) -> Result<(), HttpError> {
        self.bytes.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        let got = (self.bytes.len() + bytes.len()) as u64;
        if got > self.limit {
            return Err(HttpError::Truncated {
                url: self.url.into(),
                expected: self.limit,
                got,
            });
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}
