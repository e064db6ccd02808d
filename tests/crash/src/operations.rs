//! The operations that are cut short: an add, a build, a switch, a collection.
//!
//! In: nothing. Out: the state before, and the command line for any copy of it. All are small, and everything lies in memory where the machine has
//! room for it there.

use crate::cuts::{Cut, Fate, disk_after};
use crate::disk::{Disk, Step};
use crate::points::{boot_anew, record};
use cairn_disk::{IngestOptions, Store};
use cairn_graph::{Content, StorePath};
use cairn_support::{Archive, CONFIG, Machine, small};
use std::any::Any;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a root has its configuration and its lock, if it has them.
pub const CONFIGURATION: &str = "etc/cairn";

/// An operation.
pub struct Operation {
    /// What it is called.
    pub name: &'static str,
    /// The root before it.
    pub before: Disk,
    command: Box<dyn Fn(&Path) -> Command + Send + Sync>,
    /// What must live as long: archives, folders.
    _world: Box<dyn Any + Send + Sync>,
}

impl Operation {
    /// The command line on this root.
    pub fn command(&self, root: &Path) -> Command {
        (self.command)(root)
    }

    /// A root in the state before.
    pub fn root(&self) -> Root {
        Root::of(&self.before)
    }
}

/// A folder that stands for `/`.
pub struct Root {
    folder: tempfile::TempDir,
}

impl Root {
    /// With this on its disk.
    pub fn of(disk: &Disk) -> Self {
        let root = Self { folder: scratch() };
        disk.write(&root.path());
        root
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("root")
    }
}

/// A folder in memory, where overlays work there (Linux 6.6), or on the disk.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release
        .split(['.', '-'])
        .map(|part| part.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let place = if memory.is_dir() && version >= (6, 6) {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    tempfile::Builder::new()
        .prefix("cairn-crash-")
        .tempdir_in(place)
        .unwrap()
}

/// The program of this package that adds and builds.
fn store_operation() -> PathBuf {
    // Beside this program, or beside the folder of tests.
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    let folder = if folder.ends_with("deps") {
        folder.parent().unwrap()
    } else {
        folder
    };
    folder.join("store-operation")
}

/// Files of all kinds and sizes, some twice.
fn fill(folder: &Path) {
    fs::create_dir_all(folder.join("share/doc")).unwrap();
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::create_dir_all(folder.join("none")).unwrap();
    for number in 0..8 {
        fs::write(
            folder.join(format!("share/f{number}")),
            format!("file {number}\n").repeat(100 * number),
        )
        .unwrap();
        fs::write(
            folder.join(format!("share/doc/d{number}")),
            format!("page {}\n", number % 5),
        )
        .unwrap();
    }
    fs::write(folder.join("large"), vec![7; 300 * 1024]).unwrap();
    fs::write(folder.join("bin/tool"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(folder.join("bin/tool"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("bin/tool", folder.join("tool")).unwrap();
}

/// Adds a folder to a store that has other things already.
pub fn add() -> Operation {
    let mut add = add_by("add");
    fill_store(&mut add);
    add
}

/// Adds a folder where there is no store yet.
pub fn first_add() -> Operation {
    Operation {
        name: "first-add",
        ..add_by("add")
    }
}

/// An add that forgets to make its contents durable: what the harness must find.
pub fn add_without_commit() -> Operation {
    let mut add = add_by("add-without-commit");
    fill_store(&mut add);
    add
}

/// Adds a folder to a store whose last add ended when the power went: all names came, and no contents.
pub fn recovery() -> Operation {
    let add = add();
    let recording = record(&add);
    let is_sync = |step: &Step| matches!(step, Step::SyncAll);
    let after = recording.steps.iter().position(is_sync).unwrap();
    let fate = Fate::ContentsLost;
    let root = Root::of(&disk_after(&recording, Cut { after, fate }));
    boot_anew(&root.path());
    Operation {
        name: "recovery",
        before: Disk::read(&root.path()),
        ..add
    }
}

fn fill_store(operation: &mut Operation) {
    let root = operation.root();
    let store = Store::open(&root.path()).unwrap();
    let other = root.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("file"), "file 3\n".repeat(300)).unwrap();
    put(&store, &other);
    drop(store);
    operation.before = Disk::read(&root.path());
}

fn add_by(how: &'static str) -> Operation {
    let world = scratch();
    let folder = world.path().join("folder");
    fill(&folder);
    let root = world.path().join("root");
    fs::create_dir(&root).unwrap();
    let is_known = how == "add" && has_store_add();
    Operation {
        name: how,
        before: Disk::read(&root),
        command: Box::new(move |root| {
            let mut command = Command::new(if is_known {
                cairn_support::binary::cairn()
            } else {
                store_operation()
            });
            if is_known {
                command.arg("--root").arg(root).args(["store", "add"]);
            } else {
                command.arg(how).arg(root);
            }
            command.arg(&folder);
            command
        }),
        _world: Box::new(world),
    }
}

/// Whether the program has `cairn store add`.
fn has_store_add() -> bool {
    let mut command = Command::new(cairn_support::binary::cairn());
    let output = command.args(["store", "add", "--help"]).output().unwrap();
    output.status.success()
}

/// Puts a folder under its name, durably.
fn put(store: &Store, folder: &Path) -> StorePath {
    let content = store.ingest(folder, &IngestOptions::default()).unwrap();
    register(
        store,
        folder.file_name().unwrap().to_str().unwrap(),
        content,
    )
}

fn register(store: &Store, name: &str, content: Content) -> StorePath {
    store.commit().unwrap();
    let path = store.add_path(name, content, &[]).unwrap();
    store.commit().unwrap();
    path
}

/// Copies a program of the host and the libraries that it names.
fn copy_program(program: &str, root: &Path, seen: &mut BTreeSet<PathBuf>) {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let libraries = text
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from);
    for path in libraries.chain([PathBuf::from(program)]) {
        if seen.insert(path.clone()) {
            let to = root.join(path.strip_prefix("/").unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&path, to).unwrap();
        }
    }
}

/// Builds a script over a small root.
pub fn build() -> Operation {
    let world = scratch();
    let root = world.path().join("root");
    let small = world.path().join("small");
    let mut seen = BTreeSet::new();
    for program in ["/bin/sh", "/bin/cat", "/bin/mkdir", "/bin/chmod", "/bin/ln"] {
        copy_program(program, &small, &mut seen);
    }
    let store = Store::open(&root).unwrap();
    let input = put(&store, &small).base_name().to_owned();
    drop(store);
    Operation {
        name: "build",
        before: Disk::read(&root),
        command: Box::new(move |root| {
            let mut command = Command::new(store_operation());
            command.arg("build").arg(root).arg(&input);
            command
        }),
        _world: Box::new(world),
    }
}

/// Collects what nothing needs; something is needed.
pub fn collection() -> Operation {
    let world = scratch();
    let root = world.path().join("root");
    let store = Store::open(&root).unwrap();
    let folder = |name: &str| {
        let folder = world.path().join(name);
        fill(&folder);
        fs::write(folder.join("own"), name).unwrap();
        folder
    };
    let mut kept = Vec::new();
    for name in ["kept", "dead", "dead-too"] {
        let path = put(&store, &folder(name));
        store.ensure_materialised(&path).unwrap();
        if name == "kept" {
            kept.push(path);
        }
    }
    let only = folder("only");
    for number in 0..12 {
        fs::write(only.join(format!("only{number}")), format!("only {number}")).unwrap();
    }
    put(&store, &only);
    store.roots().set("wanted", &kept).unwrap();
    store.commit().unwrap();
    drop(store);
    Operation {
        name: "collection",
        before: Disk::read(&root),
        command: Box::new(|root| {
            let mut command = Command::new(cairn_support::binary::cairn());
            command.arg("--root").arg(root).args(["gc", "-y"]);
            command
        }),
        _world: Box::new(world),
    }
}

/// Switches to a second generation of the small system.
pub fn switch() -> Operation {
    let archive = small().build();
    let machine = Machine::new(&archive, CONFIG);
    machine.switch();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    on_a_machine("switch", &["switch", "-y"], archive, machine)
}

/// Switches to the first generation of the small system: it is locked, and all packages are fetched, unpacked and configured.
pub fn first_switch() -> Operation {
    let archive = small().build();
    let machine = Machine::new(&archive, CONFIG);
    on_a_machine("first-switch", &["switch", "-y"], archive, machine)
}

/// Locks the small system for the first time.
pub fn lock() -> Operation {
    let archive = small().build();
    let machine = Machine::new(&archive, CONFIG);
    on_a_machine("lock", &["lock"], archive, machine)
}

/// A command with the configuration of a machine.
fn on_a_machine(
    name: &'static str,
    words: &'static [&'static str],
    archive: Archive,
    machine: Machine,
) -> Operation {
    // A switch writes the lock beside its configuration: each root has its own, so that no run begins with the lock of another.
    let root = machine.root();
    let folder = root.join(CONFIGURATION);
    fs::create_dir_all(&folder).unwrap();
    for name in ["system.cairn", "cairn.lock"] {
        let file = machine.config(name);
        if file.exists() {
            fs::copy(file, folder.join(name)).unwrap();
        }
    }
    let (mirror, keyring) = (archive.url(), archive.keyring());
    Operation {
        name,
        before: Disk::read(&root),
        command: Box::new(move |root| {
            let mut command = Command::new(cairn_support::binary::cairn());
            command
                .env("CAIRN_MIRROR", &mirror)
                .env("CAIRN_KEYRING", &keyring)
                .arg("--root")
                .arg(root)
                .args(words)
                .arg(root.join(CONFIGURATION).join("system.cairn"));
            command
        }),
        _world: Box::new((archive, machine)),
    }
}
