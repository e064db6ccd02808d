//! A real server of S3's protocol on loopback, s3s-fs, for tests: it checks signatures and keeps a bucket in a folder.
//!
//! In: nothing. Out: a [`Server`] with one bucket and one pair of credentials; it stops with the value.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The bucket.
pub const BUCKET: &str = "machines";
/// Who may use it.
pub const ACCESS_KEY: &str = "AKEXAMPLE";
/// With what.
pub const SECRET_KEY: &str = "a secret of the tests";

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on a free port.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, mut stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let server = Builder::new(TokioExecutor::new());
                loop {
                    let socket = tokio::select! {
                        accepted = listener.accept() => accepted.unwrap().0,
                        _ = &mut stopped => return,
                    };
                    let connection = server
                        .serve_connection(TokioIo::new(socket), service.clone())
                        .into_owned();
                    // A client that goes away is no error of the server.
                    tokio::spawn(async move { drop(connection.await) });
                }
            });
        });
        Self {
            address,
            folder,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// What the environment of a client has to say.
    pub fn variable(&self, name: &str) -> Option<String> {
        Some(match name {
            "AWS_ENDPOINT_URL" => format!("http://{}", self.address),
            "AWS_ACCESS_KEY_ID" => ACCESS_KEY.into(),
            "AWS_SECRET_ACCESS_KEY" => SECRET_KEY.into(),
            "AWS_REGION" => "us-east-1".into(),
            _ => return None,
        })
    }

    /// Where an object is kept.
    pub fn object(&self, key: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(key)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
