//! The signed description of a suite (InRelease).
//!
//! In: the *verified* text, never what surrounded it. Out: dates, names and the digests of the indexes.
//! Has no clock: whether it is too old is asked with a time. Source: DebianRepository/Format.

use crate::control::stanzas;
use std::collections::BTreeMap;

/// Why a text is no Release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A field is missing.
    #[error("the release file has no field `{0}`")]
    Missing(&'static str),
    /// A date that isn't one.
    #[error("the release file's `{field}` is not a date: `{value}`")]
    Date {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// A line of the digest table.
    #[error("the release file's SHA256 table has a line `{0}`")]
    Table(String),
    /// The index of this component and architecture isn't listed.
    #[error("the suite {suite} has no index of component {component} for {architecture}")]
    NoIndex {
        /// Suite or code name.
        suite: String,
        /// Asked for.
        component: String,
        /// Asked for.
        architecture: String,
    },
}

/// A suite's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// `stable`, `stable-updates` …; empty when it isn't said.
    pub suite: String,
    /// `trixie`, `trixie-updates`, `trixie-security`.
    pub codename: String,
    /// `Debian`, `Debian-Security`… as signed.
    pub origin: String,
    /// `Debian`, `Debian-Security`.
    pub label: String,
    /// `13.1`; empty when it isn't said.
    pub version: String,
    /// Seconds since 1970.
    pub date: i64,
    /// Seconds since 1970; the end of validity, where the archive states one.
    pub valid_until: Option<i64>,
    /// `main`, `contrib` … (`updates/main` of security suites is written without its prefix).
    pub components: Vec<String>,
    /// `amd64` …
    pub architectures: Vec<String>,
    /// Whether indexes can be fetched by digest.
    pub acquire_by_hash: bool,
    /// Path below `dists/<suite>/` → digest and size.
    pub files: BTreeMap<String, ReleaseFile>,
}

/// One line of the digest table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// Where an index is fetched and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// Path below `dists/<suite>/` in the table.
    pub path: String,
    /// Path below `dists/<suite>/` to fetch: by digest where the archive has it.
    pub fetch_path: String,
    /// Lower-case hexadecimal, of the file as fetched.
    pub sha256: String,
    /// Bytes, of the file as fetched.
    pub size: u64,
}

impl Release {
    /// Reads the verified text.
    ///
    /// Errors: [`ReleaseError`]; a suite without digests or date is refused.
    pub fn parse(text: &str) -> Result<Self, ReleaseError> {
        let stanza = stanzas(text).next().ok_or(ReleaseError::Missing("Date"))?;
        let field = |name| stanza.get(name).unwrap_or_default().to_owned();
        let words = |name| {
            stanza
                .get(name)
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect()
        };
        let date = stanza.get("Date").ok_or(ReleaseError::Missing("Date"))?;
        let table = stanza
            .get("SHA256")
            .ok_or(ReleaseError::Missing("SHA256"))?;
        let valid_until = stanza
            .get("Valid-Until")
            .map(|value| seconds("Valid-Until", value))
            .transpose()?;
        let components: Vec<String> = words("Components");
        Ok(Self {
            suite: field("Suite"),
            codename: field("Codename"),
            origin: field("Origin"),
            label: field("Label"),
            version: field("Version"),
            date: seconds("Date", date)?,
            valid_until,
            components: components
                .into_iter()
                .map(|component| component.rsplit('/').next().unwrap_or_default().to_owned())
                .collect(),
            architectures: words("Architectures"),
            acquire_by_hash: stanza.get("Acquire-By-Hash") == Some("yes"),
            files: table
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(table_line)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Seconds by which it has expired at `now` (seconds since 1970); zero while it is valid or never expires.
    pub fn expired_secs(&self, now: i64) -> u64 {
        self.valid_until
            .map_or(0, |until| now.saturating_sub(until).max(0) as u64)
    }

    /// The binary index of a component: `.xz`, else `.gz`, else plain.
    ///
    /// Errors: [`ReleaseError::NoIndex`].
    pub fn index(&self, component: &str, architecture: &str) -> Result<IndexFile, ReleaseError> {
        let folder = format!("{component}/binary-{architecture}");
        for ending in [".xz", ".gz", ""] {
            let path = format!("{folder}/Packages{ending}");
            if let Some(file) = self.files.get(&path) {
                let fetch_path = if self.acquire_by_hash {
                    format!("{folder}/by-hash/SHA256/{}", file.sha256)
                } else {
                    path.clone()
                };
                return Ok(IndexFile {
                    path,
                    fetch_path,
                    sha256: file.sha256.clone(),
                    size: file.size,
                });
            }
        }
        let suite = if self.codename.is_empty() {
            &self.suite
        } else {
            &self.codename
        };
        Err(ReleaseError::NoIndex {
            suite: suite.clone(),
            component: component.into(),
            architecture: architecture.into(),
        })
    }
}

/// `<sha256> <size> <path>`.
fn table_line(line: &str) -> Result<(String, ReleaseFile), ReleaseError> {
    let bad = || ReleaseError::Table(line.trim().into());
    let mut words = line.split_whitespace();
    let (Some(sha256), Some(size), Some(path), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad());
    };
    let hexadecimal = sha256.len() == 64
        && sha256
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !hexadecimal || path.split('/').any(|part| part == "..") {
        return Err(bad());
    }
    Ok((
        path.into(),
        ReleaseFile {
            sha256: sha256.into(),
            size: size.parse().map_err(|_| bad())?,
        },
    ))
}

/// `Sat, 06 Sep 2026 08:15:42 UTC` → seconds since 1970. Source: DebianRepository/Format, "Date, Valid-Until".
fn seconds(field: &'static str, value: &str) -> Result<i64, ReleaseError> {
    parse_date(value).ok_or_else(|| ReleaseError::Date {
        field,
        value: value.into(),
    })
}

fn parse_date(value: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = value
        .split_once(',')
        .map_or(value, |(_, rest)| rest)
        .split_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let clock: Vec<i64> = words
        .next()?
        .split(':')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [hour, minute, second] = clock[..] else {
        return None;
    };
    if !matches!(words.next(), None | Some("UTC" | "GMT" | "+0000" | "Z")) {
        return None;
    }
    let in_range = (1..=31).contains(&day)
        && (1970..=9999).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    // Days since 1970 of the proleptic Gregorian calendar, years counted from March.
    let (from_march, march_year) = ((month + 9) % 12, if month <= 2 { year - 1 } else { year });
    let days = march_year * 365 + march_year / 4 - march_year / 100
        + march_year / 400
        + (from_march * 153 + 2) / 5
        + day
        - 719_469;
    in_range.then_some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(extra: &str) -> String {
        let sum = "a".repeat(64);
        format!(
            "Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 06 Sep 2025 09:46:14 UTC\n{extra}\
             Architectures: all amd64\nComponents: updates/main contrib\nSHA256:\n \
             {sum}  17 main/binary-amd64/Packages.gz\n {sum}     9 main/binary-amd64/Packages.xz\n"
        )
    }

    #[test]
    fn dates_agree_with_the_calendar() {
        for (value, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 UTC", 0),
            ("Tue, 29 Feb 2000 12:00:00 UTC", 951_825_600),
            ("Sat, 06 Sep 2025 09:46:14 UTC", 1_757_151_974),
            ("Sun,  1 Mar 2026 00:00:00 GMT", 1_772_323_200),
        ] {
            assert_eq!(parse_date(value), Some(expected), "{value}");
        }
        for value in [
            "",
            "yesterday",
            "Sat, 06 Foo 2025 09:46:14 UTC",
            "Sat, 06 Sep 2025 09:46:14 CET",
        ] {
            assert_eq!(parse_date(value), None, "{value}");
        }
    }

    #[test]
    fn prefers_the_xz_index_and_fetches_by_digest_where_possible() {
        let plain = Release::parse(&text(""))
            .unwrap()
            .index("main", "amd64")
            .unwrap();
        assert_eq!(
            (plain.fetch_path.as_str(), plain.size),
            ("main/binary-amd64/Packages.xz", 9)
        );
        let release = Release::parse(&text("Acquire-By-Hash: yes\n")).unwrap();
        let by_hash = release.index("main", "amd64").unwrap().fetch_path;
        assert_eq!(
            by_hash,
            format!("main/binary-amd64/by-hash/SHA256/{}", "a".repeat(64))
        );
        assert_eq!(release.components, ["main", "contrib"]);
    }

    #[test]
    fn an_unlisted_component_is_named_in_the_error() {
        let error = Release::parse(&text(""))
            .unwrap()
            .index("non-free", "amd64")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the suite trixie has no index of component non-free for amd64"
        );
    }

    #[test]
    fn expires_after_valid_until_and_not_before() {
        let release =
            Release::parse(&text("Valid-Until: Sat, 13 Sep 2025 09:46:14 UTC\n")).unwrap();
        assert_eq!(release.expired_secs(release.date), 0);
        assert_eq!(release.expired_secs(release.date + 7 * 86_400 + 5), 5);
    }

    #[test]
    fn a_table_that_points_outside_is_refused() {
        let evil = format!(
            "Date: Thu, 01 Jan 1970 00:00:00 UTC\nSHA256:\n {} 1 ../../x\n",
            "a".repeat(64)
        );
        assert!(matches!(Release::parse(&evil), Err(ReleaseError::Table(_))));
    }
}
