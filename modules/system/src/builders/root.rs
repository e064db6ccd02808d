//! The packages' root: composed, then configured by the packages' own scripts in a sandbox.
//!
//! In: unpacked packages. Out: one tree. The scripts see an overlay whose lower layer is hard links into the store; what they
//! change is the upper layer, and only that is read back. No network.

use super::composing::{ComposingError, PackageTree, compose_root};
use super::numbering;
use super::store_contents::StoreContents;
use crate::machine::Contents as _;
use crate::machine::accounts::Numbers;
use crate::tasks::{self, TaskError};
use cairn_debian::{Assumed, DatabaseError, Unpacked, database, recipe};
use cairn_disk::Store;
use cairn_graph::{Digest, Entry, EntryKind, Tree};
use cairn_sys::sandbox::{self, Limits, Mount, Network, Profile, RootFs, Sandbox, Watch};
use cairn_sys::{IdMap, SandboxError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use std::{fs, io};

/// What the derivation says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RootArgs {
    /// `SOURCE_DATE_EPOCH`: seconds since 1970.
    pub epoch: i64,
    /// Packages that Cairn stands for.
    pub assumed: Vec<Assumed>,
    /// Numbers that the packages' own accounts must keep.
    pub numbers: Numbers,
}

/// Why there is no root.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Merging failed.
    #[error(transparent)]
    Composing(#[from] ComposingError),
    /// dpkg's database can't be made.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A tree came out wrong.
    #[error("the composed packages are no tree")]
    Tree(#[from] cairn_graph::TreeError),
    /// Composing by two accounts of who owns what.
    #[error("cannot keep the package database: {0}")]
    Keep(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] cairn_disk::Error),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A task inside the namespace.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A scratch folder.
    #[error("cannot {act} {path}")]
    Scratch {
        /// What was tried.
        act: &'static str,
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The packages' own scripts failed.
    #[error("the packages can't be configured: the script {ending}\n{}", .tail.join("\n"))]
    Scripts {
        /// How it ended.
        ending: String,
        /// The last lines that it wrote.
        tail: Vec<String>,
    },
}

/// Where a build works and whom it tells.
pub struct Surroundings<'a> {
    /// The store.
    pub store: &'a Store,
    /// A folder of its own, on the store's file system.
    pub scratch: &'a Path,
    /// Is given each line that the scripts write.
    pub line: &'a mut dyn FnMut(&str),
    /// Ends the build.
    pub cancelled: &'a AtomicBool,
}

/// Seconds that all scripts together may take; on slow machines hundreds of packages take minutes.
const WALL_SECS: u64 = 3600;
/// Lines of the scripts' output that an error shows.
const TAIL_LINES: usize = 25;

/// The packages' descriptions of their accounts, by file name.
fn sysusers(tree: &Tree, store: &Store) -> Result<BTreeMap<String, String>, RootError> {
    let mut files = BTreeMap::new();
    for (name, entry) in tree.children(numbering::SYSUSERS) {
        if let EntryKind::File { digest, .. } = &entry.kind {
            files.insert(
                name.to_owned(),
                String::from_utf8_lossy(&store.read_object(digest)?).into_owned(),
            );
        }
    }
    Ok(files)
}

/// The composed root without scripts: files and database.
fn compose(
    packages: &[PackageTree],
    args: &RootArgs,
    store: &Store,
) -> Result<(Tree, recipe::Recipe), RootError> {
    let contents = StoreContents {
        store,
        mtime: args.epoch,
    };
    let unpacked: Result<Vec<Unpacked>, ComposingError> =
        packages.iter().map(|p| p.unpacked(&contents)).collect();
    let unpacked = unpacked?;
    let composition = cairn_debian::compose(&unpacked).map_err(ComposingError::Conflict)?;
    let mut tree = compose_root(packages, &composition, args.epoch)?;
    let recipe = recipe::recipe(&unpacked, args.epoch)?;
    for file in database(&unpacked, &composition, &args.assumed)? {
        let digest = contents
            .put(&file.bytes, file.mode & 0o111 != 0)
            .map_err(RootError::Keep)?;
        let kind = EntryKind::File {
            digest,
            size: file.bytes.len() as u64,
        };
        let entry = Entry {
            kind,
            mode: file.mode,
            uid: 0,
            gid: 0,
            mtime: args.epoch,
            xattrs: BTreeMap::new(),
        };
        tree.insert(&file.path, entry)?;
    }
    Ok((tree, recipe))
}

/// Composes and configures.
///
/// Errors: [`RootError`]; a failing script's last lines are in it.
pub fn build(
    packages: &[PackageTree],
    args: &RootArgs,
    around: &mut Surroundings<'_>,
) -> Result<Digest, RootError> {
    let began = Instant::now();
    let (tree, recipe) = compose(packages, args, around.store)?;
    let base = around.store.put_tree(&tree)?;
    let entries = tree.entries.len();
    let (count, took) = (packages.len(), began.elapsed().as_millis());
    (around.line)(&format!(
        "composed {count} packages, {entries} entries, in {took} ms"
    ));
    let folders = ["lower", "upper", "work", "run"].map(|name| around.scratch.join(name));
    let [lower, upper, work, run_folder] = &folders;
    let failed = |act, path: &Path| {
        let path = path.to_owned();
        move |source| RootError::Scratch { act, path, source }
    };
    for folder in &folders {
        fs::create_dir_all(folder).map_err(failed("make", folder))?;
    }
    let sysusers_folder = run_folder.join("sysusers.d");
    fs::create_dir_all(&sysusers_folder).map_err(failed("make", &sysusers_folder))?;
    for (name, text) in numbering::drop_ins(&sysusers(&tree, around.store)?, &args.numbers) {
        let file = sysusers_folder.join(name);
        fs::write(&file, text).map_err(failed("write", &file))?;
    }
    let script = run_folder.join("recipe.sh");
    fs::write(&script, &recipe.script).map_err(failed("write", &script))?;

    let ids = IdMap::for_current_user()?;
    let store_root = around.store.layout().root().to_owned();
    let began = Instant::now();
    tasks::materialise(
        &ids,
        &tasks::Materialise {
            root: store_root.clone(),
            tree: base,
            target: lower.clone(),
        },
    )?;
    let took = began.elapsed().as_millis();
    (around.line)(&format!("laid out {entries} entries in {took} ms"));
    let outcome = run(&ids, &recipe, run_folder, (lower, upper, work), around)?;
    if let Some(tail) = outcome {
        return Err(tail);
    }
    let collect = tasks::Collect {
        session: around.store.session()?,
        root: store_root,
        base,
        upper: upper.clone(),
        epoch: args.epoch,
    };
    Ok(tasks::collect(&ids, &collect)?)
}

fn run(
    ids: &IdMap,
    recipe: &recipe::Recipe,
    run_folder: &Path,
    (lower, upper, work): (&Path, &Path, &Path),
    around: &mut Surroundings<'_>,
) -> Result<Option<RootError>, RootError> {
    let root = RootFs::Overlay {
        lowers: vec![lower.into()],
        upper: upper.into(),
        work: work.into(),
    };
    let mut sandbox = Sandbox::new(ids.clone(), root, ["/bin/sh", "/run/cairn/recipe.sh"])
        .mount(Mount::Tmpfs {
            to: "/run".into(),
            size: 64 << 20,
            mode: 0o755,
        })
        .mount(Mount::Tmpfs {
            to: "/tmp".into(),
            size: 1 << 30,
            mode: 0o1777,
        })
        .bind_read_only(run_folder, "/run/cairn")
        .bind_read_only(run_folder.join("sysusers.d"), "/run/sysusers.d")
        .profile(Profile::MaintainerScripts);
    sandbox.spec.env.clone_from(&recipe.environment);
    sandbox.spec.network = Network::Loopback;
    sandbox.spec.limits = Limits {
        wall_secs: Some(WALL_SECS),
        ..Limits::default()
    };
    let mut tail: Vec<String> = Vec::new();
    let mut line = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        (around.line)(&text);
        if tail.len() == TAIL_LINES {
            tail.remove(0);
        }
        tail.push(text);
    };
    let outcome = sandbox::run(
        &sandbox,
        &mut Watch {
            line: &mut line,
            cancelled: Some(around.cancelled),
        },
    )?;
    Ok((!outcome.success()).then(|| RootError::Scripts {
        ending: outcome.ending.to_string(),
        tail,
    }))
}
