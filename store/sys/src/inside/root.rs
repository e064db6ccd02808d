//! The root file system: mounted, filled and entered.
//!
//! In: [`Spec::root`] and [`Spec::mounts`]. Out: this process sees them and nothing else. Keeps no way back to the host.

use super::mounts::{self, Made};
use super::{Step, StepError};
use crate::sandbox::{RootFs, Spec};
use rustix::mount::{MountAttrFlags, UnmountFlags, unmount};
use rustix::process::{Resource, Rlimit, getrlimit, pivot_root, setrlimit};
use std::path::{Path, PathBuf};

/// Folders of the host that may serve as a place to mount on; nothing is written to them.
const PLACES: [&str; 5] = ["/tmp", "/run", "/mnt", "/var", "/usr"];

/// Makes the root, changes to it and attaches the mounts.
pub(super) fn enter(spec: &Spec) -> Result<Made, StepError> {
    raise_descriptor_limit();
    let place = PLACES
        .iter()
        .map(PathBuf::from)
        .find(|p| p.is_dir())
        .ok_or_else(|| StepError {
            step: "find a folder to mount the root on".to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
    // Masking parts of /proc takes /dev/null, so that /dev is attached first; otherwise the order is the caller's.
    let pieces = spec
        .mounts
        .iter()
        .map(|m| mounts::prepare(m, &place))
        .collect::<Result<Vec<_>, _>>()?;
    mount_root(&spec.root, &place)?;
    std::env::set_current_dir(&place).step(|| format!("enter {}", place.display()))?;
    pivot_root(".", ".").step(|| "change the root".to_owned())?;
    unmount(".", UnmountFlags::DETACH).step(|| "unmount the host's root".to_owned())?;
    std::env::set_current_dir("/").step(|| "enter /".to_owned())?;
    let mut made = Made::default();
    let (first, rest): (Vec<_>, Vec<_>) = pieces.into_iter().partition(mounts::Piece::comes_first);
    for piece in first.into_iter().chain(rest) {
        piece.attach(&mut made)?;
    }
    Ok(made)
}

fn mount_root(root: &RootFs, place: &Path) -> Result<(), StepError> {
    match root {
        RootFs::Overlay {
            lowers,
            upper,
            work,
        } => mounts::mount_overlay(lowers, Some((upper, work)), place),
        RootFs::Directory { path, read_only } => {
            mounts::bind(path, "/", *read_only)?.attach_as_root(place)
        }
        RootFs::Tmpfs { size } => {
            mounts::tmpfs("/", *size, 0o755, MountAttrFlags::MOUNT_ATTR_NODEV)?
                .attach_as_root(place)
        }
    }
}

/// An overlay's layers are held open, one descriptor each.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
