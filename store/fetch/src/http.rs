//! Downloads of files whose size and digest may be declared.
//!
//! In: a URL (`http`, `https` or `file`). Out: a file or bytes that passed their checks, with SHA-256 and BLAKE3 taken
//! while streaming. A part that was fetched stays beside the target as `<target>.part` and is resumed.

mod upload;

pub use upload::Upload;

use crate::cancel::Cancel;
use crate::resolver::RememberingResolver;
use crate::sink::{FileSink, Hashed, MemorySink, Sink};
use cairn_graph::Digest;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use ureq::unversioned::transport::DefaultConnector;

/// What to fetch and what it must be.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `http://`, `https://` or `file:///`.
    pub url: &'a str,
    /// Declared size in bytes; without one a file may have [`UNDECLARED_MAX`].
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
    /// No size is declared, and the file goes on beyond what it may have then.
    #[error("the download of {url} has more than {limit} bytes, and no size is declared")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// Bytes that it may have.
        limit: u64,
    },
    /// The connection broke within the file, as often as was tried.
    #[error("the download of {url} broke off after {got} of {expected} bytes")]
    Interrupted {
        /// What was asked for.
        url: String,
        /// Bytes that came.
        got: u64,
        /// Bytes announced; 0 when unknown.
        expected: u64,
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

/// Bytes that a file may have whose size is not declared: a server that never ends must not fill the disk.
pub const UNDECLARED_MAX: u64 = 4 << 30;

/// A block of a transfer, in bytes; cancellation is looked at between two.
pub(crate) const BLOCK: usize = 128 * 1024;

impl Client {
    /// A client that tries four times and gives up on a silent server after 30 seconds. Proxies come from the environment.
    pub fn new(cancel: Cancel) -> Self {
        let config = ureq::Agent::config_builder()
            .user_agent(concat!("cairn/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .timeout_per_read(Some(Duration::from_secs(30)))
            .max_idle_connections_per_host(8)
            .build();
        Self {
            agent: ureq::Agent::with_parts(
                config,
                DefaultConnector::default(),
                RememberingResolver::default(),
            ),
            attempts: 4,
            pause: Duration::from_millis(500),
            offline: false,
            cancel,
        }
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
    ///
    /// What was fetched before a failure stays as `<target>.part` and is resumed when its size or digest is declared.
    /// Errors: [`HttpError`]; after a wrong digest or size nothing stays. Without a declared size more than
    /// [`UNDECLARED_MAX`] bytes are [`HttpError::TooLarge`].
    pub fn download(
        &self,
        request: &Request<'_>,
        target: &Path,
        progress: Progress<'_>,
    ) -> Result<Fetched, HttpError> {
        self.download_up_to(request, UNDECLARED_MAX, target, progress)
    }

    /// The same with another limit for a file whose size is not declared.
    pub fn download_up_to(
        &self,
        request: &Request<'_>,
        limit: u64,
        target: &Path,
        progress: Progress<'_>,
    ) -> Result<Fetched, HttpError> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = target.with_file_name(name);
        let file_error = |act, path: &Path, source| HttpError::File {
            act,
            path: path.into(),
            url: request.url.into(),
            source,
        };
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&part)
            .map_err(|source| file_error("create", &part, source))?;
        let mut sink = FileSink {
            file: &mut file,
            path: &part,
            url: request.url,
        };
        let fetched = self.transfer(request, limit, &mut sink, progress);
        match fetched {
            Ok(fetched) => {
                fs::rename(&part, target)
                    .map_err(|source| file_error("put in place", target, source))?;
                Ok(fetched)
            }
            Err(error) => {
                let resumable = request.sha256.is_some()
                    && matches!(
                        error,
                        HttpError::Offline { .. }
                            | HttpError::Cancelled { .. }
                            | HttpError::Interrupted { .. }
                    );
                if !resumable {
                    // The part is wrong or empty; that it can't be removed adds nothing to the first error.
                    let _ = fs::remove_file(&part);
                }
                Err(error)
            }
        }
    }

    /// Fetches a small text into memory; refuses more than `limit` bytes.
    ///
    /// Errors: [`HttpError`]; more than `limit` bytes are [`HttpError::Truncated`].
    pub fn get(&self, request: &Request<'_>, limit: u64) -> Result<Vec<u8>, HttpError> {
        let mut sink = MemorySink {
            bytes: Vec::new(),
            limit,
            url: request.url,
        };
        // The sink is what refuses more.
        self.transfer(request, u64::MAX, &mut sink, &mut |_, _| {})?;
        Ok(sink.bytes)
    }

    /// Tries until it works, fails for good, or the attempts run out.
    fn transfer(
        &self,
        request: &Request<'_>,
        limit: u64,
        sink: &mut dyn Sink,
        progress: Progress<'_>,
    ) -> Result<Fetched, HttpError> {
        let mut pause = self.pause;
        let mut state = Hashed::default();
        // A part of an earlier run is only worth keeping when its digest will be checked.
        let kept = if request.sha256.is_some() {
            sink.rehash(&mut state)?
        } else {
            0
        };
        if kept == 0 || request.size.is_some_and(|size| kept > size) {
            sink.restart()?;
            state = Hashed::default();
        }
        let mut resumed = state.size > 0;
        for attempt in 1.. {
            let result = match request.url.split_once("://") {
                Some(("file", path)) => {
                    self.copy_file((request, limit), path, &mut state, sink, progress)
                }
                Some(("http" | "https", _)) if self.offline => {
                    return Err(HttpError::Forbidden {
                        url: request.url.into(),
                    });
                }
                Some(("http" | "https", _)) => {
                    self.fetch_once((request, limit), &mut state, sink, progress)
                }
                _ => {
                    return Err(HttpError::Scheme {
                        url: request.url.into(),
                    });
                }
            };
            let error = match result.and_then(|()| state.clone().finish(request)) {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            let again = match &error {
                HttpError::Offline { .. } | HttpError::Interrupted { .. } => {
                    attempt < self.attempts
                }
                HttpError::Http { status, .. } => {
                    attempt < self.attempts && (*status >= 500 || matches!(status, 408 | 416 | 429))
                }
                // What was kept from an earlier run may be of another file: once from the beginning.
                HttpError::Digest { .. } | HttpError::Truncated { .. } => {
                    std::mem::take(&mut resumed)
                }
                _ => false,
            };
            if !again {
                return Err(error);
            }
            if !matches!(
                error,
                HttpError::Interrupted { .. } | HttpError::Offline { .. }
            ) {
                sink.restart()?;
                state = Hashed::default();
            }
            self.wait(pause, request.url)?;
            pause = pause.saturating_mul(2);
        }
        unreachable!("the loop returns")
    }

    /// Sleeps, but wakes up for a cancellation.
    fn wait(&self, pause: Duration, url: &str) -> Result<(), HttpError> {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            self.alive(url)?;
            std::thread::sleep(Duration::from_millis(20).min(pause));
        }
        self.alive(url)
    }

    fn alive(&self, url: &str) -> Result<(), HttpError> {
        if self.cancel.is_cancelled() {
            Err(HttpError::Cancelled { url: url.into() })
        } else {
            Ok(())
        }
    }

    /// One request, from where `state` stands.
    fn fetch_once(
        &self,
        (request, limit): (&Request<'_>, u64),
        state: &mut Hashed,
        sink: &mut dyn Sink,
        progress: Progress<'_>,
    ) -> Result<(), HttpError> {
        self.alive(request.url)?;
        if request.size == Some(state.size) && state.size > 0 {
            return Ok(());
        }
        let mut call = self.agent.get(request.url);
        if state.size > 0 {
            call = call.header("Range", format!("bytes={}-", state.size));
            // Without a validator of this very transfer only the declared digest tells whether the file is the same.
            if let Some(validator) = &state.validator {
                call = call.header("If-Range", validator);
            }
        }
        let mut response = call.call().map_err(|error| HttpError::Offline {
            url: request.url.into(),
            reason: error.to_string(),
        })?;
        match response.status().as_u16() {
            206 if state.size > 0 && continues_at(response.headers(), state.size) => {}
            200 => {
                sink.restart()?;
                *state = Hashed::default();
            }
            status => {
                return Err(HttpError::Http {
                    url: request.url.into(),
                    status,
                });
            }
        }
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        state.validator = header("etag")
            .filter(|tag| !tag.starts_with("W/"))
            .or_else(|| header("last-modified"));
        let announced = header("content-length")
            .and_then(|text| text.parse::<u64>().ok())
            .map(|length| length.saturating_add(state.size));
        let total = request.size.or(announced);
        check_limit(request, limit, total.unwrap_or(0))?;
        let mut body = response.body_mut().as_reader();
        self.pump((request, limit), &mut body, total, state, sink, progress)?;
        match announced {
            Some(length) if state.size < length => Err(HttpError::Interrupted {
                url: request.url.into(),
                got: state.size,
                expected: length,
            }),
            _ => Ok(()),
        }
    }

    fn copy_file(
        &self,
        (request, limit): (&Request<'_>, u64),
        path: &str,
        state: &mut Hashed,
        sink: &mut dyn Sink,
        progress: Progress<'_>,
    ) -> Result<(), HttpError> {
        let path = PathBuf::from(percent_decoded(path));
        let open = |source| HttpError::File {
            act: "open",
            path: path.clone(),
            url: request.url.into(),
            source,
        };
        let mut file = fs::File::open(&path).map_err(open)?;
        let total = file.metadata().map_err(open)?.len();
        check_limit(request, limit, total)?;
        sink.restart()?;
        *state = Hashed::default();
        self.pump(
            (request, limit),
            &mut file,
            Some(total),
            state,
            sink,
            progress,
        )
    }

    /// Moves bytes until the stream ends, hashing them on the way.
    fn pump(
        &self,
        (request, limit): (&Request<'_>, u64),
        stream: &mut dyn Read,
        total: Option<u64>,
        state: &mut Hashed,
        sink: &mut dyn Sink,
        progress: Progress<'_>,
    ) -> Result<(), HttpError> {
        let mut block = vec![0; BLOCK];
        progress(state.size, total);
        loop {
            self.alive(request.url)?;
            let got = match stream.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if state.size == 0 => {
                    return Err(HttpError::Offline {
                        url: request.url.into(),
                        reason: error.to_string(),
                    });
                }
                Err(_) => {
                    let expected = total.unwrap_or(0);
                    return Err(HttpError::Interrupted {
                        url: request.url.into(),
                        got: state.size,
                        expected,
                    });
                }
            };
            if let Some(expected) = request.size
                && state.size + got as u64 > expected
            {
                let got = state.size + got as u64;
                return Err(HttpError::Truncated {
                    url: request.url.into(),
                    expected,
                    got,
                });
            }
            check_limit(request, limit, state.size + got as u64)?;
            sink.write(&block[..got])?;
            state.update(&block[..got]);
            progress(state.size, total);
        }
    }
}

/// Errors: [`HttpError::TooLarge`] for more bytes than a file of undeclared size may have.
fn check_limit(request: &Request<'_>, limit: u64, bytes: u64) -> Result<(), HttpError> {
    if request.size.is_some() || bytes <= limit {
        return Ok(());
    }
    Err(HttpError::TooLarge {
        url: request.url.into(),
        limit,
    })
}

/// Whether `Content-Range` begins where the part ends.
fn continues_at(headers: &ureq::http::HeaderMap, at: u64) -> bool {
    let range = headers
        .get("content-range")
        .and_then(|value| value.to_str().ok());
    range
        .and_then(|text| text.strip_prefix("bytes "))
        .is_some_and(|text| text.starts_with(&format!("{at}-")))
}

/// `%20` → blank.
fn percent_decoded(text: &str) -> OsString {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| *first == b'%');
        let decoded = pair.and_then(|pair| data_encoding::HEXLOWER_PERMISSIVE.decode(pair).ok());
        if let Some([byte]) = decoded.as_deref() {
            bytes.push(*byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    OsString::from_vec(bytes)
}
