//! Named roots: paths that somebody wants kept though no generation has them.
//!
//! In: names and paths, and perhaps the link outside of the store that shows one. Out: the same. A root with a link lasts as long as the link
//! does: whoever removes it wants nothing kept.

use crate::error::{Error, Result};
use crate::files;
use crate::store::Store;
use cairn_graph::{Digest, StorePath};
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

/// How the line of a root begins that says which link shows it.
const LINK: &str = "link ";

/// The named roots of a store.
#[derive(Debug)]
pub struct Roots<'a> {
    store: &'a Store,
}

impl<'a> Roots<'a> {
    pub(crate) fn of(store: &'a Store) -> Self {
        Self { store }
    }

    /// Keeps these paths under a name, in place of what the name kept before. Durable.
    ///
    /// Errors: [`Error::Name`], [`Error::Missing`] for a path that is not registered.
    pub fn set(&self, name: &str, paths: &[StorePath]) -> Result<()> {
        let place = self.place(name)?;
        let mut text = String::new();
        for path in paths {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{}", path.base_name());
        }
        self.store.beside_no_collection(|| {
            for path in paths {
                self.store.path_content(path)?;
            }
            self.store.commit()?;
            files::write_durably(&self.store.tmp_path()?, &place, text.as_bytes())
        })
    }

    /// Keeps a path for as long as `link` (a whole path) points at it. Durable. The link is made before.
    pub fn set_linked(&self, link: &Path, path: &StorePath) -> Result<()> {
        let Some(shown) = link.to_str().filter(|shown| !shown.contains('\n')) else {
            return Err(Error::Name {
                name: link.display().to_string(),
                why: "a link that keeps something has a name of UTF-8 on one line".into(),
            });
        };
        let digest = Digest::of(shown.as_bytes()).to_string();
        let text = format!("{LINK}{shown}\n{}\n", path.base_name());
        let place = self.place(&format!("link-{}", &digest[..32]))?;
        files::write_durably(&self.store.tmp_path()?, &place, text.as_bytes())
    }

    /// Keeps nothing under the name any more.
    pub fn remove(&self, name: &str) -> Result<()> {
        files::remove_all(&self.place(name)?)
    }

    /// All roots: name and paths, sorted by name; without those whose link is gone. Errors: [`Error::Record`].
    pub fn list(&self) -> Result<Vec<(String, Vec<StorePath>)>> {
        let folder = self.store.layout.roots();
        let mut roots = Vec::new();
        for name in files::names_in(&folder)? {
            let file = folder.join(&name);
            let text = files::read_if_there(&file)?.unwrap_or_default();
            let (link, lines): (Vec<&str>, Vec<&str>) =
                text.lines().partition(|line| line.starts_with(LINK));
            let paths: std::result::Result<Vec<_>, _> =
                lines.into_iter().map(str::parse::<StorePath>).collect();
            let paths = paths.map_err(|error| Error::Record {
                path: file,
                why: error.to_string(),
            })?;
            let links = link.iter().filter_map(|line| line.strip_prefix(LINK));
            if links.into_iter().all(|link| points_at(link, &paths)) {
                roots.push((name, paths));
            }
        }
        Ok(roots)
    }

    fn place(&self, name: &str) -> Result<std::path::PathBuf> {
        let sound = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.chars().all(sound)
        {
            let why = "1 to 200 of `A-Z a-z 0-9 + - . _`, not beginning with a dot".into();
            return Err(Error::Name {
                name: name.into(),
                why,
            });
        }
        Ok(self.store.layout.roots().join(name))
    }
}

/// Whether a link is still there and shows one of these paths. One that can't be looked at counts as there.
fn points_at(link: &str, paths: &[StorePath]) -> bool {
    match fs::read_link(link) {
        Ok(target) => paths
            .iter()
            .any(|path| target.file_name() == Some(path.base_name().as_ref())),
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::InvalidInput | io::ErrorKind::NotADirectory
        ),
    }
}
