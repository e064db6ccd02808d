//! One request of HTTP/1.1: its method, the name of a file in the cache, whether the connection stays open.
//!
//! In: a stream that is not trusted. Out: a [`Request`], or the status of the refusal. A name is what caches name files by, and
//! nothing that leads out of a folder.

use std::io::{self, BufRead};

/// Bytes that the head of a request may have.
const HEAD_MAX: usize = 16 * 1024;
/// Header fields that a request may have.
const FIELDS_MAX: usize = 64;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// The file.
    Get,
    /// Whether it is there, and its size.
    Head,
}

/// A sound request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) name: String,
    pub(crate) keeps_open: bool,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Request(Request),
    /// The client has closed.
    End,
    /// The status to refuse with.
    Wrong(u16),
}

/// Reads a request's head. Errors: the connection's.
pub(crate) fn read_request(reader: &mut impl BufRead) -> io::Result<Parsed> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        let mut line = io::Read::take(&mut *reader, (HEAD_MAX - before) as u64);
        let got = line.read_until(b'\n', &mut head)?;
        if got == 0 && before < HEAD_MAX {
            return Ok(Parsed::End);
        }
        if head.last() != Some(&b'\n') {
            return Ok(Parsed::Wrong(431));
        }
        if head.ends_with(b"\r\n\r\n") || head.ends_with(b"\n\n") {
            return Ok(parse(&head));
        }
    }
}

fn parse(head: &[u8]) -> Parsed {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Parsed::Wrong(431),
        _ => return Parsed::Wrong(400),
    }
    let method = match request.method {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        _ => return Parsed::Wrong(405),
    };
    let has_body = request.headers.iter().any(|field| {
        field.name.eq_ignore_ascii_case("transfer-encoding")
            || (field.name.eq_ignore_ascii_case("content-length") && field.value != b"0")
    });
    if has_body {
        return Parsed::Wrong(400);
    }
    let closes = request.headers.iter().any(|field| {
        field.name.eq_ignore_ascii_case("connection") && field.value.eq_ignore_ascii_case(b"close")
    });
    let path = request.path.unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    match path.strip_prefix('/').filter(|name| is_sound(name)) {
        Some(name) => Parsed::Request(Request {
            method,
            name: name.into(),
            keeps_open: !closes && request.version == Some(1),
        }),
        // No cache has such a file.
        None => Parsed::Wrong(404),
    }
}

/// Whether it may be the name of a file in a cache.
fn is_sound(name: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(sound))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed {
        read_request(&mut text.as_bytes()).unwrap()
    }

    #[test]
    fn a_request_is_a_method_and_a_name() {
        let get = "GET /packs/ab/cd.zst HTTP/1.1\r\nHost: here\r\n\r\n";
        let expected = Request {
            method: Method::Get,
            name: "packs/ab/cd.zst".into(),
            keeps_open: true,
        };
        assert_eq!(read(get), Parsed::Request(expected));
        let head = "HEAD /a?b HTTP/1.1\r\nConnection: Close\r\n\r\n";
        let expected = Request {
            method: Method::Head,
            name: "a".into(),
            keeps_open: false,
        };
        assert_eq!(read(head), Parsed::Request(expected));
    }

    #[test]
    fn no_name_leads_out_of_the_cache() {
        for path in [
            "/../a",
            "/a/../b",
            "//a",
            "/",
            "/.git/a",
            "/%2e%2e/a",
            "/a\\b",
            "a",
        ] {
            let text = format!("GET {path} HTTP/1.1\r\n\r\n");
            assert!(matches!(read(&text), Parsed::Wrong(400 | 404)), "{path}");
        }
    }

    #[test]
    fn what_is_no_request_for_a_file_is_refused() {
        assert_eq!(read("PUT /a HTTP/1.1\r\n\r\n"), Parsed::Wrong(405));
        assert_eq!(
            read("GET /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"),
            Parsed::Wrong(400)
        );
        assert_eq!(read("nonsense\r\n\r\n"), Parsed::Wrong(400));
        assert_eq!(read(""), Parsed::End);
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(HEAD_MAX));
        assert_eq!(read(&long), Parsed::Wrong(431));
    }
}
