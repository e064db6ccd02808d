//! The first process of a sandbox: sets it up, starts the command, buries the dead, takes the sandbox down.
//!
//! In: the spec. Out: the command's end, told only after every other process of the sandbox is gone.

use super::{Step, StepError, command, die_with_parent, root};
use crate::sandbox::{Network, Spec};
use crate::syscalls;
use crate::wire::{Channel, Message};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};
use std::os::fd::AsFd;

/// Runs the sandbox; the exit code of this process comes back.
pub(super) fn main(channel: &mut Channel, spec: &Spec) -> i32 {
    let answer = match run(channel, spec) {
        Ok(answer) => answer,
        Err(error) => error.message(),
    };
    i32::from(channel.send(&answer).is_err())
}

fn run(channel: &mut Channel, spec: &Spec) -> Result<Message, StepError> {
    die_with_parent().step(|| "ask to die with the parent".to_owned())?;
    rustix::system::sethostname(spec.hostname.as_bytes())
        .step(|| "set the host name".to_owned())?;
    if spec.network == Network::Loopback {
        let step = || "bring the loopback up".to_owned();
        let socket = socket(AddressFamily::INET, SocketType::DGRAM, None).step(step)?;
        syscalls::loopback_up(socket.as_fd()).step(step)?;
    }
    let made = root::enter(spec)?;
    let Some(pid) = syscalls::fork().step(|| "start a process".to_owned())? else {
        let error = command::execute(spec);
        let _ = channel.send(&error.message());
        std::process::exit(127);
    };
    let ending = bury_until(pid);
    syscalls::kill_all();
    while !matches!(wait(WaitOptions::empty()), Err(rustix::io::Errno::CHILD)) {}
    made.take_down();
    Ok(ending)
}

/// Waits for any process to end until the command has.
fn bury_until(command: Pid) -> Message {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == command => return ending(status),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Message::Failed {
                    step: "wait for the command".into(),
                    errno: error.raw_os_error(),
                };
            }
        }
    }
}

fn ending(status: WaitStatus) -> Message {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Message::Exited(code),
        (None, signal) => Message::Signaled(signal.unwrap_or_default()),
    }
}
