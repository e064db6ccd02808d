//! The last steps before the command: streams, limits, privileges, and the exec.
//!
//! In: the spec, with the root in place. Out: the command instead of this process, or why not.

use super::{Step, StepError, filter, privileges, reach};
use crate::sandbox::Spec;
use crate::syscalls;
use rustix::fs::{MemfdFlags, Mode, SeekFrom, memfd_create, seek};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use std::ffi::CString;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

/// Descriptors that a command may open unless it raises its limit.
const DESCRIPTORS: u64 = 1024;

/// Becomes the command; comes back only with an error.
pub(super) fn execute(spec: &Spec) -> StepError {
    match become_command(spec) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn become_command(spec: &Spec) -> Result<std::convert::Infallible, StepError> {
    let _ = rustix::process::setsid();
    let given = if spec.stdin.is_empty() {
        own_null()
    } else {
        give_stdin(&spec.stdin)
    };
    given.step(|| "give the command its input".to_owned())?;
    be_the_first_to_go();
    umask(Mode::from_raw_mode(spec.umask));
    set_limits(spec)?;
    let filters = filter::of(spec.profile).step(|| "make the system call filter".to_owned())?;
    privileges::drop_for_command(spec)?;
    std::env::set_current_dir(&spec.cwd).step(|| format!("enter {}", spec.cwd))?;
    let strings = |all: &mut dyn Iterator<Item = String>| {
        all.map(CString::new)
            .collect::<Result<Vec<_>, _>>()
            .map_err(io::Error::from)
    };
    let argv = strings(&mut spec.argv.iter().cloned()).step(|| "read the arguments".to_owned())?;
    let env = strings(
        &mut spec
            .env
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    )
    .step(|| "read the environment".to_owned())?;
    let programs = candidates(spec);
    syscalls::reset_signals();
    syscalls::close_on_exec_from(3).step(|| "close descriptors".to_owned())?;
    reach::restrict(spec)?;
    filter::install(&filters).step(|| "install the system call filter".to_owned())?;
    let name = spec.argv.first().cloned().unwrap_or_default();
    let mut failure = io::Error::from_raw_os_error(libc::ENOENT);
    for program in programs {
        let Ok(program) = CString::new(program) else {
            continue;
        };
        let error = syscalls::execute(&program, &argv, &env);
        if error.kind() != io::ErrorKind::NotFound {
            failure = error;
            break;
        }
    }
    Err(failure).step(|| format!("run {name}"))
}

/// Where the program may be: its path, or each folder of `PATH`.
fn candidates(spec: &Spec) -> Vec<String> {
    let Some(name) = spec.argv.first().filter(|n| !n.is_empty()) else {
        return Vec::new();
    };
    if name.contains('/') {
        return vec![name.clone()];
    }
    let path = spec
        .env
        .iter()
        .find(|(k, _)| k == "PATH")
        .map_or("", |(_, v)| v.as_str());
    path.split(':')
        .filter(|folder| !folder.is_empty())
        .map(|folder| format!("{folder}/{name}"))
        .collect()
}

fn give_stdin(bytes: &[u8]) -> io::Result<()> {
    let memory: OwnedFd = memfd_create("stdin", MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(bytes)?;
    seek(&file, SeekFrom::Start(0))?;
    rustix::stdio::dup2_stdin(&file)?;
    Ok(())
}

/// The host's `/dev/null`, which standard input is until here, lies outside of what the command may open; this is the sandbox's own.
fn own_null() -> io::Result<()> {
    match std::fs::File::open("/dev/null") {
        Ok(null) => Ok(rustix::stdio::dup2_stdin(&null)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// When memory runs out, the kernel should end a build rather than its user's programs. Without `/proc` it is not asked.
fn be_the_first_to_go() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

fn set_limits(spec: &Spec) -> Result<(), StepError> {
    let both = |value: u64| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    let hard = getrlimit(Resource::Nofile).maximum;
    let mut limits = vec![
        (Resource::Core, both(0)),
        (Resource::Rtprio, both(0)),
        (
            Resource::Nofile,
            Rlimit {
                current: Some(hard.map_or(DESCRIPTORS, |h| h.min(DESCRIPTORS))),
                maximum: hard,
            },
        ),
    ];
    limits.extend(spec.limits.processes.map(|n| (Resource::Nproc, both(n))));
    limits.extend(spec.limits.file_bytes.map(|n| (Resource::Fsize, both(n))));
    for (resource, limit) in limits {
        setrlimit(resource, limit).step(|| format!("set the limit {resource:?}"))?;
    }
    Ok(())
}
