//! Initrds: the first program and the modules that it loads, as a compressed archive.
//!
//! In: bytes. Out: bytes, the same for the same input. Source: the kernel's
//! `Documentation/driver-api/early-userspace/buffer-format.rst` ("newc").

use std::collections::BTreeSet;
use std::io;

/// The list of modules that the first program reads, one path a line.
pub const MODULE_LIST: &str = "lib/modules/cairn.modules";

/// What an initrd holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initrd {
    /// The static program that becomes `/init`.
    pub init: Vec<u8>,
    /// Plain modules in the order of loading: path below `/lib/modules/`, and bytes.
    pub modules: Vec<(String, Vec<u8>)>,
}

/// Makes the archive, compressed with zstd.
///
/// Errors: those of the compressor.
pub fn build(initrd: &Initrd) -> io::Result<Vec<u8>> {
    // 19 costs a second and saves a tenth of the size over 9.
    zstd::encode_all(archive(initrd).as_slice(), 12)
}

/// The archive before compression.
pub fn archive(initrd: &Initrd) -> Vec<u8> {
    let mut archive = Archive::default();
    for folder in [
        "dev",
        "lib",
        "lib/modules",
        "proc",
        "root",
        "run",
        "state",
        "sys",
    ] {
        archive.folder(folder);
    }
    archive.device("dev/console", 5, 1);
    archive.file("init", 0o755, &initrd.init);
    let mut list = String::new();
    for (path, bytes) in &initrd.modules {
        let place = format!("lib/modules/{path}");
        list.push('/');
        list.push_str(&place);
        list.push('\n');
        archive.file(&place, 0o644, bytes);
    }
    archive.file(MODULE_LIST, 0o644, list.as_bytes());
    archive.finish()
}

#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<String>,
    inode: u32,
}

impl Archive {
    fn folder(&mut self, path: &str) {
        if !path.is_empty() && self.folders.insert(path.into()) {
            self.record(path, 0o040_755, (0, 0), b"");
        }
    }

    fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.record(path, 0o020_600, (major, minor), b"");
    }

    fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) {
        for (at, _) in path.match_indices('/') {
            self.folder(&path[..at]);
        }
        self.record(path, 0o100_000 | mode, (0, 0), bytes);
    }

    fn record(&mut self, path: &str, mode: u32, device: (u32, u32), bytes: &[u8]) {
        self.inode += 1;
        let links = if mode & 0o170_000 == 0o040_000 { 2 } else { 1 };
        let (uid, gid, mtime, checksum) = (0, 0, 0, 0);
        let fields = [
            self.inode,
            mode,
            uid,
            gid,
            links,
            mtime,
            bytes.len() as u32,
            0,
            0,
            device.0,
            device.1,
            path.len() as u32 + 1,
            checksum,
        ];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08X}").bytes());
        }
        self.bytes.extend(path.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(bytes);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn finish(mut self) -> Vec<u8> {
        self.record("TRAILER!!!", 0, (0, 0), b"");
        self.bytes
    }
}
