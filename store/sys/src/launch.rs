//! The parent's side: starts the child program, writes its id map, follows it to its end.
//!
//! In: a [`Sandbox`] or a task. Out: its outcome. Kills the child when told to, and returns only when it is gone.

use crate::child::{CHILD_ARGUMENT, CHILD_VARIABLE, child_program};
use crate::disk_use::DiskUse;
use crate::error::SandboxError;
use crate::ids::IdMap;
use crate::sandbox::{Ending, ExitOutcome, Sandbox, Watch};
use crate::wire::{Channel, Message, Order};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often a cancellation is looked for.
const TICK: Duration = Duration::from_millis(100);
/// How long a program has to say that it is a sandbox child.
const HELLO_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a child has to end after it was told to.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// A longer line of the log is given in pieces of this many bytes.
const MAX_LINE: usize = 1 << 16;

/// A running child process; it is killed when this is dropped.
struct Running {
    child: Child,
    channel: Channel,
    program: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn start(stdout: Stdio, stderr: Stdio) -> Result<Running, SandboxError> {
    let program = child_program();
    if std::env::var_os(CHILD_VARIABLE).is_some() {
        return Err(SandboxError::NoChildHook { program });
    }
    let (ours, theirs) = UnixStream::pair().map_err(|source| SandboxError::Channel { source })?;
    let mut command = Command::new(&program);
    command.arg(CHILD_ARGUMENT).env(CHILD_VARIABLE, "1");
    command
        .stdin(OwnedFd::from(theirs))
        .stdout(stdout)
        .stderr(stderr);
    let child = command.spawn().map_err(|source| SandboxError::Spawn {
        program: program.clone(),
        source,
    })?;
    drop(command);
    Ok(Running {
        child,
        channel: Channel::new(ours),
        program,
    })
}

impl Running {
    /// Hands the order over and maps the ids, up to the point where the child works on its own.
    fn hand_over(
        &mut self,
        ids: &IdMap,
        order: Order,
        input: Option<&[u8]>,
    ) -> Result<(), SandboxError> {
        let timeout = Some(HELLO_TIMEOUT);
        self.channel
            .stream()
            .set_read_timeout(timeout)
            .map_err(|source| SandboxError::Channel { source })?;
        if !matches!(self.channel.receive(), Ok(Some(Message::Hello))) {
            return Err(SandboxError::NoChildHook {
                program: self.program.clone(),
            });
        }
        self.channel
            .stream()
            .set_read_timeout(None)
            .map_err(|source| SandboxError::Channel { source })?;
        self.send(&Message::Order(order))?;
        if let Some(input) = input {
            self.send(&Message::Bytes(input.to_vec()))?;
        }
        match self.receive()? {
            Message::Unshared => {}
            other => return Err(Self::unexpected(other)),
        }
        ids.write(self.child.id())?;
        self.send(&Message::Mapped)
    }

    fn send(&mut self, message: &Message) -> Result<(), SandboxError> {
        self.channel
            .send(message)
            .map_err(|source| SandboxError::Channel { source })
    }

    fn receive(&mut self) -> Result<Message, SandboxError> {
        match self.channel.receive() {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(self.died()),
            Err(source) => Err(SandboxError::Channel { source }),
        }
    }

    fn died(&mut self) -> SandboxError {
        let status = self
            .child
            .wait()
            .map_or_else(|e| e.to_string(), |s| s.to_string());
        SandboxError::Died { status }
    }

    /// The error that an unhappy message stands for.
    fn unexpected(message: Message) -> SandboxError {
        match message {
            Message::Refused(errno) => SandboxError::NoUserNamespaces {
                source: io::Error::from_raw_os_error(errno),
            },
            Message::Failed { step, errno } => SandboxError::Setup {
                step,
                source: io::Error::from_raw_os_error(errno),
            },
            other => SandboxError::Channel {
                source: io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("unexpected message {other:?}"),
                ),
            },
        }
    }

    /// Tells the child to kill everything and waits until it has.
    fn stop(&mut self) {
        let _ = self.channel.stream().shutdown(std::net::Shutdown::Write);
        let deadline = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn task(ids: &IdMap, name: &str, input: &[u8]) -> Result<Vec<u8>, SandboxError> {
    let mut running = start(Stdio::null(), Stdio::inherit())?;
    running.hand_over(ids, Order::Task(name.to_owned()), Some(input))?;
    let answer = running.receive()?;
    match answer {
        Message::Bytes(bytes) => Ok(bytes),
        Message::UnknownTask => Err(SandboxError::UnknownTask {
            name: name.to_owned(),
        }),
        Message::TaskFailed(message) => Err(SandboxError::Task {
            name: name.to_owned(),
            message,
        }),
        other => Err(Running::unexpected(other)),
    }
}

/// A pipe of output and where its bytes go.
struct Output {
    pipe: Option<File>,
    pending: Vec<u8>,
}

pub(crate) fn run(sandbox: &Sandbox, watch: &mut Watch<'_>) -> Result<ExitOutcome, SandboxError> {
    let started = Instant::now();
    let channel_error = |source: io::Error| SandboxError::Channel { source };
    let (log_reader, log_writer) = io::pipe().map_err(channel_error)?;
    let (stdout_reader, stdout_writer) = if sandbox.spec.capture_stdout {
        let (reader, writer) = io::pipe().map_err(channel_error)?;
        (Some(reader), writer)
    } else {
        (None, log_writer.try_clone().map_err(channel_error)?)
    };
    let mut running = start(stdout_writer.into(), log_writer.into())?;
    running.hand_over(
        &sandbox.ids,
        Order::Run(Box::new(sandbox.spec.clone())),
        None,
    )?;

    let mut log = Output {
        pipe: Some(File::from(OwnedFd::from(log_reader))),
        pending: Vec::new(),
    };
    let mut stdout = Output {
        pipe: stdout_reader.map(|r| File::from(OwnedFd::from(r))),
        pending: Vec::new(),
    };
    let mut disk_use = DiskUse::of(&sandbox.spec);
    let mut output_bytes = 0_u64;
    let mut answer = None;
    let mut stopped = None;
    while answer.is_none() && stopped.is_none() {
        let ready = wait_for_input(&running, &log, &stdout).map_err(channel_error)?;
        if ready.stdout {
            output_bytes += stdout.read().map_err(channel_error)?;
        }
        if ready.log {
            output_bytes += log.read().map_err(channel_error)?;
            log.give_lines(watch.line);
        }
        if ready.channel {
            answer = Some(running.receive()?);
        }
        let limits = &sandbox.spec.limits;
        if watch.cancelled.is_some_and(|c| c.load(Ordering::SeqCst)) {
            stopped = Some(Ending::Cancelled);
        } else if limits
            .wall_secs
            .is_some_and(|secs| started.elapsed() >= Duration::from_secs(secs))
        {
            stopped = Some(Ending::TimedOut);
        } else if limits
            .output_bytes
            .is_some_and(|bytes| output_bytes > bytes)
        {
            stopped = Some(Ending::TooMuchOutput);
        } else {
            stopped = disk_use.exceeded();
        }
    }
    // An answer is the child's last word: its processes are gone. Otherwise they are killed here.
    if answer.is_none() {
        running.stop();
    }
    while stdout.pipe.is_some() {
        output_bytes += stdout.read().map_err(channel_error)?;
    }
    while log.pipe.is_some() {
        output_bytes += log.read().map_err(channel_error)?;
        log.give_lines(watch.line);
    }
    log.give_rest(watch.line);
    let _ = running.child.wait();
    let ending = match (answer, stopped) {
        (Some(Message::Exited(code)), _) => Ending::Exited(code),
        (Some(Message::Signaled(signal)), _) => Ending::Signaled(signal),
        (Some(other), _) => return Err(Running::unexpected(other)),
        (None, Some(ending)) => ending,
        (None, None) => return Err(running.died()),
    };
    Ok(ExitOutcome {
        ending,
        stdout: stdout.pending,
        output_bytes,
        wall: started.elapsed(),
    })
}

struct Ready {
    log: bool,
    stdout: bool,
    channel: bool,
}

fn wait_for_input(running: &Running, log: &Output, stdout: &Output) -> io::Result<Ready> {
    let stream = running.channel.stream();
    let mut fds = vec![PollFd::new(stream, PollFlags::IN)];
    let log_at = log.pipe.as_ref().map(|pipe| push(&mut fds, pipe));
    let stdout_at = stdout.pipe.as_ref().map(|pipe| push(&mut fds, pipe));
    let timeout = Timespec {
        tv_sec: 0,
        tv_nsec: TICK.as_nanos() as _,
    };
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => {
            return Ok(Ready {
                log: false,
                stdout: false,
                channel: false,
            });
        }
        Err(error) => return Err(error.into()),
    }
    let is_ready = |at: Option<usize>| at.is_some_and(|i| !fds[i].revents().is_empty());
    Ok(Ready {
        log: is_ready(log_at),
        stdout: is_ready(stdout_at),
        channel: is_ready(Some(0)),
    })
}

fn push<'a>(fds: &mut Vec<PollFd<'a>>, pipe: &'a impl AsFd) -> usize {
    fds.push(PollFd::new(pipe, PollFlags::IN));
    fds.len() - 1
}

impl Output {
    /// Reads what is there; closes the pipe at its end.
    fn read(&mut self) -> io::Result<u64> {
        let Some(pipe) = &mut self.pipe else {
            return Ok(0);
        };
        let mut buffer = [0_u8; 1 << 13];
        let count = match pipe.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(0),
            Err(error) => return Err(error),
        };
        if count == 0 {
            self.pipe = None;
        }
        self.pending.extend_from_slice(&buffer[..count]);
        Ok(count as u64)
    }

    fn give_lines(&mut self, line: &mut dyn FnMut(&[u8])) {
        let mut begin = 0;
        while let Some(length) = self.pending[begin..].iter().position(|b| *b == b'\n') {
            line(&self.pending[begin..begin + length]);
            begin += length + 1;
        }
        self.pending.drain(..begin);
        if self.pending.len() > MAX_LINE {
            self.give_rest(line);
        }
    }

    fn give_rest(&mut self, line: &mut dyn FnMut(&[u8])) {
        if !self.pending.is_empty() {
            line(&self.pending);
            self.pending.clear();
        }
    }
}
