//! The state partition: what outlives generations.
//!
//! In: its device. `/var`, `/home`, `/root` and `/srv` are its folders; what a generation brings for them is copied
//! once. dpkg's database belongs to the generation, so the root's own is put over `/var/lib/dpkg`.

use crate::copy::Copy;
use crate::error::{Error, act};
use crate::{ROOT, STATE};
use rustix::mount::{MountFlags, mount_bind, mount_move, mount_remount};
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Folders that the machine keeps, with their modes.
const KEPT: [(&str, u32); 4] = [
    ("var", 0o755),
    ("home", 0o755),
    ("root", 0o700),
    ("srv", 0o755),
];
/// Belongs to the generation although it lies below `/var`.
const DPKG: &str = "lib/dpkg";
/// Says which root was copied from last.
const FILLED: &str = "var/lib/cairn/filled-from";
/// Where the generation's dpkg database waits while `/var` is put over it.
const ASIDE: &str = "/dpkg";

/// Mounts the partition.
pub fn mount(device: &Path) -> Result<(), Error> {
    act("make the mount points", fs::create_dir_all(STATE))?;
    let flags = MountFlags::NOATIME;
    let mounted = rustix::mount::mount(device, STATE, "ext4", flags, None);
    act(
        format!("mount the state partition {}", device.display()),
        mounted,
    )
}

/// Copies what this root brings for kept folders and the machine doesn't have yet, once for each root.
pub fn fill(root: &str) -> Result<(), Error> {
    let state = Path::new(STATE);
    for (name, mode) in KEPT {
        act(format!("make /{name}"), make(&state.join(name), mode))?;
    }
    let filled = state.join(FILLED);
    if fs::read_to_string(&filled).is_ok_and(|text| text.trim() == root) {
        return Ok(());
    }
    let mut copy = Copy::default();
    for (name, _) in KEPT {
        let from = Path::new(ROOT).join(name);
        if from.is_dir() {
            let copied = copy.missing(&from, &state.join(name), &[DPKG]);
            act(format!("copy the generation's /{name}"), copied)?;
        }
    }
    act("write what was copied", copy.finish(state))?;
    let marked = fs::create_dir_all(state.join("var/lib/cairn"))
        .and_then(|()| fs::write(&filled, format!("{root}\n")));
    act("note what was copied", marked)
}

fn make(folder: &Path, mode: u32) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(mode))
}

/// Puts the kept folders and the store into the root.
pub fn bind() -> Result<(), Error> {
    let dpkg = format!("{ROOT}/var/{DPKG}");
    let has_dpkg = Path::new(&dpkg).is_dir();
    if has_dpkg {
        act("make the mount points", fs::create_dir_all(ASIDE))?;
        act("set dpkg's database aside", mount_bind(&*dpkg, ASIDE))?;
    }
    for (name, _) in KEPT {
        let (from, to) = (format!("{STATE}/{name}"), format!("{ROOT}/{name}"));
        act(format!("bind /{name}"), mount_bind(&*from, &*to))?;
    }
    if has_dpkg {
        act("make /var/lib/dpkg", fs::create_dir_all(&dpkg))?;
        act("bind /var/lib/dpkg", mount_move(ASIDE, &*dpkg))?;
    }
    let (from, to) = (format!("{STATE}/cairn"), format!("{ROOT}/cairn"));
    act("bind /cairn", mount_bind(&*from, &*to))?;
    for name in ["store", "objects"] {
        let place = format!("{ROOT}/cairn/{name}");
        let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOATIME;
        act(format!("make /cairn/{name}"), fs::create_dir_all(&place))?;
        act(format!("bind /cairn/{name}"), mount_bind(&*place, &*place))?;
        act(
            format!("close /cairn/{name}"),
            mount_remount(&*place, flags, ""),
        )?;
    }
    Ok(())
}
