//! Named roots: paths that somebody wants kept though no generation has them.

use crate::error::{Error, Result};
use crate::files;
use crate::store::Store;
use cairn_graph::StorePath;
use std::fmt::Write as _;

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

    /// Keeps nothing under the name any more.
    pub fn remove(&self, name: &str) -> Result<()> {
        files::remove_all(&self.place(name)?)
    }

    /// All roots: name and paths, sorted by name. Errors: [`Error::Record`].
    pub fn list(&self) -> Result<Vec<(String, Vec<StorePath>)>> {
        let folder = self.store.layout.roots();
        let mut roots = Vec::new();
        for name in files::names_in(&folder)? {
            let file = folder.join(&name);
            let text = files::read_if_there(&file)?.unwrap_or_default();
            let paths: std::result::Result<_, _> =
                text.lines().map(str::parse::<StorePath>).collect();
            roots.push((
                name,
                paths.map_err(|error| Error::Record {
                    path: file,
                    why: error.to_string(),
                })?,
            ));
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
