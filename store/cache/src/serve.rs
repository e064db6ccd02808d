//! A small HTTP server, for caches to be read from: GET and HEAD of whole files, nothing else.
//!
//! In: a listener, and where files come from: a folder, or a store whose closures are made into files as they are asked for. Out:
//! answers, until it is cancelled. Has no encryption and no log-in: it is for loopback, a trusted network, or to stand behind a
//! web server.

mod live;
mod request;

pub use live::Live;

use crate::error::{Error, Result};
use crate::place::Folder;
use cairn_fetch::Cancel;
use request::{Method, Parsed, read_request};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Connections at once; further ones are told to come back.
const CONNECTIONS: usize = 64;
/// How long a client may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// What a file is served from.
pub enum Body {
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// A file and its size.
    File(std::fs::File, u64),
}

/// Is told of every answer: status and name.
pub type Log = Arc<dyn Fn(u16, &str) + Send + Sync>;

/// Where files come from.
pub trait Files: Send + Sync {
    /// A file by its name in the cache: nothing where there is none.
    fn get(&self, name: &str) -> Result<Option<Body>>;
}

impl Files for Folder {
    fn get(&self, name: &str) -> Result<Option<Body>> {
        let Some(file) = self.open_file(name)? else {
            return Ok(None);
        };
        let size = file
            .metadata()
            .map_err(|source| Error::Stream {
                act: "read a file of the cache",
                source,
            })?
            .len();
        Ok(Some(Body::File(file, size)))
    }
}

/// Serves until it is cancelled.
///
/// Errors: [`Error::Stream`] when the listener fails.
pub fn serve(
    listener: &TcpListener,
    files: &Arc<dyn Files>,
    cancel: &Cancel,
    log: &Log,
) -> Result<()> {
    let failed = |source| Error::Stream {
        act: "listen",
        source,
    };
    listener.set_nonblocking(true).map_err(failed)?;
    let busy = Arc::new(AtomicUsize::new(0));
    while !cancel.is_cancelled() {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(10));
                continue;
            }
            // Of one client, or of a moment: others can still be served.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                ) || error.raw_os_error() == Some(24) =>
            {
                thread::sleep(Duration::from_millis(50));
                continue;
            }
            Err(error) => return Err(failed(error)),
        };
        if busy.load(Ordering::Relaxed) >= CONNECTIONS {
            // Whether it hears that is its own affair.
            let _ = write_head(&mut &stream, 503, 0, false);
            continue;
        }
        busy.fetch_add(1, Ordering::Relaxed);
        let (files, log) = (Arc::clone(files), Arc::clone(log));
        let (theirs, cancel) = (Arc::clone(&busy), cancel.clone());
        thread::spawn(move || {
            // A client that goes away is no error of the server.
            let _ = converse(&stream, files.as_ref(), &cancel, log.as_ref());
            theirs.fetch_sub(1, Ordering::Relaxed);
        });
    }
    Ok(())
}

/// Answers the requests of one connection until it closes.
fn converse(
    stream: &TcpStream,
    files: &dyn Files,
    cancel: &Cancel,
    log: &(dyn Fn(u16, &str) + Send + Sync),
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let mut reader = BufReader::new(stream);
    let mut writer = BufWriter::with_capacity(64 * 1024, stream);
    while !cancel.is_cancelled() {
        let request = match read_request(&mut reader)? {
            Parsed::Request(request) => request,
            Parsed::End => return Ok(()),
            Parsed::Wrong(status) => {
                log(status, "-");
                write_head(&mut writer, status, 0, false)?;
                return writer.flush();
            }
        };
        let body = match files.get(&request.name) {
            Ok(Some(body)) => body,
            Ok(None) => {
                log(404, &request.name);
                write_head(&mut writer, 404, 0, request.keeps_open)?;
                writer.flush()?;
                if request.keeps_open {
                    continue;
                }
                return Ok(());
            }
            Err(_) => {
                log(500, &request.name);
                write_head(&mut writer, 500, 0, false)?;
                return writer.flush();
            }
        };
        log(200, &request.name);
        let size = match &body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::File(_, size) => *size,
        };
        write_head(&mut writer, 200, size, request.keeps_open)?;
        if request.method == Method::Get {
            match body {
                Body::Bytes(bytes) => writer.write_all(&bytes)?,
                Body::File(file, size) => {
                    let sent = io::copy(&mut file.take(size), &mut writer)?;
                    if sent < size {
                        // It shrank meanwhile: the client must not take the next answer for the rest.
                        return Ok(());
                    }
                }
            }
        }
        writer.flush()?;
        if !request.keeps_open {
            return Ok(());
        }
    }
    Ok(())
}

fn write_head(out: &mut dyn Write, status: u16, size: u64, keeps_open: bool) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
    let connection = if keeps_open { "keep-alive" } else { "close" };
    write!(
        out,
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\nConnection: {connection}\r\n\r\n"
    )
}
