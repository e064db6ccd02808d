//! The typed contract between evaluation and machine.
//!
//! In: the whole forced configuration as JSON. Out: a [`SystemSpec`], which the build lowers, and which
//! activation and the initrd read back as `system.json`. Refuses to know the language, the store and
//! the machine: texts may hold store paths, but their dependencies are collected elsewhere.

mod check;
mod sections;

pub use check::Problem;
pub use sections::{
    Boot, Console, Debian, Etc, EtcPolicy, File, FileContent, Group, Host, Image, Kernel, Loader,
    Locale, Ssh, Time, Unit, User,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use thiserror::Error;

/// The version that this crate writes and reads.
pub const VERSION: u32 = 1;

/// Everything that a machine has to know of its configuration.
///
/// Maps are ordered by key and packages by name, so equal configurations serialise to equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemSpec {
    /// Always [`VERSION`].
    pub version: u32,
    /// What the machine is called.
    pub host: Host,
    /// Its clock.
    pub time: Time,
    /// Its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Debian package names, sorted, each once; without the kernel's.
    pub packages: Vec<String>,
    /// Users by login name, beyond those that Debian's base has (`root` may be refined here).
    pub users: BTreeMap<String, User>,
    /// Groups by name, beyond those that Debian's base has.
    pub groups: BTreeMap<String, Group>,
    /// Files by absolute path.
    pub files: BTreeMap<String, File>,
    /// systemd units by full name.
    pub units: BTreeMap<String, Unit>,
    /// Lines of tmpfiles.d, in order.
    pub tmpfiles: Vec<String>,
    /// The kernel and its command line.
    pub kernel: Kernel,
    /// The boot loader.
    pub boot: Boot,
    /// How `/etc` behaves at run time.
    pub etc: Etc,
    /// The archive that packages come from.
    pub debian: Debian,
    /// What a disk image looks like.
    #[serde(default)]
    pub image: Image,
}

/// Why a configuration is no system.
#[derive(Debug, Error)]
pub enum Error {
    /// The configuration is not a record, or a section is missing.
    #[error("the configuration has no `{section}`")]
    Missing {
        /// The top-level option.
        section: &'static str,
    },
    /// A section has another shape than the contract.
    #[error("`{section}` does not fit the machine's contract")]
    Shape {
        /// The option.
        section: String,
        /// What serde found.
        source: serde_json::Error,
    },
    /// Values that no machine could use; all of them.
    #[error("{}", check::listed(.0))]
    Invalid(Vec<Problem>),
    /// A `system.json` of another version.
    #[error("system.json has version {found}, this cairn reads version {VERSION}")]
    Version {
        /// The version found.
        found: u64,
    },
    /// A `system.json` that cannot be read.
    #[error("cannot read system.json")]
    Read(#[source] serde_json::Error),
}

/// Reads the whole forced configuration; top-level options that are no part of the contract, such as
/// `services`, are ignored.
///
/// Errors: [`Error::Missing`], [`Error::Shape`]; [`Error::Invalid`] with every problem found.
pub fn from_json(config: serde_json::Value) -> Result<SystemSpec, Error> {
    let serde_json::Value::Object(mut config) = config else {
        return Err(Error::Missing { section: "host" });
    };
    let mut spec = SystemSpec {
        version: VERSION,
        host: required(&mut config, "host")?,
        time: required(&mut config, "time")?,
        locale: section(&mut config, "locale")?,
        packages: required(&mut config, "packages")?,
        users: entries(&mut config, "users")?,
        groups: entries(&mut config, "groups")?,
        files: entries(&mut config, "files")?,
        units: entries(&mut config, "units")?,
        tmpfiles: section(&mut config, "tmpfiles")?.unwrap_or_default(),
        kernel: required(&mut config, "kernel")?,
        boot: section(&mut config, "boot")?.unwrap_or_default(),
        etc: section(&mut config, "etc")?.unwrap_or_default(),
        debian: section(&mut config, "debian")?.unwrap_or_default(),
        image: section(&mut config, "image")?.unwrap_or_default(),
    };
    spec.packages.sort();
    spec.packages.dedup();
    let problems = check::problems(&spec);
    if problems.is_empty() {
        Ok(spec)
    } else {
        Err(Error::Invalid(problems))
    }
}

impl SystemSpec {
    /// The text of `system.json`: two-space JSON with a final line break, the same bytes for the same spec.
    ///
    /// Errors: [`Error::Shape`], which serde's data model rules out for this type.
    pub fn to_json(&self) -> Result<String, Error> {
        let mut text = serde_json::to_string_pretty(self).map_err(|source| Error::Shape {
            section: "system.json".into(),
            source,
        })?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a `system.json` that [`SystemSpec::to_json`] wrote.
    ///
    /// Errors: [`Error::Version`] for another version, [`Error::Read`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(Error::Read)?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(found) if found != u64::from(VERSION) => Err(Error::Version { found }),
            _ => serde_json::from_value(value).map_err(Error::Read),
        }
    }
}

type Object = serde_json::Map<String, serde_json::Value>;

fn section<T: DeserializeOwned>(config: &mut Object, name: &str) -> Result<Option<T>, Error> {
    match config.remove(name) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value)
            .map(Some)
            .map_err(|source| Error::Shape {
                section: name.into(),
                source,
            }),
    }
}

fn required<T: DeserializeOwned>(config: &mut Object, name: &'static str) -> Result<T, Error> {
    section(config, name)?.ok_or(Error::Missing { section: name })
}

/// Reads a map entry by entry, so that an error names the entry.
fn entries<T: DeserializeOwned>(
    config: &mut Object,
    name: &str,
) -> Result<BTreeMap<String, T>, Error> {
    let map: BTreeMap<String, serde_json::Value> = section(config, name)?.unwrap_or_default();
    map.into_iter()
        .map(|(key, value)| match serde_json::from_value(value) {
            Ok(entry) => Ok((key, entry)),
            Err(source) => Err(Error::Shape {
                section: format!("{name}.\"{key}\""),
                source,
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests;
