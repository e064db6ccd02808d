//! Finds the state partition and the boot partition beside it.
//!
//! In: which partition is wanted. Out: device nodes, and the boot partition with a mount unit.

use crate::command_line::Partition as Wanted;
use crate::console;
use crate::error::{Error, act};
use crate::gpt;
use rustix::mount::{MountFlags, mount};
use std::ffi::CStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Slow disks and hubs need seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was found.
pub struct Found {
    /// The state partition.
    pub device: PathBuf,
    /// The boot partition of the same disk.
    pub esp: Option<PathBuf>,
}

/// Waits until a disk has the wanted partition.
pub fn wait_for(wanted: &Wanted) -> Result<Found, Error> {
    let start = Instant::now();
    let mut told = false;
    loop {
        if let Some(found) = look(wanted) {
            return Ok(found);
        }
        if start.elapsed() > PATIENCE {
            return Err(Error::new(format!(
                "no disk has the state partition {wanted}; disks: {}",
                names().join(" ")
            )));
        }
        if !told && start.elapsed() > Duration::from_secs(2) {
            console::say(&format!("waiting for the state partition {wanted}"));
            told = true;
        }
        sleep(Duration::from_millis(20));
    }
}

/// Disks and partitions that the kernel knows.
fn names() -> Vec<String> {
    let listing = fs::read_dir("/sys/class/block")
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = listing
        .filter_map(|item| item.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The state partition, if a disk has it now.
pub fn look(wanted: &Wanted) -> Option<Found> {
    // A disk that can't be read (an empty drive) is none of ours.
    names()
        .iter()
        .find_map(|disk| on_disk(disk, wanted).ok().flatten())
}

fn on_disk(disk: &str, wanted: &Wanted) -> io::Result<Option<Found>> {
    let sys = Path::new("/sys/class/block").join(disk);
    if sys.join("partition").exists() {
        return Ok(None);
    }
    let partitions = gpt::read(&mut File::open(Path::new("/dev").join(disk))?)?;
    let is_wanted = |partition: &&gpt::Partition| match wanted {
        Wanted::Id(id) => partition.id == *id,
        Wanted::Label(label) => partition.label == *label,
    };
    let Some(state) = partitions.iter().find(is_wanted) else {
        return Ok(None);
    };
    let Some(device) = node(&sys, state.number)? else {
        return Ok(None);
    };
    let esp = partitions
        .iter()
        .find(|partition| partition.kind == gpt::ESP);
    let esp = esp.map(|esp| node(&sys, esp.number)).transpose()?.flatten();
    Ok(Some(Found { device, esp }))
}

/// The device node of a partition: the kernel numbers them in a file below the disk.
fn node(sys: &Path, number: u32) -> io::Result<Option<PathBuf>> {
    for item in fs::read_dir(sys)? {
        let item = item?;
        let text = fs::read_to_string(item.path().join("partition")).unwrap_or_default();
        if text.trim().parse() == Ok(number) {
            return Ok(Some(Path::new("/dev").join(item.file_name())));
        }
    }
    Ok(None)
}

/// Mounts the boot partition, at `/efi` if the root has that folder, else at `/boot`, and gives systemd a unit for it.
///
/// The unit is the machine's, not the generation's: the same generation boots from other disks. With it alone, nothing would
/// start before udev has come to this partition; where mounting it here fails, it is what tries again.
pub fn add_unit(esp: &Path, root: &Path) -> Result<(), Error> {
    let name = if root.join("efi").is_dir() {
        "efi"
    } else {
        "boot"
    };
    let folder = Path::new("/run/systemd/system");
    let wants = folder.join("local-fs.target.wants");
    let unit = format!("{name}.mount");
    let text = format!(
        "# Written by cairn-init.\n\
         [Unit]\nDescription=EFI system partition\n\
         [Mount]\nWhat={}\nWhere=/{name}\nType=vfat\nOptions=umask=0077,nodev,nosuid,noexec\n",
        esp.display()
    );
    let flags = MountFlags::NODEV | MountFlags::NOSUID | MountFlags::NOEXEC;
    let options: &CStr = c"umask=0077";
    let _ = mount(esp, root.join(name).as_path(), "vfat", flags, options);
    let written = fs::create_dir_all(&wants)
        .and_then(|()| fs::write(folder.join(&unit), text))
        .and_then(|()| symlink(format!("../{unit}"), wants.join(&unit)));
    act(format!("write the unit {unit}"), written)
}
