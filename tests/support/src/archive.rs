//! A small signed Debian archive on loopback.
//!
//! In: packages. Out: `dists/<suite>/{InRelease,Release,Release.gpg,main/binary-amd64/…}` with `by-hash`, and
//! `pool/`, signed by a key of its own and served by [`Server`]. As in Debian, the plain index is listed in
//! `Release` but not served. Refuses to know what is done with it.

use std::fmt::Write as _;
use std::path::PathBuf;

use sha2::Digest as _;

use crate::deb::{Compression, Deb};
use crate::http::{Fault, Server};
use crate::signing::SigningKey;

/// What an archive will hold.
#[derive(Debug, Clone)]
pub struct ArchiveBuilder {
    suite: String,
    packages: Vec<Deb>,
    signed_by_stranger: bool,
}

impl ArchiveBuilder {
    /// Adds a package; several versions of one name may stand side by side.
    pub fn package(mut self, deb: Deb) -> Self {
        self.packages.push(deb);
        self
    }

    /// Adds packages.
    pub fn packages(mut self, debs: impl IntoIterator<Item = Deb>) -> Self {
        self.packages.extend(debs);
        self
    }

    /// Names the suite; `trixie` without this.
    pub fn suite(mut self, suite: &str) -> Self {
        self.suite = suite.into();
        self
    }

    /// Signs with a key that is not in the keyring.
    pub fn signed_by_stranger(mut self) -> Self {
        self.signed_by_stranger = true;
        self
    }

    /// Makes and serves the archive.
    pub fn build(self) -> Archive {
        let key = SigningKey::generate();
        let mut archive = Archive {
            server: Server::start(),
            trusted: key.keyring(),
            stranger: self.signed_by_stranger.then(SigningKey::generate),
            key,
            suite: self.suite,
            index: Vec::new(),
            revision: 0,
        };
        archive.publish(self.packages);
        archive
    }
}

/// One package as the index knows it.
struct Indexed {
    name: String,
    paragraph: String,
    path: String,
}

/// An archive that is being served.
pub struct Archive {
    server: Server,
    key: SigningKey,
    stranger: Option<SigningKey>,
    trusted: PathBuf,
    suite: String,
    index: Vec<Indexed>,
    revision: u64,
}

impl Archive {
    /// An empty archive to be filled.
    pub fn builder() -> ArchiveBuilder {
        ArchiveBuilder {
            suite: "trixie".into(),
            packages: Vec::new(),
            signed_by_stranger: false,
        }
    }

    /// The mirror's URL, as in apt's sources; no slash at the end.
    pub fn url(&self) -> String {
        format!("{}/debian", self.server.url())
    }

    /// The keyring to trust.
    pub fn keyring(&self) -> PathBuf {
        self.trusted.clone()
    }

    /// The suite.
    pub fn suite(&self) -> &str {
        &self.suite
    }

    /// The server: faults and the count of requests.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Makes all packages of this name misbehave when they are downloaded.
    pub fn fail_package(&self, name: &str, fault: Fault) {
        for entry in self.index.iter().filter(|entry| entry.name == name) {
            self.server.fail(&entry.path, fault);
        }
    }

    /// How often packages of this name were asked for.
    pub fn package_requests(&self, name: &str) -> usize {
        self.index
            .iter()
            .filter(|entry| entry.name == name)
            .map(|entry| self.server.request_count(&entry.path))
            .sum()
    }

    /// Adds packages and signs a new index, a day after the last one.
    pub fn publish(&mut self, debs: impl IntoIterator<Item = Deb>) {
        for deb in debs {
            let bytes = deb.bytes();
            let first = deb.name().chars().next().unwrap();
            let path = format!("pool/main/{first}/{}/{}", deb.name(), deb.file_name());
            let paragraph = format!(
                "{}Filename: {path}\nSize: {}\nSHA256: {}\n",
                deb.control(),
                bytes.len(),
                sha256(&bytes)
            );
            self.server.put(&format!("/debian/{path}"), bytes);
            self.index.push(Indexed {
                name: deb.name().into(),
                paragraph,
                path,
            });
        }
        self.write_index();
    }

    /// Takes a name out of the index and signs a new one; the pool keeps its files.
    pub fn withdraw(&mut self, name: &str) {
        self.index.retain(|entry| entry.name != name);
        self.write_index();
    }

    /// Replaces a package's bytes in the pool while the index keeps the old digest.
    pub fn replace_in_pool(&self, name: &str, bytes: &[u8]) {
        for entry in self.index.iter().filter(|entry| entry.name == name) {
            self.server.put(&format!("/debian/{}", entry.path), bytes);
        }
    }

    fn write_index(&mut self) {
        self.revision += 1;
        let plain = self
            .index
            .iter()
            .map(|entry| entry.paragraph.as_str())
            .collect::<Vec<_>>()
            .join("\n")
            .into_bytes();
        let folder = "main/binary-amd64";
        let mut listed = String::new();
        for (name, compression) in [
            ("Packages", None),
            ("Packages.gz", Some(Compression::Gzip)),
            ("Packages.xz", Some(Compression::Xz)),
        ] {
            let bytes = compression.map_or_else(|| plain.clone(), |how| how.compress(&plain));
            let digest = sha256(&bytes);
            writeln!(listed, " {digest} {} {folder}/{name}", bytes.len()).unwrap();
            if compression.is_some() {
                self.put_dist(&format!("{folder}/by-hash/SHA256/{digest}"), &bytes);
                self.put_dist(&format!("{folder}/{name}"), &bytes);
            }
        }
        let release = format!(
            "Origin: Cairn tests\nLabel: Cairn tests\nSuite: {suite}\nCodename: {suite}\nVersion: 13.{}\n\
             Date: {}\nAcquire-By-Hash: yes\nArchitectures: all amd64\nComponents: main\n\
             Description: a small archive for tests\nSHA256:\n{listed}",
            self.revision,
            self.date(),
            suite = self.suite,
        )
        .into_bytes();
        let key = self.stranger.as_ref().unwrap_or(&self.key);
        self.put_dist("InRelease", &key.clear_sign(&release));
        self.put_dist("Release.gpg", &key.detached(&release));
        self.put_dist("Release", &release);
    }

    /// The date of the index in RFC 5322's form: a day of January 2025.
    fn date(&self) -> String {
        const WEEKDAYS: [&str; 7] = ["Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon"];
        assert!(self.revision <= 31, "January ends");
        let weekday = WEEKDAYS[self.revision as usize % 7];
        format!("{weekday}, {:02} Jan 2025 00:00:00 UTC", self.revision)
    }

    fn put_dist(&self, path: &str, bytes: &[u8]) {
        let path = format!("/debian/dists/{}/{path}", self.suite);
        self.server.put(&path, bytes);
    }
}

fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn archive() -> Archive {
        Archive::builder()
            .package(Deb::new("hello", "1.0").executable("/usr/bin/hello", "#!/bin/sh\n"))
            .build()
    }

    fn served(archive: &Archive, path: &str) -> Vec<u8> {
        let path = format!("/debian/dists/trixie/{path}");
        archive.server().get(&path).expect(&path).to_vec()
    }

    #[test]
    fn apt_itself_accepts_the_archive() {
        let archive = archive();
        let folder = tempfile::tempdir().unwrap();
        for sub in ["lists/partial", "cache/archives/partial", "etc"] {
            std::fs::create_dir_all(folder.path().join(sub)).unwrap();
        }
        let sources = folder.path().join("sources.list");
        let line = format!(
            "deb [arch=amd64 signed-by={}] {} trixie main\n",
            archive.keyring().display(),
            archive.url()
        );
        std::fs::write(&sources, line).unwrap();
        let options = [
            format!("Dir::Etc::SourceList={}", sources.display()),
            "Dir::Etc::SourceParts=/dev/null".into(),
            format!("Dir::State::Lists={}/lists", folder.path().display()),
            format!("Dir::Cache={}/cache", folder.path().display()),
            format!("Dir::State::status={}/status", folder.path().display()),
            "APT::Sandbox::User=root".into(),
            "Acquire::http::Proxy=DIRECT".into(),
        ];
        std::fs::write(folder.path().join("status"), "").unwrap();
        let apt = |arguments: &[&str]| {
            let output = Command::new("apt-get")
                .args(options.iter().flat_map(|option| ["-o", option]))
                .args(arguments)
                .output()
                .unwrap();
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(output.status.success(), "{text}");
            text
        };
        let updated = apt(&["update", "--error-on=any"]);
        assert!(!updated.contains("W:"), "{updated}");
        let planned = apt(&["install", "--simulate", "hello"]);
        assert!(planned.contains("Inst hello (1.0"), "{planned}");
    }

    #[test]
    fn a_new_index_lists_the_new_package_and_has_a_later_date() {
        let mut archive = archive();
        let before = served(&archive, "Release");
        archive.publish([Deb::new("hello", "1.1")]);
        let after = String::from_utf8(served(&archive, "Release")).unwrap();
        assert!(after.contains("Date: Thu, 02 Jan 2025"), "{after}");
        assert_ne!(before, after.as_bytes());
        let index = served(&archive, "main/binary-amd64/Packages.gz");
        let mut plain = String::new();
        std::io::Read::read_to_string(
            &mut flate2::read::GzDecoder::new(index.as_slice()),
            &mut plain,
        )
        .unwrap();
        assert!(plain.contains("Version: 1.0\n") && plain.contains("Version: 1.1\n"));
    }
}
