//! The world as a configuration sees it: files below its root, and store paths.
//!
//! In: normalised paths from evaluation. Out: texts, and store paths with the ids that tie them to their sources.
//! Nothing is copied while a configuration is evaluated; [`Sources`] says what must be.

use crate::source::Source;
use cairn_eval::{ContextId, Data, EntryKind, Host, HostError, Minted};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What one evaluation used of the world.
#[derive(Debug, Default)]
pub struct Sources {
    /// By the number of their [`ContextId`].
    pub minted: Vec<Source>,
    by_path: BTreeMap<String, usize>,
    /// Lines of `trace(…)`.
    pub traced: Vec<String>,
}

/// The host of one configuration.
#[derive(Debug, Clone)]
pub struct ConfigHost {
    root: PathBuf,
    library: &'static [(&'static str, &'static str)],
    sources: Rc<RefCell<Sources>>,
}

/// Most bytes of a text that a configuration may read: 64 MiB.
const READ_LIMIT: u64 = 64 << 20;

/// How a library file's path begins.
const LIBRARY_PREFIX: &str = "<library>/";

impl ConfigHost {
    /// A host that reads below `root`, the folder of the configuration.
    pub fn new(root: PathBuf, library: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            root,
            library,
            sources: Rc::default(),
        }
    }

    /// What was used so far.
    pub fn sources(&self) -> Rc<RefCell<Sources>> {
        self.sources.clone()
    }

    /// The file behind a path, links followed; it must lie below the root.
    ///
    /// Errors: it is not there, or outside.
    pub fn find(&self, path: &str) -> Result<PathBuf, HostError> {
        let failed = |at: &Path, cause: std::io::Error| {
            let shown = at.display();
            HostError {
                message: format!("cannot read {shown}: {cause}"),
                help: None,
            }
        };
        let root = self
            .root
            .canonicalize()
            .map_err(|cause| failed(&self.root, cause))?;
        let wanted = root.join(path);
        let found = wanted
            .canonicalize()
            .map_err(|cause| failed(&wanted, cause))?;
        if !found.starts_with(&root) {
            let message = format!(
                "`{path}` leads out of the configuration's folder, to {}",
                found.display()
            );
            let help = Some("copy the file into the configuration's folder".into());
            return Err(HostError { message, help });
        }
        Ok(found)
    }

    fn library_text(&self, name: &str) -> Result<&'static str, HostError> {
        let found = self.library.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, text)| *text)
            .ok_or_else(|| HostError::new(format!("the library has no file `{name}`")))
    }
}

impl Host for ConfigHost {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        self.read_file(path)
    }

    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        if let Some(name) = path.strip_prefix(LIBRARY_PREFIX) {
            return self.library_text(name).map(str::to_owned);
        }
        let file = self.find(path)?;
        let failed = |cause: std::io::Error| {
            HostError::new(format!("cannot read {}: {cause}", file.display()))
        };
        let metadata = fs::metadata(&file).map_err(failed)?;
        if !metadata.is_file() {
            let kind = if metadata.is_dir() {
                "a folder"
            } else {
                "a device, pipe or socket"
            };
            return Err(HostError::new(format!(
                "{} is {kind}, not a file",
                file.display()
            )));
        }
        if metadata.len() > READ_LIMIT {
            return Err(HostError {
                message: format!("{} has more than {} MiB", file.display(), READ_LIMIT >> 20),
                help: Some("name it by its path, as in `./file`, in place of reading it".into()),
            });
        }
        let bytes = fs::read(&file).map_err(failed)?;
        String::from_utf8(bytes)
            .map_err(|_| HostError::new(format!("{} is not UTF-8 text", file.display())))
    }

    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        let folder = self.find(path)?;
        let failed = |cause: std::io::Error| {
            HostError::new(format!("cannot list {}: {cause}", folder.display()))
        };
        let mut entries = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().into_string();
            let name = name.map_err(|_| {
                HostError::new(format!(
                    "{} has a name that is not UTF-8",
                    entry.path().display()
                ))
            })?;
            let kind = entry.file_type().map_err(failed)?;
            let kind = match (kind.is_dir(), kind.is_symlink()) {
                (true, _) => EntryKind::Directory,
                (_, true) => EntryKind::Symlink,
                _ => EntryKind::File,
            };
            entries.push((name, kind));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        let mut sources = self.sources.borrow_mut();
        let index = if let Some(index) = sources.by_path.get(path) {
            *index
        } else {
            let source = Source::read(&self.find(path)?)
                .map_err(|error| HostError::new(with_causes(&error)))?;
            sources.minted.push(source);
            let index = sources.minted.len() - 1;
            sources.by_path.insert(path.into(), index);
            index
        };
        Ok(Minted {
            text: sources.minted[index].output.path.logical(),
            context: ContextId(index as u32),
        })
    }

    fn build(&mut self, _arguments: &Data) -> Result<Minted, HostError> {
        Err(not_yet("build"))
    }

    fn fetch(&mut self, _arguments: &Data) -> Result<Minted, HostError> {
        Err(not_yet("fetch"))
    }

    fn trace(&mut self, line: &str) {
        self.sources.borrow_mut().traced.push(line.into());
    }
}

fn not_yet(name: &str) -> HostError {
    HostError {
        message: format!("`{name}` can't be used in a system's configuration yet"),
        help: Some(
            "put the file beside the configuration and name it by its path, as in `./file`".into(),
        ),
    }
}

/// An error and its causes on one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        line = format!("{line}: {inner}");
        cause = inner.source();
    }
    line
}
