//! Caches over HTTP on loopback: the same files, a folder's or made of a store.

use crate::support::{machine, pull_from, pushed, wanted};
use cairn_cache::place::Folder;
use cairn_cache::serve::{Files, Live, Log, serve};
use cairn_cache::{Error, Place};
use cairn_disk::Store;
use cairn_fetch::{Cancel, Client};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

struct Server {
    address: SocketAddr,
    cancel: Cancel,
    asked: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

fn start(files: Arc<dyn Files>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (cancel, asked) = (Cancel::default(), Arc::<Mutex<Vec<String>>>::default());
    let (stop, list) = (cancel.clone(), Arc::clone(&asked));
    let thread = std::thread::spawn(move || {
        let log: Log = Arc::new(move |status, name| {
            list.lock().unwrap().push(format!("{status} {name}"));
        });
        serve(&listener, &files, &stop, &log).unwrap();
    });
    Server {
        address,
        cancel,
        asked,
        thread: Some(thread),
    }
}

impl Server {
    fn place(&self) -> Vec<Arc<dyn Place>> {
        let client = Client::new(Cancel::default()).retrying(2, Duration::from_millis(1));
        let url = format!("http://{}/", self.address);
        vec![cairn_cache::place(&url, &client, &|_| None).unwrap()]
    }

    fn say(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn a_generation_costs_one_metadata_round_trip() {
    let pushed = pushed();
    let server = start(Arc::new(Folder::new(pushed.cache.path())));
    let target = machine();
    let trust = pushed.keys.trust(&["a"], 1);
    pull_from(&target, &server.place(), "web1", &trust).unwrap();
    assert_eq!(target.entries(), pushed.source.entries());
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked[0], "200 names/web1.manifest");
    let contents =
        |line: &&String| line.starts_with("200 packs/") || line.starts_with("200 blobs/");
    assert_eq!(asked.iter().filter(contents).count(), 3, "{asked:?}");
    assert_eq!(asked.len(), 4, "{asked:?}");
}

#[test]
fn a_store_is_served_as_a_cache_without_storing_anything_twice() {
    let pushed = pushed();
    let store = Store::open(pushed.source.dir.path()).unwrap();
    let key = pushed.keys.secret("live");
    let live = Live::new(store, &[wanted(&pushed.generation)], &key).unwrap();
    let server = start(Arc::new(live));
    let target = machine();
    let trust = pushed.keys.trust(&["live"], 1);
    let (_, generation) = pull_from(&target, &server.place(), "web1", &trust).unwrap();
    assert_eq!(generation.unwrap().system, pushed.generation.system);
    assert_eq!(target.entries(), pushed.source.entries());
    let system = pushed.generation.system.base_name().to_owned();
    pull_from(&machine(), &server.place(), &system, &trust).unwrap();
}

#[test]
fn a_cache_over_http_is_only_read() {
    let pushed = pushed();
    let server = start(Arc::new(Folder::new(pushed.cache.path())));
    let error = server.place()[0].put("a", &mut |_| Ok(())).unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }));
    let answer = server.say("PUT /names/a HTTP/1.1\r\nContent-Length: 1\r\n\r\na");
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert!(!pushed.cache.path().join("names/a").exists());
    assert!(server.place()[0].has("names/web1.manifest").unwrap());
    assert!(!server.place()[0].has("names/web2.manifest").unwrap());
}

#[test]
fn nothing_outside_of_the_folder_is_served() {
    let pushed = pushed();
    std::fs::write(pushed.cache.path().join(".hidden"), "secret").unwrap();
    let server = start(Arc::new(Folder::new(pushed.cache.path())));
    let files = [
        "/../../etc/passwd",
        "/..",
        "/.hidden",
        "//etc/passwd",
        "/names",
        "/%2e%2e/a",
    ];
    for path in files {
        let answer = server.say(&format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}

#[test]
fn a_client_that_says_nothing_keeps_nobody_waiting() {
    let pushed = pushed();
    let server = start(Arc::new(Folder::new(pushed.cache.path())));
    let _silent: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(server.address).unwrap())
        .collect();
    let trust = pushed.keys.trust(&["a"], 1);
    pull_from(&machine(), &server.place(), "web1", &trust).unwrap();
}

#[test]
fn a_server_that_is_gone_is_named_with_what_was_asked_for() {
    let pushed = pushed();
    let server = start(Arc::new(Folder::new(pushed.cache.path())));
    let place = server.place();
    let address = server.address.to_string();
    drop(server);
    let trust = pushed.keys.trust(&["a"], 1);
    let error = pull_from(&machine(), &place, "web1", &trust).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let error = error.to_string();
    assert!(
        error.contains(&address) && error.contains("names/web1.manifest"),
        "{error}"
    );
}
