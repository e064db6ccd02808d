//! Makes an ext4 file system from a folder.
//!
//! In: a folder and the path of `mke2fs`. Out: a file with the file system, made without mounting anything. Ids and times
//! are given. Knows nothing of what the folder holds.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use uuid::Uuid;

/// What the file system is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ext4 {
    /// Bytes.
    pub size_bytes: u64,
    /// Its id; also seeds the hashes of folders.
    pub id: Uuid,
    /// Seconds since 1970 of everything that has no time of its own.
    pub time: i64,
}

/// Why there is no file system.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `mke2fs` can't be started.
    #[error("cannot run {program}: install the package e2fsprogs")]
    Start {
        /// The path.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `mke2fs` says no, most often because the folder doesn't fit.
    #[error("mke2fs could not make a file system of {size_bytes} bytes from {folder}: {said}")]
    Failed {
        /// The folder.
        folder: PathBuf,
        /// Bytes.
        size_bytes: u64,
        /// Its error output.
        said: String,
    },
    /// The file can't be made.
    #[error("cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The command that makes the file system in `out`, which must exist with its size.
///
/// For those who run it elsewhere, for instance in a sandbox.
pub fn command(program: &Path, ext4: &Ext4, folder: &Path, out: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args([
            "-q",
            "-F",
            "-t",
            "ext4",
            "-L",
            "cairn-state",
            "-m",
            "1",
            "-b",
            "4096",
        ])
        // Old kernels and boot loaders need not read it; orphan_file is too new for bookworm's.
        .args(["-O", "^orphan_file,^metadata_csum_seed"])
        .args(["-i", "8192"])
        .args(["-U", &ext4.id.to_string()])
        .args([
            "-E",
            &format!(
                "hash_seed={},root_owner=0:0,lazy_itable_init=1,nodiscard",
                ext4.id
            ),
        ])
        .arg("-d")
        .arg(folder)
        .arg(out)
        .env("E2FSPROGS_FAKE_TIME", ext4.time.to_string())
        .env("SOURCE_DATE_EPOCH", ext4.time.to_string())
        .env("LC_ALL", "C");
    command
}

/// Makes the file system.
///
/// Errors: see [`Error`].
pub fn make(program: &Path, ext4: &Ext4, folder: &Path, out: &Path) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: out.to_owned(),
        source,
    };
    let file = std::fs::File::create(out).map_err(failed)?;
    file.set_len(ext4.size_bytes).map_err(failed)?;
    drop(file);
    let output = command(program, ext4, folder, out).output();
    let output = output.map_err(|source| Error::Start {
        program: program.to_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        folder: folder.to_owned(),
        size_bytes: ext4.size_bytes,
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
