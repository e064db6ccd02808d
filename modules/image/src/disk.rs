//! Assembles a disk: a partition table, the boot partition and the state partition.
//!
//! In: a boot plan, a finished ext4 file, ids. Out: a sparse file, made without root rights or loop devices.
//! All ids come from a seed, so the same seed gives the same disk, and a command line can name the state
//! partition before it exists.

use crate::esp;
use cairn_boot::{EspPlan, StatePartition};
use rustix::fs::SeekFrom as Seeking;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const SECTOR: u64 = 512;
/// Partitions begin at multiples of this.
const ALIGNMENT: u64 = 1024 * 1024;
/// Source: UEFI Specification, "Defined GPT Partition Entry Partition Type GUIDs".
const ESP_TYPE: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
/// Source: systemd's Discoverable Partitions Specification, "generic Linux data".
const STATE_TYPE: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
/// The name of the state partition in the table.
pub const STATE_LABEL: &str = "cairn-state";

/// The ids of a disk and of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// Of the partition table.
    pub disk: Uuid,
    /// Of the boot partition.
    pub esp: Uuid,
    /// Of the state partition (`PARTUUID`).
    pub state: Uuid,
    /// Of the ext4 file system on it.
    pub ext4: Uuid,
    /// Of the FAT file system.
    pub fat: u32,
}

impl Ids {
    /// The ids that belong to a seed, for instance to a host's name and a generation's digest.
    pub fn from_seed(seed: &[u8]) -> Self {
        let derive = |purpose: &str| {
            let mut hasher = blake3::Hasher::new_derive_key("cairn image 1 ids");
            hasher.update(purpose.as_bytes());
            hasher.update(&[0]);
            hasher.update(seed);
            let mut bytes = [0; 16];
            hasher.finalize_xof().fill(&mut bytes);
            bytes
        };
        // Version 8: "custom", RFC 9562.
        let id = |purpose| uuid::Builder::from_custom_bytes(derive(purpose)).into_uuid();
        let [a, b, c, d, ..] = derive("fat");
        Self {
            disk: id("disk"),
            esp: id("esp"),
            state: id("state"),
            ext4: id("ext4"),
            fat: u32::from_le_bytes([a, b, c, d]),
        }
    }

    /// What the command line says of the state partition.
    pub fn state_partition(&self) -> StatePartition {
        StatePartition::PartUuid(self.state.to_string())
    }
}

/// What a disk is made of.
#[derive(Debug)]
pub struct Disk<'a> {
    /// Its ids.
    pub ids: Ids,
    /// Size of the boot partition.
    pub esp_bytes: u64,
    /// What is on it: planned for [`esp::empty`].
    pub esp: &'a EspPlan,
    /// The finished ext4 file system; its length is the partition's.
    pub state: &'a Path,
}

/// Why a disk can't be assembled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image file.
    #[error("cannot write the disk image {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state partition's file.
    #[error("cannot read the state partition {path}")]
    State {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The partition table.
    #[error("cannot write the partition table of {path}: {cause}")]
    Table {
        /// The image.
        path: PathBuf,
        /// What the writer of the table says.
        cause: String,
    },
    /// The boot partition.
    #[error(transparent)]
    Esp(#[from] esp::Error),
}

/// Writes the disk to `out`, replacing what was there.
///
/// Errors: see [`Error`].
pub fn write(disk: &Disk, out: &Path) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: out.to_owned(),
        source,
    };
    let state_failed = |source| Error::State {
        path: disk.state.to_owned(),
        source,
    };
    let mut state = File::open(disk.state).map_err(state_failed)?;
    let state_bytes = state.metadata().map_err(state_failed)?.len();
    let esp_start = ALIGNMENT;
    let esp_bytes = disk.esp_bytes.next_multiple_of(ALIGNMENT);
    let state_start = esp_start + esp_bytes;
    let state_end = state_start + state_bytes.next_multiple_of(ALIGNMENT);
    // The second table stands at the end.
    let total = state_end + ALIGNMENT;

    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    let mut file = options.open(out).map_err(failed)?;
    file.set_len(total).map_err(failed)?;
    let spans = [
        (ESP_TYPE, disk.ids.esp, "esp", esp_start, state_start),
        (
            STATE_TYPE,
            disk.ids.state,
            STATE_LABEL,
            state_start,
            state_end,
        ),
    ];
    table(&file, disk.ids.disk, &spans).map_err(|cause| Error::Table {
        path: out.to_owned(),
        cause,
    })?;
    let mut region = Region {
        file: &mut file,
        start: esp_start,
        length: esp_bytes,
        at: 0,
    };
    esp::format(&mut region, disk.esp, disk.ids.fat)?;
    copy_sparse(&mut state, &mut file, state_start).map_err(failed)?;
    file.sync_all().map_err(failed)
}

type Span = (&'static str, Uuid, &'static str, u64, u64);

fn table(file: &File, disk: Uuid, spans: &[Span]) -> Result<(), String> {
    let mut file = file.try_clone().map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let sectors = u32::try_from(size / SECTOR - 1).unwrap_or(u32::MAX);
    gpt::mbr::ProtectiveMBR::with_lb_size(sectors)
        .overwrite_lba0(&mut file)
        .map_err(|error| error.to_string())?;
    let mut table = gpt::GptConfig::new()
        .writable(true)
        .create_from_device(file, Some(disk))
        .map_err(|error| error.to_string())?;
    let mut partitions = BTreeMap::new();
    for (number, (kind, id, name, start, end)) in (1..).zip(spans) {
        let mut partition = gpt::partition::Partition::zero();
        partition.part_type_guid = gpt::partition_types::Type {
            guid: Uuid::parse_str(kind).map_err(|error| error.to_string())?,
            os: gpt::partition_types::OperatingSystem::None,
        };
        partition.part_guid = *id;
        partition.first_lba = start / SECTOR;
        partition.last_lba = end / SECTOR - 1;
        (*name).clone_into(&mut partition.name);
        partitions.insert(number, partition);
    }
    table
        .update_partitions(partitions)
        .map_err(|error| error.to_string())?;
    table.write().map_err(|error| error.to_string())?;
    Ok(())
}

/// Copies the parts of `from` that are no holes to `start` of `to`.
fn copy_sparse(from: &mut File, to: &mut File, start: u64) -> io::Result<()> {
    let length = from.metadata()?.len();
    let mut at = 0;
    while at < length {
        let data = match rustix::fs::seek(&*from, Seeking::Data(at)) {
            Err(rustix::io::Errno::NXIO) => break,
            other => other?,
        };
        let hole = rustix::fs::seek(&*from, Seeking::Hole(data))?;
        from.seek(SeekFrom::Start(data))?;
        to.seek(SeekFrom::Start(start + data))?;
        io::copy(&mut (&*from).take(hole - data), to)?;
        at = hole;
    }
    Ok(())
}

/// A part of a file that looks like a whole one.
struct Region<'a> {
    file: &'a mut File,
    start: u64,
    length: u64,
    at: u64,
}

impl Region<'_> {
    fn room(&self, wanted: usize) -> usize {
        (self.length - self.at.min(self.length)).min(wanted as u64) as usize
    }
}

impl Read for Region<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.room(buffer.len());
        self.file.seek(SeekFrom::Start(self.start + self.at))?;
        let count = self.file.read(&mut buffer[..room])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Write for Region<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let room = self.room(buffer.len());
        self.file.seek(SeekFrom::Start(self.start + self.at))?;
        let count = self.file.write(&buffer[..room])?;
        self.at += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Region<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "seek before the beginning");
        self.at = at.ok_or_else(before)?;
        Ok(self.at)
    }
}
