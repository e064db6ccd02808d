//! Makes a FAT file system that holds what a boot plan says.
//!
//! In: the plan for an empty partition. Out: the file system, written into a region of a file without mounting it;
//! times and volume id are given, so equal plans give equal bytes.

use cairn_boot::{Content, EspPlan, ObservedEsp};
use fatfs::{Date, DateTime, Dir, FatType, FileSystem, FormatVolumeOptions, FsOptions, Time};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// Bytes of a cluster on a partition of this size: a FAT32 has more than 65,525 clusters, or readers take it for a FAT16.
///
/// Source: Microsoft's "FAT32 File System Specification", "FAT Type Determination".
pub fn cluster_bytes(size_bytes: u64) -> u64 {
    let most = (size_bytes / 70_000).max(512);
    // The power of two that is not above it.
    (1 << most.ilog2()).min(4096)
}

/// Why the boot partition can't be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system can't be formatted or written.
    #[error("cannot write the boot partition")]
    Format(#[source] io::Error),
    /// One of its files.
    #[error("cannot write `{path}` into the boot partition")]
    File {
        /// On the partition.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The source of a kernel or an initrd.
    #[error("cannot read {path}")]
    Source {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a boot plan may assume of a new partition of this size.
pub fn empty(size_bytes: u64) -> ObservedEsp {
    // Two tables of four bytes for each cluster, the reserved sectors and the root folder.
    let cluster = cluster_bytes(size_bytes);
    let tables = size_bytes / cluster * 8 + 64 * 1024;
    ObservedEsp::empty(size_bytes.saturating_sub(tables), cluster)
}

/// Formats `region` and writes the plan's files into it.
///
/// Errors: see [`Error`].
pub fn format(
    region: &mut (impl Read + Write + Seek),
    plan: &EspPlan,
    volume_id: u32,
) -> Result<(), Error> {
    let size = region.seek(SeekFrom::End(0)).map_err(Error::Format)?;
    region.seek(SeekFrom::Start(0)).map_err(Error::Format)?;
    let options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .bytes_per_cluster(cluster_bytes(size) as u32)
        .volume_id(volume_id)
        .volume_label(*b"ESP        ");
    fatfs::format_volume(&mut *region, options).map_err(Error::Format)?;
    region.seek(SeekFrom::Start(0)).map_err(Error::Format)?;
    let options = FsOptions::new().time_provider(&EPOCH);
    let system = FileSystem::new(region, options).map_err(Error::Format)?;
    let mut folders = BTreeSet::new();
    for (path, content) in plan.files() {
        let failed = |source| Error::File {
            path: path.into(),
            source,
        };
        for (at, _) in path.match_indices('/') {
            if folders.insert(path[..at].to_ascii_uppercase()) {
                system.root_dir().create_dir(&path[..at]).map_err(failed)?;
            }
        }
        write(&system.root_dir(), path, content)?;
    }
    system.unmount().map_err(Error::Format)
}

fn write<T: Read + Write + Seek>(
    root: &Dir<'_, T>,
    path: &str,
    content: &Content,
) -> Result<(), Error> {
    let failed = |source| Error::File {
        path: path.into(),
        source,
    };
    let mut file = root.create_file(path).map_err(failed)?;
    file.truncate().map_err(failed)?;
    match content {
        Content::Text(text) => file.write_all(text.as_bytes()).map_err(failed)?,
        Content::Copy(payload) => {
            let mut source = File::open(&payload.source).map_err(|source| Error::Source {
                path: payload.source.clone(),
                source,
            })?;
            io::copy(&mut source, &mut file).map_err(failed)?;
        }
    }
    file.flush().map_err(failed)
}

/// The first day that FAT knows.
#[derive(Debug)]
struct Epoch;

static EPOCH: Epoch = Epoch;

impl fatfs::TimeProvider for Epoch {
    fn get_current_date(&self) -> Date {
        Date {
            year: 1980,
            month: 1,
            day: 1,
        }
    }

    fn get_current_date_time(&self) -> DateTime {
        DateTime {
            date: self.get_current_date(),
            time: Time {
                hour: 0,
                min: 0,
                sec: 0,
                millis: 0,
            },
        }
    }
}
