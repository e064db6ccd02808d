//! Logs of builds: `var/log/<action>.zst`.
//!
//! In: lines. Out: a compressed file, and the last lines in memory. No file is made for a build that says nothing.

use crate::error::BuildError;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// How many lines a failure shows.
const TAIL: usize = 25;
/// zstd's level for logs.
const LEVEL: i32 = 3;

/// A log that is being written.
pub(crate) struct Log {
    path: PathBuf,
    encoder: Option<zstd::Encoder<'static, File>>,
    tail: VecDeque<String>,
    failure: Option<io::Error>,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            encoder: None,
            tail: VecDeque::new(),
            failure: None,
        }
    }

    /// Adds a line. A log that can't be written fails the build at its end, not in the middle.
    pub(crate) fn add(&mut self, line: &str) {
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line.to_owned());
        if self.failure.is_none() {
            self.failure = self.write(line).err();
        }
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => self
                .encoder
                .insert(zstd::Encoder::new(File::create(&self.path)?, LEVEL)?),
        };
        encoder.write_all(line.as_bytes())?;
        encoder.write_all(b"\n")
    }

    /// Ends the log; its path, if it has any lines, and the last ones.
    pub(crate) fn finish(mut self) -> Result<(Option<PathBuf>, Vec<String>), BuildError> {
        let ended = self
            .encoder
            .take()
            .map(|encoder| encoder.finish().map(drop));
        let written = ended.is_some();
        let result = self
            .failure
            .take()
            .map_or(Ok(()), Err)
            .and(ended.unwrap_or(Ok(())));
        result.map_err(|source| BuildError::Io {
            act: "write the log",
            path: self.path.clone(),
            source,
        })?;
        Ok((written.then_some(self.path), self.tail.into()))
    }
}

/// Reads a finished log.
///
/// Errors: what the system says when there is none.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    zstd::Decoder::new(File::open(path)?)?.read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
