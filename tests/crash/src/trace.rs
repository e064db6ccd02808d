//! Runs a command and stops it at each of its calls that change something below a folder, whichever of its processes makes it.
//!
//! In: a command, a folder, an observer. Out: how the command ended. The kernel stops one thread at a time; calls of others go on.
//! Processes that enter a sandbox (`pivot_root`) are let go: what they see is no longer the store.

use crate::calls::{Change, change_of};
use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Sees every change before and after it is made.
pub trait Observer {
    /// Before the call. Says whether the command is killed here.
    fn before(&mut self, change: &Change) -> bool;
    /// After the call succeeded.
    fn after(&mut self, change: &Change);
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal.
    Signaled(Signal),
}

/// Runs the command to its end, or to where the observer wants it killed.
#[expect(
    clippy::zombie_processes,
    reason = "the tracer waits for all of its processes"
)]
pub fn run(command: &mut Command, below: &Path, observer: &mut dyn Observer) -> Ended {
    // A shell waits for a line, so that the command can be stopped before its first call.
    let mut waiting = Command::new("/bin/sh");
    waiting
        .args(["-c", "read -r go && exec \"$@\" </dev/null", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(folder) = command.get_current_dir() {
        waiting.current_dir(folder);
    }
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => waiting.env(key, value),
            None => waiting.env_remove(key),
        };
    }
    let mut child = waiting.spawn().expect("a shell");
    let main = Pid::from_raw(child.id() as i32);
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(main, options).expect("may trace its own child");
    ptrace::interrupt(main).expect("is there");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"go\n")
        .expect("it reads");
    let mut tracer = Tracer {
        main,
        below: below.to_owned(),
        pending: HashMap::new(),
        killed: false,
    };
    tracer.follow(observer)
}

struct Tracer {
    main: Pid,
    below: PathBuf,
    /// Threads within a call, with what it changes.
    pending: HashMap<Pid, Option<Change>>,
    killed: bool,
}

impl Tracer {
    fn follow(&mut self, observer: &mut dyn Observer) -> Ended {
        // Tracees of this thread only: other threads trace theirs.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let mut ended = None;
        loop {
            match waitpid(None, Some(flags)) {
                Ok(WaitStatus::Exited(process, code)) => {
                    if process == self.main {
                        ended = Some(Ended::Exited(code));
                    }
                }
                Ok(WaitStatus::Signaled(process, signal, _)) => {
                    if process == self.main {
                        ended = Some(Ended::Signaled(signal));
                    }
                }
                Ok(WaitStatus::PtraceSyscall(process)) => {
                    if self.at_call(process, observer) {
                        let _ = ptrace::syscall(process, None);
                    }
                }
                Ok(WaitStatus::PtraceEvent(process, ..)) => {
                    let _ = ptrace::syscall(process, None);
                }
                Ok(WaitStatus::Stopped(process, signal)) => {
                    let _ = ptrace::syscall(process, signal);
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => return ended.expect("the command ended"),
                Err(error) => panic!("waiting: {error}"),
            }
        }
    }

    /// One stop at the entry or the exit of a call; says whether the process is still traced.
    fn at_call(&mut self, process: Pid, observer: &mut dyn Observer) -> bool {
        let Ok(registers) = ptrace::getregs(process) else {
            return true;
        };
        // The kernel puts this into the result before a call; another result means that the entry was missed.
        let is_entry = registers.rax as i64 == -i64::from(libc::ENOSYS);
        if let Some(change) = self.pending.remove(&process) {
            let succeeded = registers.rax as i64 >= 0;
            if registers.orig_rax as i64 == libc::SYS_pivot_root && succeeded {
                let _ = ptrace::detach(process, None);
                return false;
            }
            if let Some(change) = change
                && succeeded
                && !self.killed
            {
                observer.after(&change);
            }
            return true;
        }
        if !is_entry {
            return true;
        }
        let change = change_of(process, &registers).filter(|change| change.is_below(&self.below));
        if let Some(change) = &change
            && !self.killed
            && observer.before(change)
        {
            self.killed = true;
            let _ = kill(self.main, Signal::SIGKILL);
        }
        self.pending.insert(process, change);
        true
    }
}

/// Counts changes and kills at one of them.
#[derive(Debug, Default)]
pub struct KillAt {
    /// How many were seen.
    pub seen: usize,
    /// At which to kill, counted from 1; 0 is never.
    pub at: usize,
    /// What it was.
    pub change: Option<Change>,
}

impl Observer for KillAt {
    fn before(&mut self, change: &Change) -> bool {
        self.seen += 1;
        if self.seen == self.at {
            self.change = Some(change.clone());
        }
        self.seen == self.at
    }

    fn after(&mut self, _: &Change) {}
}
