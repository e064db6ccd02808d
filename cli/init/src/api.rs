//! The kernel's file systems that systemd would start a program each for.
//!
//! In: the mount units of the root. Out: those that need no device are mounted as their units say, so that systemd finds them
//! done. A unit that the configuration masks stays off; what can't be read or mounted here is left to systemd.

use crate::ROOT;
use rustix::mount::{MountFlags, mount};
use std::ffi::CString;
use std::fs;
use std::path::Path;

/// Units, by the name of their mount point.
const UNITS: [&str; 8] = [
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "run-lock.mount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "tmp.mount",
];
/// Moved into the root later on; everything else is in the root already.
const MOVED: [&str; 3] = ["/dev/", "/run/", "/sys/"];

/// Mounts them.
pub fn mount_all() {
    for unit in UNITS {
        if let Some(unit) = text_of(unit, Path::new(ROOT)).and_then(|text| Unit::parse(&text)) {
            unit.mount();
        }
    }
}

/// The text of a unit, the configuration's before the package's; none where drop-ins change it.
fn text_of(unit: &str, root: &Path) -> Option<String> {
    let declared = root.join("etc/systemd/system");
    if declared.join(format!("{unit}.d")).exists() {
        return None;
    }
    let own = declared.join(unit);
    // A link is a mask, or leads somewhere else in the root.
    match fs::symlink_metadata(&own) {
        Ok(own) if !own.is_file() => None,
        Ok(_) => fs::read_to_string(own).ok(),
        Err(_) => fs::read_to_string(root.join("usr/lib/systemd/system").join(unit)).ok(),
    }
}

/// What a mount unit says. Source: systemd.mount(5).
#[derive(Debug, PartialEq, Eq)]
struct Unit {
    what: String,
    place: String,
    kind: String,
    flags: MountFlags,
    data: String,
}

impl Unit {
    fn parse(text: &str) -> Option<Self> {
        let section = text.split("[Mount]").nth(1)?;
        let section = section.split("\n[").next()?;
        let value = |key: &str| {
            let mut lines = section.lines().filter_map(|line| line.split_once('='));
            let found = lines.find(|(name, _)| name.trim() == key);
            found.map(|(_, value)| value.trim().replace("%%", "%"))
        };
        let (mut flags, mut data) = (MountFlags::empty(), Vec::new());
        let options = value("Options").unwrap_or_default();
        for option in options.split(',').filter(|option| !option.is_empty()) {
            match option {
                "nodev" => flags |= MountFlags::NODEV,
                "noexec" => flags |= MountFlags::NOEXEC,
                "nosuid" => flags |= MountFlags::NOSUID,
                "strictatime" => flags |= MountFlags::STRICTATIME,
                other => data.push(other),
            }
        }
        Some(Self {
            what: value("What")?,
            place: value("Where")?,
            kind: value("Type")?,
            flags,
            data: data.join(","),
        })
    }

    /// A failure stops nothing: systemd tries again and says why.
    fn mount(&self) {
        let place = if MOVED.iter().any(|moved| self.place.starts_with(moved)) {
            self.place.clone()
        } else {
            format!("{ROOT}{}", self.place)
        };
        // Folders in the kernel's own file systems are there or stand for something that it lacks.
        if !place.starts_with("/sys/") {
            let _ = fs::create_dir_all(&place);
        }
        let folder = fs::symlink_metadata(&place).is_ok_and(|place| place.is_dir());
        if folder && let Ok(data) = CString::new(self.data.as_str()) {
            let _ = mount(&*self.what, &*place, &*self.kind, self.flags, &*data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TMP: &str = "[Unit]\nDescription=Where=/elsewhere\n\n[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\n\
                       Options=mode=1777,strictatime,nosuid,size=50%%\n[Install]\nWhat=no\n";

    #[test]
    fn a_unit_says_what_is_mounted_where_and_how() {
        let unit = Unit::parse(TMP).expect("a unit");
        assert_eq!(
            (&*unit.what, &*unit.place, &*unit.kind),
            ("tmpfs", "/tmp", "tmpfs")
        );
        assert_eq!(unit.flags, MountFlags::STRICTATIME | MountFlags::NOSUID);
        assert_eq!(unit.data, "mode=1777,size=50%");
        assert_eq!(Unit::parse("[Mount]\nWhat=tmpfs\n"), None);
        assert_eq!(Unit::parse("[Unit]\nWhere=/tmp\n"), None);
    }

    #[test]
    fn the_configuration_has_the_last_word() {
        let root = tempfile::tempdir().expect("a folder");
        let (package, own) = (
            root.path().join("usr/lib/systemd/system"),
            root.path().join("etc/systemd/system"),
        );
        fs::create_dir_all(&package).expect("a folder");
        fs::create_dir_all(&own).expect("a folder");
        let text = || text_of("tmp.mount", root.path());
        assert_eq!(text(), None);
        fs::write(package.join("tmp.mount"), TMP).expect("a file");
        assert_eq!(text().as_deref(), Some(TMP));
        fs::write(own.join("tmp.mount"), "mine").expect("a file");
        assert_eq!(text().as_deref(), Some("mine"));
        fs::remove_file(own.join("tmp.mount")).expect("gone");
        std::os::unix::fs::symlink("/dev/null", own.join("tmp.mount")).expect("a link");
        assert_eq!(text(), None);
        fs::remove_file(own.join("tmp.mount")).expect("gone");
        fs::create_dir(own.join("tmp.mount.d")).expect("a folder");
        assert_eq!(text(), None);
    }
}
