//! Downloads against a server that misbehaves on purpose.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cairn_fetch::{Cancel, Client, HttpError, Request};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Turn {
    /// The file, or the range that was asked for.
    Serve,
    /// Announces everything, hangs up after so many bytes.
    Cut(usize),
    /// The whole file even if a range was asked for.
    IgnoreRange,
    /// The range that was asked for, said to be longer than any file.
    Lie,
    /// Says nothing of its length and never ends.
    Endless,
    /// Nothing but a status.
    Status(u16),
}

struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

/// Serves `body`; the turns are taken in order, the last one for good.
fn serve(body: &'static [u8], turns: &'static [Turn]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let (count, seen) = (AtomicUsize::new(0), ranges.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let turn = turns[count.fetch_add(1, Ordering::SeqCst).min(turns.len() - 1)];
            answer(stream.unwrap(), body, turn, &seen);
        }
    });
    Server { url, ranges }
}

fn answer(mut stream: TcpStream, body: &[u8], turn: Turn, seen: &Mutex<Vec<Option<String>>>) {
    let mut range = None;
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("range: bytes=") {
            range = Some(value.to_owned());
        }
        if line.is_empty() {
            break;
        }
    }
    let from = range
        .as_deref()
        .and_then(|r| r.trim_end_matches('-').parse::<usize>().ok());
    seen.lock().unwrap().push(range);
    let from = if matches!(turn, Turn::IgnoreRange) {
        0
    } else {
        from.unwrap_or(0)
    };
    let part = &body[from.min(body.len())..];
    let head = match turn {
        Turn::Status(status) => format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n"),
        Turn::Endless => "HTTP/1.1 200 OK\r\n".to_owned(),
        _ if from > 0 => format!(
            "HTTP/1.1 206 Partial\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{}/{}\r\n",
            if matches!(turn, Turn::Lie) {
                u64::MAX
            } else {
                part.len() as u64
            },
            body.len() - 1,
            body.len()
        ),
        _ => format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\netag: \"v1\"\r\n",
            part.len()
        ),
    };
    let sent = match turn {
        Turn::Status(_) => &[][..],
        Turn::Cut(bytes) => &part[..bytes.min(part.len())],
        _ => part,
    };
    let _ = write!(stream, "{head}connection: close\r\n\r\n");
    let _ = stream.write_all(sent);
    while matches!(turn, Turn::Endless) && stream.write_all(&[b'x'; 4096]).is_ok() {}
}

const BODY: &[u8] = b"the content of a package, long enough to be cut in two";

fn sum() -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(BODY))
}

fn client() -> Client {
    Client::new(Cancel::default()).retrying(3, Duration::from_millis(1))
}

fn fetch(client: &Client, url: &str, sum: Option<&str>, target: &Path) -> Result<u64, HttpError> {
    let request = Request {
        url,
        size: Some(BODY.len() as u64),
        sha256: sum,
    };
    client
        .download(&request, target, &mut |_, _| {})
        .map(|fetched| fetched.size)
}

#[test]
fn a_length_beyond_all_files_does_no_harm() {
    let server = serve(BODY, &[Turn::Cut(20), Turn::Lie]);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.deb");
    fetch(&client(), &server.url, Some(&sum()), &target).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), BODY);
}

#[test]
fn a_cut_transfer_goes_on_where_it_stopped() {
    let server = serve(BODY, &[Turn::Cut(20), Turn::Serve]);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.deb");
    fetch(&client(), &server.url, Some(&sum()), &target).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), BODY);
    assert_eq!(
        *server.ranges.lock().unwrap(),
        [None, Some("20-".to_owned())]
    );
    assert!(!folder.path().join("a.deb.part").exists());
}

#[test]
fn a_server_without_ranges_is_read_again_from_the_beginning() {
    let server = serve(BODY, &[Turn::Cut(20), Turn::IgnoreRange]);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.deb");
    fetch(&client(), &server.url, Some(&sum()), &target).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), BODY);
}

#[test]
fn the_part_of_an_earlier_run_is_taken_up() {
    let server = serve(BODY, &[Turn::Serve]);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.deb");
    std::fs::write(folder.path().join("a.deb.part"), &BODY[..30]).unwrap();
    fetch(&client(), &server.url, Some(&sum()), &target).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), BODY);
    assert_eq!(*server.ranges.lock().unwrap(), [Some("30-".to_owned())]);
}

#[test]
fn a_part_of_another_file_is_thrown_away_once() {
    let server = serve(BODY, &[Turn::Serve]);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.deb");
    std::fs::write(folder.path().join("a.deb.part"), b"something else").unwrap();
    fetch(&client(), &server.url, Some(&sum()), &target).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), BODY);
    assert_eq!(server.ranges.lock().unwrap().len(), 2);
}

#[test]
fn a_wrong_digest_leaves_nothing() {
    let server = serve(BODY, &[Turn::Serve]);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.deb");
    let wrong = "0".repeat(64);
    let error = fetch(&client(), &server.url, Some(&wrong), &target).unwrap_err();
    assert!(
        matches!(&error, HttpError::Digest { got, .. } if *got == sum()),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn too_much_and_too_little_are_refused_with_the_count() {
    let server = serve(BODY, &[Turn::Serve]);
    let folder = tempfile::tempdir().unwrap();
    for wrong in [BODY.len() as u64 - 1, BODY.len() as u64 + 1] {
        let request = Request {
            url: &server.url,
            size: Some(wrong),
            sha256: None,
        };
        let error = client().download(&request, &folder.path().join("x"), &mut |_, _| {});
        let error = error.unwrap_err();
        assert!(
            matches!(error, HttpError::Truncated { expected, .. } if expected == wrong),
            "{error}"
        );
    }
}

#[test]
fn a_file_of_undeclared_size_that_goes_on_beyond_the_limit_is_given_up_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x");
    let sum = sum();
    let long = folder.path().join("long");
    std::fs::write(&long, BODY).unwrap();
    let endless = serve(BODY, &[Turn::Endless]);
    let whole = serve(BODY, &[Turn::Serve]);
    let file = format!("file://{}", long.display());
    for (url, sha256) in [
        (&endless.url, None),
        (&endless.url, Some(sum.as_str())),
        (&whole.url, None),
        (&file, None),
    ] {
        let request = Request {
            url,
            size: None,
            sha256,
        };
        let limit = BODY.len() as u64 - 1;
        let error = client().download_up_to(&request, limit, &target, &mut |_, _| {});
        let error = error.unwrap_err();
        assert!(matches!(error, HttpError::TooLarge { limit: said, .. } if said == limit));
        assert!(error.to_string().contains("no size is declared"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    // One that was announced is not even begun; what is declared may be as large as it says.
    assert_eq!(whole.ranges.lock().unwrap().len(), 1);
    let request = Request {
        url: &whole.url,
        size: Some(BODY.len() as u64),
        sha256: None,
    };
    let got = client().download_up_to(&request, 1, &target, &mut |_, _| {});
    assert_eq!(got.unwrap().size, BODY.len() as u64);
}

#[test]
fn without_a_limit_of_its_own_a_download_ends_at_that_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let sparse = folder.path().join("sparse");
    let file = std::fs::File::create(&sparse).unwrap();
    file.set_len(cairn_fetch::UNDECLARED_MAX + 1).unwrap();
    let request = Request {
        url: &format!("file://{}", sparse.display()),
        size: None,
        sha256: None,
    };
    let error = client().download(&request, &folder.path().join("x"), &mut |_, _| {});
    assert!(matches!(error.unwrap_err(), HttpError::TooLarge { .. }));
}

#[test]
fn a_busy_server_is_asked_again_and_a_missing_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let busy = serve(BODY, &[Turn::Status(503), Turn::Serve]);
    fetch(&client(), &busy.url, None, &folder.path().join("a")).unwrap();
    let missing = serve(BODY, &[Turn::Status(404)]);
    let error = fetch(&client(), &missing.url, None, &folder.path().join("b")).unwrap_err();
    assert!(
        matches!(error, HttpError::Http { status: 404, .. }),
        "{error}"
    );
    assert_eq!(missing.ranges.lock().unwrap().len(), 1);
}

#[test]
fn a_connection_that_always_breaks_is_interrupted_and_resumable() {
    let server = serve(BODY, &[Turn::Cut(10), Turn::Cut(5)]);
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(
        &client(),
        &server.url,
        Some(&sum()),
        &folder.path().join("a"),
    )
    .unwrap_err();
    assert!(
        matches!(error, HttpError::Interrupted { got: 20, .. }),
        "{error}"
    );
    assert_eq!(
        std::fs::read(folder.path().join("a.part")).unwrap(),
        &BODY[..20]
    );
}

#[test]
fn nobody_listening_is_offline_and_names_the_url() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}/x");
    let error = client()
        .get(
            &Request {
                url: &url,
                size: None,
                sha256: None,
            },
            100,
        )
        .unwrap_err();
    assert!(
        matches!(error, HttpError::Offline { .. }) && error.to_string().contains(&url),
        "{error}"
    );
}

#[test]
fn a_cancelled_client_stops_before_the_next_block() {
    let server = serve(BODY, &[Turn::Serve]);
    let cancel = Cancel::default();
    let client = Client::new(cancel.clone());
    cancel.cancel();
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(&client, &server.url, None, &folder.path().join("a")).unwrap_err();
    assert!(matches!(error, HttpError::Cancelled { .. }), "{error}");
}

#[test]
fn offline_refuses_the_network_but_reads_files() {
    let client = client().offline();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a b");
    std::fs::write(&source, BODY).unwrap();
    let url = format!("file://{}", source.display()).replace(' ', "%20");
    fetch(&client, &url, Some(&sum()), &folder.path().join("c")).unwrap();
    let error = fetch(
        &client,
        "http://127.0.0.1:1/",
        None,
        &folder.path().join("d"),
    )
    .unwrap_err();
    assert!(matches!(error, HttpError::Forbidden { .. }), "{error}");
    let error = fetch(&client, "ftp://127.0.0.1/", None, &folder.path().join("d")).unwrap_err();
    assert!(matches!(error, HttpError::Scheme { .. }), "{error}");
}

#[test]
fn a_text_longer_than_its_limit_is_refused() {
    let server = serve(BODY, &[Turn::Serve]);
    let request = Request {
        url: &server.url,
        size: None,
        sha256: None,
    };
    assert_eq!(client().get(&request, 100).unwrap(), BODY);
    assert!(client().get(&request, 10).is_err());
}
