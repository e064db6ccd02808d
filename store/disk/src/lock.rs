//! The store's two locks: who changes generations holds one, who must not meet a collection holds the other.
//!
//! In: the command that wants it. Out: a guard, or who has it. The kernel lets go of it when its holder dies.

use crate::error::{Act, Error, Result};
use crate::store::Store;
use cairn_sys::fs as sys;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

/// The lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Store {
    /// Takes the lock of who changes generations or roots, without waiting; `command` is what others are told.
    ///
    /// Errors: [`Error::Busy`] with the holder's process and command.
    pub fn lock(&self, command: &str) -> Result<Lock> {
        Self::take(self.layout.lock(), command)
    }

    /// As [`Store::lock`], of who counts for longer on contents that nothing keeps yet, and of the collector.
    ///
    /// Who only puts contents needs it not: that is beside every collection ([`crate::temporary_roots`]).
    pub fn lock_contents(&self, command: &str) -> Result<Lock> {
        Self::take(self.layout.lock_file("contents"), command)
    }

    fn take(path: PathBuf, command: &str) -> Result<Lock> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = file.act("open the lock", &path)?;
        if !sys::try_lock(&file).act("lock", &path)? {
            let mut text = String::new();
            file.read_to_string(&mut text).act("read", &path)?;
            let (pid, command) = text.split_once('\n').unwrap_or_default();
            return Err(Error::Busy {
                pid: pid.parse().unwrap_or(0),
                command: command.trim_end().into(),
            });
        }
        let written = file.set_len(0).and_then(|()| file.rewind());
        let written = written.and_then(|()| writeln!(file, "{}\n{command}", std::process::id()));
        match written.act("write", &path) {
            // The lock is held all the same; a full disk must not keep the collector from it.
            Ok(()) | Err(Error::Full { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(Lock { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only a courtesy to who looks at the file: the lock ends with it.
        let _ = self.file.set_len(0);
    }
}
