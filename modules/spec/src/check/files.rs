//! What can be said of declared files without a machine.
//!
//! In: the files by path. Out: problems of their paths, contents, modes and owners. Knows no file of a package.

use super::{Findings, is_absolute, is_login};
use crate::sections::File;
use std::collections::BTreeMap;

/// Folders that the running system owns: nothing declared could stay there.
const STATE: [&str; 7] = ["/var", "/home", "/run", "/tmp", "/dev", "/proc", "/sys"];

/// Folders that cairn fills itself; `/lib` is a link to `/usr/lib`.
const OWN: [&str; 5] = [
    "/cairn",
    "/efi",
    "/boot/efi",
    "/usr/lib/cairn",
    "/lib/cairn",
];

/// Files that are made from other options, and those options.
const MADE: [(&str, &str); 4] = [
    ("/etc/passwd", "users"),
    ("/etc/shadow", "users"),
    ("/etc/group", "groups"),
    ("/etc/gshadow", "groups"),
];

pub(super) fn check(files: &BTreeMap<String, File>, found: &mut Findings) {
    for (path, file) in files {
        place(path, files, found);
        content(path, file, found);
        let digits = file.mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
        found.require(
            digits && (3..=4).contains(&file.mode.len()),
            &["files", path, "mode"],
            format!(
                "is \"{}\": three or four octal digits such as \"0644\"",
                file.mode
            ),
        );
        for (field, owner) in [("user", &file.user), ("group", &file.group)] {
            found.require(
                is_login(owner),
                &["files", path, field],
                format!("is \"{owner}\", which is no name"),
            );
        }
    }
}

fn is_at_or_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn place(path: &str, files: &BTreeMap<String, File>, found: &mut Findings) {
    let at = ["files", path];
    if !is_absolute(path) {
        found.add(
            &at,
            "is no absolute path without `.`, `..` and doubled slashes",
        );
    }
    if let Some(root) = STATE.iter().find(|root| is_at_or_below(path, root)) {
        found.add(
            &at,
            format!("lies below `{root}`, which belongs to the running system; `tmpfiles` can make it at boot"),
        );
    }
    if let Some(root) = OWN.iter().find(|root| is_at_or_below(path, root)) {
        found.add(
            &at,
            format!(
                "lies below `{root}`, which cairn fills itself; give the file another place, such as `/usr/local`"
            ),
        );
    }
    if let Some((_, option)) = MADE.iter().find(|(made, _)| is_at_or_below(path, made)) {
        found.add(
            &at,
            format!("is made from the accounts of the packages and of the configuration; set `{option}` instead"),
        );
    }
    let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
    if let Some((parent, _)) = parents
        .filter_map(|parent| files.get_key_value(parent))
        .find(|(_, file)| file.text.is_some())
    {
        found.add(
            &at,
            format!("lies below `{parent}`, which is itself a declared file; move one of them"),
        );
    }
}

fn content(path: &str, file: &File, found: &mut Findings) {
    let contents = [&file.text, &file.source, &file.link]
        .iter()
        .filter(|c| c.is_some())
        .count();
    if contents != 1 {
        let what = if contents == 0 {
            "has no content"
        } else {
            "has more than one content"
        };
        found.add(
            &["files", path],
            format!("{what}: set one of `text`, `source` and `link`"),
        );
    }
}
