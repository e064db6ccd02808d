//! Downloads of files whose size and digest may be declared.
//!
//! In: a URL (`http`, `https` or `file`). Out: a file or bytes that passed their checks, with SHA-256 and BLAKE3 taken
//! while streaming. A part that was fetched stays beside the target as `<target>.part` and is resumed.

use crate::cancel::Cancel;
use cairn_graph::Digest;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to fetch and what it must be.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `http://`, `https://` or `file:///`.
    pub url: &'a str,
    /// Declared size in bytes.
    pub size: Option<u64>,
    /// Declared SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: Option<&'a str>,
}

/// What a finished download is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// BLAKE3.
    pub digest: Digest,
}

/// Why a download failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The server answered, but not with the file.
    #[error("cannot fetch {url}: the server answered {status}")]
    Http {
        /// What was asked for.
        url: String,
        /// The status code.
        status: u16,
    },
    /// No answer: no network, no name, no route, time ran out.
    #[error("cannot reach {url}: {reason}")]
    Offline {
        /// What was asked for.
        url: String,
        /// The network's words.
        reason: String,
    },
    /// Networking was switched off by the caller.
    #[error("cannot fetch {url}: working offline")]
    Forbidden {
        /// What was asked for.
        url: String,
    },
    /// The transfer ended early or gave too much.
    #[error("the download of {url} has {got} bytes instead of {expected}")]
    Truncated {
        /// What was asked for.
        url: String,
        /// Bytes declared.
        expected: u64,
        /// Bytes that came.
        got: u64,
    },
    /// Right size, wrong content.
    #[error("the download of {url} has SHA-256 {got} instead of {expected}")]
    Digest {
        /// What was asked for.
        url: String,
        /// Declared.
        expected: String,
        /// Found.
        got: String,
    },
    /// The file can't be written or read.
    #[error("cannot {act} {path} for {url}")]
    File {
        /// `write`, `open` …
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// What was asked for.
        url: String,
        /// Cause.
        source: io::Error,
    },
    /// Neither `http`, `https` nor `file`, or not a URL.
    #[error("cannot fetch `{url}`: only http, https and file URLs are known")]
    Scheme {
        /// What was asked for.
        url: String,
    },
    /// The caller cancelled.
    #[error("the download of {url} was interrupted")]
    Cancelled {
        /// What was asked for.
        url: String,
    },
}

/// A downloader; cheap to clone, shareable between threads, keeps connections open.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    attempts: u32,
    pause: Duration,
    offline: bool,
    cancel: Cancel,
}

/// `bytes so far, total if known`.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);

impl Client {
    /// A client that tries four times and gives up on a silent server after 30 seconds. Proxies come from the environment.
    pub fn new(cancel: Cancel) -> Self {
        todo!()
    }

    /// The same, but every network URL fails with [`HttpError::Forbidden`]; `file://` still works.
    pub fn offline(self) -> Self {
        Self {
            offline: true,
            ..self
        }
    }

    /// The same with another number of attempts (at least one) and another first pause, which doubles.
    pub fn retrying(self, attempts: u32, pause: Duration) -> Self {
        Self {
            attempts: attempts.max(1),
            pause,
            ..self
        }
    }

    /// Fetches into `target`, which appears whole and checked or not at all; replaces it when it exists.
    pub fn download(
        &self,
        request: &Request<'_>,
        target: &Path,
        progress: Progress<'_>,
    ) -> Result<Fetched, HttpError> {
        todo!()
    }

    /// Fetches a small text into memory; refuses more than `limit` bytes.
    pub fn get(&self, request: &Request<'_>, limit: u64) -> Result<Vec<u8>, HttpError> {
        todo!()
    }
}
