//! `cairn store add`: a file or folder of one's own becomes a store path.

use std::path::{Path, PathBuf};

use cairn_disk::{IngestOptions, Owners, Store};
use cairn_graph::tree::MADE_MTIME;
use cairn_graph::{Content, Digest, EntryKind, StorePath};
use clap::Args;

use crate::commands::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;

/// Adds a file or folder to the store and prints its path
///
/// The same contents give the same path on any machine, the one that a configuration gives them that names them: modes become
/// 0644 or 0755, owners root, times 1. It is on the disk when this returns. `cairn gc` deletes it again, unless a
/// generation needs it or `--keep` says otherwise.
#[derive(Debug, Args)]
pub struct Add {
    /// The file or folder
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// What the store path is called; as the file without this
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Keeps it whatever `cairn gc` is told, under a root of this name, or of its own; what that root kept before it keeps no longer
    #[arg(long, value_name = "ROOT", num_args = 0..=1, require_equals = true)]
    #[expect(
        clippy::option_option,
        reason = "not said, said without a name, said with one"
    )]
    keep: Option<Option<String>>,
}

impl Add {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let unreadable = |source| CommandError::File {
            act: "read",
            path: self.path.clone(),
            source,
        };
        // A link that is named means what it leads to; links inside stay links.
        let source = self.path.canonicalize().map_err(unreadable)?;
        let name = match &self.name {
            Some(name) => name.clone(),
            None => name_of(&self.path, &source),
        };
        checked(&name)?;
        if context.globals.dry_run {
            context.tell(&format!("would add {} as {name}", self.path.display()));
            return Ok(Exit::Done);
        }
        let store = context.open_store()?;
        let content = take(&store, &source)?;
        let path = store.add_path(&name, content, &[])?;
        store.commit()?;
        let root = self
            .keep
            .as_ref()
            .map(|root| root.as_deref().unwrap_or(path.name()));
        let before = match root {
            Some(root) => kept_by(&store, root)?,
            None => Vec::new(),
        };
        if let Some(root) = root {
            store.roots().set(root, std::slice::from_ref(&path))?;
        }
        if context.globals.json {
            return context.json(&serde_json::json!({
                "version": 1,
                "path": path.logical(),
                "content": content,
                "root": root,
            }));
        }
        context.data(&format!("{path}\n"))?;
        for other in before.iter().filter(|other| **other != path) {
            context.tell(&format!(
                "the root kept {other} before, and keeps it no longer"
            ));
        }
        if root.is_none() && store.relations()?.keepers(&path).is_empty() {
            context.tell("nothing keeps it: the next `cairn gc` deletes it, unless it is added with `--keep`");
        }
        Ok(Exit::Done)
    }
}

/// The last part of the path as written, or of what it leads to where it is `.`, `..` or `/`; without dots before it.
fn name_of(path: &Path, source: &Path) -> String {
    let name = path.file_name().or_else(|| source.file_name());
    let name = name.unwrap_or_default().to_string_lossy();
    let name = name.trim_start_matches('.');
    if name.is_empty() {
        "source".into()
    } else {
        name.into()
    }
}

/// Refuses what can't be a name, before anything is taken.
fn checked(name: &str) -> Result<(), CommandError> {
    let any = Content::Tree {
        digest: Digest::of(b""),
    };
    let wrong = |error: cairn_graph::path::StorePathError| cairn_disk::Error::Name {
        name: name.to_owned(),
        why: error.to_string(),
    };
    StorePath::new(name, &any).map_err(wrong)?;
    Ok(())
}

/// Takes contents with owners, modes and times that are the same on any machine.
fn take(store: &Store, source: &Path) -> Result<Content, CommandError> {
    let options = IngestOptions {
        owners: Owners::Fixed { uid: 0, gid: 0 },
        mtime: Some(MADE_MTIME),
    };
    if !source.is_dir() {
        return Ok(store.ingest(source, &options)?);
    }
    let mut tree = store.ingest_tree(source, &options)?;
    for (path, entry) in &mut tree.entries {
        let special = match entry.kind {
            EntryKind::Fifo => Some("it is a named pipe"),
            EntryKind::CharDevice { .. } => Some("it is a device"),
            _ => None,
        };
        if let Some(why) = special {
            return Err(cairn_disk::Error::Unstorable {
                path: source.join(path),
                why: why.into(),
            }
            .into());
        }
        let executable = entry.executable();
        entry.xattrs.clear();
        entry.mode = match entry.kind {
            EntryKind::Directory => 0o755,
            EntryKind::File { .. } if executable => 0o755,
            EntryKind::File { .. } => 0o644,
            _ => entry.mode,
        };
    }
    let digest = store.put_tree(&tree)?;
    Ok(Content::Tree { digest })
}

/// The paths that a root keeps already.
fn kept_by(store: &Store, root: &str) -> Result<Vec<StorePath>, CommandError> {
    let roots = store.roots().list()?;
    let same = roots.into_iter().find(|(name, _)| name == root);
    Ok(same.map(|(_, paths)| paths).unwrap_or_default())
}
