//! Objects: the contents of files, each once, named by BLAKE3.
//!
//! In: bytes. Out: their digest; the object is there when this returns, and durable after [`Store::commit`].
//! An object has mode 0644, or 0755 under the name with `.x`, and the time that the first who put it gave.
//! An object of the right size is believed to be right; `verify` is what doubts.

use crate::error::{Act, Error, Result};
use crate::hashing::hash_file;
use crate::layout::Layout;
use crate::store::Store;
use crate::temporary_roots::Need;
use cairn_graph::Digest;
use cairn_sys::fs as sys;
use rustix::fs::{self as rfs, AtFlags, FileType, Mode, OFlags, RenameFlags, statat};
use rustix::io::Errno;
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

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
    spilled: Option<Begun>,
}

/// An object's file before it has its name.
#[derive(Debug)]
struct Begun {
    /// In the open store's temporary folder.
    name: String,
    file: File,
}

thread_local! {
    /// Where small files are read whole.
    static SMALL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
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
        let mut chunk = vec![0; IN_MEMORY];
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
            let mut begun = self.begin(meta)?;
            let written = begun.file.write_all(bytes);
            let written = written.act("write", &self.layout.object(&digest, meta.executable));
            let adopted = written.and_then(|()| self.adopt(&begun, digest, size, meta));
            self.or_give_up(&begun, adopted)?;
        }
        Ok((digest, size))
    }

    /// Puts what an open regular file holds from here on; `size` is what it is expected to be, `from` what errors of reading name.
    pub(crate) fn put_open(
        &self,
        file: &mut File,
        size: u64,
        meta: ObjectMeta,
        from: &Path,
    ) -> Result<(Digest, u64)> {
        if size > IN_MEMORY as u64 {
            return self.put(file, meta, from);
        }
        SMALL.with_borrow_mut(|buffer| {
            buffer.resize(IN_MEMORY + 1, 0);
            let mut len = 0;
            // A regular file gives less than was asked for only at its end.
            while len < buffer.len() {
                let asked = buffer.len() - len;
                match file.read(&mut buffer[len..]) {
                    Ok(read) => {
                        len += read;
                        if read < asked {
                            return self.put_bytes(&buffer[..len], meta);
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error).act("read", from),
                }
            }
            // It has grown.
            self.put(&mut io::Cursor::new(&buffer[..len]).chain(file), meta, from)
        })
    }

    /// Puts a file that is there. The blocks are shared where the file system can.
    pub fn put_file(&self, path: &Path, meta: ObjectMeta) -> Result<(Digest, u64)> {
        let mut file = File::open(path).act("open", path)?;
        let size = file.metadata().act("read", path)?.len();
        if size > IN_MEMORY as u64 && self.may_reflink() {
            let mut begun = self.begin(meta)?;
            let cloned = self.reflink(&file, &begun.file, path);
            if self.or_give_up(&begun, cloned)? {
                // Hashes the clone: nobody else can change it.
                let hashed = hash_file(&mut begun.file).act("read", path);
                let hashed = hashed.and_then(|(digest, size)| {
                    self.adopt(&begun, digest, size, meta)?;
                    Ok((digest, size))
                });
                return self.or_give_up(&begun, hashed);
            }
            self.give_up(&begun);
        }
        self.put_open(&mut file, size, meta, path)
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

    /// Whether the object is there with this size; if so, it stays while this store is open.
    pub fn rely_on_object(&self, digest: &Digest, executable: bool, size: u64) -> Result<bool> {
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

    /// A new file in the temporary folder, with the object's mode.
    fn begin(&self, meta: ObjectMeta) -> Result<Begun> {
        let (folder, name) = self.tmp_name()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(meta.mode());
        let path = || self.layout.objects();
        let file = rfs::openat(folder, name.as_str(), flags, mode);
        let file = file.act("create an object in", &path())?;
        let begun = Begun {
            name,
            file: file.into(),
        };
        if !creates_as_asked() {
            let changed = rfs::fchmod(&begun.file, mode);
            let changed = changed.act("set the mode of an object in", &path());
            self.or_give_up(&begun, changed)?;
        }
        Ok(begun)
    }

    /// Gives a whole file the name that its digest says, unless there is one of it.
    fn adopt(&self, begun: &Begun, digest: Digest, size: u64, meta: ObjectMeta) -> Result<()> {
        let name = Layout::object_name(&digest, meta.executable);
        let path = || self.layout.objects().join(&name);
        sys::set_open_mtime(&begun.file, meta.mtime).act("set the time of", &path())?;
        let (folder, from) = (self.tmp_fd()?, begun.name.as_str());
        self.beside_no_collection(|| {
            self.need(Need::Object(&digest))?;
            let to = name.as_str();
            match rfs::renameat_with(folder, from, &self.objects, to, RenameFlags::NOREPLACE) {
                Err(Errno::EXIST) if self.is_object(&digest, meta.executable, size) => {
                    rfs::unlinkat(folder, from, AtFlags::empty()).act("remove the twin of", &path())
                }
                // What a crash cut short is replaced; and some file systems don't know the flag.
                Err(Errno::EXIST | Errno::INVAL) => {
                    rfs::renameat(folder, from, &self.objects, to).act("put the object", &path())
                }
                other => other.act("put the object", &path()),
            }
        })
    }

    fn give_up(&self, begun: &Begun) {
        if let Ok(folder) = self.tmp_fd() {
            // The collector sweeps what stays.
            let _ = rfs::unlinkat(folder, begun.name.as_str(), AtFlags::empty());
        }
    }

    fn or_give_up<T>(&self, begun: &Begun, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.give_up(begun);
        }
        result
    }
}

/// Whether this process' umask takes nothing from the modes of objects.
fn creates_as_asked() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
        let umask = umask.and_then(|text| u32::from_str_radix(text.trim(), 8).ok());
        umask.is_some_and(|umask| umask & 0o755 == 0)
    })
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
            Some(begun) => begun
                .file
                .write_all(bytes)
                .act("write an object in", &self.store.layout.objects()),
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
        if let Some(begun) = &self.spilled {
            self.store.adopt(begun, digest, self.size, self.meta)?;
        }
        self.spilled = None;
        Ok((digest, self.size))
    }

    /// Ends the object if it is the one with this digest; gives up one that is not, and returns nothing. Returns its bytes.
    pub fn finish_as(self, digest: &Digest) -> Result<Option<u64>> {
        if *self.hasher.finalize().as_bytes() == digest.0 {
            self.finish().map(|(_, size)| Some(size))
        } else {
            Ok(None)
        }
    }

    fn spill(&mut self) -> Result<()> {
        let begun = self.spilled.insert(self.store.begin(self.meta)?);
        let written = begun.file.write_all(&std::mem::take(&mut self.buffer));
        written.act("write an object in", &self.store.layout.objects())
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
        if let Some(begun) = self.spilled.take() {
            self.store.give_up(&begun);
        }
    }
}
