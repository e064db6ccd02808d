//! An error of the way to the root: what was tried, and why it failed.

use std::fmt;
use std::io;

/// What could not be done, and the system's reason.
#[derive(Debug)]
pub struct Error {
    act: String,
    source: Option<io::Error>,
}

impl Error {
    /// An error whose text says everything.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            act: text.into(),
            source: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "cannot {}: {source}", self.act),
            None => f.write_str(&self.act),
        }
    }
}

impl std::error::Error for Error {}

/// Names what was tried.
pub(crate) fn act<T, E: Into<io::Error>>(
    act: impl Into<String>,
    result: Result<T, E>,
) -> Result<T, Error> {
    result.map_err(|source| Error {
        act: act.into(),
        source: Some(source.into()),
    })
}
