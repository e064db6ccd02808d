//! The builder `script`: a shell script over a root and declared inputs; `build({…})` of the language.
//!
//! In: a script, an input labelled `root`, other inputs at their store paths with all that they need. Out: what the script leaves at `$out`,
//! a file or a folder. The script sees nothing else: no network, no host, a fixed user, time and locale from its arguments.

use crate::builder::{BuildContext, Builder, Built};
use crate::error::BuildError;
use cairn_disk::{IngestOptions, MaterialiseOptions, Owners, Store};
use cairn_graph::{Content, Digest, StorePath};
use cairn_sys::{Limits, Mount, Profile, RootFs, Sandbox};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The name under which it is registered.
pub const NAME: &str = "script";
/// The label of the input that becomes `/`.
pub const ROOT: &str = "root";
/// Raised when the same script comes out otherwise on purpose.
pub const VERSION: u32 = 1;
/// The task that takes an output into the store.
pub const INGEST_TASK: &str = "build-ingest";
/// The task that lays the root out.
pub const ROOT_TASK: &str = "build-root";

/// The user that scripts run as.
const USER: u32 = 1000;
/// Bytes of the build folder and `/tmp`, each.
const TMPFS_BYTES: u64 = 4 << 30;
/// Bytes of log before a build is stopped.
const LOG_BYTES: u64 = 256 << 20;
/// Processes and threads at once.
const PROCESSES: u64 = 2048;
/// Bytes of the largest file.
const FILE_BYTES: u64 = 32 << 30;
/// Bytes on disk, and those that a build leaves free: the store needs some to take the output in.
const DISK_BYTES: u64 = 64 << 30;
const DISK_FREE_BYTES: u64 = 64 << 20;

/// Arguments of the builder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptArgs {
    /// The text that the interpreter reads.
    pub script: String,
    /// The interpreter and its arguments, before the script's path.
    #[serde(default = "default_interpreter")]
    pub interpreter: Vec<String>,
    /// Variables besides `out`, `HOME`, `TMPDIR` and the like.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Texts in script and variables that stand for the path of an input: text → label.
    #[serde(default)]
    pub placeholders: BTreeMap<String, String>,
    /// `SOURCE_DATE_EPOCH`, seconds since 1970; also the times of all files that come out.
    pub epoch: i64,
    /// Seconds after which the build is stopped.
    #[serde(default)]
    pub wall_secs: Option<u64>,
}

/// A shell that ends with the first command that fails, and at variables that are not set.
pub fn default_interpreter() -> Vec<String> {
    ["/bin/sh", "-eu"].map(String::from).to_vec()
}

/// The builder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Script;

#[derive(Serialize, Deserialize)]
struct RootOrder {
    /// The root folder of the store.
    store: PathBuf,
    tree: Digest,
    place: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct IngestOrder {
    /// The root folder of the store.
    store: PathBuf,
    /// On whose behalf ([`Store::session`]).
    session: PathBuf,
    output: PathBuf,
    epoch: i64,
    inputs: Vec<StorePath>,
}

#[derive(Serialize, Deserialize)]
struct Ingested {
    content: Content,
    references: Vec<StorePath>,
}

impl Builder for Script {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let args: ScriptArgs = context.args()?;
        let scratch = context.scratch();
        let root = lower_root(context)?;
        let build = scratch.join("build");
        let script = scratch.join("script");
        for folder in [&build, &scratch.join("upper"), &scratch.join("work")] {
            make_folder(folder)?;
        }
        let text = substitute(context, &args, &args.script)?;
        write(&script, text.as_bytes())?;

        let mut argv = args.interpreter.clone();
        argv.push("/build/.script".to_owned());
        let root = RootFs::Overlay {
            lowers: vec![root],
            upper: scratch.join("upper"),
            work: scratch.join("work"),
        };
        let mut sandbox = Sandbox::new(context.ids()?, root, argv)
            .profile(Profile::Build)
            .user(USER, USER)
            .mount(Mount::Tmpfs {
                to: "/tmp".to_owned(),
                size: TMPFS_BYTES,
                mode: 0o1777,
            })
            .mount(Mount::Bind {
                from: build.clone(),
                to: "/build".to_owned(),
                read_only: false,
            })
            .bind_read_only(&script, "/build/.script")
            .env("out", "/build/out")
            .env("HOME", "/build")
            .env("TMPDIR", "/tmp")
            .env("SOURCE_DATE_EPOCH", args.epoch.to_string());
        let mut seen = BTreeSet::new();
        for (label, output) in context.inputs().iter().filter(|(label, _)| *label != ROOT) {
            seen.extend(context.store().closure(&output.path)?);
            if is_variable(label) {
                sandbox = sandbox.env(label, output.path.logical());
            }
        }
        for path in seen {
            let real = context.store().ensure_materialised(&path)?;
            sandbox = sandbox.bind_read_only(real, path.logical());
        }
        for (name, value) in &args.env {
            sandbox = sandbox.env(name, substitute(context, &args, value)?);
        }
        "/build".clone_into(&mut sandbox.spec.cwd);
        sandbox.spec.limits = Limits {
            wall_secs: args.wall_secs,
            output_bytes: Some(LOG_BYTES),
            processes: Some(PROCESSES),
            file_bytes: Some(FILE_BYTES),
            disk_bytes: Some(DISK_BYTES),
            disk_free_bytes: Some(DISK_FREE_BYTES),
        };
        open_to_all(&build)?;
        context.run_ok(&sandbox, &context.derivation().name)?;

        let order = IngestOrder {
            store: context.store().layout().root().to_owned(),
            session: context.store().session()?,
            output: build.join("out"),
            epoch: args.epoch,
            inputs: context
                .inputs()
                .values()
                .map(|output| output.path.clone())
                .collect(),
        };
        let ingested: Ingested = context.in_namespace(INGEST_TASK, &order)?;
        Ok(Built {
            content: ingested.content,
            references: ingested.references,
        })
    }
}

/// The input `root` as a real folder.
fn lower_root(context: &BuildContext<'_>) -> Result<PathBuf, BuildError> {
    let input = context.input(ROOT)?;
    let Content::Tree { digest } = &input.content else {
        return Err(BuildError::failed(format!(
            "the input `root` of {} is a file",
            context.derivation().name
        )));
    };
    let place = context.scratch().join("root");
    let order = RootOrder {
        store: context.store().layout().root().to_owned(),
        tree: *digest,
        place: place.clone(),
    };
    context.in_namespace::<_, ()>(ROOT_TASK, &order)?;
    Ok(place)
}

/// Lays a root out with all its owners, as root of the namespace in which it will be used: the task [`ROOT_TASK`].
pub(crate) fn root_task(input: &[u8]) -> Result<Vec<u8>, String> {
    let order: RootOrder = serde_json::from_slice(input).map_err(|error| error.to_string())?;
    let lay_out = || {
        let store = Store::open(&order.store)?;
        let tree = store.tree(&order.tree)?;
        store.materialise(&tree, &order.place, MaterialiseOptions::EXACT)
    };
    lay_out().map_err(|error: cairn_disk::Error| crate::error::one_line(&error))?;
    Ok(b"null".to_vec())
}

/// Replaces what stands for the paths of inputs.
fn substitute(
    context: &BuildContext<'_>,
    args: &ScriptArgs,
    text: &str,
) -> Result<String, BuildError> {
    let mut text = text.to_owned();
    for (placeholder, label) in &args.placeholders {
        text = text.replace(placeholder, &context.input(label)?.path.logical());
    }
    Ok(text)
}

fn is_variable(label: &str) -> bool {
    label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !label.starts_with(|c: char| c.is_ascii_digit())
}

fn make_folder(path: &Path) -> Result<(), BuildError> {
    fs::create_dir(path).map_err(|source| BuildError::Io {
        act: "make the folder",
        path: path.to_owned(),
        source,
    })
}

/// Lets the sandbox's user write; the scratch folder around it is closed to everybody else.
fn open_to_all(folder: &Path) -> Result<(), BuildError> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).map_err(|source| {
        BuildError::Io {
            act: "open to the build's user",
            path: folder.to_owned(),
            source,
        }
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    fs::write(path, bytes).map_err(|source| BuildError::Io {
        act: "write",
        path: path.to_owned(),
        source,
    })
}

/// Takes an output into the store, as root of the namespace in which it was made: the task [`INGEST_TASK`].
pub(crate) fn ingest_task(input: &[u8]) -> Result<Vec<u8>, String> {
    let order: IngestOrder = serde_json::from_slice(input).map_err(|error| error.to_string())?;
    if order.output.symlink_metadata().is_err() {
        return Err("the script left nothing at $out".to_owned());
    }
    let ingested = ingest(&order).map_err(|error| crate::error::one_line(&error))?;
    serde_json::to_vec(&ingested).map_err(|error| error.to_string())
}

fn ingest(order: &IngestOrder) -> Result<Ingested, cairn_disk::Error> {
    let store = Store::open_for(&order.store, &order.session)?;
    let options = IngestOptions {
        owners: Owners::Fixed { uid: 0, gid: 0 },
        mtime: Some(order.epoch),
    };
    let content = store.ingest(&order.output, &options)?;
    let mut candidates = Vec::new();
    for input in &order.inputs {
        candidates.extend(store.closure(input)?);
    }
    let references = store.scan_references(&content, &candidates)?;
    Ok(Ingested {
        content,
        references,
    })
}
