//! Composing layers (packages, configuration files) into one tree by merging lists.
//!
//! In: labelled trees, the first the strongest in what a shared directory looks like. Out: one tree, or every conflict
//! with the labels of both sides. Knows nothing of packages, diversions or `Replaces`: who knows answers the question
//! of [`compose_with`].

use super::limits::{PATH_BYTES_MAX, TEXT_BYTES_MAX};
use super::{Entry, EntryKind, Tree, TreeError, parent};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Two layers that say different things of one path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`/{path}` is {first_kind} in {first} and {second_kind} in {second}")]
pub struct Conflict {
    /// The path, after links to directories were followed.
    pub path: String,
    /// Label of the layer that came first.
    pub first: String,
    /// Label of the other layer.
    pub second: String,
    /// What the first has there, in words.
    pub first_kind: &'static str,
    /// What the second has there, in words.
    pub second_kind: &'static str,
}

/// Why layers do not compose.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConflictError {
    /// Paths that two layers have differently, sorted; never empty.
    #[error("{} of the composed tree {}: {}{}", count(.0.len()), if .0.len() == 1 { "conflicts" } else { "conflict" },
        .0.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join("; "), if .0.len() > 5 { "; …" } else { "" })]
    Conflicts(Vec<Conflict>),
    /// A link of one layer, which is a directory in another, leads round in a circle.
    #[error("`/{path}` of {label} leads through symbolic links that end nowhere")]
    LinkLoop {
        /// Path of the entry that could not be placed.
        path: String,
        /// Its layer.
        label: String,
    },
    /// The layers compose to no tree; for example something lies in what another layer says is a file.
    #[error("the composed entries are no tree")]
    Tree(#[from] TreeError),
}

fn count(n: usize) -> String {
    if n == 1 {
        "one path".into()
    } else {
        format!("{n} paths")
    }
}

/// Who wins a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Winner {
    /// The layer that came first.
    First,
    /// The layer that came second.
    Second,
    /// Nobody: it stays a conflict.
    Nobody,
}

/// Composes layers in which no two may differ. See [`compose_with`].
pub fn compose(layers: &[(&str, &Tree)]) -> Result<Tree, ConflictError> {
    compose_with(layers, |_| Winner::Nobody)
}

/// Composes layers; `decide` is asked of each path that two layers have differently, both not directories.
///
/// Directories merge, the first layer's mode, owner and time hold. Equal entries (times aside) are one. A
/// directory in one layer that is a symbolic link in another (`/lib` and `/lib -> usr/lib`) is followed: what lies in
/// it goes to where the link points. Missing parents are made with mode 0755.
/// Errors: [`ConflictError`], with all conflicts at once.
pub fn compose_with(
    layers: &[(&str, &Tree)],
    mut decide: impl FnMut(&Conflict) -> Winner,
) -> Result<Tree, ConflictError> {
    let placed = place(layers)?;
    let mut conflicts = Vec::new();
    let mut entries: Vec<(String, Entry)> = Vec::with_capacity(placed.len());
    let mut layer_of_last = 0;
    for Placed { path, layer, entry } in placed {
        let Some((last_path, last)) = entries.last_mut().filter(|(last, _)| *last == *path) else {
            entries.push((path.into_owned(), entry.clone()));
            layer_of_last = layer;
            continue;
        };
        if last.is_dir() && entry.is_dir() || same(last, entry) {
            continue;
        }
        let conflict = Conflict {
            path: last_path.clone(),
            first: layers[layer_of_last].0.to_owned(),
            second: layers[layer].0.to_owned(),
            first_kind: kind_name(last),
            second_kind: kind_name(entry),
        };
        let winner = if last.is_dir() || entry.is_dir() {
            Winner::Nobody
        } else {
            decide(&conflict)
        };
        match winner {
            Winner::First => {}
            Winner::Second => {
                *last = entry.clone();
                layer_of_last = layer;
            }
            Winner::Nobody => conflicts.push(conflict),
        }
    }
    if !conflicts.is_empty() {
        return Err(ConflictError::Conflicts(conflicts));
    }
    let mut tree = Tree {
        entries: BTreeMap::from_iter(entries),
    };
    make_parents(&mut tree)?;
    tree.check()?;
    Ok(tree)
}

/// Symbolic links: path to target.
type Links<'a> = HashMap<Cow<'a, str>, &'a str>;

/// An entry with the path that it has in the composed tree.
struct Placed<'a> {
    path: Cow<'a, str>,
    layer: usize,
    entry: &'a Entry,
}

/// All entries of all layers, redirected through links, sorted by path and then by layer.
fn place<'a>(layers: &[(&str, &'a Tree)]) -> Result<Vec<Placed<'a>>, ConflictError> {
    let links = links(layers)?;
    let mut folders: HashMap<&str, Cow<'a, str>> = HashMap::new();
    let mut bytes = 0;
    let mut placed = Vec::with_capacity(layers.iter().map(|(_, tree)| tree.entries.len()).sum());
    for (layer, (label, tree)) in layers.iter().enumerate() {
        for (path, entry) in &tree.entries {
            let looped = || ConflictError::LinkLoop {
                path: path.clone(),
                label: (*label).to_owned(),
            };
            let path = if entry.is_dir() {
                folder(path, &links, &mut folders).ok_or_else(looped)?
            } else if let Some((above, name)) = path.rsplit_once('/') {
                match folder(above, &links, &mut folders).ok_or_else(looped)? {
                    above_now if above_now == above => Cow::Borrowed(path.as_str()),
                    above_now => Cow::Owned(join(&above_now, name)),
                }
            } else {
                Cow::Borrowed(path.as_str())
            };
            if let Cow::Owned(path) = &path {
                spend(&mut bytes, path.len())?;
            }
            placed.push(Placed { path, layer, entry });
        }
    }
    placed.sort_by(|a, b| a.path.cmp(&b.path).then(a.layer.cmp(&b.layer)));
    Ok(placed)
}

/// All symbolic links of all layers, by path as shipped and, where that leads through a link, also by where it ends up.
fn links<'a>(layers: &[(&str, &'a Tree)]) -> Result<Links<'a>, TreeError> {
    let mut links = Links::new();
    for (path, entry) in layers.iter().flat_map(|(_, tree)| &tree.entries) {
        if let EntryKind::Symlink { target } = &entry.kind {
            links.entry(Cow::Borrowed(path)).or_insert(target);
        }
    }
    let mut folders = HashMap::new();
    let mut moved = Vec::new();
    let mut bytes = 0;
    for (path, target) in &links {
        let Cow::Borrowed(path) = path else { continue };
        let Some((above, name)) = path.rsplit_once('/') else {
            continue;
        };
        if let Some(Cow::Owned(above)) = folder(above, &links, &mut folders) {
            let path = join(&above, name);
            spend(&mut bytes, path.len())?;
            moved.push((path, *target));
        }
    }
    moved.sort_unstable();
    for (path, target) in moved {
        links.entry(Cow::Owned(path)).or_insert(target);
    }
    Ok(links)
}

/// Where a folder of a layer lies once all links are followed; nothing when they go round in a circle or too far down.
fn folder<'a>(
    path: &'a str,
    links: &Links<'a>,
    known: &mut HashMap<&'a str, Cow<'a, str>>,
) -> Option<Cow<'a, str>> {
    if let Some(found) = known.get(path) {
        return Some(found.clone());
    }
    let mut prefix = path;
    let crosses_link = loop {
        match (links.contains_key(prefix), parent(prefix)) {
            (true, _) => break true,
            (false, None) => break false,
            (false, Some(above)) => prefix = above,
        }
    };
    let found = if crosses_link {
        Cow::Owned(follow(path, links)?)
    } else {
        Cow::Borrowed(path)
    };
    known.insert(path, found.clone());
    Some(found)
}

/// Follows links as the kernel does inside a root: `..` stops at the top, 40 links at most.
fn follow(path: &str, links: &Links<'_>) -> Option<String> {
    let mut rest: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
    let mut done = String::new();
    let mut followed = 0;
    while let Some(component) = rest.pop() {
        match component.as_str() {
            "" | "." => {}
            ".." => done = parent(&done).unwrap_or_default().to_owned(),
            name => {
                let next = join(&done, name);
                if next.len() > PATH_BYTES_MAX {
                    return None;
                }
                let Some(target) = links.get(next.as_str()) else {
                    done = next;
                    continue;
                };
                followed += 1;
                if followed > 40 {
                    return None;
                }
                if target.starts_with('/') {
                    done.clear();
                }
                rest.extend(target.rsplit('/').map(str::to_owned));
            }
        }
    }
    Some(done)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Equal but for the time.
fn same(a: &Entry, b: &Entry) -> bool {
    a.kind == b.kind && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.xattrs == b.xattrs
}

fn kind_name(entry: &Entry) -> &'static str {
    match entry.kind {
        EntryKind::Directory => "a directory",
        EntryKind::File { .. } => "a file",
        EntryKind::Symlink { .. } => "a symbolic link",
        EntryKind::CharDevice { .. } => "a device",
        EntryKind::Fifo => "a named pipe",
    }
}

/// Each missing folder once, however much lies in it.
fn make_parents(tree: &mut Tree) -> Result<(), TreeError> {
    let mut missing = BTreeSet::new();
    let mut bytes = 0;
    for path in tree.entries.keys() {
        let mut above = parent(path);
        while let Some(folder) = above.filter(|folder| !tree.entries.contains_key(*folder)) {
            if !missing.insert(folder.to_owned()) {
                break;
            }
            spend(&mut bytes, folder.len())?;
            above = parent(folder);
        }
    }
    let made = missing.into_iter();
    tree.entries
        .extend(made.map(|folder| (folder, Entry::new(EntryKind::Directory, 0o755))));
    Ok(())
}

/// Counts bytes that paths grew by: links with long targets before many short names would make gigabytes of little.
fn spend(bytes: &mut usize, more: usize) -> Result<(), TreeError> {
    *bytes += more;
    if *bytes > TEXT_BYTES_MAX {
        return Err(TreeError::TooLong { bytes: *bytes });
    }
    Ok(())
}
