//! The mounts of a sandbox: made detached while the host's files are still in sight, attached when they no longer are.
//!
//! In: [`Mount`]s. Out: [`Piece`]s, then mount points in the new root. Symlinks in a target can therefore never lead to the host.

use super::{Step, StepError};
use crate::sandbox::Mount;
use crate::syscalls::{
    MOUNT_NO_DEVICES, MOUNT_NO_EXEC, MOUNT_NO_SETID, MOUNT_READ_ONLY, add_mount_attributes,
};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, open, statat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, UnmountFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount,
    mount_change, move_mount, open_tree, unmount,
};
use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Device nodes that are taken over from the host.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Bytes that `/dev` and `/dev/shm` may take.
const DEV_SIZE: u64 = 1 << 20;
const SHM_SIZE: u64 = 1 << 28;
/// An inode of a file system in memory for each of so many bytes: an empty file takes no page, and a kilobyte of the kernel's memory.
const BYTES_AN_INODE: u64 = 1 << 14;
const LEAST_INODES: u64 = 1 << 10;
/// Parts of `/proc` that act on the host when written by its root.
const PROC_READ_ONLY: [&str; 12] = [
    "sys",
    "sysrq-trigger",
    "irq",
    "bus",
    "fs",
    "acpi",
    "asound",
    "driver",
    "dynamic_debug",
    "mtrr",
    "scsi",
    "pressure",
];
/// Parts of `/proc` that tell about the host.
const PROC_MASKED: [&str; 14] = [
    "kcore",
    "keys",
    "key-users",
    "kmsg",
    "kpagecount",
    "kpageflags",
    "kpagecgroup",
    "iomem",
    "ioports",
    "interrupts",
    "vmallocinfo",
    "timer_list",
    "sched_debug",
    "latency_stats",
];

/// A mount that is not yet in the tree.
pub(super) struct Piece {
    target: String,
    tree: OwnedFd,
    is_dir: bool,
    /// Attached below the target afterwards.
    within: Vec<Piece>,
    kind: Kind,
}

#[derive(PartialEq)]
enum Kind {
    Plain,
    Proc,
    Dev,
}

/// Mount points that were made here and go away with the sandbox.
#[derive(Default)]
pub(super) struct Made {
    mounted: Vec<String>,
    created: Vec<(PathBuf, bool)>,
}

/// Cuts the mounts of this namespace off from the host's.
pub(super) fn make_private() -> Result<(), StepError> {
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .step(|| "make the mounts private".to_owned())
}

/// Makes a mount detached. `scratch` is a folder that may be mounted over for a moment.
pub(super) fn prepare(wanted: &Mount, scratch: &Path) -> Result<Piece, StepError> {
    match wanted {
        Mount::Bind {
            from,
            to,
            read_only,
        } => bind(from, to, *read_only),
        Mount::Tmpfs { to, size, mode } => {
            tmpfs(to, *size, *mode, MountAttrFlags::MOUNT_ATTR_NOSUID)
        }
        Mount::Proc => Ok(Piece {
            kind: Kind::Proc,
            ..file_system("proc", &[], "/proc", sealed())?
        }),
        Mount::DevMinimal => devices(),
        Mount::Overlay { to, lowers, upper } => {
            let upper = upper
                .as_ref()
                .map(|(upper, work)| (upper.as_path(), work.as_path()));
            mount_overlay(lowers, upper, scratch)?;
            let tree = clone_tree(scratch).step(|| format!("take over the overlay for {to}"))?;
            unmount(scratch, UnmountFlags::DETACH)
                .step(|| format!("unmount {}", scratch.display()))?;
            Ok(Piece {
                target: to.clone(),
                tree,
                is_dir: true,
                within: Vec::new(),
                kind: Kind::Plain,
            })
        }
    }
}

fn sealed() -> MountAttrFlags {
    MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC
}

fn clone_tree(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    open_tree(CWD, path, flags)
}

/// A detached copy of what is mounted at this path.
pub(super) fn bind(from: &Path, to: &str, read_only: bool) -> Result<Piece, StepError> {
    let tree = clone_tree(from).step(|| format!("bind {}", from.display()))?;
    let attributes =
        MOUNT_NO_DEVICES | MOUNT_NO_SETID | if read_only { MOUNT_READ_ONLY } else { 0 };
    add_mount_attributes(tree.as_fd(), attributes)
        .step(|| format!("restrict the mount of {}", from.display()))?;
    let is_dir = is_dir(&tree).step(|| format!("look at {}", from.display()))?;
    Ok(Piece {
        target: to.to_owned(),
        tree,
        is_dir,
        within: Vec::new(),
        kind: Kind::Plain,
    })
}

fn is_dir(tree: &OwnedFd) -> rustix::io::Result<bool> {
    let stat = statat(tree, "", AtFlags::EMPTY_PATH)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// A new file system, detached.
fn file_system(
    name: &str,
    options: &[(&str, &str)],
    to: &str,
    flags: MountAttrFlags,
) -> Result<Piece, StepError> {
    let step = || format!("make a file system {name} for {to}");
    let context = fsopen(name, FsOpenFlags::FSOPEN_CLOEXEC).step(step)?;
    for (key, value) in options {
        fsconfig_set_string(&context, *key, *value).step(step)?;
    }
    fsconfig_create(&context).step(step)?;
    let tree = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags).step(step)?;
    Ok(Piece {
        target: to.to_owned(),
        tree,
        is_dir: true,
        within: Vec::new(),
        kind: Kind::Plain,
    })
}

/// An empty file system in memory, detached.
pub(super) fn tmpfs(
    to: &str,
    size: u64,
    mode: u32,
    flags: MountAttrFlags,
) -> Result<Piece, StepError> {
    let inodes = (size / BYTES_AN_INODE).max(LEAST_INODES);
    let options = [
        ("size", size.to_string()),
        ("nr_inodes", inodes.to_string()),
        ("mode", format!("{mode:o}")),
    ];
    let options = options
        .each_ref()
        .map(|(key, value)| (*key, value.as_str()));
    file_system("tmpfs", &options, to, flags)
}

fn devices() -> Result<Piece, StepError> {
    let no_setid = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let mut within = Vec::new();
    for name in DEVICES {
        let from = PathBuf::from("/dev").join(name);
        let tree = clone_tree(&from).step(|| format!("bind {}", from.display()))?;
        // Devices are written through a read-only mount all the same, but their modes and owners, which are the host's, stay.
        let attributes = MOUNT_NO_SETID | MOUNT_NO_EXEC | MOUNT_READ_ONLY;
        add_mount_attributes(tree.as_fd(), attributes)
            .step(|| format!("restrict the mount of {}", from.display()))?;
        within.push(Piece {
            target: format!("/dev/{name}"),
            tree,
            is_dir: false,
            within: vec![],
            kind: Kind::Plain,
        });
    }
    let terminals = [("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")];
    within.push(file_system("devpts", &terminals, "/dev/pts", no_setid)?);
    within.push(tmpfs("/dev/shm", SHM_SIZE, 0o1777, sealed())?);
    Ok(Piece {
        kind: Kind::Dev,
        within,
        ..tmpfs("/dev", DEV_SIZE, 0o755, no_setid)?
    })
}

/// Mounts an overlay over a folder. Layers are named by descriptor, so neither the length of paths nor `:` and `,` in
/// them matter; the options fit for 500 layers.
pub(super) fn mount_overlay(
    lowers: &[PathBuf],
    upper: Option<(&Path, &Path)>,
    over: &Path,
) -> Result<(), StepError> {
    let layer = |path: &Path| {
        open(
            path,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .step(|| format!("open the overlay's layer {}", path.display()))
    };
    let lower_fds = lowers
        .iter()
        .map(|path| layer(path))
        .collect::<Result<Vec<_>, _>>()?;
    let numbers: Vec<String> = lower_fds
        .iter()
        .map(|fd| fd.as_raw_fd().to_string())
        .collect();
    let mut options = vec![format!("lowerdir={}", numbers.join(":"))];
    let mut held = Vec::new();
    let mut flags = MountFlags::NODEV;
    if let Some((upper, work)) = upper {
        // Left by an earlier run: "volatile" says that a crash would spoil the layer; there was none, or it would be gone.
        let _ = fs::remove_dir_all(work.join("work/incompat"));
        let (upper_fd, work_fd) = (layer(upper)?, layer(work)?);
        let (upper_number, work_number) = (upper_fd.as_raw_fd(), work_fd.as_raw_fd());
        options.push(format!(
            "upperdir={upper_number},workdir={work_number},volatile"
        ));
        held.extend([upper_fd, work_fd]);
    } else {
        flags |= MountFlags::RDONLY;
    }
    options.push("userxattr,index=off,metacopy=off,redirect_dir=nofollow".to_owned());
    let over_fd = layer(over)?;
    let target = format!("/proc/self/fd/{}", over_fd.as_raw_fd());
    let step = || format!("mount an overlay of {} layers", lowers.len());
    std::env::set_current_dir("/proc/self/fd").step(|| "enter /proc/self/fd".to_owned())?;
    let options = CString::new(options.join(","))
        .map_err(std::io::Error::from)
        .step(step)?;
    let mounted = mount("overlay", &target, "overlay", flags, options.as_c_str()).step(step);
    std::env::set_current_dir("/").step(|| "enter /".to_owned())?;
    mounted
}

impl Piece {
    /// Attaches the mount at a folder of the host, before the root is changed.
    pub(super) fn attach_as_root(self, at: &Path) -> Result<(), StepError> {
        attach(&self.tree, at).step(|| format!("mount the root on {}", at.display()))
    }

    /// Whether the mount is `/dev`, which others need.
    pub(super) fn comes_first(&self) -> bool {
        self.kind == Kind::Dev
    }

    /// Attaches the mount in the new root; its mount point is made where it is missing.
    pub(super) fn attach(self, made: &mut Made) -> Result<(), StepError> {
        let target = PathBuf::from(&self.target);
        make_mount_point(&target, self.is_dir, made)?;
        attach(&self.tree, &target).step(|| format!("mount {}", self.target))?;
        made.mounted.push(self.target.clone());
        match self.kind {
            Kind::Plain => {}
            Kind::Proc => mask_proc()?,
            Kind::Dev => finish_dev(self.within)?,
        }
        Ok(())
    }
}

fn attach(tree: &OwnedFd, at: &Path) -> rustix::io::Result<()> {
    move_mount(
        tree,
        "",
        CWD,
        at,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS,
    )
}

fn make_mount_point(target: &Path, is_dir: bool, made: &mut Made) -> Result<(), StepError> {
    if target.exists() {
        return Ok(());
    }
    let step = || format!("make the mount point {}", target.display());
    let missing: Vec<&Path> = target.ancestors().take_while(|p| !p.exists()).collect();
    for path in missing.into_iter().rev() {
        let folder = is_dir || path != target;
        if folder {
            fs::create_dir(path).step(step)?;
        } else {
            fs::File::create_new(path).step(step)?;
        }
        made.created.push((path.to_owned(), folder));
    }
    Ok(())
}

fn finish_dev(devices: Vec<Piece>) -> Result<(), StepError> {
    let mut within = Made::default();
    for device in devices {
        device.attach(&mut within)?;
    }
    let links = [
        ("pts/ptmx", "/dev/ptmx"),
        ("/proc/self/fd", "/dev/fd"),
        ("/proc/self/fd/0", "/dev/stdin"),
        ("/proc/self/fd/1", "/dev/stdout"),
        ("/proc/self/fd/2", "/dev/stderr"),
    ];
    for (to, link) in links {
        std::os::unix::fs::symlink(to, link).step(|| format!("make {link}"))?;
    }
    Ok(())
}

fn mask_proc() -> Result<(), StepError> {
    for name in PROC_READ_ONLY {
        let path = Path::new("/proc").join(name);
        if path.exists() {
            let step = || format!("make {} read-only", path.display());
            let tree = clone_tree(&path).step(step)?;
            add_mount_attributes(tree.as_fd(), MOUNT_READ_ONLY).step(step)?;
            attach(&tree, &path).step(step)?;
        }
    }
    let null = Path::new("/dev/null");
    for name in PROC_MASKED {
        let path = Path::new("/proc").join(name);
        if path.exists() && null.exists() {
            let step = || format!("mask {}", path.display());
            attach(&clone_tree(null).step(step)?, &path).step(step)?;
        }
    }
    Ok(())
}

impl Made {
    /// Unmounts everything and removes the mount points that were made and are empty.
    pub(super) fn take_down(self) {
        for target in self.mounted.iter().rev() {
            let _ = unmount(target.as_str(), UnmountFlags::DETACH);
        }
        for (path, folder) in self.created.iter().rev() {
            if *folder {
                let _ = fs::remove_dir(path);
            } else if fs::metadata(path).is_ok_and(|m| m.len() == 0) {
                let _ = fs::remove_file(path);
            }
        }
    }
}
