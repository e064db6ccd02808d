//! A tiny HTTP/1.1 server on loopback that serves bytes from memory, and can be told to misbehave.
//!
//! In: paths and their bytes; faults by path. Out: responses with `Content-Length`, `Range` and `ETag`; a count of
//! requests by path. Refuses to know what it serves.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What goes wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection closes after this many bytes of the body, every time.
    Truncate(usize),
    /// The connection closes after this many bytes of the body, the first time only.
    TruncateOnce(usize),
    /// One bit in the middle of the body is wrong; the length is right.
    Corrupt,
    /// The body stops half way and the connection stays open until the server ends.
    Stall,
    /// There is no such file: 404.
    Missing,
    /// This status, without a body.
    Status(u16),
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Arc<[u8]>>,
    faults: BTreeMap<String, Fault>,
    requests: Vec<Request>,
}

/// One request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The path, with its leading slash.
    pub path: String,
    /// First byte that was asked for; 0 without a `Range`.
    pub from: usize,
}

/// A running server; it stops with the value.
pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stopping: Arc<AtomicBool>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Server({})", self.url())
    }
}

impl Server {
    /// Starts a server on a free port, with nothing to serve.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
            stopping: Arc::default(),
        };
        let (state, stopping) = (Arc::clone(&server.state), Arc::clone(&server.stopping));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let (state, stopping) = (Arc::clone(&state), Arc::clone(&stopping));
                std::thread::spawn(move || drop(converse(&connection, &state, &stopping)));
            }
        });
        server
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves these bytes at this path, which begins with a slash.
    pub fn put(&self, path: &str, bytes: impl Into<Arc<[u8]>>) {
        self.state().files.insert(path.into(), bytes.into());
    }

    /// The bytes that are served at a path.
    pub fn get(&self, path: &str) -> Option<Arc<[u8]>> {
        self.state().files.get(path).cloned()
    }

    /// Makes every path that ends with this text misbehave.
    pub fn fail(&self, path_end: &str, fault: Fault) {
        self.state().faults.insert(path_end.into(), fault);
    }

    /// Takes all faults away.
    pub fn mend(&self) {
        self.state().faults.clear();
    }

    /// All requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// How many requests there were for paths that end with this text.
    pub fn request_count(&self, path_end: &str) -> usize {
        let state = self.state();
        state
            .requests
            .iter()
            .filter(|request| request.path.ends_with(path_end))
            .count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then sees the flag.
        drop(TcpStream::connect(self.address));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Answers the requests of one connection until it closes.
fn converse(
    connection: &TcpStream,
    state: &Mutex<State>,
    stopping: &AtomicBool,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection.try_clone()?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let head_only = words.next() == Some("HEAD");
        let path = words.next().unwrap_or("/").to_owned();
        let (mut from, mut ranged, mut body) = (0, false, 0);
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
                break;
            }
            let header = header.trim().to_ascii_lowercase();
            if let Some(range) = header.strip_prefix("range: bytes=") {
                from = range
                    .split('-')
                    .next()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0);
                ranged = true;
            } else if let Some(length) = header.strip_prefix("content-length: ") {
                body = length.parse().unwrap_or(0);
            }
        }
        std::io::copy(&mut reader.by_ref().take(body), &mut std::io::sink())?;
        let (file, fault) = take(state, &path, from);
        if !answer(
            &mut writer,
            file,
            fault,
            ranged.then_some(from),
            head_only,
            stopping,
        )? {
            connection.shutdown(std::net::Shutdown::Both)?;
            return Ok(());
        }
    }
}

/// Records the request, and gives the file and the fault that it meets.
fn take(state: &Mutex<State>, path: &str, from: usize) -> (Option<Arc<[u8]>>, Option<Fault>) {
    let mut state = lock(state);
    state.requests.push(Request {
        path: path.into(),
        from,
    });
    let hit = state
        .faults
        .iter()
        .find(|(end, _)| path.ends_with(end.as_str()))
        .map(|(end, fault)| (end.clone(), *fault));
    if let Some((end, Fault::TruncateOnce(_))) = &hit {
        state.faults.remove(end);
    }
    (
        state.files.get(path).cloned(),
        hit.map(|(_end, fault)| fault),
    )
}

/// Writes one response; says whether the connection stays open.
fn answer(
    writer: &mut TcpStream,
    file: Option<Arc<[u8]>>,
    fault: Option<Fault>,
    from: Option<usize>,
    head_only: bool,
    stopping: &AtomicBool,
) -> std::io::Result<bool> {
    let status = match fault {
        Some(Fault::Missing) => Some(404),
        Some(Fault::Status(status)) => Some(status),
        _ => None,
    };
    let (Some(file), None) = (file, status) else {
        write!(
            writer,
            "HTTP/1.1 {} Refused\r\nContent-Length: 0\r\n\r\n",
            status.unwrap_or(404)
        )?;
        return Ok(true);
    };
    let mut bytes = file.to_vec();
    if fault == Some(Fault::Corrupt) {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    }
    let total = bytes.len();
    let start = from.unwrap_or(0);
    if start >= total && total > 0 {
        write!(
            writer,
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{total}\r\nContent-Length: 0\r\n\r\n"
        )?;
        return Ok(true);
    }
    let rest = &bytes[start..];
    let length = rest.len();
    let etag = blake3_name(&file);
    if from.is_some() {
        write!(
            writer,
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{total}\r\n",
            total - 1
        )?;
    } else {
        write!(writer, "HTTP/1.1 200 OK\r\n")?;
    }
    write!(
        writer,
        "Accept-Ranges: bytes\r\nETag: \"{etag}\"\r\nContent-Length: {length}\r\n\r\n"
    )?;
    if head_only {
        return Ok(true);
    }
    match fault {
        Some(Fault::Truncate(limit) | Fault::TruncateOnce(limit)) => {
            writer.write_all(&rest[..limit.min(length)])?;
            return Ok(false);
        }
        Some(Fault::Stall) => {
            writer.write_all(&rest[..length / 2])?;
            while !stopping.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return Ok(false);
        }
        _ => writer.write_all(rest)?,
    }
    Ok(true)
}

fn blake3_name(bytes: &[u8]) -> String {
    cairn_graph::Digest::of(bytes).to_string()[..16].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The raw response to one request on a connection that the client closes.
    fn ask(server: &Server, path: &str, header: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n{header}\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn body(response: &str) -> &str {
        response.split_once("\r\n\r\n").unwrap().1
    }

    #[test]
    fn serves_ranges_so_that_downloads_can_be_resumed() {
        let server = Server::start();
        server.put("/a", *b"0123456789");
        assert_eq!(body(&ask(&server, "/a", "")), "0123456789");
        let rest = ask(&server, "/a", "Range: bytes=7-\r\n");
        assert!(rest.contains("206 Partial Content") && rest.contains("bytes 7-9/10"));
        assert_eq!(body(&rest), "789");
        assert_eq!(server.requests()[1].from, 7);
        assert_eq!(server.request_count("a"), 2);
    }

    #[test]
    fn misbehaves_as_told_and_mends() {
        let server = Server::start();
        server.put("/pool/a", *b"0123456789");
        server.fail("/a", Fault::TruncateOnce(4));
        assert_eq!(body(&ask(&server, "/pool/a", "")), "0123");
        assert_eq!(body(&ask(&server, "/pool/a", "")), "0123456789");
        server.fail("/a", Fault::Corrupt);
        assert_eq!(body(&ask(&server, "/pool/a", "")).len(), 10);
        assert_ne!(body(&ask(&server, "/pool/a", "")), "0123456789");
        server.mend();
        assert_eq!(body(&ask(&server, "/pool/a", "")), "0123456789");
        assert!(ask(&server, "/none", "").contains(" 404 "));
    }
}
