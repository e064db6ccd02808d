//! The system call filter of a command.
//!
//! In: a [`Profile`]. Out: BPF programs. Refused calls return an error, they kill nobody, so that programs can do without; only
//! calls by another architecture's numbers (`int 0x80`) end the process.
//! It is a second wall: the namespaces and missing capabilities are the first. Where they are none (setuid bits, vsock), it is the only one.

use crate::sandbox::Profile;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter, sock_filter,
};
use std::collections::BTreeMap;
use std::io;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Bits that would give a file its owner's rights.
const SET_ID_BITS: [u64; 2] = [0o4000, 0o2000];

/// Refused with EPERM in every sandbox: they reach the kernel rather than the sandbox.
const REFUSED: [i64; 37] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_fanotify_init,
    libc::SYS_open_by_handle_at,
    libc::SYS_kcmp,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
];

/// Answered with ENOSYS, so that programs take the older way: io_uring, and calls whose flags a filter can't read.
const UNKNOWN: [i64; 5] = [
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_clone3,
    libc::SYS_memfd_secret,
];

/// The last call that these lists were held against (`mseal`; the numbers are the same everywhere since 424). Later ones are answered
/// with ENOSYS: they may do by another name what is refused here, as `setxattrat` and `open_tree_attr` do. So are the numbers of x32.
const LAST_KNOWN: u32 = 462;

/// Families of sockets that live in the network namespace. Others reach the host from any: `AF_VSOCK` a hypervisor, `AF_ALG` its drivers.
const SOCKET_FAMILIES: [i32; 4] = [
    libc::AF_UNIX,
    libc::AF_INET,
    libc::AF_INET6,
    libc::AF_NETLINK,
];

/// Requests that put words into a terminal's mouth.
const TERMINAL_INPUT: [u64; 2] = [libc::TIOCSTI, libc::TIOCLINUX];

/// Answered with ENOTSUP in builds.
const XATTRS: [i64; 6] = [
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
];

/// Compiles the filters of this profile.
pub(super) fn of(profile: Profile) -> io::Result<Vec<BpfProgram>> {
    let mut refused: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    for bit in (0..32)
        .map(|b| 1_i32.wrapping_shl(b))
        .filter(|b| namespaces & b != 0)
    {
        add_masked(&mut refused, libc::SYS_clone, 0, bit as u64)?;
    }
    for request in TERMINAL_INPUT {
        let inject = condition(1, SeccompCmpOp::Eq, request)?;
        refused
            .entry(libc::SYS_ioctl)
            .or_default()
            .push(rule(vec![inject])?);
    }
    let mut unknown: Rules = UNKNOWN.iter().map(|call| (*call, Vec::new())).collect();
    let mut filters = vec![
        later_than(LAST_KNOWN),
        compile(sockets()?, libc::EAFNOSUPPORT)?,
    ];
    if profile == Profile::Build {
        for bits in SET_ID_BITS {
            for (call, argument) in mode_arguments() {
                add_masked(&mut refused, call, argument, bits)?;
            }
        }
        unknown.insert(libc::SYS_openat2, Vec::new());
        filters.push(compile(
            XATTRS.iter().map(|call| (*call, Vec::new())).collect(),
            libc::ENOTSUP,
        )?);
    }
    filters.push(compile(refused, libc::EPERM)?);
    filters.push(compile(unknown, libc::ENOSYS)?);
    Ok(filters)
}

/// Calls that set a file's mode, and which argument it is.
fn mode_arguments() -> Vec<(i64, u8)> {
    let mut calls = vec![
        (libc::SYS_fchmod, 1),
        (libc::SYS_fchmodat, 2),
        (libc::SYS_fchmodat2, 2),
        (libc::SYS_openat, 3),
        (libc::SYS_mknodat, 2),
    ];
    #[cfg(target_arch = "x86_64")]
    calls.extend([
        (libc::SYS_chmod, 1),
        (libc::SYS_open, 2),
        (libc::SYS_creat, 1),
        (libc::SYS_mknod, 1),
    ]);
    calls
}

/// Flags of an open by which its mode counts: it makes a file, with or without a name.
const MAKING: [u64; 2] = [
    libc::O_CREAT as u64,
    (libc::O_TMPFILE & !libc::O_DIRECTORY) as u64,
];

/// Refuses the call when this bit is set in its argument; the mode of an open counts only when it makes a file.
fn add_masked(rules: &mut Rules, call: i64, argument: u8, bit: u64) -> io::Result<()> {
    let wanted = || condition(argument, SeccompCmpOp::MaskedEq(bit), bit);
    let rules = rules.entry(call).or_default();
    let Some(flags) = open_flags(call) else {
        rules.push(rule(vec![wanted()?])?);
        return Ok(());
    };
    for making in MAKING {
        let makes = condition(flags, SeccompCmpOp::MaskedEq(making), making)?;
        rules.push(rule(vec![wanted()?, makes])?);
    }
    Ok(())
}

/// Which argument of a call that opens files has the flags.
fn open_flags(call: i64) -> Option<u8> {
    match call {
        libc::SYS_openat => Some(2),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => Some(1),
        _ => None,
    }
}

/// Refuses sockets of all families but [`SOCKET_FAMILIES`].
fn sockets() -> io::Result<Rules> {
    let other = || {
        let families = SOCKET_FAMILIES.iter();
        families
            .map(|family| condition(0, SeccompCmpOp::Ne, *family as u64))
            .collect::<io::Result<Vec<_>>>()
            .and_then(rule)
    };
    let calls = [libc::SYS_socket, libc::SYS_socketpair];
    calls
        .map(|call| Ok((call, vec![other()?])))
        .into_iter()
        .collect()
}

/// Answers all calls after this one with ENOSYS. By hand: the crate's filters have a rule for each number.
fn later_than(last: u32) -> BpfProgram {
    let step = |code: u32, skip: u8, k: u32| sock_filter {
        code: code as u16,
        jt: 0,
        jf: skip,
        k,
    };
    vec![
        // The number is the first word of `struct seccomp_data`.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K, 1, last),
        step(
            libc::BPF_RET | libc::BPF_K,
            0,
            libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32,
        ),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> io::Result<SeccompCondition> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
        .map_err(io::Error::other)
}

fn rule(conditions: Vec<SeccompCondition>) -> io::Result<SeccompRule> {
    SeccompRule::new(conditions).map_err(io::Error::other)
}

fn compile(rules: Rules, errno: i32) -> io::Result<BpfProgram> {
    let arch = std::env::consts::ARCH
        .try_into()
        .map_err(io::Error::other)?;
    SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(errno as u32),
        arch,
    )
    .and_then(TryInto::try_into)
    .map_err(io::Error::other)
}

/// Installs the filters for this process and all that it starts.
pub(super) fn install(filters: &[BpfProgram]) -> io::Result<()> {
    filters
        .iter()
        .try_for_each(|filter| apply_filter(filter).map_err(io::Error::other))
}
