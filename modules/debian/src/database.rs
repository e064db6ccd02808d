//! dpkg's database, synthesised: what `dpkg --unpack` would have left after unpacking the same packages.
//!
//! In: control members, listings and conffiles of unpacked packages. Out: the files of `/var/lib/dpkg`. Conffiles count as
//! installed already, by their real names, so no `.dpkg-new` is left to settle. Source: dpkg(1), deb-conffiles(5).

use crate::compose::Composition;
use crate::control::{Stanza, stanzas};
use crate::universe::Assumed;
use md5::Digest as _;
use std::collections::{BTreeMap, BTreeSet};

/// One package, unpacked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Name of the control member (`control`, `postinst`, …) → its bytes.
    pub control: BTreeMap<String, Vec<u8>>,
    /// Every path of the data archive in its order, relative, no trailing slash; the root is the empty path.
    pub listing: Vec<Listed>,
    /// Relative path of each file named by `conffiles` → its bytes.
    pub conffiles: BTreeMap<String, Vec<u8>>,
}

/// One path of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Relative, no trailing slash.
    pub path: String,
    /// Directories may belong to many packages.
    pub directory: bool,
}

/// One file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFile {
    /// Relative to the root: `var/lib/dpkg/status`.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// Permission bits: scripts 0755, the rest 0644.
    pub mode: u32,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A package without a readable `control`.
    #[error("package number {0} has no readable control file")]
    Control(usize),
    /// A field that every package has.
    #[error("the control file of package number {number} has no {field}")]
    Field {
        /// Which package.
        number: usize,
        /// Which field.
        field: &'static str,
    },
    /// `conffiles` names a file whose bytes weren't given.
    #[error("the conffile /{path} of {package} is not in its data")]
    Conffile {
        /// Package name.
        package: String,
        /// Relative path.
        path: String,
    },
}

/// The fields of `status` in dpkg's order; others follow in the order of the control file.
const FIRST_FIELDS: &[&str] = &[
    "Package",
    "Essential",
    "Protected",
    "Status",
    "Priority",
    "Section",
    "Installed-Size",
    "Origin",
    "Bugs",
    "Maintainer",
    "Architecture",
    "Multi-Arch",
    "Source",
    "Version",
    "Replaces",
    "Provides",
    "Depends",
    "Pre-Depends",
    "Recommends",
    "Suggests",
    "Breaks",
    "Conflicts",
    "Enhances",
    "Conffiles",
    "Description",
];

impl Unpacked {
    /// The stanza of its `control`, if that is readable.
    pub fn stanza(&self) -> Option<Stanza<'_>> {
        let text = std::str::from_utf8(self.control.get("control")?).ok()?;
        stanzas(text).next()
    }
}

/// What the database needs of a control file.
pub(crate) struct Identity<'a> {
    pub stanza: Stanza<'a>,
    pub name: &'a str,
    pub version: &'a str,
    pub architecture: &'a str,
    /// `name`, or `name:architecture` where several architectures can stand beside each other.
    pub file_name: String,
}

/// Reads the identities of a set.
pub(crate) fn identities(packages: &[Unpacked]) -> Result<Vec<Identity<'_>>, DatabaseError> {
    let each = packages.iter().enumerate();
    each.map(|(number, package)| {
        let stanza = package.stanza().ok_or(DatabaseError::Control(number))?;
        let field = |field| {
            stanza
                .get(field)
                .ok_or(DatabaseError::Field { number, field })
        };
        let (name, version, architecture) =
            (field("Package")?, field("Version")?, field("Architecture")?);
        let file_name = match stanza.get("Multi-Arch") {
            Some("same") => format!("{name}:{architecture}"),
            _ => name.to_owned(),
        };
        Ok(Identity {
            stanza,
            name,
            version,
            architecture,
            file_name,
        })
    })
    .collect()
}

/// The whole database.
///
/// Errors: [`DatabaseError`].
pub fn database(
    packages: &[Unpacked],
    composition: &Composition,
    assumed: &[Assumed],
) -> Result<Vec<DatabaseFile>, DatabaseError> {
    let mut stanzas: Vec<(String, String)> = Vec::new();
    let mut files = vec![
        file("info/format", "1\n"),
        file("available", ""),
        file("diversions", ""),
        file("statoverride", ""),
        file("lock", ""),
        file("lock-frontend", ""),
        file("triggers/Lock", ""),
        file("triggers/Unincorp", ""),
    ];
    let mut interests = Interests::default();
    for (number, identity) in identities(packages)?.into_iter().enumerate() {
        let package = &packages[number];
        let conffiles = conffile_sums(package, identity.name)?;
        stanzas.push((identity.name.to_owned(), status(&identity, &conffiles)));
        let info = format!("info/{}", identity.file_name);
        files.push(file(
            &format!("{info}.list"),
            &list(number, package, composition),
        ));
        // FIXME: dpkg would take the digests of all files here; with an empty list `--verify` can't check this package.
        if !package.control.contains_key("md5sums") {
            files.push(file(&format!("{info}.md5sums"), ""));
        }
        for (member, bytes) in package
            .control
            .iter()
            .filter(|(member, _)| *member != "control")
        {
            let script = matches!(
                member.as_str(),
                "preinst" | "postinst" | "prerm" | "postrm" | "config"
            );
            files.push(DatabaseFile {
                path: format!("var/lib/dpkg/{info}.{member}"),
                bytes: bytes.clone(),
                mode: if script { 0o755 } else { 0o644 },
            });
        }
        if let Some(bytes) = package.control.get("triggers") {
            interests.read(&identity.file_name, &String::from_utf8_lossy(bytes));
        }
    }
    for stand_in in assumed {
        stanzas.push((stand_in.name.clone(), assumed_status(stand_in)));
        files.push(file(&format!("info/{}.list", stand_in.name), "/.\n"));
        files.push(file(&format!("info/{}.md5sums", stand_in.name), ""));
    }
    stanzas.sort();
    let status: String = stanzas
        .into_iter()
        .map(|(_, stanza)| stanza + "\n")
        .collect();
    files.push(file("status", &status));
    files.extend(interests.files());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn file(path: &str, text: &str) -> DatabaseFile {
    DatabaseFile {
        path: format!("var/lib/dpkg/{path}"),
        bytes: text.as_bytes().to_vec(),
        mode: 0o644,
    }
}

/// The stanza of an unpacked package.
fn status(identity: &Identity<'_>, conffiles: &[(String, String)]) -> String {
    let mut fields: Vec<(&str, String)> = identity
        .stanza
        .fields()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    fields.push(("Status", "install ok unpacked".into()));
    if !conffiles.is_empty() {
        let lines = conffiles
            .iter()
            .map(|(path, sum)| format!("\n /{path} {sum}"));
        fields.push(("Conffiles", lines.collect()));
    }
    fields.sort_by_key(|(name, _)| {
        FIRST_FIELDS
            .iter()
            .position(|first| first.eq_ignore_ascii_case(name))
            .unwrap_or(FIRST_FIELDS.len())
    });
    fields
        .iter()
        .map(|(name, value)| field_line(name, value))
        .collect()
}

/// `Name: value`, without a blank before a value that begins on the next line.
fn field_line(name: &str, value: &str) -> String {
    let blank = if value.starts_with('\n') { "" } else { " " };
    format!("{name}:{blank}{value}\n")
}

/// The stanza of a package that Cairn stands for: installed, because there is nothing to configure.
fn assumed_status(stand_in: &Assumed) -> String {
    let mut text = format!(
        "Package: {}\nStatus: install ok installed\nPriority: optional\nSection: admin\nMaintainer: Cairn\n\
         Architecture: all\nVersion: {}\n",
        stand_in.name, stand_in.version
    );
    if !stand_in.provides.is_empty() {
        text += &field_line("Provides", &stand_in.provides.join(", "));
    }
    text + "Description: provided by Cairn itself\n"
}

/// The paths that belong to a package, in dpkg's form.
fn list(number: usize, package: &Unpacked, composition: &Composition) -> String {
    let mut text = String::from("/.\n");
    for listed in package
        .listing
        .iter()
        .filter(|listed| !listed.path.is_empty())
    {
        if !composition.losers.contains(&(number, listed.path.clone())) {
            text.push('/');
            text.push_str(&listed.path);
            text.push('\n');
        }
    }
    text
}

/// Relative path and MD5 of each conffile.
fn conffile_sums(package: &Unpacked, name: &str) -> Result<Vec<(String, String)>, DatabaseError> {
    let Some(member) = package.control.get("conffiles") else {
        return Ok(Vec::new());
    };
    let paths = conffile_paths(member).into_iter();
    paths
        .map(|path| match package.conffiles.get(&path) {
            Some(bytes) => {
                let sum = data_encoding::HEXLOWER.encode(&md5::Md5::digest(bytes));
                Ok((path, sum))
            }
            None => Err(DatabaseError::Conffile {
                package: name.into(),
                path,
            }),
        })
        .collect()
}

/// The relative paths that a package's `conffiles` member names, so that the caller knows whose bytes to bring.
///
/// Those with a flag (`remove-on-upgrade`) are not shipped and not named. Source: deb-conffiles(5).
pub fn conffile_paths(conffiles: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(conffiles);
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('/'));
    lines
        .map(|line| line.trim_start_matches('/').to_owned())
        .collect()
}

/// Who waits for which trigger.
#[derive(Default)]
struct Interests {
    /// (path, package with its manner of waiting).
    paths: BTreeSet<(String, String)>,
    /// Name of an explicit trigger → packages.
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Interests {
    /// Takes in a `triggers` member. Source: deb-triggers(5).
    fn read(&mut self, package: &str, member: &str) {
        for line in member
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
        {
            let mut words = line.split_whitespace();
            let waits = match words.next() {
                Some("interest" | "interest-await") => "",
                Some("interest-noawait") => "/noawait",
                _ => continue,
            };
            let Some(trigger) = words.next() else {
                continue;
            };
            let who = format!("{package}{waits}");
            if trigger.starts_with('/') {
                self.paths.insert((trigger.to_owned(), who));
            } else {
                self.names
                    .entry(trigger.to_owned())
                    .or_default()
                    .insert(who);
            }
        }
    }

    fn files(self) -> Vec<DatabaseFile> {
        let lines = self.paths.iter().map(|(path, who)| format!("{path} {who}"));
        let lines: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
        let mut files = vec![file("triggers/File", &lines)];
        for (name, packages) in self.names {
            let lines: String = packages
                .into_iter()
                .flat_map(|package| [package, "\n".to_owned()])
                .collect();
            files.push(file(&format!("triggers/{name}"), &lines));
        }
        files
    }
}
