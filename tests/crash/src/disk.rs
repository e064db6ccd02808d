//! A file system as a value: what is on a disk before an operation, and what may be on it after a power cut.
//!
//! In: a folder, a recording. Out: folders again. Names and contents are apart, as on a disk: a name may have come and the contents not.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

/// Which file or folder; never given twice.
pub type Id = usize;

/// The folder that everything is below.
pub const ROOT: Id = 0;

/// What a file or a folder is, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since 1970.
    pub mtime: i64,
}

/// The kinds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A folder and its names.
    Folder(BTreeMap<String, Id>),
    /// A file and its contents.
    File(Arc<[u8]>),
    /// A symbolic link and its target.
    Link(String),
    /// A pipe or a device; nothing of the store's.
    Other,
}

/// A name in a folder.
pub type Place = (Id, String);

/// One step of an operation.
#[derive(Debug, Clone)]
pub enum Step {
    /// A name for something, new or not.
    Name(Place, Id),
    /// A name less.
    Unname(Place),
    /// The second name in place of the first.
    Move(Place, Place, Id),
    /// Two names exchanged.
    Exchange(Place, Place),
    /// Mode, and time in seconds since 1970.
    Dress(Id, u32, i64),
    /// The whole contents of a file.
    Contents(Id, Arc<[u8]>),
    /// A file's contents, or a folder's names, are durable.
    Sync(Id),
    /// Everything is durable.
    SyncAll,
}

/// A file system.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    /// By id; what has no name any more is here too.
    pub nodes: HashMap<Id, Node>,
}

impl Disk {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Self {
        let mut disk = Self::default();
        let mut known = HashMap::new();
        let root = disk.node_of(folder, &mut known);
        assert_eq!(root, ROOT);
        disk
    }

    fn node_of(&mut self, path: &Path, known: &mut HashMap<(u64, u64), Id>) -> Id {
        let metadata = path.symlink_metadata().unwrap();
        if let Some(id) = known.get(&(metadata.dev(), metadata.ino())) {
            return *id;
        }
        let id = known.len();
        known.insert((metadata.dev(), metadata.ino()), id);
        let kind = if metadata.is_dir() {
            let mut names = BTreeMap::new();
            for entry in fs::read_dir(path).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                names.insert(name, self.node_of(&entry.path(), known));
            }
            Kind::Folder(names)
        } else {
            content_of(path)
        };
        self.nodes.insert(id, Node::with(kind, &metadata));
        id
    }

    /// What has this path below the root.
    pub fn find(&self, path: &Path) -> Option<Id> {
        path.iter().try_fold(ROOT, |folder, name| {
            self.names(folder)?.get(name.to_str()?).copied()
        })
    }

    /// The names in a folder.
    pub fn names(&self, folder: Id) -> Option<&BTreeMap<String, Id>> {
        match &self.nodes.get(&folder)?.kind {
            Kind::Folder(names) => Some(names),
            _ => None,
        }
    }

    /// Carries a step out. What is not there is passed over: an earlier step may have been lost.
    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Name(place, node) => self.set_name(place, Some(*node)),
            Step::Unname(place) => self.set_name(place, None),
            Step::Move(from, to, node) => {
                if self.at(from) == Some(*node) {
                    self.set_name(from, None);
                }
                self.set_name(to, Some(*node));
            }
            Step::Exchange(one, other) => {
                if let (Some(first), Some(second)) = (self.at(one), self.at(other)) {
                    self.set_name(one, Some(second));
                    self.set_name(other, Some(first));
                }
            }
            Step::Dress(node, mode, mtime) => {
                if let Some(node) = self.nodes.get_mut(node) {
                    (node.mode, node.mtime) = (*mode, *mtime);
                }
            }
            Step::Contents(node, bytes) => {
                if let Some(node) = self.nodes.get_mut(node) {
                    node.kind = Kind::File(bytes.clone());
                }
            }
            Step::Sync(_) | Step::SyncAll => {}
        }
    }

    fn at(&self, place: &Place) -> Option<Id> {
        self.names(place.0)?.get(&place.1).copied()
    }

    fn set_name(&mut self, place: &Place, node: Option<Id>) {
        let Some(Node {
            kind: Kind::Folder(names),
            ..
        }) = self.nodes.get_mut(&place.0)
        else {
            return;
        };
        match node {
            Some(node) => drop(names.insert(place.1.clone(), node)),
            None => drop(names.remove(&place.1)),
        }
    }

    /// Writes it all to a folder that is not there yet.
    pub fn write(&self, folder: &Path) {
        let mut written = HashMap::new();
        self.write_node(ROOT, folder, &mut written);
    }

    fn write_node(&self, id: Id, path: &Path, written: &mut HashMap<Id, std::path::PathBuf>) {
        if let Some(first) = written.get(&id) {
            fs::hard_link(first, path).unwrap();
            return;
        }
        let node = &self.nodes[&id];
        match &node.kind {
            Kind::Folder(names) => {
                fs::create_dir(path).unwrap();
                for (name, id) in names {
                    self.write_node(*id, &path.join(name), written);
                }
            }
            Kind::File(bytes) => fs::write(path, bytes).unwrap(),
            Kind::Link(target) => {
                std::os::unix::fs::symlink(target, path).unwrap();
                return;
            }
            Kind::Other => return,
        }
        if !matches!(node.kind, Kind::Folder(_)) {
            written.insert(id, path.to_owned());
        }
        fs::set_permissions(path, fs::Permissions::from_mode(node.mode)).unwrap();
        let file = fs::File::open(path).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(node.mtime.max(0) as u64);
        file.set_modified(time).unwrap();
    }

    /// What tells one state from another: all paths with what they are.
    pub fn listing(&self) -> Vec<(String, Option<&Node>)> {
        let mut all = Vec::new();
        let mut open = vec![(String::new(), ROOT)];
        while let Some((path, id)) = open.pop() {
            match self.names(id) {
                Some(names) => {
                    open.extend(
                        names
                            .iter()
                            .map(|(name, id)| (format!("{path}/{name}"), *id)),
                    );
                    all.push((path, None));
                }
                None => all.push((path, self.nodes.get(&id))),
            }
        }
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    }
}

impl Node {
    /// Of this kind, with what the file system says.
    pub fn with(kind: Kind, metadata: &fs::Metadata) -> Self {
        Self {
            kind,
            mode: metadata.mode() & 0o7777,
            mtime: metadata.mtime(),
        }
    }
}

/// What is at a path that is no folder.
pub fn content_of(path: &Path) -> Kind {
    let kind = path.symlink_metadata().unwrap().file_type();
    if kind.is_symlink() {
        Kind::Link(fs::read_link(path).unwrap().to_str().unwrap().to_owned())
    } else if kind.is_file() {
        Kind::File(fs::read(path).unwrap().into())
    } else {
        Kind::Other
    }
}
