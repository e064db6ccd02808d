//! Messages between a process and its sandbox child, over one socket.
//!
//! In and out: [`Message`]s, each `kind, length (4 bytes, little-endian), payload`. Knows nothing of what they cause.

use crate::sandbox::Spec;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

/// Bytes of the largest payload: a task's input or output.
const MAX_PAYLOAD: usize = 1 << 30;

/// What a child is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Run a command.
    Run(Box<Spec>),
    /// Run a task; its input follows as [`Message::Bytes`].
    Task(String),
}

/// One message.
#[derive(Debug)]
pub(crate) enum Message {
    /// Child: the program has the hook.
    Hello,
    /// Parent: what to do.
    Order(Order),
    /// Parent: the input of a task. Child: its output.
    Bytes(Vec<u8>),
    /// Child: the user namespace is there, write its map.
    Unshared,
    /// Parent: the map is written.
    Mapped,
    /// Child: the kernel refused a user namespace.
    Refused(i32),
    /// Child: a step failed.
    Failed {
        /// The act and its object.
        step: String,
        /// The error's number.
        errno: i32,
    },
    /// Child: the task's own error.
    TaskFailed(String),
    /// Child: there is no such task.
    UnknownTask,
    /// Child: the command exited with this status.
    Exited(i32),
    /// Child: the command was ended by this signal.
    Signaled(i32),
}

/// One end of the socket.
#[derive(Debug)]
pub(crate) struct Channel {
    stream: UnixStream,
}

impl Channel {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self { stream }
    }

    /// The child's end, taken from standard input, which becomes `/dev/null`.
    pub(crate) fn of_child() -> io::Result<Self> {
        let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        let null = std::fs::File::open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        Ok(Self {
            stream: UnixStream::from(socket),
        })
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    pub(crate) fn send(&mut self, message: &Message) -> io::Result<()> {
        let (kind, payload) = encode(message)?;
        let mut bytes = Vec::with_capacity(payload.len() + 5);
        bytes.push(kind);
        bytes.extend((payload.len() as u32).to_le_bytes());
        bytes.extend(payload);
        self.stream.write_all(&bytes)
    }

    /// The next message; `None` at the end.
    pub(crate) fn receive(&mut self) -> io::Result<Option<Message>> {
        let mut head = [0_u8; 5];
        match self.stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > MAX_PAYLOAD {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "message too long",
            ));
        }
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload)?;
        decode(head[0], payload).map(Some)
    }
}

fn encode(message: &Message) -> io::Result<(u8, Vec<u8>)> {
    Ok(match message {
        Message::Hello => (b'h', Vec::new()),
        Message::Order(order) => (b'o', serde_json::to_vec(order)?),
        Message::Bytes(bytes) if bytes.len() > MAX_PAYLOAD => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "message too long",
            ));
        }
        Message::Bytes(bytes) => (b'b', bytes.clone()),
        Message::Unshared => (b'u', Vec::new()),
        Message::Mapped => (b'm', Vec::new()),
        Message::Refused(errno) => (b'r', errno.to_le_bytes().to_vec()),
        Message::Failed { step, errno } => {
            let mut payload = errno.to_le_bytes().to_vec();
            payload.extend(step.as_bytes());
            (b'f', payload)
        }
        Message::TaskFailed(text) => (b't', text.clone().into_bytes()),
        Message::UnknownTask => (b'n', Vec::new()),
        Message::Exited(code) => (b'x', code.to_le_bytes().to_vec()),
        Message::Signaled(signal) => (b's', signal.to_le_bytes().to_vec()),
    })
}

fn decode(kind: u8, payload: Vec<u8>) -> io::Result<Message> {
    let bad = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "not a message of a sandbox child",
        )
    };
    let number = |bytes: &[u8]| -> io::Result<i32> {
        Ok(i32::from_le_bytes(
            bytes
                .get(..4)
                .and_then(|b| b.try_into().ok())
                .ok_or_else(bad)?,
        ))
    };
    Ok(match kind {
        b'h' => Message::Hello,
        b'o' => Message::Order(serde_json::from_slice(&payload)?),
        b'b' => Message::Bytes(payload),
        b'u' => Message::Unshared,
        b'm' => Message::Mapped,
        b'r' => Message::Refused(number(&payload)?),
        b'f' => Message::Failed {
            errno: number(&payload)?,
            step: String::from_utf8_lossy(payload.get(4..).unwrap_or_default()).into_owned(),
        },
        b't' => Message::TaskFailed(String::from_utf8_lossy(&payload).into_owned()),
        b'n' => Message::UnknownTask,
        b'x' => Message::Exited(number(&payload)?),
        b's' => Message::Signaled(number(&payload)?),
        _ => return Err(bad()),
    })
}
