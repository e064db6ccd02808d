//! Carries out a plan on a mounted boot partition.
//!
//! In: an [`EspPlan`]. Every file is written under a temporary name, synced, renamed, read back and hashed.
//! Stops at the first error; whatever was done before leaves a partition that boots. Chooses nothing.

use crate::error::Error;
use crate::plan::{Content, EspPlan, Step};
use cairn_graph::Digest;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Applies the plan to the partition that is mounted at `dir`.
///
/// Errors: [`Error::Read`], [`Error::Write`], [`Error::Remove`], [`Error::ReadBack`].
pub fn apply(plan: &EspPlan, dir: &Path) -> Result<(), Error> {
    for step in &plan.steps {
        match step {
            Step::Write { path, content } => write(&dir.join(path), content)?,
            Step::Rename { from, to } => rename(&dir.join(from), &dir.join(to))?,
            Step::Remove { path } => {
                let path = dir.join(path);
                match fs::remove_file(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other.map_err(|source| Error::Remove { path, source })?,
                }
            }
        }
    }
    if plan.is_empty() {
        return Ok(());
    }
    let whole = File::open(dir).and_then(|folder| Ok(rustix::fs::syncfs(&folder)?));
    whole.map_err(|source| Error::Write {
        path: dir.to_owned(),
        source,
    })
}

fn write(path: &Path, content: &Content) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut temporary = tempfile::Builder::new()
        .prefix("cairn-")
        .suffix(".new")
        .tempfile_in(folder)
        .map_err(failed)?;
    match content {
        Content::Text(text) => temporary.write_all(text.as_bytes()).map_err(failed)?,
        Content::Copy(payload) => {
            let mut source = File::open(&payload.source).map_err(|source| Error::Read {
                path: payload.source.clone(),
                source,
            })?;
            io::copy(&mut source, &mut temporary).map_err(failed)?;
        }
    }
    temporary.as_file().sync_all().map_err(failed)?;
    // What is wrong is found before it gets its name.
    check(temporary.path().to_owned(), content.digest())?;
    let file = temporary
        .persist(path)
        .map_err(|error| failed(error.error))?;
    file.sync_all().map_err(failed)?;
    drop(file);
    sync_folder(folder)?;
    check(path.to_owned(), content.digest())
}

fn check(path: PathBuf, expected: Digest) -> Result<(), Error> {
    let bytes = fs::read(&path).map_err(|source| Error::Read {
        path: path.clone(),
        source,
    })?;
    let found = Digest::of(&bytes);
    if found == expected {
        Ok(())
    } else {
        Err(Error::ReadBack {
            path,
            expected,
            found,
        })
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|source| Error::Write {
        path: to.to_owned(),
        source,
    })?;
    sync_folder(to.parent().unwrap_or(Path::new("/")))
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::Write {
        path: folder.to_owned(),
        source,
    })
}
