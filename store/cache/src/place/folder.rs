//! A cache in a folder, which any web server can serve.

use super::{Fill, Place};
use crate::error::{Error, Result};
use cairn_sys::fs as sys;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes that a file system writes at once.
const BLOCK: u64 = 4096;

/// A folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The cache in this folder; the first file that is put makes it.
    pub fn new(path: &Path) -> Self {
        Self { path: path.into() }
    }

    /// Opens a file: nothing where there is none.
    pub(crate) fn open_file(&self, name: &str) -> Result<Option<File>> {
        let path = self.path.join(name);
        match File::open(&path) {
            Ok(file) => {
                let is_file = file
                    .metadata()
                    .map_err(Error::file("read", &path))?
                    .is_file();
                Ok(is_file.then_some(file))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(Error::file("open", &path)(error)),
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

impl Place for Folder {
    fn title(&self) -> String {
        self.path.display().to_string()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(name, limit, Path::new(""))?
            .read_to_end(&mut bytes)
            .map_err(Error::file("read", &self.path.join(name)))?;
        Ok(bytes)
    }

    fn open(&self, name: &str, limit: u64, _scratch: &Path) -> Result<Box<dyn Read>> {
        let absent = || Error::Absent {
            cache: self.title(),
            name: name.into(),
        };
        let file = self.open_file(name)?.ok_or_else(absent)?;
        let size = file
            .metadata()
            .map_err(Error::file("read", &self.path.join(name)))?
            .len();
        if size > limit {
            let why = format!("it has {size} bytes, more than {limit}");
            return Err(Error::refused(&self.title(), name, why));
        }
        Ok(Box::new(file.take(limit)))
    }

    fn has(&self, name: &str) -> Result<bool> {
        let Some(file) = self.open_file(name)? else {
            return Ok(false);
        };
        let size = file
            .metadata()
            .map_err(Error::file("read", &self.path.join(name)))?
            .len();
        // No file of a cache is empty, but for one that a power cut left so before it was made durable.
        Ok(size > 0)
    }

    fn put(&self, name: &str, fill: Fill<'_>) -> Result<u64> {
        let path = self.path.join(name);
        let tmp = self.path.join("tmp");
        for folder in [Some(tmp.as_path()), path.parent()].into_iter().flatten() {
            fs::create_dir_all(folder).map_err(Error::file("make the folder", folder))?;
        }
        let made = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(&tmp)
            .map_err(Error::file("create a file in", &tmp))?;
        let mut writer = BufWriter::with_capacity(256 * 1024, made);
        fill(&mut writer)?;
        let written = writer.flush().map_err(Error::file("write", &path));
        written?;
        let made = writer
            .into_inner()
            .map_err(|error| Error::file("write", &path)(error.into_error()))?;
        let size = made
            .as_file()
            .metadata()
            .map_err(Error::file("read", &path))?
            .len();
        // What has its name counts as whole, and is not sent again: so nothing is cut short by losing power. Less than a block is
        // there or empty, and what is empty counts as missing.
        if size >= BLOCK {
            let synced = made.as_file().sync_data();
            synced.map_err(Error::file("make durable", &path))?;
        }
        made.persist(&path)
            .map_err(|error| Error::file("write", &path)(error.error))?;
        Ok(size)
    }

    fn settle(&self) -> Result<()> {
        if !self.path.is_dir() {
            return Ok(());
        }
        let folder = sys::open_folder(&self.path).map_err(Error::file("open", &self.path))?;
        sys::sync_file_system(&folder).map_err(Error::file("make durable", &self.path))
    }

    fn lanes(&self) -> usize {
        std::thread::available_parallelism().map_or(2, usize::from)
    }
}
