//! The only window outward: everything that evaluation may ask of the world.
//!
//! In: paths below the configuration's root (or the library's), plain argument data. Out: texts and opaque
//! context ids that the host minted. Refuses to know what stands behind an id, and what a store is.

use crate::data::Data;

/// An opaque id that the host minted; strings carry sets of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContextId(pub u32);

/// Why the host could not do what was asked; becomes an `eval::host` diagnostic at the asking span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HostError {
    /// One line: the act, the object and the cause.
    pub message: String,
    /// The mend, where there is one.
    pub help: Option<String>,
}

impl HostError {
    /// An error without a mend.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }
}

/// What a folder entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A plain file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
}

impl EntryKind {
    /// Its name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
        }
    }
}

/// A text with the id that the host minted for it: a store path, as a string sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// What interpolation puts in the string.
    pub text: String,
    /// What the string's context gains.
    pub context: ContextId,
}

/// What evaluation may ask of the world.
///
/// Paths are normalised (`a/b`, no `.` or `..`), relative to the configuration's root; those that begin with
/// `<library>/` are relative to the library instead. The host must refuse symbolic links that lead out.
/// The same question must give the same answer for as long as the evaluation runs.
pub trait Host {
    /// The text of a file of the language: `import("./x.cairn")`.
    fn load(&mut self, path: &str) -> Result<String, HostError>;
    /// The text of a file: `read_file(./x)`.
    fn read_file(&mut self, path: &str) -> Result<String, HostError>;
    /// The entries of a folder, by name: `read_dir(./x)`.
    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError>;
    /// A path that became part of a string.
    fn path(&mut self, path: &str) -> Result<Minted, HostError>;
    /// `build({ … })`; the argument is a map.
    fn build(&mut self, arguments: &Data) -> Result<Minted, HostError>;
    /// `fetch({ … })`; the argument is a map.
    fn fetch(&mut self, arguments: &Data) -> Result<Minted, HostError>;
    /// A line of `trace(…)`.
    fn trace(&mut self, line: &str);
}

impl<H: Host + ?Sized> Host for &mut H {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        (**self).load(path)
    }
    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        (**self).read_file(path)
    }
    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        (**self).read_dir(path)
    }
    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        (**self).path(path)
    }
    fn build(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        (**self).build(arguments)
    }
    fn fetch(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        (**self).fetch(arguments)
    }
    fn trace(&mut self, line: &str) {
        (**self).trace(line);
    }
}

/// A host without a world: no file exists and nothing can be built. For `cairn eval -e` outside a
/// configuration, and for tests of the pure language.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoHost;

impl NoHost {
    fn refuse<T>(act: &str, path: &str) -> Result<T, HostError> {
        Err(HostError {
            message: format!("cannot {act} {path}: there is no configuration folder here"),
            help: None,
        })
    }
}

impl Host for NoHost {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        Self::refuse("import", path)
    }
    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        Self::refuse("read", path)
    }
    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        Self::refuse("list", path)
    }
    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        Self::refuse("use", path)
    }
    fn build(&mut self, _arguments: &Data) -> Result<Minted, HostError> {
        Self::refuse("build", "anything")
    }
    fn fetch(&mut self, _arguments: &Data) -> Result<Minted, HostError> {
        Self::refuse("fetch", "anything")
    }
    fn trace(&mut self, _line: &str) {}
}
