//! Stores to try things on.

use cairn_disk::{Collecting, GenerationState, NewGeneration, ObjectMeta, Store};
use cairn_graph::{Content, Entry, EntryKind, StorePath, Tree};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

pub const PLAIN: ObjectMeta = ObjectMeta {
    executable: false,
    mtime: 1,
};

pub struct Machine {
    pub store: Store,
    pub dir: TempDir,
}

/// An empty store in a folder of its own.
pub fn machine() -> Machine {
    let dir = tempfile::tempdir().unwrap();
    Machine {
        store: Store::open(dir.path()).unwrap(),
        dir,
    }
}

impl Machine {
    /// A file entry whose object is put; owned by who runs the test.
    pub fn file(&self, text: &str, mode: u32) -> Entry {
        let meta = ObjectMeta {
            executable: mode & 0o111 != 0,
            mtime: 1,
        };
        let (digest, size) = self.store.put_bytes(text.as_bytes(), meta).unwrap();
        own(Entry::new(EntryKind::File { digest, size }, mode))
    }

    /// A tree of plain files: `path=text`.
    pub fn tree(&self, items: &[&str]) -> Tree {
        let mut tree = Tree::new();
        for item in items {
            let (path, text) = item.split_once('=').unwrap();
            tree.insert(path, self.file(text, 0o644)).unwrap();
        }
        tree.entries
            .values_mut()
            .for_each(|entry| *entry = own(entry.clone()));
        tree
    }

    /// A registered path that holds such a tree.
    pub fn path(&self, name: &str, items: &[&str], references: &[StorePath]) -> StorePath {
        let digest = self.store.put_tree(&self.tree(items)).unwrap();
        self.store
            .add_path(name, Content::Tree { digest }, references)
            .unwrap()
    }

    /// Begins a collection, in which only generations, roots and other open stores count.
    pub fn collecting(&self) -> Collecting {
        self.store.release().unwrap();
        self.store.collecting().unwrap()
    }

    /// A generation of this system, known to boot or not.
    pub fn generation(&self, system: &StorePath, state: GenerationState) -> u64 {
        let made = self
            .store
            .generations()
            .add(new_generation(system))
            .unwrap();
        self.store
            .generations()
            .set_state(made.number, state)
            .unwrap();
        made.number
    }
}

pub fn new_generation(system: &StorePath) -> NewGeneration {
    NewGeneration {
        system: system.clone(),
        date: "2025-01-02T03:04:05Z".parse().unwrap(),
        description: "a test".into(),
        config: "/etc/cairn/machine.cairn".into(),
        lock: None,
        command: "cairn switch".into(),
        keeps: Vec::new(),
    }
}

/// The entry, owned by who runs the test.
pub fn own(mut entry: Entry) -> Entry {
    entry.uid = rustix::process::getuid().as_raw();
    entry.gid = rustix::process::getgid().as_raw();
    entry
}

/// Names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let items = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = items
        .map(|item| item.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// All objects' names.
pub fn objects(store: &Store) -> Vec<String> {
    let shards = names(&store.layout().objects());
    shards
        .iter()
        .flat_map(|shard| names(&store.layout().objects().join(shard)))
        .collect()
}

/// The variable that tells a test that it runs in its namespace; its value is the folder to use.
const INSIDE: &str = "CAIRN_TEST_INSIDE";

/// Runs the test of this name again as root of a new user and mount namespace, after a shell script in an empty folder.
/// Returns the folder when this is that run, and nothing when the run is over and was fine.
pub fn in_namespace(test: &str, script: &str) -> Option<std::path::PathBuf> {
    if let Some(folder) = std::env::var_os(INSIDE) {
        return Some(folder.into());
    }
    let dir = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-euc"])
        .arg(format!(
            "mount -t tmpfs -o size=8m none .; cd \"$PWD\"; {script}; exec \"$0\" --exact {test} --nocapture"
        ))
        .arg(program)
        .env(INSIDE, dir.path())
        .current_dir(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    None
}
