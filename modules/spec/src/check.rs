//! What can be said of a spec without a machine.
//!
//! In: a [`SystemSpec`]. Out: every [`Problem`], none of which stops the search for the next. Knows
//! no package index: whether a package exists is the archive's to say.

mod files;
mod users;

use crate::SystemSpec;
use crate::sections::Unit;

/// A value that no machine could use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The option, as `files."/etc/motd".mode`: the caller finds the user's line by it.
    pub path: Vec<String>,
    /// One line: what is wrong, and what would be right.
    pub cause: String,
    /// The item that is meant, where the option is a list that several definitions may add to.
    pub item: Option<String>,
}

pub(crate) fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let path: Vec<String> = problem.path.iter().map(|part| quoted(part)).collect();
            format!("`{}` {}", path.join("."), problem.cause)
        })
        .collect();
    lines.join("\n")
}

fn quoted(part: &str) -> String {
    let plain = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if plain {
        part.into()
    } else {
        format!("\"{part}\"")
    }
}

#[derive(Default)]
struct Findings(Vec<Problem>);

impl Findings {
    fn add(&mut self, path: &[&str], cause: impl Into<String>) {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        self.0.push(Problem {
            path,
            cause: cause.into(),
            item: None,
        });
    }

    fn require_item(&mut self, holds: bool, path: &[&str], item: &str, cause: impl Into<String>) {
        if !holds {
            self.add(path, cause);
            if let Some(problem) = self.0.last_mut() {
                problem.item = Some(item.into());
            }
        }
    }

    fn require(&mut self, holds: bool, path: &[&str], cause: impl Into<String>) {
        if !holds {
            self.add(path, cause);
        }
    }
}

/// Every problem of a spec, in the order of its sections.
pub(crate) fn problems(spec: &SystemSpec) -> Vec<Problem> {
    let mut found = Findings::default();
    host_name(&spec.host.name, &mut found);
    found.require(
        is_zone(&spec.time.zone),
        &["time", "zone"],
        format!(
            "is \"{}\", which is no zone name such as \"Europe/Berlin\"",
            spec.time.zone
        ),
    );
    if let Some(locale) = &spec.locale {
        found.require(
            is_word(&locale.lang, "_.@-"),
            &["locale", "lang"],
            format!(
                "is \"{}\", which is no locale name such as \"de_DE.UTF-8\"",
                locale.lang
            ),
        );
    }
    for package in &spec.packages {
        found.require_item(
            is_package(package),
            &["packages"],
            package,
            format!("holds \"{package}\", which is no Debian package name"),
        );
    }
    users::check(&spec.users, &mut found);
    for name in spec.groups.keys() {
        found.require(
            is_login(name),
            &["groups", name],
            "is no group name: a-z, 0-9, _ and -",
        );
    }
    files::check(&spec.files, &mut found);
    for (name, unit) in &spec.units {
        check_unit(name, unit, &mut found);
    }
    for line in &spec.tmpfiles {
        found.require_item(
            !line.contains('\n') && line.split_whitespace().count() >= 2,
            &["tmpfiles"],
            line,
            format!(
                "holds \"{line}\", which is no line of tmpfiles.d: TYPE PATH MODE USER GROUP AGE"
            ),
        );
    }
    found.require(
        is_package(&spec.kernel.package),
        &["kernel", "package"],
        format!(
            "is \"{}\", which is no Debian package name",
            spec.kernel.package
        ),
    );
    for param in &spec.kernel.params {
        found.require_item(
            !param.is_empty() && !param.contains(char::is_whitespace),
            &["kernel", "params"],
            param,
            format!("holds \"{param}\": one word of the command line for each item"),
        );
    }
    for module in &spec.kernel.modules {
        found.require_item(
            is_word(module, "_-"),
            &["kernel", "modules"],
            module,
            format!("holds \"{module}\", which is no kernel module's name"),
        );
    }
    found.require(
        is_word(&spec.debian.suite, "-./"),
        &["debian", "suite"],
        format!(
            "is \"{}\", which is no suite such as \"trixie\"",
            spec.debian.suite
        ),
    );
    found.require(
        !spec.debian.components.is_empty(),
        &["debian", "components"],
        "is empty",
    );
    found.require(
        spec.image.esp_mib >= 64,
        &["image", "esp_mib"],
        format!(
            "is {}: the EFI system partition needs at least 64 MiB",
            spec.image.esp_mib
        ),
    );
    found.0
}

/// Source: RFC 1123, section 2.1; the limit of 64 is Linux's HOST_NAME_MAX.
fn host_name(name: &str, found: &mut Findings) {
    let path = ["host", "name"];
    if name.is_empty() || name.len() > 64 {
        return found.add(
            &path,
            format!("has {} characters: 1 to 64 are allowed", name.len()),
        );
    }
    for label in name.split('.') {
        let letters = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if label.is_empty() || label.len() > 63 || !letters {
            return found.add(
                &path,
                format!("is \"{name}\": only letters, digits and hyphens, with dots between"),
            );
        }
        if label.starts_with('-') || label.ends_with('-') {
            return found.add(
                &path,
                format!("is \"{name}\": no part may begin or end with a hyphen"),
            );
        }
    }
}

fn is_zone(zone: &str) -> bool {
    !zone.is_empty()
        && zone
            .split('/')
            .all(|part| is_word(part, "_+-") && !part.starts_with('-'))
}

fn is_word(text: &str, also: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

/// Source: Debian Policy, 5.6.1.
fn is_package(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c))
}

/// Source: systemd.io, "User/Group Name Syntax", strict mode.
fn is_login(name: &str) -> bool {
    name.len() <= 31
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
}

/// Absolute, without `//`, `.`, `..`, a final slash or a line break.
fn is_absolute(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| {
        rest.split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
    }) && !path.contains(['\n', '\0'])
}

/// Unit types that a file can define. Source: systemd.unit(5).
const SUFFIXES: [&str; 9] = [
    "service",
    "socket",
    "timer",
    "target",
    "mount",
    "automount",
    "path",
    "slice",
    "swap",
];

fn check_unit(name: &str, unit: &Unit, found: &mut Findings) {
    let path = ["units", name];
    match name.rsplit_once('.') {
        Some((stem, suffix)) if SUFFIXES.contains(&suffix) => found.require(
            is_word(stem, ":-_.\\@"),
            &path,
            "has a character that systemd does not allow in a unit's name",
        ),
        _ => found.add(
            &path,
            format!(
                "is no unit name: it must end in one of .{}",
                SUFFIXES.join(", .")
            ),
        ),
    }
    if unit.mask && unit.enable == Some(true) {
        found.add(&path, "is enabled and masked at once");
    }
    if unit.mask && unit.text.is_some() {
        found.add(&path, "is masked, so its text would never be read");
    }
}
