//! Finds the boot partition among the mounts.
//!
//! In: the text of `/proc/self/mountinfo`. Out: what is on top at a folder. Source: proc(5), "mountinfo".

use std::path::{Path, PathBuf};

/// What is mounted at a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mounted {
    /// A FAT file system.
    Fat {
        /// Whether it refuses writes.
        read_only: bool,
    },
    /// What mounts itself when somebody looks.
    Automount,
    /// Something else, or nothing.
    Other,
}

/// What is on top at `folder`: of several mounts the last covers the others.
pub(crate) fn at(text: &str, folder: &Path) -> Mounted {
    let mut mounted = text.lines().filter_map(Line::parse);
    let top = mounted.rfind(|line| line.folder == folder);
    match top.as_ref().map(|line| line.kind) {
        Some("vfat") => Mounted::Fat {
            read_only: top.is_some_and(|line| line.read_only),
        },
        Some("autofs") => Mounted::Automount,
        _ => Mounted::Other,
    }
}

struct Line<'a> {
    folder: PathBuf,
    kind: &'a str,
    read_only: bool,
}

impl<'a> Line<'a> {
    /// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
    fn parse(text: &'a str) -> Option<Self> {
        let (mount, file_system) = text.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(4);
        let (folder, options) = (mount.next()?, mount.next()?);
        let mut file_system = file_system.split(' ');
        let kind = file_system.next()?;
        let super_options = file_system.nth(1).unwrap_or_default();
        let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
        Some(Self {
            folder: unescape(folder).into(),
            kind,
            read_only: is_read_only(options) || is_read_only(super_options),
        })
    }
}

/// Blanks and backslashes are written as three octal digits.
fn unescape(text: &str) -> String {
    let mut plain = text.to_owned();
    // The backslash last: what it gives must not be read as the beginning of another.
    for (escaped, letter) in [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ] {
        plain = plain.replace(escaped, letter);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
22 1 8:2 / / ro,relatime shared:1 - overlay overlay rw,lowerdir=x
40 22 0:35 / /efi rw,relatime shared:9 - autofs systemd-1 rw,fd=51,pgrp=1
41 40 8:1 / /efi rw,nosuid,nodev,noexec shared:10 master:2 - vfat /dev/sda1 rw,fmask=0077
50 22 8:3 / /boot rw - ext4 /dev/sda3 rw
51 50 8:1 / /boot/efi ro,relatime - vfat /dev/sda1 rw
52 50 8:1 / /my\\040boot rw,relatime - vfat /dev/sda1 ro
";

    #[test]
    fn the_top_mount_counts() {
        let at = |folder: &str| at(TEXT, Path::new(folder));
        assert_eq!(at("/efi"), Mounted::Fat { read_only: false });
        assert_eq!(at("/boot"), Mounted::Other);
        assert_eq!(at("/boot/efi"), Mounted::Fat { read_only: true });
        assert_eq!(at("/my boot"), Mounted::Fat { read_only: true });
        assert_eq!(at("/nowhere"), Mounted::Other);
        let (before, _) = TEXT.split_once("41 40").unwrap_or_default();
        assert_eq!(super::at(before, Path::new("/efi")), Mounted::Automount);
    }
}
