//! Generations: the numbered states of a machine, each a record and a link to its system.
//!
//! In: systems that are in the store. Out: numbers that are never given twice, records, the default. One record that
//! can't be read is a warning; the others stay usable. Which entry the boot loader shows is not known here.

use crate::error::{Act, Error, Result};
use crate::files;
use crate::store::Store;
use cairn_graph::{Digest, StorePath};
use cairn_sys::fs as sys;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A generation: kept as `var/gens/<n>/record.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// Version of this record's form: 1.
    pub version: u32,
    /// Counted from 1, never given twice.
    pub number: u64,
    /// Its system.
    pub system: StorePath,
    /// When it was made; RFC 3339, UTC.
    #[serde(with = "rfc3339")]
    pub date: Timestamp,
    /// Whether it is known to boot.
    pub state: GenerationState,
    /// In the user's words.
    pub description: String,
    /// The text of the configuration's path, as given.
    pub config: String,
    /// BLAKE3 of the lock file that it was made with.
    pub lock: Option<Digest>,
    /// The command that made it.
    pub command: String,
    /// Whether the collector must keep it.
    pub pinned: bool,
    /// Other store paths to keep as long as it is kept (the packages that it was made of), sorted.
    #[serde(default)]
    pub keeps: Vec<StorePath>,
}

/// Whether a generation is known to boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenerationState {
    /// Not tried yet.
    Pending,
    /// It booted and was healthy.
    Good,
    /// It was tried and given up.
    Failed {
        /// Why, in words.
        why: String,
    },
}

/// What the maker of a generation says of it.
#[derive(Debug, Clone)]
pub struct NewGeneration {
    /// As in [`Generation`].
    pub system: StorePath,
    /// As in [`Generation`].
    pub date: Timestamp,
    /// As in [`Generation`].
    pub description: String,
    /// As in [`Generation`].
    pub config: String,
    /// As in [`Generation`].
    pub lock: Option<Digest>,
    /// As in [`Generation`].
    pub command: String,
    /// As in [`Generation`].
    pub keeps: Vec<StorePath>,
}

/// All generations that can be read, and what can be said of the others.
#[derive(Debug, Default)]
pub struct Listing {
    /// By number, ascending.
    pub generations: Vec<Generation>,
    /// Number and reason of each that can't be read; its files are left alone.
    pub unreadable: Vec<(u64, Error)>,
}

/// The generations of a store.
#[derive(Debug)]
pub struct Generations<'a> {
    store: &'a Store,
}

impl<'a> Generations<'a> {
    pub(crate) fn of(store: &'a Store) -> Self {
        Self { store }
    }

    /// All generations.
    pub fn list(&self) -> Result<Listing> {
        let mut listing = Listing::default();
        for number in self.numbers()? {
            match self.get(number) {
                Ok(generation) => listing.generations.push(generation),
                Err(error) => listing.unreadable.push((number, error)),
            }
        }
        Ok(listing)
    }

    /// One generation. Errors: [`Error::Missing`], [`Error::Record`].
    pub fn get(&self, number: u64) -> Result<Generation> {
        let path = self.store.layout.generation_record(number);
        let missing = || Error::Missing {
            what: "generation",
            name: number.to_string(),
        };
        let found: Generation = files::read_json(&path)?.ok_or_else(missing)?;
        if found.number != number || found.version != 1 {
            let why = format!("it says number {}, version {}", found.number, found.version);
            return Err(Error::Record { path, why });
        }
        Ok(found)
    }

    /// Makes a generation with the next number, pending and not the default. Durable; commits the store before.
    ///
    /// Errors: [`Error::Missing`] when the system is not registered, [`Error::Full`]; then there is no generation.
    pub fn add(&self, new: NewGeneration) -> Result<Generation> {
        self.store.beside_no_collection(|| self.add_kept(new))
    }

    fn add_kept(&self, new: NewGeneration) -> Result<Generation> {
        let store = self.store;
        store.path_content(&new.system)?;
        store.commit()?;
        let number = self.last_number()? + 1;
        let mut keeps = new.keeps;
        keeps.sort();
        keeps.dedup();
        let generation = Generation {
            version: 1,
            number,
            system: new.system,
            date: new.date,
            state: GenerationState::Pending,
            description: new.description,
            config: new.config,
            lock: new.lock,
            command: new.command,
            pinned: false,
            keeps,
        };
        // The number is taken before it is used: after a crash it is skipped, never given twice.
        files::write_durably(
            &store.tmp_path()?,
            &store.layout.last_number(),
            format!("{number}\n").as_bytes(),
        )?;
        let tmp = store.tmp_path()?;
        let made = self.make(&generation, &tmp);
        if made.is_err() {
            let _ = files::remove_all(&tmp);
        }
        made.map(|()| generation)
    }

    /// Says whether a generation boots. Durable.
    pub fn set_state(&self, number: u64, state: GenerationState) -> Result<Generation> {
        self.change(number, |generation| generation.state = state)
    }

    /// Makes the collector keep a generation, or no longer. Durable.
    pub fn pin(&self, number: u64, pinned: bool) -> Result<Generation> {
        self.change(number, |generation| generation.pinned = pinned)
    }

    /// Changes what a generation is called. Durable.
    pub fn describe(&self, number: u64, description: &str) -> Result<Generation> {
        self.change(number, |generation| {
            description.clone_into(&mut generation.description);
        })
    }

    /// The default generation's number, if one was chosen.
    pub fn default(&self) -> Result<Option<u64>> {
        let link = self.store.layout.default_generation();
        match fs::read_link(&link) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            target => {
                let target = target.act("read the link", &link)?;
                let number = target.to_str().and_then(|text| text.parse().ok());
                let why = || Error::Record {
                    path: link,
                    why: format!("{} is no number", target.display()),
                };
                number.ok_or_else(why).map(Some)
            }
        }
    }

    /// Makes a generation the default, in one step. Durable. Errors: [`Error::Missing`], [`Error::Record`].
    pub fn set_default(&self, number: u64) -> Result<()> {
        self.get(number)?;
        let link = self.store.layout.default_generation();
        let tmp = self.store.tmp_path()?;
        symlink(number.to_string(), &tmp).act("make a link for", &link)?;
        files::or_remove(&tmp, fs::rename(&tmp, &link).act("write the link", &link))?;
        let folder = self.store.layout.generations();
        sys::sync_folder(&folder).act("sync the folder", &folder)
    }

    /// The generation that this machine was booted into, from the kernel's command line; nothing when the store is not
    /// this machine's (its root is not `/`).
    pub fn booted(&self) -> Result<Option<u64>> {
        if self.store.layout.root() != Path::new("/") {
            return Ok(None);
        }
        let path = Path::new("/proc/cmdline");
        Ok(booted_of(&files::read_if_there(path)?.unwrap_or_default()))
    }

    /// Where the generation's link to its system is.
    pub fn system_link(&self, number: u64) -> PathBuf {
        self.store.layout.generation(number).join("system")
    }

    /// The numbers of all generations, readable or not, ascending.
    pub(crate) fn numbers(&self) -> Result<Vec<u64>> {
        let names = files::names_in(&self.store.layout.generations())?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The highest number ever given; 0 before the first.
    fn last_number(&self) -> Result<u64> {
        let path = self.store.layout.last_number();
        let written = match files::read_if_there(&path)? {
            None => 0,
            Some(text) => text.trim().parse().map_err(|_| Error::Record {
                path,
                why: format!("`{}` is no number", text.trim()),
            })?,
        };
        Ok(written.max(self.numbers()?.last().copied().unwrap_or(0)))
    }

    fn make(&self, generation: &Generation, tmp: &Path) -> Result<()> {
        let folder = self.store.layout.generation(generation.number);
        let record = self.store.layout.generation_record(generation.number);
        fs::create_dir(tmp).act("make a folder for", &folder)?;
        let target = Path::new("../../../store").join(generation.system.base_name());
        symlink(target, tmp.join("system")).act("make the link of", &folder)?;
        let file = files::write_new(
            &tmp.join("record.json"),
            &record,
            &files::to_json(generation, &record)?,
        )?;
        file.sync_all().act("sync", &record)?;
        sys::sync_folder(tmp).act("sync the folder", &folder)?;
        sys::rename_no_replace(tmp, &folder).act("add the generation", &folder)?;
        let all = self.store.layout.generations();
        sys::sync_folder(&all).act("sync the folder", &all)
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Generation)) -> Result<Generation> {
        let mut generation = self.get(number)?;
        change(&mut generation);
        let record = self.store.layout.generation_record(number);
        files::write_durably(
            &self.store.tmp_path()?,
            &record,
            &files::to_json(&generation, &record)?,
        )?;
        Ok(generation)
    }
}

/// The number in a kernel's command line: the last `cairn.gen=`, as the kernel takes the last of a parameter.
fn booted_of(command_line: &str) -> Option<u64> {
    command_line
        .split_whitespace()
        .rev()
        .find_map(|word| word.strip_prefix("cairn.gen="))?
        .parse()
        .ok()
}

/// Times as RFC 3339 in UTC.
mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        time: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::booted_of;

    #[test]
    fn the_booted_number_is_the_last_on_the_command_line() {
        assert_eq!(
            booted_of("quiet cairn.gen=4 cairn.root=ab cairn.gen=7\n"),
            Some(7)
        );
        assert_eq!(booted_of("quiet xcairn.gen=4 cairn.gen=x"), None);
        assert_eq!(booted_of(""), None);
    }
}
