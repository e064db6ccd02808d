//! What runs, and where its boot entries are.
//!
//! In: [`Places`]. Out: an [`Observed`]. Reads only, and little: the kernels on the boot partition are read when a plan is
//! made, by `cairn_boot::observe`.

use crate::booted::Booted;
use crate::error::Error;
use crate::mounts::{self, Mounted};
use crate::places::Places;
use crate::variable;
use cairn_boot::EntryName;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The machine as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Where everything is.
    pub places: Places,
    /// The generation that runs; `None` when another system does.
    pub booted: Option<Booted>,
    /// The boot partition; `None` when none is mounted.
    pub esp: Option<Esp>,
    /// Whether the firmware stores a default entry, which would win over what is chosen.
    pub default_variable: bool,
}

/// The mounted boot partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Esp {
    /// Where it is mounted.
    pub folder: PathBuf,
    /// Whether it refuses writes.
    pub read_only: bool,
    /// Our entries, by number.
    pub entries: Vec<EntryName>,
}

/// Looks at the machine. A boot partition that mounts itself when needed is mounted by this.
///
/// Errors: [`Error::Read`], [`Error::CommandLine`].
pub fn observe(places: &Places) -> Result<Observed, Error> {
    Ok(Observed {
        booted: Booted::parse(&text(&places.command_line)?)?,
        esp: esp(places)?,
        default_variable: variable::place(&places.variables).exists(),
        places: places.clone(),
    })
}

fn esp(places: &Places) -> Result<Option<Esp>, Error> {
    for folder in places.esp_folders() {
        let mut found = mounts::at(&text(&places.mounts)?, &folder);
        if found == Mounted::Automount {
            // Looking below it is what mounts it.
            fs::read_dir(&folder).map_err(|source| read(&folder, source))?;
            found = mounts::at(&text(&places.mounts)?, &folder);
        }
        if let Mounted::Fat { read_only } = found {
            let entries = entries(&folder.join(cairn_boot::ENTRIES))?;
            return Ok(Some(Esp {
                folder,
                read_only,
                entries,
            }));
        }
    }
    Ok(None)
}

fn entries(folder: &Path) -> Result<Vec<EntryName>, Error> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|source| read(folder, source))?,
    };
    let mut entries = Vec::new();
    for item in listing {
        let item = item.map_err(|source| read(folder, source))?;
        // The loader reads files only.
        if item.file_type().is_ok_and(|kind| kind.is_file()) {
            entries.extend(item.file_name().to_str().and_then(EntryName::parse));
        }
    }
    entries.sort_unstable();
    Ok(entries)
}

fn text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| read(path, source))
}

fn read(path: &Path, source: io::Error) -> Error {
    Error::Read {
        path: path.into(),
        source,
    }
}
