//! The loop: messages in their order, checks when nobody waits for an answer.
//!
//! In: a connection. Out: answers and diagnostics. Every request is answered, with an error where it was cancelled, is not
//! known or failed; a panic in one is such an error, and the server goes on.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cairn_eval::Limits;
use crossbeam_channel::{Receiver, select, unbounded};
use gen_lsp_types as lsp;
use lsp_server::{Connection, ErrorCode, Message, Notification, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::actions::Mendable;
use crate::checks::{Checks, Done};
use crate::documents::{Document, Documents};
use crate::packages::{PackageSource, Packages};
use crate::position::Encoding;
use crate::project::{Entry, Projects};
use crate::requests::{self, Unanswered};
use crate::shelf::Shelf;
use crate::{options, uri};

/// How the editor ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// As the protocol says: `shutdown`, then `exit`.
    Properly,
    /// Without `shutdown`.
    Abruptly,
    /// By a signal.
    Stopped,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What came was not the protocol.
    #[error("the editor does not speak the language server protocol: {0}")]
    Protocol(String),
    /// Standard input or output failed.
    #[error("cannot talk to the editor")]
    Stream(#[from] std::io::Error),
}

/// How long the server waits for messages before it looks whether it must stop.
const TICK: Duration = Duration::from_millis(200);

/// Serves an editor over standard input and output until it says that it ends, or `stop` does.
///
/// Errors: [`ServeError`].
///
/// A check of a configuration may use as much as `limits` say, or less where the editor's initialization options do. `packages`
/// knows what can be named where a configuration names packages.
pub fn serve(
    limits: Limits,
    packages: Box<dyn PackageSource>,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Ended, ServeError> {
    let (mut connection, threads) = Connection::stdio();
    connection.receiver = pumped(connection.receiver);
    // Trees are walked by recursion, and may be as deep as the parser lets them.
    let packages = Packages::new(packages);
    let serving = || Server::new(connection, limits, packages, stop)?.run(stop);
    let ended = cairn_eval::with_deep_stack(serving)??;
    if ended == Ended::Properly {
        threads.join()?;
    }
    Ok(ended)
}

/// The same messages on a channel that holds many: the connection's own holds none, so that a cancellation would not be
/// seen before what it cancels was done.
fn pumped(messages: Receiver<Message>) -> Receiver<Message> {
    let (sender, receiver) = unbounded();
    std::thread::spawn(move || messages.into_iter().try_for_each(|one| sender.send(one)));
    receiver
}

/// What the server knows.
pub struct Server {
    connection: Connection,
    /// What is open.
    pub documents: Documents,
    /// What belongs together.
    pub projects: Projects,
    /// The library's texts as files.
    pub shelf: Shelf,
    /// What columns count.
    pub encoding: Encoding,
    /// The values of the configurations in which nothing is wrong.
    pub values: BTreeMap<Entry, Value>,
    /// Of those in which something is wrong now: their values before that.
    pub former: BTreeMap<Entry, Value>,
    /// The packages that they can name.
    pub packages: Packages,
    /// The lints of open files that can be mended, by the last checks.
    pub mendable: BTreeMap<PathBuf, Mendable>,
    checks: Checks,
    changed: Changed,
    /// What was found wrong, by configuration and file; two configurations may share a file.
    published: BTreeMap<Entry, ByFile>,
    cancelled: HashSet<RequestId>,
    /// Requests that wait for packages.
    later: Vec<lsp_server::Request>,
    shut_down: bool,
}

type ByFile = BTreeMap<PathBuf, Vec<lsp::Diagnostic>>;

/// What has to be checked again.
#[derive(Debug)]
enum Changed {
    Files(BTreeSet<PathBuf>),
    Everything,
}

impl Server {
    fn new(
        connection: Connection,
        limits: Limits,
        packages: Packages,
        stop: &dyn Fn() -> bool,
    ) -> Result<Self, ServeError> {
        let failed = |error: lsp_server::ProtocolError| ServeError::Protocol(error.to_string());
        let (id, params) = connection
            .initialize_start_while(|| !stop())
            .map_err(failed)?;
        let offered = params.pointer("/capabilities/general/positionEncodings");
        let offered: Option<Vec<lsp::PositionEncodingKind>> =
            offered.and_then(|all| serde_json::from_value(all.clone()).ok());
        let encoding = Encoding::choose(&offered.unwrap_or_default());
        let limits = options::limits(params.get("initializationOptions"), limits);
        let result = json!({
            "capabilities": requests::capabilities(encoding),
            "serverInfo": { "name": "cairn", "version": env!("CARGO_PKG_VERSION") },
        });
        connection.initialize_finish(id, result).map_err(failed)?;
        let shelf = Shelf::of_user();
        Ok(Self {
            connection,
            documents: Documents::default(),
            projects: Projects::default(),
            shelf: shelf.clone(),
            encoding,
            values: BTreeMap::new(),
            former: BTreeMap::new(),
            packages,
            mendable: BTreeMap::new(),
            checks: Checks::new(limits, encoding, shelf),
            changed: Changed::Files(BTreeSet::new()),
            published: BTreeMap::new(),
            cancelled: HashSet::new(),
            later: Vec::new(),
            shut_down: false,
        })
    }

    fn run(mut self, stop: &dyn Fn() -> bool) -> Result<Ended, ServeError> {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                self.check_changed();
                select! {
                    recv(self.connection.receiver) -> message => match message {
                        Ok(message) => self.arrived(message, &mut waiting),
                        Err(_) => return Ok(Ended::Abruptly),
                    },
                    recv(self.checks.results) -> done => if let Ok(done) = done { self.checked(done); },
                    recv(self.packages.results) -> loaded => if let Ok(loaded) = loaded {
                        self.packages.loaded(loaded);
                        waiting.extend(self.later.drain(..).map(Message::Request));
                    },
                    default(TICK) => {}
                }
                if stop() {
                    return Ok(Ended::Stopped);
                }
            }
            // All that is there, so that what was cancelled meanwhile is not begun.
            while let Ok(message) = self.connection.receiver.try_recv() {
                self.arrived(message, &mut waiting);
            }
            match waiting.pop_front() {
                Some(Message::Request(request)) => {
                    if let Some(response) = self.answer(request) {
                        self.send(response.into());
                    }
                }
                Some(Message::Notification(notification)) if notification.method == "exit" => {
                    return Ok(if self.shut_down {
                        Ended::Properly
                    } else {
                        Ended::Abruptly
                    });
                }
                Some(Message::Notification(notification)) => self.notified(notification),
                Some(Message::Response(_)) | None => {}
            }
        }
    }

    fn arrived(&mut self, message: Message, waiting: &mut VecDeque<Message>) {
        if let Message::Notification(notification) = &message
            && notification.method == "$/cancelRequest"
        {
            let id = notification.params.get("id").cloned().unwrap_or_default();
            // What is cancelled waits for nothing any more.
            waiting.extend(self.later.drain(..).map(Message::Request));
            let waits = |id: &RequestId| {
                waiting
                    .iter()
                    .any(|one| matches!(one, Message::Request(request) if request.id == *id))
            };
            if let Some(id) = serde_json::from_value(id).ok().filter(waits) {
                self.cancelled.insert(id);
            }
            return;
        }
        waiting.push_back(message);
    }

    fn send(&self, message: Message) {
        // The loop ends by itself where the editor is gone.
        let _gone = self.connection.sender.send(message);
    }

    /// The answer to a request; none where it waits for something, and is asked again then.
    fn answer(&mut self, request: lsp_server::Request) -> Option<Response> {
        let id = request.id.clone();
        let refused = |code: ErrorCode, why: &str| {
            Some(Response::new_err(id.clone(), code as i32, why.to_owned()))
        };
        if self.cancelled.remove(&id) {
            return refused(ErrorCode::RequestCanceled, "cancelled");
        }
        if self.shut_down {
            return refused(ErrorCode::InvalidRequest, "the server is shut down");
        }
        if request.method == "shutdown" {
            self.shut_down = true;
            return Some(Response::new_ok(id, Value::Null));
        }
        let asked = request.clone();
        let answer = std::panic::AssertUnwindSafe(|| requests::answer(self, asked));
        match std::panic::catch_unwind(answer) {
            Ok(Ok(result)) => Some(Response::new_ok(id, result)),
            Ok(Err(Unanswered::Refused(refusal))) => refused(refusal.code, &refusal.message),
            Ok(Err(Unanswered::Later)) => {
                self.later.push(request);
                None
            }
            Err(_) => refused(
                ErrorCode::InternalError,
                "this request failed inside of the server",
            ),
        }
    }

    fn notified(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Some(lsp::DidOpenTextDocumentParams {
                    text_document: opened,
                }) = read(params)
                    && let Some(path) = uri::path(&opened.uri)
                {
                    let (uri, version, text) = (opened.uri, opened.version, opened.text);
                    self.documents
                        .open(path.clone(), Document { uri, version, text });
                    self.change(path);
                }
            }
            "textDocument/didChange" => {
                if let Some(changed) = read::<lsp::DidChangeTextDocumentParams>(params) {
                    let document = changed.text_document;
                    let uri = document.text_document_identifier.uri;
                    if let Some(path) = uri::path(&uri) {
                        let changes = changed.content_changes;
                        self.documents
                            .change(&path, document.version, changes, self.encoding);
                        self.change(path);
                    }
                }
            }
            "textDocument/didClose" => {
                if let Some(closed) = read::<lsp::DidCloseTextDocumentParams>(params)
                    && let Some(path) = uri::path(&closed.text_document.uri)
                {
                    self.documents.close(&path);
                    self.mendable.remove(&path);
                    self.change(path);
                }
            }
            // Files that are read but not open may be others now.
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.projects.forget();
                self.changed = Changed::Everything;
            }
            _ => {}
        }
    }

    fn change(&mut self, path: PathBuf) {
        self.projects.forget();
        if let Changed::Files(files) = &mut self.changed {
            files.insert(path);
        }
    }

    /// Begins the checks of the configurations in which something changed.
    fn check_changed(&mut self) {
        let nothing = Changed::Files(BTreeSet::new());
        let changed = std::mem::replace(&mut self.changed, nothing);
        if matches!(&changed, Changed::Files(files) if files.is_empty()) {
            return;
        }
        let open: Vec<PathBuf> = self.documents.paths().map(Path::to_owned).collect();
        let mut entries = BTreeSet::new();
        for path in open
            .iter()
            .filter(|path| self.shelf.name_of(path).is_none())
        {
            entries.extend(self.projects.entry(path, &self.documents));
        }
        let known: Vec<Entry> = self.published.keys().cloned().collect();
        for gone in known.iter().filter(|entry| !entries.contains(*entry)) {
            self.values.remove(gone);
            self.former.remove(gone);
            self.publish(gone, None);
        }
        for entry in entries {
            let touched = match &changed {
                Changed::Everything => true,
                Changed::Files(files) => {
                    let own = self.projects.files(&entry.path(), &self.documents);
                    files.iter().any(|file| own.contains(file))
                        || !self.published.contains_key(&entry)
                }
            };
            if touched {
                self.checks
                    .begin(&entry, &self.documents, &mut self.projects);
            }
        }
    }

    fn checked(&mut self, done: Done) {
        let Done { entry, found } = done;
        if !self
            .checks
            .ended(&entry, &self.documents, &mut self.projects)
        {
            return;
        }
        let Some(found) = found else {
            let message = format!(
                "the check of {} failed inside of the server",
                entry.path().display()
            );
            let params = json!({ "type": 1, "message": message });
            self.send(Notification::new("window/logMessage".to_owned(), params).into());
            return;
        };
        let open: Vec<PathBuf> = self.documents.paths().map(Path::to_owned).collect();
        let mut entries = open
            .iter()
            .map(|path| self.projects.entry(path, &self.documents));
        if !entries.any(|one| one.as_ref() == Some(&entry)) {
            return;
        }
        self.mendable.extend(found.mendable);
        if let Some(value) = found.value {
            self.former.remove(&entry);
            self.values.insert(entry.clone(), value);
        } else if let Some(value) = self.values.remove(&entry) {
            self.former.insert(entry.clone(), value);
        }
        self.publish(&entry, Some(found.diagnostics));
    }

    /// Tells the editor what is wrong with the files of a configuration, and that nothing is any more in those of the time
    /// before; with none, that the configuration is gone.
    fn publish(&mut self, entry: &Entry, found: Option<ByFile>) {
        let before = self.published.remove(entry).unwrap_or_default();
        let mut files: BTreeSet<PathBuf> = before.into_keys().collect();
        if let Some(found) = found {
            files.extend(found.keys().cloned());
            let own = self.projects.files(&entry.path(), &self.documents);
            let open = own.iter().filter(|path| self.documents.get(path).is_some());
            files.extend(open.cloned());
            self.published.insert(entry.clone(), found);
        }
        for file in files {
            let mut diagnostics: Vec<lsp::Diagnostic> = Vec::new();
            for one in self
                .published
                .values()
                .filter_map(|found| found.get(&file))
                .flatten()
            {
                if !diagnostics.contains(one) {
                    diagnostics.push(one.clone());
                }
            }
            let document = self.documents.get(&file);
            let params = lsp::PublishDiagnosticsParams {
                uri: document.map_or_else(|| uri::of(&file), |document| document.uri.clone()),
                version: document.map(|document| document.version),
                diagnostics,
            };
            let method = "textDocument/publishDiagnostics".to_owned();
            self.send(Notification::new(method, params).into());
        }
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
