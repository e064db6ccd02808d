//! Verifying: everything is hashed again; no name is trusted.
//!
//! In: the store. Out: every fault, sorted. Repairs nothing; [`Store::quarantine`] takes the damaged out of the way,
//! so that putting it again mends it.

use crate::error::{Act, Error, Result};
use crate::files;
use crate::layout::Layout;
use crate::objects::hash_of;
use crate::parallel;
use crate::store::Store;
use cairn_graph::tree::encoding::file_digests;
use cairn_graph::{Content, Digest, Tree};
use std::collections::HashSet;
use std::fs::{self, File};
use std::path::PathBuf;

/// One thing that is wrong in the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    /// An object or a manifest whose bytes are others than its name says.
    #[error("{} is damaged: its contents hash to {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// By its bytes.
        found: Digest,
    },
    /// A file that can't be read, or a manifest or record that is none.
    #[error("{} can't be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A file in the folders of objects or trees whose name is no digest.
    #[error("{} has no business there", path.display())]
    Stray {
        /// The file.
        path: PathBuf,
    },
    /// Something that is referred to and not there.
    #[error("{} refers to the {what} {digest}, which is missing", by.display())]
    Missing {
        /// The manifest or record that refers to it.
        by: PathBuf,
        /// `object` or `tree`.
        what: &'static str,
        /// Its digest.
        digest: Digest,
    },
}

impl Fault {
    /// The file that should go; nothing for what is missing.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Damaged { path, .. } | Self::Unreadable { path, .. } | Self::Stray { path } => {
                Some(path)
            }
            Self::Missing { .. } => None,
        }
    }
}

/// A file whose name says what its bytes should hash to.
struct Named {
    path: PathBuf,
    digest: Option<Digest>,
    is_tree: bool,
}

/// What a sound one says: the digests that it refers to.
enum Checked {
    Sound { referred: Vec<Digest> },
    Wrong(Fault),
}

impl Store {
    /// Hashes all objects and trees again and looks up what trees and path records refer to; the faults, sorted.
    pub fn verify(&self) -> Result<Vec<Fault>> {
        let named = self.named()?;
        let checked = parallel::try_map(&named, |file| Ok::<_, Error>(check(file)))?;
        let mut faults = Vec::new();
        let (mut objects, mut trees) = (HashSet::new(), HashSet::new());
        for (file, checked) in named.iter().zip(&checked) {
            match (checked, file.digest) {
                (Checked::Wrong(fault), _) => faults.push(fault.clone()),
                (Checked::Sound { .. }, Some(digest)) if file.is_tree => drop(trees.insert(digest)),
                (Checked::Sound { .. }, Some(digest)) => drop(objects.insert(digest)),
                (Checked::Sound { .. }, None) => {}
            }
        }
        for (file, checked) in named.iter().zip(checked) {
            let Checked::Sound { referred } = checked else {
                continue;
            };
            let missing = referred
                .into_iter()
                .filter(|digest| !objects.contains(digest));
            let missing: HashSet<Digest> = missing.collect();
            let by = &file.path;
            faults.extend(missing.into_iter().map(|digest| Fault::Missing {
                by: by.clone(),
                what: "object",
                digest,
            }));
        }
        self.verify_records(&objects, &trees, &mut faults)?;
        faults.sort();
        Ok(faults)
    }

    /// Moves what is damaged, unreadable or stray out of the way; returns how many files that were.
    pub fn quarantine(&self, _lock: &crate::Lock, faults: &[Fault]) -> Result<usize> {
        let mut moved = 0;
        for path in faults.iter().filter_map(Fault::path) {
            let name = path.file_name().unwrap_or_default();
            let place = self.layout.quarantine().join(name);
            files::remove_all(&place)?;
            fs::rename(path, &place).act("quarantine", path)?;
            moved += 1;
        }
        self.commit()?;
        Ok(moved)
    }

    fn named(&self) -> Result<Vec<Named>> {
        let mut named = Vec::new();
        let trees = self.layout.trees();
        for name in files::names_in(&trees)? {
            named.push(Named {
                path: trees.join(&name),
                digest: name.parse().ok(),
                is_tree: true,
            });
        }
        for shard in files::names_in(&self.layout.objects())? {
            let folder = self.layout.objects().join(&shard);
            for name in files::names_in(&folder)? {
                let (hex, executable) = name
                    .strip_suffix(".x")
                    .map_or((name.as_str(), false), |hex| (hex, true));
                let digest = hex.parse().ok();
                let at_home = |digest: &Digest| {
                    Layout::object_name(digest, executable) == format!("{shard}/{name}")
                };
                named.push(Named {
                    path: folder.join(&name),
                    digest: digest.filter(at_home),
                    is_tree: false,
                });
            }
        }
        Ok(named)
    }

    fn verify_records(
        &self,
        objects: &HashSet<Digest>,
        trees: &HashSet<Digest>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        let folder = self.layout.paths();
        for name in files::names_in(&folder)? {
            let by = folder.join(&name);
            let record = name.parse().map(|path| self.path_record(&path));
            match record {
                Ok(Ok(Some(record))) => match record.content {
                    Content::File { digest, .. } if !objects.contains(&digest) => {
                        faults.push(Fault::Missing {
                            by,
                            what: "object",
                            digest,
                        });
                    }
                    Content::Tree { digest } if !trees.contains(&digest) => {
                        faults.push(Fault::Missing {
                            by,
                            what: "tree",
                            digest,
                        });
                    }
                    _ => {}
                },
                Ok(Ok(None)) => {}
                Ok(Err(error)) => faults.push(Fault::Unreadable {
                    path: by,
                    why: error.to_string(),
                }),
                Err(_) => faults.push(Fault::Stray { path: by }),
            }
        }
        Ok(())
    }
}

fn check(file: &Named) -> Checked {
    let path = file.path.clone();
    let Some(digest) = file.digest else {
        return Checked::Wrong(Fault::Stray { path });
    };
    let unreadable = |why: String| {
        Checked::Wrong(Fault::Unreadable {
            path: path.clone(),
            why,
        })
    };
    if !file.is_tree {
        let hashed = File::open(&path).map_err(|error| error.to_string());
        let hashed = hashed
            .and_then(|mut file| hash_of(&mut file, &path).map_err(|error| error.to_string()));
        return match hashed {
            Ok((found, _)) if found == digest => Checked::Sound {
                referred: Vec::new(),
            },
            Ok((found, _)) => Checked::Wrong(Fault::Damaged { path, found }),
            Err(why) => unreadable(why),
        };
    }
    let text = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(error.to_string()),
    };
    let found = Digest::of(&text);
    if found != digest {
        return Checked::Wrong(Fault::Damaged { path, found });
    }
    let Ok(text) = String::from_utf8(text) else {
        return unreadable("it is not UTF-8".into());
    };
    match Tree::decode(&text) {
        Ok(_) => Checked::Sound {
            referred: file_digests(&text).collect(),
        },
        Err(error) => unreadable(error.to_string()),
    }
}
