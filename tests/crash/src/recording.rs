//! Records what an operation does to a store, with its syncs, while it runs.
//!
//! In: the changes as they are made. Out: the disk before, and [`Step`]s. Contents are read when their file is named, moved, synced or at the
//! end: until then nothing but memory has them.

use crate::calls::Change;
use crate::disk::{Disk, Id, Kind, Node, Place, ROOT, Step, content_of};
use crate::trace::Observer;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A recording.
#[derive(Debug)]
pub struct Recording {
    /// Before the first step; the nodes that the steps make are here too, without names.
    pub before: Disk,
    /// In order.
    pub steps: Vec<Step>,
}

/// Records.
#[derive(Debug)]
pub struct Recorder {
    root: PathBuf,
    before: Disk,
    now: Disk,
    steps: Vec<Step>,
    /// Files that were written since their contents were read.
    written: BTreeSet<Id>,
}

impl Recorder {
    /// Begins with a folder as it is.
    pub fn new(root: &Path) -> Self {
        let before = Disk::read(root);
        Self {
            root: root.to_owned(),
            now: before.clone(),
            before,
            steps: Vec::new(),
            written: BTreeSet::new(),
        }
    }

    /// Ends.
    pub fn finish(mut self) -> Recording {
        self.read_written();
        Recording {
            before: self.before,
            steps: self.steps,
        }
    }

    fn relative<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        path.strip_prefix(&self.root).ok()
    }

    fn find(&self, path: &Path) -> Option<Id> {
        self.now.find(self.relative(path)?)
    }

    /// A folder and a name in it.
    fn place(&self, path: &Path) -> Option<Place> {
        let folder = self.find(path.parent()?)?;
        self.now.names(folder)?;
        Some((folder, path.file_name()?.to_str()?.to_owned()))
    }

    fn step(&mut self, step: Step) {
        self.now.apply(&step);
        self.steps.push(step);
    }

    /// Something that was just made.
    fn made(&mut self, path: &Path) -> Option<()> {
        let (folder, name) = self.place(path)?;
        if let Some(node) = self.find(path) {
            // It was there, and was cut to nothing.
            self.written.insert(node);
            return Some(());
        }
        let metadata = path.symlink_metadata().ok()?;
        let kind = if metadata.is_dir() {
            Kind::Folder(std::collections::BTreeMap::new())
        } else if metadata.is_file() {
            Kind::File([].into())
        } else {
            content_of(path)
        };
        let id = self.now.nodes.len();
        let node = Node::with(kind, &metadata);
        self.before.nodes.insert(id, node.clone());
        self.now.nodes.insert(id, node);
        self.step(Step::Name((folder, name), id));
        Some(())
    }

    fn moved(&mut self, from: &Path, to: &Path) -> Option<()> {
        let (from, to, node) = (self.place(from), self.place(to), self.find(from));
        let (from, to, node) = (from?, to?, node?);
        self.step(Step::Move(from, to, node));
        Some(())
    }

    fn linked(&mut self, from: &Path, to: &Path) -> Option<()> {
        let node = self.find(from)?;
        let place = self.place(to)?;
        self.step(Step::Name(place, node));
        Some(())
    }

    fn dressed(&mut self, path: &Path) -> Option<()> {
        let node = self.find(path)?;
        let found = Node::with(Kind::Other, &path.symlink_metadata().ok()?);
        self.step(Step::Dress(node, found.mode, found.mtime));
        Some(())
    }

    /// Reads what was written, wherever the files are by now.
    fn read_written(&mut self) {
        let written = std::mem::take(&mut self.written);
        if written.is_empty() {
            return;
        }
        let mut open = vec![(self.root.clone(), ROOT)];
        let mut found = Vec::new();
        while let Some((path, id)) = open.pop() {
            if let Some(names) = self.now.names(id) {
                open.extend(names.iter().map(|(name, id)| (path.join(name), *id)));
            } else if written.contains(&id) && found.iter().all(|(known, _)| *known != id) {
                found.push((id, path));
            }
        }
        for (node, path) in found {
            if let Ok(bytes) = fs::read(&path) {
                self.step(Step::Contents(node, bytes.into()));
            }
        }
    }
}

impl Observer for Recorder {
    fn before(&mut self, change: &Change) -> bool {
        match change {
            Change::Write(_) | Change::Create(_) | Change::Make(_) | Change::Dress(_) => {}
            // What is written stands before the names and the syncs that follow.
            _ => self.read_written(),
        }
        false
    }

    fn after(&mut self, change: &Change) {
        let _ = match change {
            Change::Create(path) | Change::Make(path) => self.made(path),
            Change::Link(from, to) => self.linked(from, to),
            Change::Rename(from, to) => self.moved(from, to),
            Change::Exchange(one, other) => match (self.place(one), self.place(other)) {
                (Some(one), Some(other)) => {
                    self.step(Step::Exchange(one, other));
                    Some(())
                }
                _ => None,
            },
            Change::Remove(path) => self.place(path).map(|place| self.step(Step::Unname(place))),
            Change::Dress(path) => self.dressed(path),
            Change::Write(path) => self.find(path).map(|node| {
                self.written.insert(node);
            }),
            Change::Sync(path) => self.find(path).map(|node| self.step(Step::Sync(node))),
            Change::SyncAll => {
                self.step(Step::SyncAll);
                Some(())
            }
        };
    }
}
