//! The host of an evaluation that someone looks on: what `trace` says is shown at once, and the entry may come from stdin.
//!
//! In: the files' own host. Out: the same answers, with lines of `trace` on stderr. Refuses to read any file itself.

use std::io::Read as _;
use std::path::Path;

use cairn_eval::{Data, EntryKind, Host, HostError, Minted};
use cairn_system::evaluate::host_of;
use cairn_system::host::ConfigHost;
use cairn_system::library::LIBRARY;

use crate::error::CommandError;

/// What a file or an expression is called that comes from stdin.
pub const STDIN: &str = "<stdin>";

/// The host.
#[derive(Debug)]
pub struct LiveHost {
    host: ConfigHost,
    /// The text of [`STDIN`].
    given: Option<String>,
}

impl LiveHost {
    /// A host of the current folder, and no file in particular.
    pub fn here() -> Self {
        Self {
            host: ConfigHost::new(".".into(), LIBRARY),
            given: None,
        }
    }

    /// The host of a file, and the file's name for it; `-` is what comes from stdin, as if it lay in the current folder.
    ///
    /// Errors: stdin can't be read, or is no text.
    pub fn of(file: &Path) -> Result<(Self, String), CommandError> {
        if file == Path::new("-") {
            let here = Self {
                given: Some(stdin()?),
                ..Self::here()
            };
            return Ok((here, STDIN.to_owned()));
        }
        let (host, entry) = host_of(file);
        Ok((Self { host, given: None }, entry))
    }
}

/// All of stdin.
pub fn stdin() -> Result<String, CommandError> {
    let mut text = String::new();
    match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(source) => Err(CommandError::File {
            act: "read",
            path: STDIN.into(),
            source,
        }),
    }
}

impl Host for LiveHost {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        match &self.given {
            Some(text) if path == STDIN => Ok(text.clone()),
            _ => self.host.load(path),
        }
    }
    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        self.host.read_file(path)
    }
    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        self.host.read_dir(path)
    }
    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        self.host.path(path)
    }
    fn build(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        self.host.build(arguments)
    }
    fn fetch(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        self.host.fetch(arguments)
    }
    fn trace(&mut self, line: &str) {
        anstream::eprintln!("{line}");
    }
}
