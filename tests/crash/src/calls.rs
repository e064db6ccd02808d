//! System calls that change files, by their numbers and arguments (x86-64).
//!
//! In: a stopped process and its registers. Out: [`Change`]s with the paths as the host sees them. Decides nothing.

use libc::{c_long, user_regs_struct};
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::io::IoSliceMut;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// What a call is about to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Makes a file, or cuts it to nothing.
    Create(PathBuf),
    /// Makes a folder, a link, a pipe.
    Make(PathBuf),
    /// Gives what has the first name the second one too.
    Link(PathBuf, PathBuf),
    /// Gives what has the first name the second one instead.
    Rename(PathBuf, PathBuf),
    /// Exchanges two names.
    Exchange(PathBuf, PathBuf),
    /// Takes a name away.
    Remove(PathBuf),
    /// Changes mode, owner, times or attributes.
    Dress(PathBuf),
    /// Changes contents.
    Write(PathBuf),
    /// Makes a file or the names in a folder durable.
    Sync(PathBuf),
    /// Makes everything durable.
    SyncAll,
}

impl Change {
    /// Whether it is about something below this folder.
    pub fn is_below(&self, root: &Path) -> bool {
        match self {
            Self::Link(from, to) | Self::Rename(from, to) | Self::Exchange(from, to) => {
                from.starts_with(root) || to.starts_with(root)
            }
            Self::Create(path)
            | Self::Make(path)
            | Self::Remove(path)
            | Self::Dress(path)
            | Self::Write(path)
            | Self::Sync(path) => path.starts_with(root),
            Self::SyncAll => true,
        }
    }
}

/// What a process at the entry of a call is about to change, if it is that.
pub fn change_of(process: Pid, registers: &user_regs_struct) -> Option<Change> {
    let at = At { process };
    let a = [
        registers.rdi,
        registers.rsi,
        registers.rdx,
        registers.r10,
        registers.r8,
        registers.r9,
    ];
    let here = libc::AT_FDCWD as u64;
    let makes = |flags: u64| flags & (libc::O_CREAT | libc::O_TRUNC) as u64 != 0;
    Some(match registers.orig_rax as c_long {
        libc::SYS_open if makes(a[1]) => Change::Create(at.path(here, a[0])?),
        libc::SYS_openat if makes(a[2]) => Change::Create(at.path(a[0], a[1])?),
        libc::SYS_creat => Change::Create(at.path(here, a[0])?),
        libc::SYS_mkdir | libc::SYS_mknod => Change::Make(at.path(here, a[0])?),
        libc::SYS_mkdirat | libc::SYS_mknodat => Change::Make(at.path(a[0], a[1])?),
        libc::SYS_symlink => Change::Make(at.path(here, a[1])?),
        libc::SYS_symlinkat => Change::Make(at.path(a[1], a[2])?),
        libc::SYS_link => Change::Link(at.path(here, a[0])?, at.path(here, a[1])?),
        libc::SYS_linkat => Change::Link(at.path(a[0], a[1])?, at.path(a[2], a[3])?),
        libc::SYS_rename => Change::Rename(at.path(here, a[0])?, at.path(here, a[1])?),
        libc::SYS_renameat2 if a[4] & u64::from(libc::RENAME_EXCHANGE) != 0 => {
            Change::Exchange(at.path(a[0], a[1])?, at.path(a[2], a[3])?)
        }
        libc::SYS_renameat | libc::SYS_renameat2 => {
            Change::Rename(at.path(a[0], a[1])?, at.path(a[2], a[3])?)
        }
        libc::SYS_unlink | libc::SYS_rmdir => Change::Remove(at.path(here, a[0])?),
        libc::SYS_unlinkat => Change::Remove(at.path(a[0], a[1])?),
        libc::SYS_chmod
        | libc::SYS_chown
        | libc::SYS_lchown
        | libc::SYS_setxattr
        | libc::SYS_lsetxattr
        | libc::SYS_removexattr => Change::Dress(at.path(here, a[0])?),
        libc::SYS_fchmod | libc::SYS_fchown | libc::SYS_fsetxattr | libc::SYS_fremovexattr => {
            Change::Dress(at.descriptor(a[0])?)
        }
        libc::SYS_fchmodat | libc::SYS_fchmodat2 | libc::SYS_fchownat => {
            Change::Dress(at.path(a[0], a[1])?)
        }
        libc::SYS_utimensat if a[1] == 0 => Change::Dress(at.descriptor(a[0])?),
        libc::SYS_utimensat => Change::Dress(at.path(a[0], a[1])?),
        libc::SYS_truncate => Change::Write(at.path(here, a[0])?),
        libc::SYS_write
        | libc::SYS_pwrite64
        | libc::SYS_writev
        | libc::SYS_pwritev
        | libc::SYS_pwritev2
        | libc::SYS_ftruncate
        | libc::SYS_fallocate
        | libc::SYS_sendfile => Change::Write(at.descriptor(a[0])?),
        libc::SYS_ioctl if a[1] == FICLONE => Change::Write(at.descriptor(a[0])?),
        libc::SYS_copy_file_range | libc::SYS_splice => Change::Write(at.descriptor(a[2])?),
        libc::SYS_fsync | libc::SYS_fdatasync => Change::Sync(at.descriptor(a[0])?),
        libc::SYS_syncfs | libc::SYS_sync => Change::SyncAll,
        _ => return None,
    })
}

/// Shares the blocks of one file with another; `_IOW(0x94, 9, int)`.
const FICLONE: u64 = 0x4004_9409;

/// Looks paths up as a process sees them.
struct At {
    process: Pid,
}

impl At {
    /// The path at this address, from this descriptor on.
    fn path(&self, folder: u64, address: u64) -> Option<PathBuf> {
        let text = self.text(address)?;
        let path = Path::new(OsStr::from_bytes(&text));
        if path.is_absolute() {
            return Some(tidy(path));
        }
        let folder = if folder as i32 == libc::AT_FDCWD {
            std::fs::read_link(format!("/proc/{}/cwd", self.process)).ok()?
        } else {
            self.descriptor(folder)?
        };
        Some(tidy(&folder.join(path)))
    }

    fn descriptor(&self, number: u64) -> Option<PathBuf> {
        let link = format!("/proc/{}/fd/{}", self.process, number as i32);
        let path = std::fs::read_link(link).ok()?;
        // A file without a name, a pipe or a socket is nothing of the store's.
        let named = path.is_absolute() && !path.as_os_str().as_bytes().ends_with(b" (deleted)");
        named.then_some(path)
    }

    fn text(&self, address: u64) -> Option<Vec<u8>> {
        const PAGE: usize = 4096;
        let mut text = Vec::new();
        let mut from = address as usize;
        loop {
            let mut bytes = vec![0; PAGE - from % PAGE];
            let remote = [RemoteIoVec {
                base: from,
                len: bytes.len(),
            }];
            let count =
                process_vm_readv(self.process, &mut [IoSliceMut::new(&mut bytes)], &remote).ok()?;
            if let Some(end) = bytes[..count].iter().position(|byte| *byte == 0) {
                text.extend(&bytes[..end]);
                return Some(text);
            }
            text.extend(&bytes[..count]);
            from += count;
        }
    }
}

/// Without `.` and `..`; the store's code follows no links in between.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(tidy.pop()),
            other => tidy.push(other),
        }
    }
    tidy
}
