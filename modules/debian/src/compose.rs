//! Whose file it is when several packages bring the same path.
//!
//! In: the listings and control files of a set of unpacked packages. Out: which entries lose, or the conflict that no
//! `Replaces` explains. Knows no contents.

use crate::control::Stanza;
use crate::database::Unpacked;
use crate::relation::relations;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

/// Links that every merged root has, before any package is put in: (path, target).
pub const MERGED_LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
];

/// How listings merge into one root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Composition {
    /// (number of the package, path as it is in its listing) that must be left out, because another package replaces it.
    pub losers: BTreeSet<(usize, String)>,
}

/// Two packages bring the same file and neither may.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "packages {first} and {second} both bring /{path}, and neither says that it replaces the other"
)]
pub struct ComposeError {
    /// Package name.
    pub first: String,
    /// Package name.
    pub second: String,
    /// Relative to the root.
    pub path: String,
}

/// Where a path of a package lands: behind the links of a merged root (`bin/ls` → `usr/bin/ls`).
pub fn merged(path: &str) -> String {
    for (link, target) in MERGED_LINKS {
        if let Some(rest) = path
            .strip_prefix(link)
            .and_then(|rest| rest.strip_prefix('/'))
        {
            return format!("{target}/{rest}");
        }
    }
    path.to_owned()
}

/// Merges. The links of a merged root count as directories, and so belong to everybody.
///
/// Errors: [`ComposeError`]. Source: Debian policy 7.6.1, "Overwriting files in other packages".
pub fn compose(packages: &[Unpacked]) -> Result<Composition, ComposeError> {
    let stanzas: Vec<Option<Stanza<'_>>> = packages.iter().map(Unpacked::stanza).collect();
    let mut owners: HashMap<String, (usize, &str)> = HashMap::new();
    let mut losers = BTreeSet::new();
    for (number, package) in packages.iter().enumerate() {
        for listed in &package.listing {
            let is_link = MERGED_LINKS.iter().any(|(link, _)| *link == listed.path);
            if listed.directory || is_link {
                continue;
            }
            match owners.entry(merged(&listed.path)) {
                Entry::Vacant(place) => {
                    place.insert((number, &listed.path));
                }
                Entry::Occupied(mut place) => {
                    let (other, path) = *place.get();
                    if replaces(stanzas[number], stanzas[other]) {
                        losers.insert((other, path.to_owned()));
                        place.insert((number, &listed.path));
                    } else if replaces(stanzas[other], stanzas[number]) {
                        losers.insert((number, listed.path.clone()));
                    } else {
                        let name = |n: usize| {
                            stanzas[n]
                                .and_then(|s| s.get("Package"))
                                .unwrap_or("?")
                                .to_owned()
                        };
                        let path = place.key().clone();
                        return Err(ComposeError {
                            first: name(other),
                            second: name(number),
                            path,
                        });
                    }
                }
            }
        }
    }
    Ok(Composition { losers })
}

/// Whether one package's `Replaces` names the other in its version, or what it provides.
fn replaces(one: Option<Stanza<'_>>, other: Option<Stanza<'_>>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    let (name, version) = (
        other.get("Package").unwrap_or_default(),
        other.get("Version").unwrap_or_default(),
    );
    let provided: Vec<_> = relations(other.get("Provides").unwrap_or_default()).collect();
    relations(one.get("Replaces").unwrap_or_default()).any(|relation| {
        let by_name = relation.name == name && relation.allows(version);
        by_name
            || relation.version.is_none()
                && provided.iter().any(|provide| provide.name == relation.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Listed;

    fn package(control: &str, files: &[&str]) -> Unpacked {
        let listing = files
            .iter()
            .map(|path| Listed {
                path: (*path).into(),
                directory: false,
            })
            .collect();
        let control = [("control".to_owned(), control.as_bytes().to_vec())].into();
        Unpacked {
            control,
            listing,
            ..Unpacked::default()
        }
    }

    #[test]
    fn the_replacing_package_wins_in_either_order() {
        let old = package("Package: old\nVersion: 1\n", &["usr/bin/x"]);
        let new = package(
            "Package: new\nVersion: 1\nReplaces: old (<< 2)\n",
            &["usr/bin/x"],
        );
        let loses = |number| BTreeSet::from([(number, "usr/bin/x".to_owned())]);
        assert_eq!(
            compose(&[old.clone(), new.clone()]).unwrap().losers,
            loses(0)
        );
        assert_eq!(compose(&[new, old]).unwrap().losers, loses(1));
    }

    #[test]
    fn a_conflict_shows_even_behind_a_merged_link() {
        let a = package("Package: a\nVersion: 1\n", &["bin/x"]);
        let b = package(
            "Package: b\nVersion: 1\nReplaces: a (<< 1)\n",
            &["usr/bin/x"],
        );
        let error = compose(&[a, b]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "packages a and b both bring /usr/bin/x, and neither says that it replaces the other"
        );
    }
}
