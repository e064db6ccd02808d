//! Objects and manifests: hashed, decoded, and everything that they refer to looked up.
//!
//! In: the folders of objects and trees. Out: what is sound, for the checks that follow, and the faults of the rest.

use super::Fault;
use crate::error::{Error, Result};
use crate::files;
use crate::hashing::hash_file;
use crate::layout::Layout;
use crate::parallel;
use crate::store::Store;
use cairn_graph::tree::encoding::file_digests;
use cairn_graph::{Digest, Tree};
use rustix::fs::{self as rfs, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// An inode: device and number.
pub(crate) type Inode = (u64, u64);

/// What of the contents is sound.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Objects whose bytes are right: digest and whether the executable one → inode.
    pub objects: HashMap<(Digest, bool), Inode>,
    /// Manifests whose bytes are right and that are trees.
    pub trees: HashSet<Digest>,
    /// Inodes of objects that have a fault of their own.
    pub faulty: HashSet<Inode>,
}

/// A file whose name says what its bytes should hash to.
struct Named {
    /// Relative to the folder of objects, or of trees.
    name: String,
    digest: Option<Digest>,
    executable: bool,
}

/// What became of an object.
struct Hashed {
    inode: Option<Inode>,
    sound: bool,
    fault: Option<Fault>,
}

/// What a manifest refers to, or what is wrong with it.
type Checked = std::result::Result<Option<BTreeSet<Digest>>, Fault>;

impl Contents {
    /// Hashes everything.
    pub(crate) fn check(store: &Store, faults: &mut Vec<Fault>) -> Result<Self> {
        let mut contents = Self::default();
        // What refers is listed before what it refers to: others may add meanwhile.
        let folder = store.layout.trees();
        let trees: Vec<Named> = files::names_in(&folder)?
            .into_iter()
            .map(|name| Named {
                digest: name.parse().ok(),
                name,
                executable: false,
            })
            .collect();
        let objects = named_objects(&store.layout)?;
        let hashed = parallel::try_map_large(&objects, |object| {
            Ok::<_, Error>(check_object(store, object))
        })?;
        for (object, hashed) in objects.iter().zip(hashed) {
            if hashed.fault.is_some() {
                contents.faulty.extend(hashed.inode);
            }
            if let (true, Some(digest), Some(inode)) = (hashed.sound, object.digest, hashed.inode) {
                contents.objects.insert((digest, object.executable), inode);
            }
            faults.extend(hashed.fault);
        }
        let read = parallel::try_map_large(&trees, |tree| {
            Ok::<_, Error>(check_tree(&folder.join(&tree.name), tree.digest))
        })?;
        for (tree, read) in trees.iter().zip(read) {
            match read {
                Ok(None) => {}
                Err(fault) => faults.push(fault),
                Ok(Some(referred)) => {
                    contents.trees.extend(tree.digest);
                    let missing = referred.into_iter().filter(|one| !contents.has(one));
                    faults.extend(missing.map(|digest| Fault::Missing {
                        by: folder.join(&tree.name),
                        what: "object",
                        digest,
                    }));
                }
            }
        }
        Ok(contents)
    }

    /// Believes names and hashes nothing: for a store that was just verified and mended.
    pub(crate) fn observe(store: &Store) -> Result<Self> {
        let mut contents = Self::default();
        for object in named_objects(&store.layout)? {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            let stat = rfs::statat(&store.objects, object.name.as_str(), flags);
            if let (Some(digest), Ok(stat)) = (object.digest, stat)
                && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            {
                let inode = (stat.st_dev, stat.st_ino);
                contents.objects.insert((digest, object.executable), inode);
            }
        }
        let trees = files::names_in(&store.layout.trees())?;
        contents.trees = trees.iter().filter_map(|name| name.parse().ok()).collect();
        Ok(contents)
    }

    /// Whether the object is there and sound, executable or not.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        [false, true]
            .iter()
            .any(|form| self.objects.contains_key(&(*digest, *form)))
    }
}

fn named_objects(layout: &Layout) -> Result<Vec<Named>> {
    let mut named = Vec::new();
    for shard in files::names_in(&layout.objects())? {
        let folder = layout.objects().join(&shard);
        if !folder.is_dir() {
            named.push(Named {
                name: shard,
                digest: None,
                executable: false,
            });
            continue;
        }
        for name in files::names_in(&folder)? {
            let (hex, executable) = name
                .strip_suffix(".x")
                .map_or((name.as_str(), false), |hex| (hex, true));
            let digest: Option<Digest> = hex.parse().ok();
            let name = format!("{shard}/{name}");
            let at_home = |digest: &Digest| Layout::object_name(digest, executable) == name;
            named.push(Named {
                digest: digest.filter(at_home),
                executable,
                name,
            });
        }
    }
    Ok(named)
}

fn check_object(store: &Store, object: &Named) -> Hashed {
    let path = || store.layout.objects().join(&object.name);
    let mut hashed = Hashed {
        inode: None,
        sound: false,
        fault: None,
    };
    let Some(digest) = object.digest else {
        hashed.fault = Some(Fault::Stray { path: path() });
        return hashed;
    };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rfs::openat(&store.objects, object.name.as_str(), flags, Mode::empty());
    let opened = opened.and_then(|file| Ok((rfs::fstat(&file)?, file)));
    let (stat, file) = match opened {
        Ok(opened) => opened,
        // A collection took it away; whatever still refers to it misses it.
        Err(Errno::NOENT) => return hashed,
        Err(error) => {
            hashed.fault = Some(unreadable(path(), error.to_string()));
            return hashed;
        }
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        hashed.fault = Some(unreadable(path(), "it is no file".into()));
        return hashed;
    }
    hashed.inode = Some((stat.st_dev, stat.st_ino));
    match hash_file(&mut File::from(file)) {
        Err(error) => hashed.fault = Some(unreadable(path(), error.to_string())),
        Ok((found, _)) if found != digest => {
            hashed.fault = Some(Fault::Damaged {
                path: path(),
                found,
            });
        }
        Ok(_) => {
            hashed.sound = true;
            let (found, right) = (
                stat.st_mode & 0o7777,
                if object.executable { 0o755 } else { 0o644 },
            );
            hashed.fault = (found != right).then(|| Fault::Mode {
                path: path(),
                found,
                right,
            });
        }
    }
    hashed
}

fn unreadable(path: PathBuf, why: String) -> Fault {
    Fault::Unreadable { path, why }
}

/// The digests that a manifest refers to, each once, or what is wrong with it; nothing where it is gone by now.
fn check_tree(path: &Path, digest: Option<Digest>) -> Checked {
    let digest = digest.ok_or_else(|| Fault::Stray { path: path.into() })?;
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path.into(), error.to_string())),
    };
    let found = Digest::of(&bytes);
    if found != digest {
        return Err(Fault::Damaged {
            path: path.into(),
            found,
        });
    }
    let text =
        String::from_utf8(bytes).map_err(|_| unreadable(path.into(), "it is not UTF-8".into()))?;
    match Tree::decode(&text) {
        Ok(_) => Ok(Some(file_digests(&text).collect())),
        Err(error) => Err(unreadable(path.into(), error.to_string())),
    }
}
