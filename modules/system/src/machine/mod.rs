//! The machine's own root: what the packages made, with what the configuration declares in it.
//!
//! In: the packages' root as a tree, the [`SystemSpec`], the store paths that it names. Out: the tree that boots.
//! A merge of lists: only the few files that are written here have their contents touched. Runs no program.

pub mod accounts;
pub mod edit;
pub mod units;
pub mod zones;

use accounts::{AccountError, Accounts, Numbers};
use cairn_graph::{Content, Digest, Entry, EntryKind, Tree};
use cairn_spec::{FileContent, SystemSpec};
use edit::{Edit, EditError};
use std::collections::{BTreeMap, BTreeSet};
use units::{UnitError, UnitFiles};

/// Where the machine contract lies in every root.
pub const CONTRACT: &str = "usr/lib/cairn/system.json";

/// Reads and keeps contents; the builder gives the store's.
pub trait Contents {
    /// The bytes of an object.
    fn read(&self, digest: &Digest) -> Result<Vec<u8>, String>;
    /// Keeps bytes as an object, executable or not: their digest.
    fn put(&self, bytes: &[u8], executable: bool) -> Result<Digest, String>;
    /// The tree of a manifest.
    fn tree(&self, digest: &Digest) -> Result<Tree, String>;
}

/// Why a machine's root can't be made.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// Users and groups.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Units.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// The time zone.
    #[error(transparent)]
    Zone(#[from] zones::ZoneError),
    /// A path of the root.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A file's owner is no account of this root.
    #[error("`files.\"{path}\"` belongs to `{owner}`, which is no user or group of this system")]
    Owner {
        /// The file.
        path: String,
        /// The unknown name.
        owner: String,
    },
    /// `source` names no path of this configuration.
    #[error(
        "`files.\"{path}\".source` is `{source_text}`, which no path or build of this configuration made"
    )]
    Source {
        /// The file.
        path: String,
        /// What stands there.
        source_text: String,
    },
    /// The store failed.
    #[error("cannot {act}: {cause}")]
    Store {
        /// What was tried.
        act: String,
        /// Why it failed.
        cause: String,
    },
}

/// What a machine's root is made of, beside the packages' root.
#[derive(Debug)]
pub struct Declared<'a> {
    /// The configuration.
    pub spec: &'a SystemSpec,
    /// Store path text → what it holds.
    pub sources: &'a BTreeMap<String, Content>,
    /// Numbers of the declared accounts.
    pub numbers: &'a Numbers,
    /// Seconds since 1970 that everything written here shows.
    pub epoch: i64,
}

struct RootUnits<'a>(&'a Edit<'a>);

const UNIT_DIRS: [&str; 2] = ["etc/systemd/system", "usr/lib/systemd/system"];

impl UnitFiles for RootUnits<'_> {
    fn find(&self, unit: &str) -> Option<(String, String)> {
        UNIT_DIRS.iter().find_map(|dir| {
            let path = format!("{dir}/{unit}");
            let text = self.0.read_text(&path).ok()??;
            Some((format!("/{path}"), text))
        })
    }

    fn names(&self) -> Vec<String> {
        let listed = |dir: &&str| self.0.names_in(dir);
        let is_unit = |name: &String| name.rsplit_once('.').is_some_and(|(_, kind)| kind != "d");
        UNIT_DIRS
            .iter()
            .flat_map(listed)
            .filter(is_unit)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }
}

/// The root that boots.
///
/// Errors: [`MachineError`].
pub fn compose(
    base: &Tree,
    declared: &Declared<'_>,
    contents: &dyn Contents,
) -> Result<Tree, MachineError> {
    let mut root = Edit::new(base.clone(), contents, declared.epoch);
    zones::check(&declared.spec.time.zone, &root.files_below(zones::FOLDER))?;
    let accounts = write_accounts(&mut root, declared)?;
    write_files(&mut root, declared, &accounts, contents)?;
    write_units(&mut root, declared.spec)?;
    if !declared.spec.tmpfiles.is_empty() || !declared.spec.users.is_empty() {
        root.write(
            "usr/lib/tmpfiles.d/cairn.conf",
            tmpfiles(declared.spec).as_bytes(),
            0o644,
        )?;
    }
    let contract = declared
        .spec
        .to_json()
        .map_err(|error| MachineError::Store {
            act: "write the machine's contract".into(),
            cause: error.to_string(),
        })?;
    root.write(CONTRACT, contract.as_bytes(), 0o644)?;
    for folder in ["cairn", "efi", "boot"] {
        root.folder(folder, 0o755)?;
    }
    Ok(root.finish())
}

fn write_accounts(root: &mut Edit<'_>, declared: &Declared<'_>) -> Result<Accounts, MachineError> {
    const FILES: [&str; 4] = ["etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"];
    let text = |path: &str| root.read_text(path).map(Option::unwrap_or_default);
    let mut accounts = Accounts::parse(
        &text(FILES[0])?,
        &text(FILES[1])?,
        &text(FILES[2])?,
        &text(FILES[3])?,
    );
    let days = declared.epoch / 86400;
    accounts.declare(
        &declared.spec.users,
        &declared.spec.groups,
        declared.numbers,
        days,
    )?;
    let shadow_gid = accounts.gid("shadow").unwrap_or(0);
    for (path, text) in FILES.iter().zip(accounts.print()) {
        let secret = path.ends_with("shadow");
        root.write(path, text.as_bytes(), if secret { 0o640 } else { 0o644 })?;
        if secret {
            root.own(path, 0, shadow_gid)?;
        }
    }
    Ok(accounts)
}

fn write_files(
    root: &mut Edit<'_>,
    declared: &Declared<'_>,
    accounts: &Accounts,
    contents: &dyn Contents,
) -> Result<(), MachineError> {
    for (path, file) in &declared.spec.files {
        let inner = path.trim_start_matches('/');
        let owner = |name: &String| MachineError::Owner {
            path: path.clone(),
            owner: name.clone(),
        };
        let uid = accounts.uid(&file.user).ok_or_else(|| owner(&file.user))?;
        let gid = accounts
            .gid(&file.group)
            .ok_or_else(|| owner(&file.group))?;
        match file.content() {
            Some(FileContent::Text(text)) => {
                root.write(inner, text.as_bytes(), file.mode_bits())?;
            }
            Some(FileContent::Link(target)) => root.link(inner, target)?,
            Some(FileContent::Source(text)) => {
                let missing = || MachineError::Source {
                    path: path.clone(),
                    source_text: text.into(),
                };
                let source = source(declared, contents, text)?;
                root.place(inner, &source.ok_or_else(missing)?, file.mode_bits())?;
            }
            None => continue,
        }
        root.own(inner, uid, gid)?;
    }
    Ok(())
}

/// What a text names: a path of the configuration, a build, or what lies in the folder that one of them is.
fn source(
    declared: &Declared<'_>,
    contents: &dyn Contents,
    text: &str,
) -> Result<Option<Content>, MachineError> {
    if let Some(content) = declared.sources.get(text) {
        return Ok(Some(*content));
    }
    let inside = declared.sources.iter().find_map(|(path, content)| {
        let inner = text.strip_prefix(path.as_str())?.strip_prefix('/')?;
        match content {
            Content::Tree { digest } => Some((digest, inner.trim_end_matches('/'))),
            Content::File { .. } => None,
        }
    });
    let Some((digest, inner)) = inside else {
        return Ok(None);
    };
    let failed = |cause| MachineError::Store {
        act: format!("read {text}"),
        cause,
    };
    let tree = contents.tree(digest).map_err(failed)?;
    Ok(match tree.get(inner).map(|entry| (&entry.kind, entry)) {
        Some((EntryKind::File { digest, size }, entry)) => Some(Content::File {
            digest: *digest,
            size: *size,
            executable: entry.executable(),
        }),
        _ => None,
    })
}

fn write_units(root: &mut Edit<'_>, spec: &SystemSpec) -> Result<(), MachineError> {
    let plan = units::plan(&spec.units, &RootUnits(root))?;
    for unit in &plan.disabled {
        root.remove_links(units::SYSTEM_DIR, unit);
    }
    for (path, text) in &plan.texts {
        root.write(path, text.as_bytes(), 0o644)?;
    }
    for (path, target) in &plan.links {
        root.link(path, target)?;
    }
    Ok(())
}

/// Declared lines, and the home folder of every declared user: homes are state, made at boot.
fn tmpfiles(spec: &SystemSpec) -> String {
    let mut lines = spec.tmpfiles.clone();
    for (name, user) in spec
        .users
        .iter()
        .filter(|(name, user)| *name != "root" && !user.system)
    {
        lines.push(format!("d {} 0700 {name} {name} -", user.home_of(name)));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Every regular file's entry of a tree, by path.
pub fn files_of(tree: &Tree) -> impl Iterator<Item = (&str, &Entry, &Digest, u64)> {
    tree.entries
        .iter()
        .filter_map(|(path, entry)| match &entry.kind {
            EntryKind::File { digest, size } => Some((path.as_str(), entry, digest, *size)),
            _ => None,
        })
}
