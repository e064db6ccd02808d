//! The library and the pages of the errors as files that an editor can open.
//!
//! In: the texts in this program. Out: paths below the user's cache folder, written when they are first asked for, read-only, under
//! the digest of all of them: another version of the program has files of its own. Without a cache folder there are none.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use cairn_system::library::LIBRARY;

/// The pages of `docs/errors`: names without their ending, and texts.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The folder of the files.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: Option<PathBuf>,
}

impl Shelf {
    /// The shelf below the cache folder that the environment names.
    pub fn of_user() -> Self {
        let absolute = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        Self::below(cache)
    }

    /// The shelf below a cache folder.
    pub fn below(cache: Option<PathBuf>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for (name, text) in LIBRARY.iter().chain(PAGES) {
            hasher.update(name.as_bytes()).update(&[0]);
            hasher.update(text.as_bytes()).update(&[0]);
        }
        let digest = hasher.finalize().to_hex();
        let folder = cache.map(|cache| cache.join("cairn/texts").join(&digest[..16]));
        Self { folder }
    }

    /// The file of a library module: `services/nginx.cairn`.
    pub fn module(&self, name: &str) -> Option<PathBuf> {
        let (name, text) = LIBRARY.iter().find(|(known, _)| *known == name)?;
        self.file(&Path::new("library").join(name), text)
    }

    /// The page of an error: `eval::unknown_name`.
    pub fn page(&self, code: &str) -> Option<PathBuf> {
        let wanted = code.replace("::", ".");
        let (name, text) = PAGES.iter().find(|(known, _)| *known == wanted)?;
        self.file(&Path::new("errors").join(format!("{name}.md")), text)
    }

    /// The library module that a file shows.
    pub fn name_of(&self, path: &Path) -> Option<&'static str> {
        let name = path
            .strip_prefix(self.folder.as_ref()?.join("library"))
            .ok()?;
        let known = |(known, _): &&(&str, &str)| Path::new(known) == name;
        LIBRARY.iter().find(known).map(|(name, _)| *name)
    }

    fn file(&self, name: &Path, text: &str) -> Option<PathBuf> {
        let path = self.folder.as_ref()?.join(name);
        if path.exists() {
            return Some(path);
        }
        write(&path, text).ok()?;
        Some(path)
    }
}

/// Writes a file so that it is there whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let part = path.with_extension(format!("part{}", std::process::id()));
    fs::write(&part, text)?;
    fs::set_permissions(&part, fs::Permissions::from_mode(0o444))?;
    fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_of_the_library_is_a_file_and_is_known_by_it() {
        let cache = tempfile::tempdir().unwrap();
        let shelf = Shelf::below(Some(cache.path().to_owned()));
        let path = shelf.module("services/nginx.cairn").unwrap();
        assert!(
            fs::read_to_string(&path)
                .unwrap()
                .contains("option services.nginx")
        );
        assert!(fs::metadata(&path).unwrap().permissions().readonly());
        assert_eq!(shelf.name_of(&path), Some("services/nginx.cairn"));
        assert_eq!(shelf.module("services/nginx.cairn"), Some(path));
    }

    #[test]
    fn every_page_is_a_file() {
        let cache = tempfile::tempdir().unwrap();
        let shelf = Shelf::below(Some(cache.path().to_owned()));
        let page = shelf.page("eval::unknown_name").unwrap();
        assert!(page.ends_with("errors/eval.unknown_name.md"));
        assert_eq!(shelf.page("eval::no_such_code"), None);
    }

    #[test]
    fn without_a_cache_folder_there_are_no_files() {
        assert_eq!(Shelf::below(None).module("host.cairn"), None);
    }
}
