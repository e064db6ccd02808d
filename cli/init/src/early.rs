//! The kernel's own file systems, and modules.
//!
//! In: the list in the initrd. Modules that this machine has no use for fail to load; that stops nothing, because what
//! was needed shows when it is used.

use crate::console;
use crate::error::{Error, act};
use crate::watchdog::Watchdog;
use rustix::mount::{MountFlags, mount};
use std::ffi::CStr;
use std::fs::{self, File};

const LIST: &str = "/lib/modules/cairn.modules";

/// Mounts `/proc`, `/sys`, `/dev` and `/run`.
pub fn mount_kernel_file_systems() -> Result<(), Error> {
    let closed = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let plain: Option<&CStr> = None;
    let points = [
        ("/proc", "proc", closed, plain),
        ("/sys", "sysfs", closed, plain),
        ("/dev", "devtmpfs", MountFlags::NOSUID, Some(c"mode=0755")),
        (
            "/run",
            "tmpfs",
            MountFlags::NOSUID | MountFlags::NODEV,
            Some(c"mode=0755,size=20%"),
        ),
    ];
    for (point, kind, flags, options) in points {
        let made = fs::create_dir_all(point);
        act(format!("make {point}"), made)?;
        act(
            format!("mount {point}"),
            mount(kind, point, kind, flags, options),
        )?;
    }
    Ok(())
}

/// Loads what the initrd lists, in order, until the file systems are there and `found` says that the disk is too.
///
/// The rest is left to udev, which loads only what the machine has.
pub fn load_modules(watchdog: &mut Watchdog, mut found: impl FnMut() -> bool) {
    let list = fs::read_to_string(LIST).unwrap_or_default();
    let mut failed = Vec::new();
    let mut enough = false;
    for path in list.lines() {
        if !enough {
            let loaded =
                File::open(path).and_then(|file| Ok(rustix::system::finit_module(&file, c"", 0)?));
            if loaded.is_err() {
                failed.push(path.rsplit('/').next().unwrap_or(path));
            }
            watchdog.pet();
            enough = has_file_systems() && found();
        }
        // Loaded or not wanted: the file only takes memory.
        let _ = fs::remove_file(path);
    }
    if !failed.is_empty() {
        console::say(&format!("modules without use here: {}", failed.join(" ")));
    }
}

fn has_file_systems() -> bool {
    let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let has = |name: &str| {
        known
            .lines()
            .any(|line| line.split('\t').nth(1) == Some(name))
    };
    ["ext4", "erofs", "overlay"].into_iter().all(has)
}
