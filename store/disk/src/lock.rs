//! The store's one lock: who changes the store holds it.
//!
//! In: the command that wants it. Out: a guard, or who has it. The kernel lets go of it when its holder dies.

use crate::error::{Act, Error, Result};
use crate::store::Store;
use cairn_sys::fs as sys;
use std::fs::File;
use std::io::{Read, Seek, Write};

/// The lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Store {
    /// Takes the lock without waiting; `command` is what others are told.
    ///
    /// Errors: [`Error::Busy`] with the holder's process and command.
    pub fn lock(&self, command: &str) -> Result<Lock> {
        let path = self.layout.lock();
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
