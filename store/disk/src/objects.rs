//! Objects: the contents of files, each once, named by BLAKE3.
//!
//! In: bytes. Out: their digest; the object is there when this returns, and durable after [`Store::commit`].
//! An object has mode 0644, or 0755 under the name with `.x`, and the time that the first who put it gave.
//! An object of the right size is believed to be right; `verify` is what doubts.

use crate::error::{Act, Error, Result};
use crate::files;
use crate::layout::Layout;
use crate::store::Store;
use crate::temporary_roots::Need;
use cairn_graph::Digest;
use cairn_sys::fs as sys;
use rustix::fs::{AtFlags, CWD, FileType, statat};
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Contents up to this many bytes are hashed in memory and not written at all when they are there already.
const IN_MEMORY: usize = 256 * 1024;

/// What an object's inode shows besides the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Whether it is the object with mode 0755.
    pub executable: bool,
    /// Modification time in seconds since 1970, if this is the first time that the object is put.
    pub mtime: i64,
}

impl ObjectMeta {
    /// The mode of the object's inode.
    pub fn mode(self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// Takes an object's bytes as they come.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    store: &'a Store,
    meta: ObjectMeta,
    hasher: blake3::Hasher,
    size: u64,
    buffer: Vec<u8>,
    spilled: Option<(PathBuf, File)>,
}

impl Store {
    /// Begins an object.
    pub fn object_writer(&self, meta: ObjectMeta) -> ObjectWriter<'_> {
        let hasher = blake3::Hasher::new();
        ObjectWriter {
            store: self,
            meta,
            hasher,
            size: 0,
            buffer: Vec::new(),
            spilled: None,
        }
    }

    /// Puts all that a reader gives; `from` is what errors of reading name. Returns the digest and the bytes.
    pub fn put(
        &self,
        reader: &mut dyn Read,
        meta: ObjectMeta,
        from: &Path,
    ) -> Result<(Digest, u64)> {
        let mut writer = self.object_writer(meta);
        let mut chunk = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => return writer.finish(),
                Ok(len) => writer.append(&chunk[..len])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).act("read", from),
            }
        }
    }

    /// Puts bytes that are in memory.
    pub fn put_bytes(&self, bytes: &[u8], meta: ObjectMeta) -> Result<(Digest, u64)> {
        let digest = Digest::of(bytes);
        let size = bytes.len() as u64;
        if !self.rely_on_object(&digest, meta.executable, size)? {
            let mut writer = self.object_writer(meta);
            writer.append(bytes)?;
            writer.finish()?;
        }
        Ok((digest, size))
    }

    /// Puts a file that is there. The blocks are shared where the file system can.
    pub fn put_file(&self, path: &Path, meta: ObjectMeta) -> Result<(Digest, u64)> {
        let mut file = File::open(path).act("open", path)?;
        let size = file.metadata().act("read", path)?.len();
        if size > IN_MEMORY as u64 && self.may_reflink() {
            let tmp = self.tmp_path()?;
            let clone = File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&tmp);
            let clone = &mut clone.act("create", &tmp)?;
            if files::or_remove(&tmp, self.reflink(&file, clone, &tmp))? {
                // Hashes the clone: nobody else can change it.
                let hashed = hash_of(clone, &tmp).and_then(|(digest, size)| {
                    self.adopt(&tmp, clone, digest, size, meta)?;
                    Ok((digest, size))
                });
                return files::or_remove(&tmp, hashed);
            }
            files::remove_all(&tmp)?;
        }
        self.put(&mut file, meta, path)
    }

    /// Where an object is; the executable one or the other when only that is there, nothing when neither is.
    pub fn object_path(&self, digest: &Digest, executable: bool) -> Option<PathBuf> {
        let wanted =
            [executable, !executable].map(|executable| self.layout.object(digest, executable));
        wanted.into_iter().find(|path| path.exists())
    }

    /// Whether the object is there, executable or not.
    pub fn has_object(&self, digest: &Digest) -> bool {
        self.object_path(digest, false).is_some()
    }

    /// Opens an object for reading. Errors: [`Error::Missing`].
    pub fn open_object(&self, digest: &Digest) -> Result<File> {
        let missing = || Error::Missing {
            what: "object",
            name: digest.to_string(),
        };
        let path = self.object_path(digest, false).ok_or_else(missing)?;
        File::open(&path).act("open", &path)
    }

    /// All bytes of an object, checked against the digest. Errors: [`Error::Missing`], [`Error::Damaged`].
    pub fn read_object(&self, digest: &Digest) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let path = self.layout.object(digest, false);
        self.open_object(digest)?
            .read_to_end(&mut bytes)
            .act("read", &path)?;
        let found = Digest::of(&bytes);
        if found == *digest {
            Ok(bytes)
        } else {
            Err(Error::Damaged {
                path,
                expected: *digest,
                found,
            })
        }
    }

    /// Whether the object is there with this size; if so, it stays while this store is open.
    fn rely_on_object(&self, digest: &Digest, executable: bool, size: u64) -> Result<bool> {
        // Most contents are new, and need no lock to be found so.
        if !self.is_object(digest, executable, size) {
            return Ok(false);
        }
        self.beside_no_collection(|| {
            self.need(Need::Object(digest))?;
            Ok(self.is_object(digest, executable, size))
        })
    }

    /// Whether the object is there with this size.
    pub(crate) fn is_object(&self, digest: &Digest, executable: bool, size: u64) -> bool {
        let name = Layout::object_name(digest, executable);
        statat(&self.objects, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
                && stat.st_size as u64 == size
        })
    }

    pub(crate) fn may_reflink(&self) -> bool {
        !self.no_reflink.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Shares blocks; remembers when the file system can't.
    pub(crate) fn reflink(&self, from: &File, to: &File, path: &Path) -> Result<bool> {
        let shared = sys::reflink(from, to).act("clone to", path)?;
        if !shared {
            self.no_reflink
                .store(true, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(shared)
    }

    /// Moves a whole temporary file to where its digest says, unless that is there.
    fn adopt(
        &self,
        tmp: &Path,
        file: &File,
        digest: Digest,
        size: u64,
        meta: ObjectMeta,
    ) -> Result<()> {
        if self.rely_on_object(&digest, meta.executable, size)? {
            return fs::remove_file(tmp).act("remove", tmp);
        }
        let path = self.layout.object(&digest, meta.executable);
        file.set_permissions(Permissions::from_mode(meta.mode()))
            .act("set the mode of", &path)?;
        sys::set_mtime(CWD, tmp, meta.mtime).act("set the time of", &path)?;
        self.beside_no_collection(|| {
            self.need(Need::Object(&digest))?;
            fs::rename(tmp, &path).act("put the object", &path)
        })
    }
}

impl ObjectWriter<'_> {
    /// Takes more bytes. Errors: [`Error::Full`] and others of writing; the object is then given up.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        if self.spilled.is_none() && self.buffer.len() + bytes.len() <= IN_MEMORY {
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        if self.spilled.is_none() {
            self.spill()?;
        }
        match &mut self.spilled {
            Some((path, file)) => file.write_all(bytes).act("write the object", path),
            None => Ok(()),
        }
    }

    /// Ends the object; returns its digest and its bytes.
    pub fn finish(mut self) -> Result<(Digest, u64)> {
        let digest = Digest(*self.hasher.finalize().as_bytes());
        if self.spilled.is_none() {
            let (executable, size) = (self.meta.executable, self.size);
            if self.store.rely_on_object(&digest, executable, size)? {
                return Ok((digest, size));
            }
            self.spill()?;
        }
        if let Some((path, file)) = &self.spilled {
            self.store.adopt(path, file, digest, self.size, self.meta)?;
        }
        self.spilled = None;
        Ok((digest, self.size))
    }

    fn spill(&mut self) -> Result<()> {
        let path = self.store.tmp_path()?;
        let file = File::create_new(&path).act("create", &path)?;
        let (_, file) = self.spilled.insert((path.clone(), file));
        file.write_all(&std::mem::take(&mut self.buffer))
            .act("write the object", &path)
    }
}

impl Write for ObjectWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.append(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(Error::Io { source, .. }) => Err(source),
            Err(error @ Error::Full { .. }) => {
                Err(io::Error::new(io::ErrorKind::StorageFull, error))
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ObjectWriter<'_> {
    fn drop(&mut self) {
        if let Some((path, _)) = self.spilled.take() {
            // Given up; the collector sweeps what stays.
            let _ = fs::remove_file(path);
        }
    }
}

/// Hashes an open file from where it stands.
pub(crate) fn hash_of(file: &mut File, path: &Path) -> Result<(Digest, u64)> {
    let mut hasher = blake3::Hasher::new();
    let size = io::copy(file, &mut hasher).act("read", path)?;
    Ok((Digest(*hasher.finalize().as_bytes()), size))
}
