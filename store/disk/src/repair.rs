//! Mending what is damaged, as far as the store itself has the bytes elsewhere.
//!
//! In: the faults that [`Store::verify`] found, the lock. Out: what was done, one [`Deed`] each. Whatever is damaged goes to the
//! quarantine; nothing is believed that was not hashed again. Fetching and building are not known here: what stays away
//! is told by [`Store::lacking`], and [`Store::forget_makers`] lets the next build make it again.

use crate::error::{Act, Error, Result};
use crate::files;
use crate::hashing::hash_file;
use crate::ingest::{IngestOptions, Owners};
use crate::lock::Lock;
use crate::objects::ObjectMeta;
use crate::store::Store;
use crate::verify::{Contents, Fault, Records, materialised};
use cairn_graph::tree::MADE_MTIME;
use cairn_graph::tree::encoding::file_digests;
use cairn_graph::{ActionKey, Content, Digest, EntryKind, Realisation, StorePath};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// One thing that was done to mend the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Deed {
    /// A file went out of the way.
    #[error("moved {} to {}", path.display(), place.display())]
    Quarantined {
        /// Where it was.
        path: PathBuf,
        /// Where it is.
        place: PathBuf,
    },
    /// An object got the mode of its name.
    #[error("set the mode of {} to {mode:o}", path.display())]
    ModeSet {
        /// The object.
        path: PathBuf,
        /// 0644 or 0755.
        mode: u32,
    },
    /// A content came back from another place that had its bytes.
    #[error("restored the {what} {digest} from {}", from.display())]
    Restored {
        /// `object` or `tree`.
        what: &'static str,
        /// Its digest.
        digest: Digest,
        /// The file or folder that had it.
        from: PathBuf,
    },
    /// A path's record was written again from the realisation that made it.
    #[error("registered {path} again, as {action} made it")]
    Registered {
        /// The path.
        path: StorePath,
        /// The realisation.
        action: ActionKey,
    },
    /// What is at a path was made again from the store's contents.
    #[error("made {path} again from the store")]
    Remade {
        /// The path.
        path: StorePath,
    },
}

/// What a registered path lacks to be whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Lack {
    /// Something keeps it, and it is not registered.
    #[error("its record")]
    Record,
    /// Its manifest.
    #[error("the tree {0}")]
    Tree(Digest),
    /// The content of one of its files.
    #[error("the object {0}")]
    Object(Digest),
}

impl Store {
    /// Takes what is damaged out of the way and mends what another place in the store has the bytes for: the object's other
    /// form, or a copy at a materialised path.
    pub fn mend(&self, lock: &Lock, faults: &[Fault]) -> Result<Vec<Deed>> {
        let mut deeds = Vec::new();
        for fault in faults {
            if let Fault::Mode { path, right, .. } = fault {
                let mode = Permissions::from_mode(*right);
                fs::set_permissions(path, mode).act("set the mode of", path)?;
                deeds.push(Deed::ModeSet {
                    path: path.clone(),
                    mode: *right,
                });
            }
        }
        for path in faults.iter().filter_map(Fault::path) {
            deeds.push(self.set_aside(lock, path)?);
        }
        for path in faults.iter().filter_map(Fault::path) {
            deeds.extend(self.restore_twin(path)?);
        }
        self.commit()?;
        self.register_again(faults, &mut deeds)?;
        self.restore_contents(&mut deeds)?;
        self.commit()?;
        Ok(deeds)
    }

    /// Makes again what is at materialised paths and is not what they hold; those whose contents are there.
    ///
    /// Believes objects by their names: to be called after [`Store::mend`].
    pub fn remake_paths(&self, lock: &Lock) -> Result<Vec<Deed>> {
        let contents = Contents::observe(self)?;
        let mut faults = Vec::new();
        let records = Records::read(self, &mut faults)?;
        materialised::check(self, &records, &contents, &mut faults)?;
        let wrong: BTreeSet<StorePath> = faults
            .into_iter()
            .filter_map(|fault| match fault {
                Fault::Differs { path, .. } => Some(path),
                _ => None,
            })
            .collect();
        let lacking = self.lacking()?;
        let mut deeds = Vec::new();
        for path in wrong.into_iter().filter(|path| !lacking.contains_key(path)) {
            deeds.push(self.set_aside(lock, &self.layout.store_path(&path))?);
            self.ensure_materialised(&path)?;
            deeds.push(Deed::Remade { path });
        }
        self.commit()?;
        Ok(deeds)
    }

    /// Registered or kept paths whose contents are not all there, by name and without hashing; with what each lacks.
    pub fn lacking(&self) -> Result<BTreeMap<StorePath, BTreeSet<Lack>>> {
        let relations = self.relations()?;
        let mut lacking: BTreeMap<StorePath, BTreeSet<Lack>> = BTreeMap::new();
        let kept = relations.roots.iter().map(|(_, path)| path);
        let referred = relations
            .records
            .values()
            .flat_map(|record| &record.references);
        for path in kept.chain(referred) {
            if !relations.records.contains_key(path) {
                lacking
                    .entry(path.clone())
                    .or_default()
                    .insert(Lack::Record);
            }
        }
        let contents = Contents::observe(self)?;
        for (path, record) in &relations.records {
            let lacks: BTreeSet<Lack> = match &record.content {
                Content::File { digest, .. } if !contents.has(digest) => {
                    [Lack::Object(*digest)].into()
                }
                Content::File { .. } => continue,
                Content::Tree { digest } => match self.manifest(digest) {
                    Err(Error::Missing { .. } | Error::Damaged { .. }) => {
                        [Lack::Tree(*digest)].into()
                    }
                    Err(error) => return Err(error),
                    Ok(text) => file_digests(&text)
                        .filter(|digest| !contents.has(digest))
                        .map(Lack::Object)
                        .collect(),
                },
            };
            if !lacks.is_empty() {
                lacking.entry(path.clone()).or_default().extend(lacks);
            }
        }
        Ok(lacking)
    }

    /// Forgets which actions came out as a path, so that the next build takes them again; their keys.
    pub fn forget_makers(&self, _lock: &Lock, path: &StorePath) -> Result<Vec<ActionKey>> {
        let makers = self.makers(path)?;
        for key in &makers {
            files::remove_all(&self.layout.realisation(key))?;
        }
        Ok(makers)
    }

    /// Moves something into the quarantine, in place of an earlier one of its name.
    fn set_aside(&self, _lock: &Lock, path: &Path) -> Result<Deed> {
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A path, its record and an object may share a name.
        let name = format!("{}-{name}", folder.to_string_lossy());
        let place = self.layout.quarantine().join(name);
        files::remove_all(&place)?;
        fs::rename(path, &place).act("quarantine", path)?;
        Ok(Deed::Quarantined {
            path: path.into(),
            place,
        })
    }

    /// Makes an object from the one with the other mode, where that has the right bytes.
    fn restore_twin(&self, gone: &Path) -> Result<Option<Deed>> {
        let name = gone.file_name().unwrap_or_default().to_string_lossy();
        let (hex, executable) = name
            .strip_suffix(".x")
            .map_or((name.as_ref(), false), |hex| (hex, true));
        let Ok(digest) = hex.parse::<Digest>() else {
            return Ok(None);
        };
        let twin = self.layout.object(&digest, !executable);
        if self.layout.object(&digest, executable) != gone {
            return Ok(None);
        }
        self.restore_object(&digest, executable, &twin)
    }

    /// Takes a content from a file, if that has it.
    fn restore_object(
        &self,
        digest: &Digest,
        executable: bool,
        from: &Path,
    ) -> Result<Option<Deed>> {
        let is_file = from.symlink_metadata().is_ok_and(|found| found.is_file());
        let right = is_file
            && File::open(from)
                .and_then(|mut file| hash_file(&mut file))
                .is_ok_and(|(found, _)| found == *digest);
        if !right {
            return Ok(None);
        }
        let mtime = MADE_MTIME;
        let (put, _) = self.put_file(from, ObjectMeta { executable, mtime })?;
        Ok((put == *digest).then(|| Deed::Restored {
            what: "object",
            digest: *digest,
            from: from.into(),
        }))
    }

    /// Writes records of paths again that something needs, where a realisation says what they held.
    fn register_again(&self, faults: &[Fault], deeds: &mut Vec<Deed>) -> Result<()> {
        let mut gone: BTreeSet<StorePath> = BTreeSet::new();
        for fault in faults {
            match fault {
                Fault::Unregistered { path, .. } => drop(gone.insert(path.clone())),
                Fault::Unreadable { path, .. } if path.parent() == Some(&self.layout.paths()) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    gone.extend(name.parse::<StorePath>().ok());
                }
                _ => {}
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        for (path, action) in self.all_makers()? {
            let place = self.layout.realisation(&action);
            if gone.contains(&path)
                && let Ok(Some(made)) = files::read_json::<Realisation>(&place)
                && self.register(&made.output, &made.references).is_ok()
            {
                gone.remove(&path);
                deeds.push(Deed::Registered { path, action });
            }
        }
        Ok(())
    }

    /// Looks for missing contents at materialised paths.
    fn restore_contents(&self, deeds: &mut Vec<Deed>) -> Result<()> {
        for (path, lacks) in self.lacking()? {
            let place = self.layout.store_path(&path);
            for lack in lacks {
                if let Lack::Tree(digest) = lack
                    && place.is_dir()
                {
                    deeds.extend(self.restore_tree(&digest, &place)?);
                }
            }
        }
        let lost: BTreeSet<Digest> = self
            .lacking()?
            .into_values()
            .flatten()
            .filter_map(|lack| match lack {
                Lack::Object(digest) => Some(digest),
                Lack::Tree(_) | Lack::Record => None,
            })
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        for name in files::names_in(&self.layout.store())? {
            let place = self.layout.store().join(&name);
            let record = name.parse().map(|path| self.path_record(&path));
            let Ok(Ok(Some(record))) = record else {
                continue;
            };
            let Ok(tree) = self.content_tree(&record.content, &name) else {
                continue;
            };
            for (path, entry) in &tree.entries {
                let EntryKind::File { digest, .. } = &entry.kind else {
                    continue;
                };
                if !lost.contains(digest) || self.has_object(digest) {
                    continue;
                }
                let from = match record.content {
                    Content::File { .. } => place.clone(),
                    Content::Tree { .. } => place.join(path),
                };
                deeds.extend(self.restore_object(digest, entry.executable(), &from)?);
            }
        }
        Ok(())
    }

    /// Takes a manifest from a folder, if that is all that the tree says: as configurations' own files are.
    fn restore_tree(&self, digest: &Digest, from: &Path) -> Result<Option<Deed>> {
        let options = IngestOptions {
            owners: Owners::Fixed { uid: 0, gid: 0 },
            mtime: Some(MADE_MTIME),
        };
        let Ok(tree) = self.ingest_tree(from, &options) else {
            return Ok(None);
        };
        if tree.digest() != *digest {
            return Ok(None);
        }
        self.put_tree(&tree)?;
        Ok(Some(Deed::Restored {
            what: "tree",
            digest: *digest,
            from: from.into(),
        }))
    }
}
