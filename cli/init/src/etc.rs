//! `/etc`: what the generation declares below, edits above in memory.
//!
//! In: the policy. Both policies are one overlay; the immutable one is closed once the machine's id is in it.

use crate::command_line::Etc;
use crate::error::{Error, act};
use crate::{ROOT, STATE, root};
use rustix::fs::Mode;
use rustix::mount::{MountFlags, mount_bind, mount_remount};
use rustix::rand::{GetRandomFlags, getrandom};
use std::fs;
use std::path::Path;

/// The upper layer; only root may look into `/run/cairn`.
const UPPER: &str = "/run/cairn/etc";

/// Mounts the overlay.
pub fn mount() -> Result<(), Error> {
    for folder in [
        "/run/cairn",
        UPPER,
        "/run/cairn/etc/upper",
        "/run/cairn/etc/work",
    ] {
        act(format!("make {folder}"), fs::create_dir_all(folder))?;
    }
    let mode = Mode::from_raw_mode(0o700);
    act("close /run/cairn", rustix::fs::chmod("/run/cairn", mode))?;
    let options = root::layers("/etc", Some(UPPER))?;
    let place = format!("{ROOT}/etc");
    let mounted = rustix::mount::mount("etc", &*place, "overlay", MountFlags::empty(), &*options);
    act("mount /etc", mounted)
}

/// Puts the machine's id into place, and closes `/etc` if edits are to be refused.
pub fn settle(policy: Etc) -> Result<(), Error> {
    let id = act("read or make the machine's id", machine_id())?;
    let place = format!("{ROOT}/etc/machine-id");
    act("write /etc/machine-id", fs::write(&place, id))?;
    let readable = Mode::from_raw_mode(0o444);
    act(
        "write /etc/machine-id",
        rustix::fs::chmod(&*place, readable),
    )?;
    if policy == Etc::Immutable {
        let etc = format!("{ROOT}/etc");
        let flags = MountFlags::BIND | MountFlags::RDONLY;
        act("close /etc", mount_bind(&*etc, &*etc))?;
        act("close /etc", mount_remount(&*etc, flags, ""))?;
    }
    Ok(())
}

/// The id that the machine keeps through all generations; made at the first boot.
///
/// Source: machine-id(5).
fn machine_id() -> std::io::Result<String> {
    let folder = Path::new(STATE).join("var/lib/cairn");
    let path = folder.join("machine-id");
    if let Ok(id) = fs::read_to_string(&path)
        && id.len() == 33
    {
        return Ok(id);
    }
    let mut bytes = [0_u8; 16];
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    // A random id in the sense of RFC 9562, as systemd makes them.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let id = format!("{:032x}\n", u128::from_be_bytes(bytes));
    fs::create_dir_all(&folder)?;
    let new = folder.join("machine-id.new");
    fs::write(&new, &id)?;
    fs::File::open(&new)?.sync_all()?;
    fs::rename(&new, &path)?;
    Ok(id)
}
