//! The unsafe calls, each behind a safe function; nothing else in Cairn is unsafe.
//!
//! In and out: owned values and file descriptors. Decides nothing.

#![allow(
    unsafe_code,
    reason = "calls of the kernel that rustix has no safe form of"
)]

use rustix::process::Pid;
use rustix::thread::UnshareFlags;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes a mount read-only.
pub(crate) const MOUNT_READ_ONLY: u64 = 0x1;
/// Ignores set-id bits and file capabilities on a mount.
pub(crate) const MOUNT_NO_SETID: u64 = 0x2;
/// Makes device nodes on a mount useless.
pub(crate) const MOUNT_NO_DEVICES: u64 = 0x4;
/// Refuses to execute from a mount.
pub(crate) const MOUNT_NO_EXEC: u64 = 0x8;

fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Enters new namespaces. Only for a process with one thread, which sandbox children are.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: file tables are not unshared here, so no other code's view of its descriptors changes.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(Into::into)
}

/// Forks; `None` in the new process. Only for a process with one thread, which sandbox children are.
pub(crate) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: with one thread no lock can be held by a thread that the new process lacks.
    let pid = check(libc::c_long::from(unsafe { libc::fork() }))?;
    Ok(Pid::from_raw(pid as i32))
}

/// Does something in the new process just before it becomes the program. Only for system calls: nothing that takes a lock or memory.
pub(crate) fn before_exec(
    command: &mut Command,
    act: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: the callers in this crate make plain system calls only.
    unsafe { command.pre_exec(act) };
}

/// Adds attributes to a mount tree and all mounts below it.
pub(crate) fn add_mount_attributes(mount: BorrowedFd<'_>, attributes: u64) -> io::Result<()> {
    let request = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path is an empty C string, the structure outlives the call and its true size is given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const request,
            size_of::<libc::mount_attr>(),
        )
    };
    check(result).map(drop)
}

/// Brings the loopback interface of the current network namespace up.
pub(crate) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: an all-zero `ifreq` is valid; the name keeps its terminating zero.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads one `ifreq`, which lives here.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as _,
            &raw const request,
        )
    };
    check(libc::c_long::from(result)).map(drop)
}

/// Sets the supplementary groups, user and group for good.
pub(crate) fn set_user(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: no memory is involved: an empty list of groups and numbers.
    unsafe {
        check(libc::c_long::from(libc::setgroups(0, std::ptr::null())))?;
        check(libc::c_long::from(libc::setresgid(gid, gid, gid)))?;
        check(libc::c_long::from(libc::setresuid(uid, uid, uid)))?;
    }
    Ok(())
}

/// Marks all descriptors from `first` on to be closed by an exec.
pub(crate) fn close_on_exec_from(first: RawFd) -> io::Result<()> {
    // SAFETY: the call changes flags only and takes numbers.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first as u32,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    check(result).map(drop)
}

/// Gives every signal its default action and blocks none.
pub(crate) fn reset_signals() {
    // SAFETY: `SIG_DFL` installs no handler; the signal set is initialised before it is used.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Kills all other processes of the PID namespace whose first process this is.
pub(crate) fn kill_all() {
    // SAFETY: no memory is involved; the caller is the first process of its own PID namespace.
    unsafe { libc::kill(-1, libc::SIGKILL) };
}

/// Replaces this process; comes back only with an error.
pub(crate) fn execute(program: &CString, argv: &[CString], env: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings
            .iter()
            .map(|s| s.as_ptr())
            .chain([std::ptr::null()])
            .collect()
    };
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both arrays end with a null pointer, and all strings outlive the call.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}
