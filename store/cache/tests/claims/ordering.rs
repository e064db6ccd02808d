//! In which order a push writes: what is referred to stands durably before what refers to it.

use crate::support::{keys, machine, push_to, wanted};
use cairn_cache::place::{Fill, Folder};
use cairn_cache::{Place, Result};
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;

/// A folder that keeps a list of what is done to it.
#[derive(Debug)]
struct Watched {
    folder: Folder,
    done: Mutex<Vec<&'static str>>,
}

impl Watched {
    fn note(&self, what: &'static str) {
        self.done.lock().unwrap().push(what);
    }
}

impl Place for Watched {
    fn title(&self) -> String {
        self.folder.title()
    }
    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        self.folder.read(name, limit)
    }
    fn open(&self, name: &str, limit: u64, scratch: &Path) -> Result<Box<dyn Read>> {
        self.folder.open(name, limit, scratch)
    }
    fn has(&self, name: &str) -> Result<bool> {
        self.folder.has(name)
    }
    fn put(&self, name: &str, fill: Fill<'_>) -> Result<u64> {
        let size = self.folder.put(name, fill)?;
        let is_manifest = Path::new(name).extension().is_some_and(|e| e == "manifest");
        self.note(match name {
            _ if is_manifest => "manifest",
            // What leads to it.
            _ if name.starts_with("actions/") => "actions",
            _ => "contents",
        });
        Ok(size)
    }
    fn settle(&self) -> Result<()> {
        self.folder.settle()?;
        self.note("settled");
        Ok(())
    }
    fn lanes(&self) -> usize {
        self.folder.lanes()
    }
}

#[test]
fn contents_are_durable_before_the_manifest_is_written_and_that_before_the_push_ends() {
    let source = machine();
    let generation = source.generation();
    let cache = tempfile::tempdir().unwrap();
    let place = Watched {
        folder: Folder::new(cache.path()),
        done: Mutex::default(),
    };
    push_to(&source, &wanted(&generation), &place, &keys().secret("a"));
    let mut done = place.done.into_inner().unwrap();
    done.dedup();
    assert_eq!(
        done,
        [
            "contents", "settled", "manifest", "settled", "actions", "settled"
        ]
    );
}
