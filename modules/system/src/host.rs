//! The world as a configuration sees it: files below its root, builds, downloads, and store paths.
//!
//! In: normalised paths and descriptions from evaluation. Out: texts, with the ids that tie them to what they stand for.
//! Nothing is copied, built or fetched while a configuration is evaluated; [`Sources`] says what must be.

use crate::description::{BuildDescription, Description, FetchDescription};
use crate::source::Source;
use cairn_eval::{ContextId, Data, EntryKind, Host, HostError, Minted};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What an id stands for.
#[derive(Debug, Clone)]
pub enum Referent {
    /// A file or folder beside the configuration.
    Source(Source),
    /// What is built or fetched.
    Described(Description),
}

impl Referent {
    /// What strings have in its place.
    pub fn text(&self) -> String {
        match self {
            Self::Source(source) => source.output.path.logical(),
            Self::Described(description) => description.text(),
        }
    }
}

/// What one evaluation used of the world.
#[derive(Debug, Default)]
pub struct Sources {
    /// By the number of their [`ContextId`]; whatever one needs comes before it.
    pub minted: Vec<Referent>,
    by_path: BTreeMap<String, usize>,
    by_text: BTreeMap<String, usize>,
    /// Lines of `trace(…)`.
    pub traced: Vec<String>,
}

impl Sources {
    /// These ids and all that they need, directly or not.
    pub fn closure(&self, ids: impl IntoIterator<Item = ContextId>) -> BTreeSet<ContextId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<ContextId> = ids.into_iter().collect();
        while let Some(id) = open.pop() {
            if found.insert(id)
                && let Some(Referent::Described(description)) = self.minted.get(id.0 as usize)
            {
                open.extend(description.needs());
            }
        }
        found
    }

    fn mint(&mut self, description: Description) -> Minted {
        let text = description.text();
        let index = *self.by_text.entry(text.clone()).or_insert_with(|| {
            self.minted.push(Referent::Described(description));
            self.minted.len() - 1
        });
        Minted {
            text,
            context: ContextId(index as u32),
        }
    }
}

/// The host of one configuration.
#[derive(Debug, Clone)]
pub struct ConfigHost {
    root: PathBuf,
    /// The root, opened when the first file is; a configuration may have many.
    opened: OnceCell<Rc<OwnedFd>>,
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
            opened: OnceCell::new(),
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

    /// Opens what stands under a path; says where that is, where it is not where the path says. The kernel itself keeps the way
    /// below the root, so a link that is swapped in meanwhile leads nowhere. Links that say a whole path are looked up first,
    /// and opened without any link.
    fn open(&self, path: &str) -> Result<(File, Option<PathBuf>), HostError> {
        let failed = |at: &Path, cause: std::io::Error| {
            HostError::new(format!("cannot read {}: {cause}", at.display()))
        };
        let root = if let Some(root) = self.opened.get() {
            root
        } else {
            let folder = OFlags::DIRECTORY | OFlags::CLOEXEC;
            let root = rustix::fs::open(&self.root, folder, Mode::empty())
                .map_err(|cause| failed(&self.root, cause.into()))?;
            self.opened.get_or_init(|| Rc::new(root))
        };
        let links = ResolveFlags::empty();
        if let Ok(file) = below(root, Path::new(path), links) {
            return Ok((file, None));
        }
        let found = self.find(path)?;
        let root_path = self
            .root
            .canonicalize()
            .map_err(|cause| failed(&self.root, cause))?;
        let inner = found.strip_prefix(&root_path).unwrap_or(&found);
        match below(root, inner, ResolveFlags::NO_SYMLINKS) {
            Ok(file) => Ok((file, Some(found))),
            // A kernel before 5.6.
            Err(rustix::io::Errno::NOSYS) => File::open(&found)
                .map(|file| (file, Some(found.clone())))
                .map_err(|cause| failed(&found, cause)),
            Err(cause) => Err(failed(&found, cause.into())),
        }
    }

    fn library_text(&self, name: &str) -> Result<&'static str, HostError> {
        let found = self.library.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, text)| *text)
            .ok_or_else(|| HostError::new(format!("the library has no file `{name}`")))
    }
}

/// Opens what lies below a folder for reading, whatever is exchanged meanwhile.
fn below(root: &OwnedFd, path: &Path, resolve: ResolveFlags) -> rustix::io::Result<File> {
    // Without NONBLOCK a pipe would be waited for.
    let flags = OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let resolve = resolve | ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let empty = path.as_os_str().is_empty();
    let path = if empty { Path::new(".") } else { path };
    rustix::fs::openat2(root, path, flags, Mode::empty(), resolve).map(Into::into)
}

/// What a file has, said to be `length` bytes, up to [`READ_LIMIT`].
fn read_all(file: &mut impl Read, length: u64) -> std::io::Result<Vec<u8>> {
    // A read that gives what was said and leaves room has met the end: none is needed that gives nothing.
    // Files of the kernel say that they have nothing, and some give only once.
    let room = (length + 1).clamp(64, READ_LIMIT);
    let mut bytes = vec![0; room as usize];
    let read = match file.read(&mut bytes) {
        Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => None,
        read => Some(read?),
    };
    bytes.truncate(read.unwrap_or(0));
    if read != Some(length as usize) {
        // It may have grown since, or comes in pieces.
        let rest = READ_LIMIT.saturating_sub(bytes.len() as u64);
        file.take(rest).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

impl Host for ConfigHost {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        self.read_file(path)
    }

    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        if let Some(name) = path.strip_prefix(LIBRARY_PREFIX) {
            return self.library_text(name).map(str::to_owned);
        }
        let (mut opened, found) = self.open(path)?;
        let shown = || found.clone().unwrap_or_else(|| self.root.join(path));
        let failed = |cause: std::io::Error| {
            HostError::new(format!("cannot read {}: {cause}", shown().display()))
        };
        let metadata = opened.metadata().map_err(failed)?;
        if !metadata.is_file() {
            let kind = if metadata.is_dir() {
                "a folder"
            } else {
                "a device, pipe or socket"
            };
            return Err(HostError::new(format!(
                "{} is {kind}, not a file",
                shown().display()
            )));
        }
        if metadata.len() > READ_LIMIT {
            return Err(HostError {
                message: format!(
                    "{} has more than {} MiB",
                    shown().display(),
                    READ_LIMIT >> 20
                ),
                help: Some("name it by its path, as in `./file`, in place of reading it".into()),
            });
        }
        let bytes = read_all(&mut opened, metadata.len()).map_err(failed)?;
        String::from_utf8(bytes)
            .map_err(|_| HostError::new(format!("{} is not UTF-8 text", shown().display())))
    }

    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        let (opened, found) = self.open(path)?;
        let folder = found.unwrap_or_else(|| self.root.join(path));
        let failed = |cause: std::io::Error| {
            HostError::new(format!("cannot list {}: {cause}", folder.display()))
        };
        let mut entries = Vec::new();
        let failed_io = |cause: rustix::io::Errno| failed(cause.into());
        for entry in rustix::fs::Dir::read_from(&opened).map_err(failed_io)? {
            let entry = entry.map_err(failed_io)?;
            let name = entry.file_name();
            let Ok(text) = name.to_str() else {
                let at = folder.join(&*name.to_string_lossy());
                let message = format!("{} has a name that is not UTF-8", at.display());
                return Err(HostError::new(message));
            };
            if matches!(text, "." | "..") {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => {
                    let stat = rustix::fs::statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW);
                    FileType::from_raw_mode(stat.map_err(failed_io)?.st_mode)
                }
                known => known,
            };
            let kind = match kind {
                FileType::Directory => EntryKind::Directory,
                FileType::Symlink => EntryKind::Symlink,
                _ => EntryKind::File,
            };
            entries.push((text.to_owned(), kind));
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
            sources.minted.push(Referent::Source(source));
            let index = sources.minted.len() - 1;
            sources.by_path.insert(path.into(), index);
            index
        };
        Ok(Minted {
            text: sources.minted[index].text(),
            context: ContextId(index as u32),
        })
    }

    fn build(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        let build = BuildDescription::read(arguments)?;
        Ok(self.sources.borrow_mut().mint(Description::Build(build)))
    }

    fn fetch(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        let fetch = FetchDescription::read(arguments)?;
        Ok(self.sources.borrow_mut().mint(Description::Fetch(fetch)))
    }

    fn trace(&mut self, line: &str) {
        self.sources.borrow_mut().traced.push(line.into());
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A configuration's folder `config`, and `outside` beside it with a secret.
    fn folders() -> (tempfile::TempDir, ConfigHost) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("config/inner")).unwrap();
        std::fs::create_dir_all(at("outside")).unwrap();
        std::fs::write(at("config/inner/own.txt"), "own").unwrap();
        std::fs::write(at("outside/secret.txt"), "secret").unwrap();
        let host = ConfigHost::new(at("config"), &[]);
        (folder, host)
    }

    fn refused(host: &mut ConfigHost, path: &str) -> String {
        let listed = host.read_dir(path).map(|_| ());
        let minted = host.path(path).map(|_| ());
        let read = host.read_file(path);
        assert!(listed.is_err() && minted.is_err(), "{path}");
        read.expect_err(path).message
    }

    #[test]
    fn no_way_leads_out_of_the_folder() {
        let (folder, mut host) = folders();
        let at = |name: &str| folder.path().join(name);
        let secret = at("outside/secret.txt");
        symlink(&secret, at("config/absolute.txt")).unwrap();
        symlink("../outside/secret.txt", at("config/relative.txt")).unwrap();
        symlink("../outside", at("config/middle")).unwrap();
        symlink("relative.txt", at("config/twice.txt")).unwrap();
        symlink("/proc/self/root", at("config/magic")).unwrap();
        let whole = secret.display().to_string();
        for path in [
            "absolute.txt",
            "relative.txt",
            "middle/secret.txt",
            "inner/../middle/secret.txt",
            "twice.txt",
            "../outside/secret.txt",
            "inner/../../outside/secret.txt",
            &whole,
            &format!("magic{whole}"),
        ] {
            let message = refused(&mut host, path);
            assert!(message.contains("leads out"), "{path}: {message}");
        }
        assert!(refused(&mut host, "gone.txt").contains("No such file"));
    }

    #[test]
    fn links_inside_the_folder_are_followed() {
        let (folder, mut host) = folders();
        let at = |name: &str| folder.path().join(name);
        symlink("inner", at("config/relative")).unwrap();
        symlink(at("config/inner"), at("config/absolute")).unwrap();
        symlink("../inner/own.txt", at("config/inner/up.txt")).unwrap();
        for path in [
            "inner/own.txt",
            "relative/own.txt",
            "absolute/own.txt",
            "inner/up.txt",
        ] {
            assert_eq!(host.read_file(path).as_deref(), Ok("own"), "{path}");
        }
        let kinds = host.read_dir("").unwrap();
        let kinds: Vec<_> = kinds.iter().map(|(name, kind)| (&**name, *kind)).collect();
        let link = EntryKind::Symlink;
        let expected = [
            ("absolute", link),
            ("inner", EntryKind::Directory),
            ("relative", link),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_link_that_is_swapped_in_gives_no_secret() {
        let (folder, host) = folders();
        let at = |name: &str| folder.path().join(name);
        let root: OwnedFd = File::open(at("config")).unwrap().into();
        let found = host.find("inner/own.txt").unwrap();
        let inner = found.strip_prefix(at("config").canonicalize().unwrap());
        let inner = inner.unwrap();
        let ways = [ResolveFlags::empty(), ResolveFlags::NO_SYMLINKS];
        assert!(ways.iter().all(|way| below(&root, inner, *way).is_ok()));
        // Between looking up and opening, the folder becomes a link.
        std::fs::rename(at("config/inner"), at("config/before")).unwrap();
        std::fs::write(at("outside/own.txt"), "secret").unwrap();
        symlink("../outside", at("config/inner")).unwrap();
        assert!(ways.iter().all(|way| below(&root, inner, *way).is_err()));
        // Also where it leads inside: what was found is opened, or nothing.
        std::fs::remove_file(at("config/inner")).unwrap();
        symlink("before", at("config/inner")).unwrap();
        assert!(below(&root, inner, ResolveFlags::NO_SYMLINKS).is_err());
    }

    #[test]
    fn a_build_is_minted_once_and_needs_what_its_texts_name() {
        let (_folder, mut host) = folders();
        let text = |text: &str, context: Vec<ContextId>| Data {
            kind: cairn_eval::DataKind::Str {
                text: text.into(),
                context,
            },
            span: None,
        };
        let build = |script: Data| Data {
            kind: cairn_eval::DataKind::Map(vec![
                ("name".to_owned(), text("hello", Vec::new())),
                ("script".to_owned(), script),
            ]),
            span: None,
        };
        let own = host.path("inner/own.txt").unwrap();
        let script = format!("cat {} > $out", own.text);
        let first = host
            .build(&build(text(&script, vec![own.context])))
            .unwrap();
        let again = host
            .build(&build(text(&script, vec![own.context])))
            .unwrap();
        assert_eq!(first, again);
        let above = format!("cat {} > $out", first.text);
        let above = host
            .build(&build(text(&above, vec![first.context])))
            .unwrap();
        assert_ne!(above.text, first.text);
        let sources = host.sources();
        let all = sources.borrow().closure([above.context]);
        assert_eq!(
            all,
            BTreeSet::from([own.context, first.context, above.context])
        );
    }

    #[test]
    fn a_file_is_read_whole_whatever_its_length_was_said_to_be() {
        /// Gives some bytes at a time, now and then none for now.
        struct Pieces<'t>(&'t [u8], usize, bool);
        impl Read for Pieces<'_> {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                self.2 = !self.2;
                if self.2 {
                    return Err(std::io::ErrorKind::Interrupted.into());
                }
                let count = self.1.min(into.len());
                self.0.read(&mut into[..count])
            }
        }
        let text = b"a few words";
        let length = text.len() as u64;
        for said in [0, 1, length - 1, length, length + 1, 2 * length] {
            for piece in [1, 3, 11, 100] {
                for interrupted in [false, true] {
                    let mut file = Pieces(text, piece, interrupted);
                    let read = read_all(&mut file, said).unwrap();
                    assert!(
                        read == text || said < length && piece as u64 == said,
                        "{said} {piece}"
                    );
                }
            }
        }
    }

    #[test]
    fn pipes_and_folders_are_no_files() {
        let (folder, mut host) = folders();
        let pipe = folder.path().join("config/pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let message = |host: &mut ConfigHost, path| host.read_file(path).unwrap_err().message;
        assert!(message(&mut host, "pipe").contains("a device, pipe or socket, not a file"));
        assert!(message(&mut host, "inner").contains("a folder, not a file"));
    }
}
