//! The sections of a [`crate::SystemSpec`], one type for each top-level option of the library.
//!
//! In: JSON. Out: plain values. Nothing is checked here beyond its shape.

use serde::{Deserialize, Serialize};

/// What the machine is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The content of `/etc/hostname`.
    pub name: String,
}

/// The clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// A name below `/usr/share/zoneinfo`.
    pub zone: String,
}

/// The language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locale {
    /// The value of `LANG`.
    pub lang: String,
}

/// A user. Activation gives numbers to those that have none, and keeps them for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The user's number; chosen once and kept where `None`.
    #[serde(default)]
    pub uid: Option<u32>,
    /// Further groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The login shell, absolute.
    pub shell: String,
    /// The home folder, absolute; `None` is `/home/NAME` (`/root` for root, `/nonexistent` for system users).
    #[serde(default)]
    pub home: Option<String>,
    /// The real name in `/etc/passwd`.
    #[serde(default)]
    pub description: String,
    /// A crypt(5) hash; `None` locks the password.
    #[serde(default)]
    pub password_hash: Option<String>,
    /// How this user logs in over SSH.
    #[serde(default)]
    pub ssh: Ssh,
    /// A service's user: number below 1000, no home made.
    #[serde(default)]
    pub system: bool,
}

impl User {
    /// The home folder that this user ends up with.
    pub fn home_of(&self, name: &str) -> String {
        match &self.home {
            Some(home) => home.clone(),
            None if name == "root" => "/root".into(),
            None if self.system => "/nonexistent".into(),
            None => format!("/home/{name}"),
        }
    }
}

/// SSH access of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ssh {
    /// Lines of authorized_keys; the library writes them to `/etc/ssh/authorized_keys.d/NAME`.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The group's number; chosen once and kept where `None`.
    #[serde(default)]
    pub gid: Option<u32>,
}

/// A file of the system: exactly one of `text`, `source` and `link` is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The content itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A path whose content is taken: the text of a store path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The target of a symbolic link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Three or four octal digits; without meaning for a link.
    #[serde(default = "File::default_mode")]
    pub mode: String,
    /// The owner's name.
    #[serde(default = "File::default_owner")]
    pub user: String,
    /// The group's name.
    #[serde(default = "File::default_owner")]
    pub group: String,
}

/// What is in a [`File`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileContent<'a> {
    /// This text.
    Text(&'a str),
    /// The content of this path.
    Source(&'a str),
    /// A symbolic link to this target.
    Link(&'a str),
}

impl File {
    fn default_mode() -> String {
        "0644".into()
    }

    fn default_owner() -> String {
        "root".into()
    }

    /// The one content; `None` only for a spec that did not pass [`crate::from_json`].
    pub fn content(&self) -> Option<FileContent<'_>> {
        match (&self.text, &self.source, &self.link) {
            (Some(text), None, None) => Some(FileContent::Text(text)),
            (None, Some(source), None) => Some(FileContent::Source(source)),
            (None, None, Some(link)) => Some(FileContent::Link(link)),
            _ => None,
        }
    }

    /// The permission bits; 0o644 for a spec that did not pass [`crate::from_json`].
    pub fn mode_bits(&self) -> u32 {
        u32::from_str_radix(&self.mode, 8).unwrap_or(0o644)
    }
}

/// What the configuration says of one systemd unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// The unit file; `None` leaves the one of the package.
    #[serde(default)]
    pub text: Option<String>,
    /// `true` enables, `false` disables, `None` leaves what the package's presets say.
    #[serde(default)]
    pub enable: Option<bool>,
    /// Makes the unit impossible to start.
    #[serde(default)]
    pub mask: bool,
    /// The text of the drop-in `/etc/systemd/system/UNIT.d/cairn.conf`.
    #[serde(default)]
    pub overrides: Option<String>,
}

/// The kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    /// The Debian package (usually a metapackage) that brings it.
    pub package: String,
    /// Further words of the command line.
    #[serde(default)]
    pub params: Vec<String>,
    /// Modules that the initrd loads, in order; dependencies are found by the build.
    #[serde(default)]
    pub modules: Vec<String>,
}

/// The boot loader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// Which one.
    #[serde(default)]
    pub loader: Loader,
    /// How long its menu waits.
    #[serde(default = "Boot::default_timeout_secs")]
    pub timeout_secs: u32,
    /// Where kernel and loader talk besides the screen.
    #[serde(default)]
    pub console: Console,
}

impl Boot {
    fn default_timeout_secs() -> u32 {
        3
    }
}

impl Default for Boot {
    fn default() -> Self {
        Self {
            loader: Loader::default(),
            timeout_secs: Self::default_timeout_secs(),
            console: Console::default(),
        }
    }
}

/// The boot loaders that can be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loader {
    /// systemd-boot, on UEFI machines.
    #[default]
    SystemdBoot,
}

/// The console of a machine without a screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Console {
    /// The first serial line, `ttyS0` with 115200 baud.
    Serial,
    /// Only the screen.
    #[default]
    None,
}

/// `/etc` at run time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Etc {
    /// What happens to edits.
    #[serde(default)]
    pub policy: EtcPolicy,
}

/// What happens to edits below `/etc`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EtcPolicy {
    /// They work, and are gone after the next boot or switch.
    #[default]
    Transient,
    /// They are refused.
    Immutable,
}

/// The archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debian {
    /// `trixie`, `bookworm`.
    #[serde(default = "Debian::default_suite")]
    pub suite: String,
    /// `main`, `contrib`, `non-free-firmware` …
    #[serde(default = "Debian::default_components")]
    pub components: Vec<String>,
    /// Debian's name of the architecture.
    #[serde(default = "Debian::default_architecture")]
    pub architecture: String,
    /// The mirror's URL; `None` takes the machine's own apt sources.
    #[serde(default)]
    pub mirror: Option<String>,
    /// A keyring file; `None` takes the machine's `debian-archive-keyring`.
    #[serde(default)]
    pub keyring: Option<String>,
}

impl Debian {
    fn default_suite() -> String {
        "trixie".into()
    }

    fn default_components() -> Vec<String> {
        vec!["main".into()]
    }

    fn default_architecture() -> String {
        "amd64".into()
    }
}

impl Default for Debian {
    fn default() -> Self {
        Self {
            suite: Self::default_suite(),
            components: Self::default_components(),
            architecture: Self::default_architecture(),
            mirror: None,
            keyring: None,
        }
    }
}

/// What a disk image looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The EFI system partition, in MiB.
    #[serde(default = "Image::default_esp_mib")]
    pub esp_mib: u32,
    /// The partition that keeps store, `/var` and `/home`, in MiB.
    #[serde(default = "Image::default_state_mib")]
    pub state_mib: u32,
}

impl Image {
    fn default_esp_mib() -> u32 {
        256
    }

    fn default_state_mib() -> u32 {
        2048
    }
}

impl Default for Image {
    fn default() -> Self {
        Self {
            esp_mib: Self::default_esp_mib(),
            state_mib: Self::default_state_mib(),
        }
    }
}
