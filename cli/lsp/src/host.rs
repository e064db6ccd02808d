//! The world as the language server shows it: files of a folder, with the texts of the editor over them.
//!
//! In: a folder and open texts. Out: a [`Host`] for evaluation. Nothing is hashed or copied: a path in a string becomes a
//! place that only looks like one of the store. `build` and `fetch` are refused as `cairn check` does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cairn_eval::{ContextId, Data, EntryKind, Host, HostError, Minted};
use cairn_system::host::ConfigHost;
use cairn_system::library::LIBRARY;

use crate::documents::Documents;

/// A configuration's folder as the editor sees it; can be sent to another thread.
#[derive(Debug, Clone)]
pub struct World {
    root: PathBuf,
    /// Open texts below the folder, by path relative to it.
    open: BTreeMap<String, String>,
}

impl World {
    /// The folder with what is open in it now.
    pub fn new(root: &Path, documents: &Documents) -> Self {
        let inside = documents.paths().filter_map(|path| {
            let name = path.strip_prefix(root).ok()?.to_str()?.to_owned();
            Some((name, documents.get(path)?.text.clone()))
        });
        Self {
            root: root.to_owned(),
            open: inside.collect(),
        }
    }

    /// The same with another text of one file.
    pub fn with(mut self, name: &str, text: String) -> Self {
        self.open.insert(name.to_owned(), text);
        self
    }

    /// The text of a file that is open.
    pub fn open_text(&self, name: &str) -> Option<&str> {
        self.open.get(name).map(String::as_str)
    }

    /// A host for one evaluation.
    pub fn host(&self) -> EditorHost {
        EditorHost {
            inner: ConfigHost::new(self.root.clone(), LIBRARY),
            open: self.open.clone(),
        }
    }
}

/// The host of one evaluation.
#[derive(Debug)]
pub struct EditorHost {
    inner: ConfigHost,
    open: BTreeMap<String, String>,
}

impl EditorHost {
    /// The text of a file, where it can be read.
    pub fn load_text(mut self, path: &str) -> Option<String> {
        self.read_file(path).ok()
    }
}

impl Host for EditorHost {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        self.read_file(path)
    }

    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        match self.open.get(path) {
            Some(text) => Ok(text.clone()),
            None => self.inner.read_file(path),
        }
    }

    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        self.inner.read_dir(path)
    }

    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        let found = self.inner.find(path)?;
        let name = found.file_name().unwrap_or_default().to_string_lossy();
        Ok(Minted {
            text: format!("/cairn/store/{}-{name}", "0".repeat(32)),
            context: ContextId(0),
        })
    }

    fn build(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        self.inner.build(arguments)
    }

    fn fetch(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        self.inner.fetch(arguments)
    }

    fn trace(&mut self, _line: &str) {}
}
