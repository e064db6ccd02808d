//! Whether a file is there, and putting one there.
//!
//! In: URLs, bytes. Out: a server's answer. A file is sent whole; tried again from its beginning when the server can't be
//! reached or says that it is in trouble.

use super::{Client, HttpError};
use std::fs::File;
use std::io::{Seek as _, SeekFrom};

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub enum Upload<'a> {
    /// Bytes in memory.
    Bytes(&'a [u8]),
    /// A whole file.
    File(&'a File),
}

impl Client {
    /// Whether there is a file at the URL: HEAD. Errors: [`HttpError`], for every other answer than 200 and 404.
    pub fn exists(&self, url: &str) -> Result<bool, HttpError> {
        let status = self.ask(url, || Ok(self.agent.head(url).call()))?;
        match status {
            200..300 => Ok(true),
            404 => Ok(false),
            status => Err(HttpError::Http {
                url: url.into(),
                status,
            }),
        }
    }

    /// Puts a file at the URL, in place of one that may be there: PUT. Errors: [`HttpError`].
    pub fn put(&self, url: &str, body: Upload<'_>) -> Result<(), HttpError> {
        let status = self.ask(url, || {
            let call = self.agent.put(url);
            Ok(match body {
                Upload::Bytes(bytes) => call.send(bytes),
                Upload::File(mut file) => {
                    file.seek(SeekFrom::Start(0))
                        .map_err(|source| HttpError::File {
                            act: "read",
                            path: "what is to be sent".into(),
                            url: url.into(),
                            source,
                        })?;
                    call.send(file)
                }
            })
        })?;
        match status {
            200..300 => Ok(()),
            status => Err(HttpError::Http {
                url: url.into(),
                status,
            }),
        }
    }

    /// Asks as often as the attempts allow; the status of the first answer that is no trouble of the server's.
    fn ask(
        &self,
        url: &str,
        mut call: impl FnMut()
            -> Result<Result<ureq::http::Response<ureq::Body>, ureq::Error>, HttpError>,
    ) -> Result<u16, HttpError> {
        if self.offline {
            return Err(HttpError::Forbidden { url: url.into() });
        }
        let mut pause = self.pause;
        for attempt in 1.. {
            self.alive(url)?;
            let last = attempt >= self.attempts;
            match call()? {
                Ok(response) => {
                    let status = response.status().as_u16();
                    if last || !(status >= 500 || matches!(status, 408 | 429)) {
                        return Ok(status);
                    }
                }
                Err(error) if last => {
                    return Err(HttpError::Offline {
                        url: url.into(),
                        reason: error.to_string(),
                    });
                }
                Err(_) => {}
            }
            self.wait(pause, url)?;
            pause = pause.saturating_mul(2);
        }
        unreachable!("the loop returns")
    }
}
