//! A file or folder in a store path, found in its tree; nothing is materialised.
//!
//! In: a store path and a path in it. Out: the entry, links followed as a machine with this store would follow them.

use cairn_disk::Store;
use cairn_graph::{Content, Entry, EntryKind, STORE_DIR, StorePath, Tree};
use cairn_syntax::suggest::nearest;

use crate::error::CommandError;
use crate::store_path::Named;

/// Links that are followed before a circle is assumed.
const MOST_LINKS: usize = 40;

/// An entry and where it is.
#[derive(Debug, Clone)]
pub struct Found {
    /// The store path.
    pub path: StorePath,
    /// Where it is in the path; empty for the path itself.
    pub inside: String,
    /// What it is; a path that is one file has its entry at the empty path.
    pub entry: Entry,
    /// The tree that it is in; nothing where the path is one file.
    pub tree: Option<Tree>,
}

impl Found {
    /// The path with what is in it, for people.
    pub fn shown(&self) -> String {
        shown(&self.path, &self.inside)
    }
}

/// Finds what is named, following every link but one at its end. Errors: [`CommandError::NoEntry`].
pub fn find(store: &Store, named: &Named) -> Result<Found, CommandError> {
    walk(store, named, false)
}

/// Finds what is named, following every link. Errors: [`CommandError::NoEntry`].
pub fn follow(store: &Store, named: &Named) -> Result<Found, CommandError> {
    walk(store, named, true)
}

/// A path and what is in it.
pub fn shown(path: &StorePath, inside: &str) -> String {
    if inside.is_empty() {
        path.to_string()
    } else {
        format!("{path}/{inside}")
    }
}

fn walk(store: &Store, named: &Named, follow_last: bool) -> Result<Found, CommandError> {
    let mut links = 0;
    let mut at = named.clone();
    'again: loop {
        let content = store.path_content(&at.path)?;
        let tree = match content {
            Content::Tree { digest } => store.tree(&digest)?,
            Content::File { .. } if !at.inside.is_empty() => {
                return Err(missing(&at, &at.inside, None));
            }
            Content::File {
                digest,
                size,
                executable,
            } => {
                let mode = if executable { 0o755 } else { 0o644 };
                return Ok(Found {
                    path: at.path,
                    inside: String::new(),
                    entry: Entry::new(EntryKind::File { digest, size }, mode),
                    tree: None,
                });
            }
        };
        let parts: Vec<&str> = at
            .inside
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        let mut here: Vec<String> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if *part == ".." {
                here.pop();
                continue;
            }
            here.push((*part).to_owned());
            let path = here.join("/");
            let Some(entry) = tree.get(&path) else {
                return Err(missing(&at, &path, Some(&tree)));
            };
            let last = index + 1 == parts.len();
            if let EntryKind::Symlink { target } = &entry.kind
                && (!last || follow_last)
            {
                links += 1;
                if links > MOST_LINKS {
                    return Err(missing(&at, &path, None));
                }
                here.pop();
                let rest = parts[index + 1..].join("/");
                at = led_to(store, &at, &here.join("/"), target, &rest)?;
                continue 'again;
            }
        }
        let inside = here.join("/");
        let Some(entry) = tree.get(&inside).cloned() else {
            return Err(missing(&at, &inside, Some(&tree)));
        };
        return Ok(Found {
            path: at.path,
            inside,
            entry,
            tree: Some(tree),
        });
    }
}

/// Where a link in `folder` leads, with what comes behind it. An absolute one that leads into no store path is taken as of the
/// root that the path holds.
fn led_to(
    store: &Store,
    at: &Named,
    folder: &str,
    target: &str,
    rest: &str,
) -> Result<Named, CommandError> {
    if let Some(below) = target
        .strip_prefix(STORE_DIR)
        .and_then(|t| t.strip_prefix('/'))
    {
        let mut named = crate::store_path::named(store, &format!("{STORE_DIR}/{below}"))?;
        named.inside = format!("{}/{rest}", named.inside);
        return Ok(named);
    }
    let inside = if target.starts_with('/') {
        format!("{target}/{rest}")
    } else {
        format!("{folder}/{target}/{rest}")
    };
    Ok(Named {
        path: at.path.clone(),
        inside,
    })
}

fn missing(at: &Named, path: &str, tree: Option<&Tree>) -> CommandError {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let near = tree.and_then(|tree| {
        let names: Vec<&str> = tree.children(folder).map(|(name, _)| name).collect();
        nearest(name, names.into_iter()).map(|near| {
            if folder.is_empty() {
                near.to_owned()
            } else {
                format!("{folder}/{near}")
            }
        })
    });
    CommandError::NoEntry {
        path: at.path.clone(),
        inside: path.to_owned(),
        near,
    }
}
