//! The child's side: enters the namespaces and carries out the order.
//!
//! In: an order on the channel. Out: the answer, and the exit code of this process. Runs with one thread until a task
//! starts some; trusts its parent and nothing else.

mod command;
mod filter;
mod first_process;
mod mounts;
mod privileges;
mod reach;
mod root;

use crate::child::Task;
use crate::sandbox::Spec;
use crate::syscalls;
use crate::task::{REMOVE_TASK, remove_task};
use crate::wire::{Channel, Message, Order};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid};
use rustix::thread::UnshareFlags;
use std::io;

/// A step that failed: the act with its object, and why.
#[derive(Debug)]
pub(crate) struct StepError {
    step: String,
    source: io::Error,
}

/// Names the step of an error.
pub(crate) trait Step<T> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, StepError>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, StepError> {
        self.map_err(|source| StepError {
            step: step(),
            source: source.into(),
        })
    }
}

impl StepError {
    fn message(&self) -> Message {
        Message::Failed {
            step: self.step.clone(),
            errno: self.source.raw_os_error().unwrap_or(libc::EIO),
        }
    }
}

/// Serves one order; the exit code of this process comes back.
pub(crate) fn serve(mut channel: Channel, tasks: &[(&'static str, Task)]) -> i32 {
    match follow_order(&mut channel, tasks) {
        Ok(()) => 0,
        Err(_) => 71,
    }
}

/// Errors: only when the channel is broken; everything else is an answer on it.
fn follow_order(channel: &mut Channel, tasks: &[(&'static str, Task)]) -> io::Result<()> {
    die_with_parent()?;
    channel.send(&Message::Hello)?;
    let Some(Message::Order(order)) = channel.receive()? else {
        return Ok(());
    };
    // A terminal's Ctrl-C is for the parent, which then ends this process in order.
    let _ = rustix::process::setsid();
    match order {
        Order::Run(spec) => {
            if enter_user_namespace(channel)? {
                run_command(channel, &spec)?;
            }
        }
        Order::Task(name) => {
            let Some(Message::Bytes(input)) = channel.receive()? else {
                return Ok(());
            };
            if enter_user_namespace(channel)? {
                run_task(channel, tasks, &name, &input)?;
            }
        }
    }
    Ok(())
}

/// Asks the kernel to kill this process with its parent.
pub(crate) fn die_with_parent() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

/// Becomes root of a new user namespace; false when the kernel refused, which the parent has then been told.
fn enter_user_namespace(channel: &mut Channel) -> io::Result<bool> {
    if let Err(error) = syscalls::unshare(UnshareFlags::NEWUSER) {
        channel.send(&Message::Refused(
            error.raw_os_error().unwrap_or(libc::EPERM),
        ))?;
        return Ok(false);
    }
    channel.send(&Message::Unshared)?;
    let Some(Message::Mapped) = channel.receive()? else {
        return Ok(false);
    };
    let entered = privileges::become_user(0, 0)
        .step(|| "become root of the user namespace".to_owned())
        .and_then(|()| die_with_parent().step(|| "ask to die with the parent".to_owned()));
    if let Err(error) = entered {
        channel.send(&error.message())?;
        return Ok(false);
    }
    // Where AppArmor restricts user namespaces, they can be made but are worth nothing: it shows here.
    if let Err(error) = syscalls::unshare(UnshareFlags::NEWNS) {
        channel.send(&Message::Refused(
            error.raw_os_error().unwrap_or(libc::EPERM),
        ))?;
        return Ok(false);
    }
    if let Err(error) = mounts::make_private() {
        channel.send(&error.message())?;
        return Ok(false);
    }
    Ok(true)
}

fn run_task(
    channel: &mut Channel,
    tasks: &[(&'static str, Task)],
    name: &str,
    input: &[u8],
) -> io::Result<()> {
    let built_in: (&str, Task) = (REMOVE_TASK, remove_task);
    let Some((_, task)) = tasks
        .iter()
        .chain([&built_in])
        .find(|(known, _)| *known == name)
    else {
        return channel.send(&Message::UnknownTask);
    };
    let answer = match std::panic::catch_unwind(|| task(input)) {
        Ok(Ok(output)) => Message::Bytes(output),
        Ok(Err(message)) => Message::TaskFailed(message),
        Err(_) => Message::TaskFailed(format!("the task `{name}` panicked")),
    };
    channel.send(&answer)
}

/// Starts the first process of the new PID namespace and waits for its end; kills it when the parent hangs up.
fn run_command(channel: &mut Channel, spec: &Spec) -> io::Result<()> {
    let namespaces =
        UnshareFlags::NEWPID | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS | UnshareFlags::NEWNET;
    let entered = syscalls::unshare(namespaces)
        .step(|| "enter PID, IPC, UTS and network namespaces".to_owned())
        .and_then(|()| ignore_missing(syscalls::unshare(UnshareFlags::NEWCGROUP)));
    if let Err(error) = entered {
        return channel.send(&error.message());
    }
    let forked = match syscalls::fork() {
        Ok(forked) => forked,
        Err(source) => {
            return channel.send(
                &StepError {
                    step: "start a process".to_owned(),
                    source,
                }
                .message(),
            );
        }
    };
    let Some(first) = forked else {
        // The first process of the namespace: the kernel kills all others when it ends.
        std::process::exit(first_process::main(channel, spec));
    };
    let pidfd = pidfd_open(first, PidfdFlags::empty())?;
    loop {
        let mut fds = [
            PollFd::new(&pidfd, PollFlags::IN),
            PollFd::new(channel.stream(), PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        if fds[0].revents().is_empty() {
            let _ = kill_process(first, Signal::KILL);
        }
        break;
    }
    // Comes back only when all processes of the namespace are gone.
    while let Err(rustix::io::Errno::INTR) = waitpid(Some(first), WaitOptions::empty()) {}
    Ok(())
}

/// Kernels without cgroups have no cgroup namespaces either.
fn ignore_missing(result: io::Result<()>) -> Result<(), StepError> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        other => other.step(|| "enter a cgroup namespace".to_owned()),
    }
}
