//! Which files an evaluation read: what a cached result depends on.
//!
//! In: a host. Out: the same host, and the paths that it was asked for. Reads nothing itself.

use std::cell::RefCell;
use std::rc::Rc;

use foldhash::HashSet;

use cairn_eval::{Data, EntryKind, Host, HostError, Minted};

/// Notes what the host is asked for.
pub(crate) struct Recorder<'a> {
    pub(crate) host: Box<dyn Host + 'a>,
    pub(crate) files: Rc<RefCell<HashSet<String>>>,
}

impl Recorder<'_> {
    fn note(&self, path: &str) {
        self.files.borrow_mut().insert(path.to_owned());
    }
}

impl Host for Recorder<'_> {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        self.note(path);
        self.host.load(path)
    }
    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        self.note(path);
        self.host.read_file(path)
    }
    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        self.note(path);
        self.host.read_dir(path)
    }
    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        self.note(path);
        self.host.path(path)
    }
    fn build(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        self.host.build(arguments)
    }
    fn fetch(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        self.host.fetch(arguments)
    }
    fn trace(&mut self, line: &str) {
        self.host.trace(line);
    }
}
