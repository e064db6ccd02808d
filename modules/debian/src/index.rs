//! A Packages file, read without copying.
//!
//! In: the decompressed text, its digest checked by others. Out: one [`Package`] of slices for each stanza.

/// Which archive a package's pool path belongs to: the two have mirrors of their own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The main archive, with `-updates`.
    Debian,
    /// The archive of security updates.
    Security,
}

/// Why an index can't be read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A stanza lacks what every package has.
    #[error("the package index, near byte {offset}: `{package}` has no {field}")]
    Missing {
        /// Where its stanza begins.
        offset: usize,
        /// Its name as far as known.
        package: String,
        /// What is missing.
        field: &'static str,
    },
    /// Not UTF-8.
    #[error("the package index is not UTF-8")]
    Encoding(#[from] std::str::Utf8Error),
}

/// One package as the archive offers it. Relations are unparsed: see [`crate::relation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the fields")]
pub struct Package<'a> {
    pub origin: Origin,
    pub name: &'a str,
    pub version: &'a str,
    pub architecture: &'a str,
    pub essential: bool,
    pub priority: &'a str,
    pub section: &'a str,
    pub multi_arch: &'a str,
    /// Kibibytes.
    pub installed_size_kib: u64,
    pub pre_depends: &'a str,
    pub depends: &'a str,
    pub conflicts: &'a str,
    pub breaks: &'a str,
    pub provides: &'a str,
    pub replaces: &'a str,
    /// Pool path below the mirror.
    pub filename: &'a str,
    /// Bytes of the .deb.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: &'a str,
    /// The first line only.
    pub description: &'a str,
}

/// All packages of an index, in its order.
#[derive(Debug, Clone, Default)]
pub struct Index<'a> {
    /// In the file's order.
    pub packages: Vec<Package<'a>>,
}

/// The text `yes` of a field.
fn is_yes(value: &str) -> bool {
    value == "yes"
}

impl<'a> Package<'a> {
    /// A package of which only the name and the version are known.
    pub(crate) fn bare(origin: Origin, name: &'a str, version: &'a str) -> Self {
        Self {
            origin,
            name,
            version,
            architecture: "",
            essential: false,
            priority: "",
            section: "",
            multi_arch: "",
            installed_size_kib: 0,
            pre_depends: "",
            depends: "",
            conflicts: "",
            breaks: "",
            provides: "",
            replaces: "",
            filename: "",
            size: 0,
            sha256: "",
            description: "",
        }
    }

    fn set(&mut self, name: &str, value: &'a str) {
        match name {
            "Package" => self.name = value,
            "Version" => self.version = value,
            "Architecture" => self.architecture = value,
            "Essential" => self.essential = is_yes(value),
            "Priority" => self.priority = value,
            "Section" => self.section = value,
            "Multi-Arch" => self.multi_arch = value,
            "Installed-Size" => self.installed_size_kib = value.parse().unwrap_or(0),
            "Pre-Depends" => self.pre_depends = value,
            "Depends" => self.depends = value,
            "Conflicts" => self.conflicts = value,
            "Breaks" => self.breaks = value,
            "Provides" => self.provides = value,
            "Replaces" => self.replaces = value,
            "Filename" => self.filename = value,
            "Size" => self.size = value.parse().unwrap_or(0),
            "SHA256" => self.sha256 = value,
            "Description" => self.description = value.lines().next().unwrap_or(""),
            _ => {}
        }
    }

    /// What every offered package must say.
    fn check(&self, offset: usize) -> Result<(), IndexError> {
        let fields = [
            ("Package", self.name),
            ("Version", self.version),
            ("Architecture", self.architecture),
            ("Filename", self.filename),
            ("SHA256", self.sha256),
        ];
        match fields.iter().find(|(_, value)| value.is_empty()) {
            Some((field, _)) => Err(IndexError::Missing {
                offset,
                package: self.name.into(),
                field,
            }),
            None => Ok(()),
        }
    }
}

impl<'a> Index<'a> {
    /// Reads an index.
    ///
    /// Errors: [`IndexError::Encoding`], and [`IndexError::Missing`] for a stanza without name, version,
    /// architecture, pool path or digest.
    pub fn parse(bytes: &'a [u8], origin: Origin) -> Result<Self, IndexError> {
        let text = std::str::from_utf8(bytes)?;
        let mut packages = Vec::with_capacity(bytes.len() / 800);
        let (mut at, mut begun) = (0, None);
        let mut package = Package::bare(origin, "", "");
        while at < bytes.len() {
            let mut end = line_end(bytes, at);
            if end == at {
                if let Some(offset) = begun.take() {
                    package.check(offset)?;
                    packages.push(package);
                    package = Package::bare(origin, "", "");
                }
                at += 1;
                continue;
            }
            begun = begun.or(Some(at));
            while matches!(bytes.get(end + 1), Some(b' ' | b'\t')) {
                end = line_end(bytes, end + 1);
            }
            if let Some(colon) = memchr::memchr(b':', &bytes[at..end]) {
                package.set(&text[at..at + colon], text[at + colon + 1..end].trim());
            }
            at = end + 1;
        }
        if let Some(offset) = begun {
            package.check(offset)?;
            packages.push(package);
        }
        Ok(Self { packages })
    }
}

/// The position of the line end at or after `at`, or of the end.
fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "Package: a\nVersion: 1\nArchitecture: amd64\nEssential: yes\nSize: 7\n\
        Depends: b,\n c (>= 2)\nFilename: pool/a.deb\nSHA256: 00\nDescription: first\n second\n\n\n\
        Package: b\nVersion: 2\nArchitecture: all\nFilename: pool/b.deb\nSHA256: 11";

    #[test]
    fn reads_folded_fields_and_a_last_stanza_without_line_end() {
        let index = Index::parse(TWO.as_bytes(), Origin::Debian).unwrap();
        let [a, b] = &index.packages[..] else {
            panic!("{index:?}")
        };
        assert_eq!(
            (a.name, a.essential, a.size, a.description),
            ("a", true, 7, "first")
        );
        assert_eq!(a.depends, "b,\n c (>= 2)");
        assert_eq!((b.name, b.version, b.sha256), ("b", "2", "11"));
    }

    #[test]
    fn a_stanza_without_digest_is_refused_by_name() {
        let text = "Package: a\nVersion: 1\nArchitecture: all\nFilename: f\n\n";
        let error = Index::parse(text.as_bytes(), Origin::Debian)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`a` has no SHA256"), "{error}");
    }
}
