//! The link to a result: `result`, as people who come from Nix expect.
//!
//! In: a store path, a name in the current folder. Out: a link to what is there, and a root for the collector that lasts as long as the link.

use std::path::{Path, PathBuf};

use cairn_disk::Store;
use cairn_graph::StorePath;

use crate::error::CommandError;

/// Makes the link, or turns it to this path. Errors: something else than a link is there.
pub fn make(store: &Store, link: &Path, path: &StorePath) -> Result<PathBuf, CommandError> {
    let failed = |act: &'static str| {
        let path = link.to_owned();
        move |source| CommandError::File { act, path, source }
    };
    let link = std::path::absolute(link).map_err(failed("make the link"))?;
    if link
        .symlink_metadata()
        .is_ok_and(|there| !there.is_symlink())
    {
        let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(failed("make the link")(source));
    }
    let place = store.ensure_materialised(path)?;
    let place = std::path::absolute(place).map_err(failed("make the link"))?;
    let folder = link.parent().unwrap_or(Path::new("/"));
    let tmp = tempfile::Builder::new()
        .prefix(".result-")
        .make_in(folder, |tmp| std::os::unix::fs::symlink(&place, tmp))
        .map_err(failed("make the link"))?;
    tmp.persist(&link)
        .map_err(|error| failed("make the link")(error.error))?;
    store.roots().set_linked(&link, path)?;
    Ok(link)
}
