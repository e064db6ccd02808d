//! Where the machine gets Debian from: apt's own sources.
//!
//! In: texts of `sources.list` and `sources.list.d/*`. Out: the mirrors of a suite. Third parties are passed over.
//! Source: sources.list(5).

use crate::control::{Stanza, stanzas};

/// One repository of the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Base address without a trailing slash.
    pub uri: String,
    /// `trixie`, `trixie-updates` …
    pub suites: Vec<String>,
    /// `main` …
    pub components: Vec<String>,
    /// Keyring paths; empty when it isn't said or the key stands in the file itself.
    pub signed_by: Vec<String>,
}

/// Where a suite comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrors {
    /// The main archive, without a trailing slash.
    pub debian: String,
    /// The security archive, where the machine names one.
    pub security: Option<String>,
    /// Keyring paths that the sources name.
    pub keyrings: Vec<String>,
}

/// The code names that a Debian suite can have.
const CODENAMES: &[&str] = &[
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "unstable",
    "testing",
    "stable",
    "oldstable",
    "oldoldstable",
];

/// The repositories of one file: `.sources` by its name, one line each otherwise.
///
/// Disabled ones, sources of source packages and lines that aren't understood are passed over, as apt's own errors are apt's to tell.
pub fn parse(file_name: &str, text: &str) -> Vec<Repository> {
    let extension = std::path::Path::new(file_name).extension();
    if extension.is_some_and(|extension| extension == "sources") {
        stanzas(text)
            .filter_map(|stanza| from_stanza(&stanza))
            .flatten()
            .collect()
    } else {
        text.lines().filter_map(from_line).collect()
    }
}

fn from_stanza(stanza: &Stanza<'_>) -> Option<Vec<Repository>> {
    let words = |name: &str| -> Vec<String> {
        stanza
            .get(name)
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let disabled = stanza
        .get("Enabled")
        .is_some_and(|value| matches!(value, "no" | "false" | "without" | "off" | "0"));
    if disabled || !words("Types").iter().any(|word| word == "deb") {
        return None;
    }
    // A key block that stands in the field itself is no path.
    let signed_by = words("Signed-By")
        .into_iter()
        .filter(|word| word.starts_with('/'))
        .collect::<Vec<_>>();
    let each = words("URIs").into_iter().map(|uri| Repository {
        uri: uri.trim_end_matches('/').to_owned(),
        suites: words("Suites"),
        components: words("Components"),
        signed_by: signed_by.clone(),
    });
    Some(each.collect())
}

/// `deb [signed-by=… arch=…] URI suite component…`
fn from_line(line: &str) -> Option<Repository> {
    let line = line.split('#').next()?.trim();
    let rest = line
        .strip_prefix("deb")
        .filter(|rest| rest.starts_with([' ', '\t']))?
        .trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let uri = words.next()?.trim_end_matches('/').to_owned();
    let suite = words.next()?.trim_end_matches('/').to_owned();
    let signed_by = options
        .split_whitespace()
        .filter_map(|option| option.strip_prefix("signed-by="))
        .flat_map(|paths| paths.split(','))
        .filter(|path| path.starts_with('/'))
        .map(str::to_owned)
        .collect();
    Some(Repository {
        uri,
        suites: vec![suite],
        components: words.map(str::to_owned).collect(),
        signed_by,
    })
}

impl Repository {
    /// Whether it is a mirror of Debian's main archive.
    fn is_debian(&self) -> bool {
        self.has_main()
            && self.uri.ends_with("/debian")
            && self
                .suites
                .iter()
                .any(|suite| CODENAMES.contains(&family(suite)))
    }

    /// Whether it is a mirror of Debian's security archive.
    fn is_security(&self) -> bool {
        let named = self.uri.ends_with("/debian-security") || self.uri.contains("//security.");
        let suite = |suite: &String| {
            suite
                .split_once(['-', '/'])
                .is_some_and(|(name, _)| CODENAMES.contains(&name))
        };
        self.has_main() && named && self.suites.iter().any(suite)
    }

    fn has_main(&self) -> bool {
        self.components.iter().any(|component| component == "main")
    }

    fn serves(&self, suite: &str) -> bool {
        self.suites.iter().any(|name| family(name) == suite)
    }
}

/// `trixie-updates` → `trixie`.
fn family(suite: &str) -> &str {
    suite.split(['-', '/']).next().unwrap_or(suite)
}

/// The mirrors to use for `suite`: those of a repository that serves it, else of one that serves any suite of Debian.
pub fn find_mirrors(repositories: &[Repository], suite: &str) -> Option<Mirrors> {
    let choose = |is_one: fn(&Repository) -> bool| {
        let ones = || {
            repositories
                .iter()
                .filter(move |repository| is_one(repository))
        };
        ones()
            .find(|repository| repository.serves(family(suite)))
            .or_else(|| ones().next())
    };
    let debian = choose(Repository::is_debian)?;
    let security = choose(Repository::is_security);
    let mut keyrings = debian.signed_by.clone();
    keyrings.extend(
        security
            .into_iter()
            .flat_map(|repository| repository.signed_by.clone()),
    );
    keyrings.sort();
    keyrings.dedup();
    Some(Mirrors {
        debian: debian.uri.clone(),
        security: security.map(|repository| repository.uri.clone()),
        keyrings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "Types: deb\n# a comment\nURIs: http://mirror.example/debian/\nSuites: bookworm bookworm-updates\n\
        Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
        Types: deb deb-src\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\n\n\
        Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\n\n\
        Types: deb\nURIs: https://deb.example.com/node_20.x\nSuites: nodistro\nComponents: main\n";
    const ONE_LINE: &str = "# deb http://no.example/debian trixie main\n\
        deb-src http://src.example/debian trixie main\n\
        deb https://packages.example/apt cloud-sdk-bookworm main\n\
        deb [arch=amd64 signed-by=/k.gpg] https://line.example/debian/ trixie main contrib # home\n";

    #[test]
    fn another_suite_comes_from_the_mirror_that_the_machine_uses() {
        let mirrors = find_mirrors(&parse("debian.sources", DEB822), "trixie").unwrap();
        assert_eq!(mirrors.debian, "http://mirror.example/debian");
        assert_eq!(
            mirrors.security.as_deref(),
            Some("http://mirror.example/debian-security")
        );
        assert_eq!(
            mirrors.keyrings,
            ["/usr/share/keyrings/debian-archive-keyring.gpg"]
        );
    }

    #[test]
    fn the_mirror_that_serves_the_suite_wins() {
        let mut all = parse("debian.sources", DEB822);
        all.extend(parse("sources.list", ONE_LINE));
        let mirrors = find_mirrors(&all, "trixie").unwrap();
        assert_eq!(mirrors.debian, "https://line.example/debian");
        assert!(mirrors.keyrings.contains(&"/k.gpg".to_owned()));
        assert_eq!(
            find_mirrors(&all, "bookworm").unwrap().debian,
            "http://mirror.example/debian"
        );
    }

    #[test]
    fn third_parties_alone_are_no_mirror() {
        let example = "deb https://deb.example.com/node_20.x nodistro main\n";
        assert_eq!(find_mirrors(&parse("node.list", example), "trixie"), None);
    }
}
