//! Programs that do not outlive the one that started them.
//!
//! In: a command that is not started yet. Out: the same command, which the kernel ends when the thread that starts it is gone,
//! however it went. Starts nothing.

use crate::syscalls;
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use std::io;
use std::process::Command;

/// Has the program asked to end (`SIGTERM`) when the thread that starts it ends.
pub fn end_with_this_thread(command: &mut Command) {
    let parent = getpid();
    syscalls::before_exec(command, move || {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        // It may have ended before the kernel was told.
        if getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::ErrorKind::Interrupted.into())
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::thread;

    #[test]
    fn a_program_ends_with_the_thread_that_started_it() {
        let start = || {
            let mut command = Command::new("sleep");
            command.arg("60");
            end_with_this_thread(&mut command);
            command.spawn().expect("it starts")
        };
        let mut child = thread::spawn(start).join().expect("no panic");
        let ended = child.wait().expect("it is ours");
        assert_eq!(ended.signal(), Some(Signal::TERM.as_raw()));
    }
}
