//! Debian packages made in memory: `ar` around two tars.
//!
//! In: a package described by a few calls. Out: the bytes of a `.deb` that dpkg accepts, the same for the same
//! description. Refuses to know archives and indices. Source: deb(5), deb-control(5).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use md5::Digest as _;

/// The time of every file in every package: 2025-01-01 00:00:00 UTC, in seconds since 1970.
pub const FILE_TIME: u64 = 1_735_689_600;

/// How the members of a `.deb` are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// As most of Debian.
    #[default]
    Xz,
    /// As old packages.
    Gzip,
    /// As Ubuntu's.
    Zstd,
    /// Plain tars.
    None,
}

impl Compression {
    fn suffix(self) -> &'static str {
        match self {
            Self::Xz => ".xz",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
            Self::None => "",
        }
    }

    /// The bytes in this compression, the same for the same input.
    pub fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(bytes, 1).unwrap(),
            Self::None => bytes.to_vec(),
        }
    }
}

#[derive(Debug, Clone)]
enum Item {
    Folder,
    File { content: Vec<u8>, mode: u32 },
    Link(String),
}

/// A package that is yet to be written.
#[derive(Debug, Clone)]
pub struct Deb {
    fields: Vec<(String, String)>,
    items: BTreeMap<String, Item>,
    conffiles: Vec<String>,
    scripts: BTreeMap<&'static str, String>,
    compression: Compression,
}

impl Deb {
    /// A package for amd64 with nothing in it.
    pub fn new(name: &str, version: &str) -> Self {
        let fields = [
            ("Package", name),
            ("Version", version),
            ("Architecture", "amd64"),
            ("Maintainer", "Cairn tests <tests@cairn.invalid>"),
        ];
        Self {
            fields: fields.map(|(key, value)| (key.into(), value.into())).into(),
            items: BTreeMap::new(),
            conffiles: Vec::new(),
            scripts: BTreeMap::new(),
            compression: Compression::default(),
        }
        .field("Section", "misc")
        .field("Priority", "optional")
        .field("Description", &format!("{name}, made by a test"))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.value("Package")
    }

    /// Its version.
    pub fn version(&self) -> &str {
        self.value("Version")
    }

    /// Its architecture.
    pub fn architecture(&self) -> &str {
        self.value("Architecture")
    }

    fn value(&self, key: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == key);
        &found.expect("set by `new`").1
    }

    /// Sets a control field; a field that is already there is replaced.
    pub fn field(mut self, key: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value.into(),
            None => self.fields.push((key.into(), value.into())),
        }
        self
    }

    /// Sets `Architecture: all`.
    pub fn arch_all(self) -> Self {
        self.field("Architecture", "all")
    }

    /// Sets `Essential: yes` and `Priority: required`.
    pub fn essential(self) -> Self {
        self.field("Essential", "yes").field("Priority", "required")
    }

    /// Sets `Depends`, as in a control file.
    pub fn depends(self, relations: &str) -> Self {
        self.field("Depends", relations)
    }

    /// Sets `Pre-Depends`, as in a control file.
    pub fn pre_depends(self, relations: &str) -> Self {
        self.field("Pre-Depends", relations)
    }

    /// Sets `Recommends`, as in a control file.
    pub fn recommends(self, relations: &str) -> Self {
        self.field("Recommends", relations)
    }

    /// Sets `Conflicts`, as in a control file.
    pub fn conflicts(self, relations: &str) -> Self {
        self.field("Conflicts", relations)
    }

    /// Sets `Provides`, as in a control file.
    pub fn provides(self, relations: &str) -> Self {
        self.field("Provides", relations)
    }

    /// Adds a file with mode 0644.
    pub fn file(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.file_mode(path, content, 0o644)
    }

    /// Adds a file with mode 0755.
    pub fn executable(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.file_mode(path, content, 0o755)
    }

    /// Adds a file with these permission bits.
    pub fn file_mode(self, path: &str, content: impl Into<Vec<u8>>, mode: u32) -> Self {
        let content = content.into();
        self.item(path, Item::File { content, mode })
    }

    /// Adds a file with mode 0644 that dpkg treats as configuration.
    pub fn conffile(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.conffiles.push(path.into());
        self.file(path, content)
    }

    /// Whether something stands at this path.
    pub fn has(&self, path: &str) -> bool {
        self.items.contains_key(path.trim_matches('/'))
    }

    /// Adds a symbolic link.
    pub fn link(self, path: &str, target: &str) -> Self {
        self.item(path, Item::Link(target.into()))
    }

    /// Adds an empty folder.
    pub fn folder(self, path: &str) -> Self {
        self.item(path, Item::Folder)
    }

    fn item(mut self, path: &str, item: Item) -> Self {
        assert!(path.starts_with('/'), "`{path}` is not absolute");
        self.items.insert(path.trim_matches('/').into(), item);
        self
    }

    /// Sets the script that runs before unpacking; `#!/bin/sh` and `set -e` are added.
    pub fn preinst(self, body: &str) -> Self {
        self.script("preinst", body)
    }

    /// Sets the script that runs at configuration; `#!/bin/sh` and `set -e` are added.
    pub fn postinst(self, body: &str) -> Self {
        self.script("postinst", body)
    }

    fn script(mut self, name: &'static str, body: &str) -> Self {
        self.scripts
            .insert(name, format!("#!/bin/sh\nset -e\n{body}\n"));
        self
    }

    /// Sets how the members are compressed.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// `name_version_arch.deb`, with the version's colon as in a pool.
    pub fn file_name(&self) -> String {
        let version = self.version();
        let version = version
            .split_once(':')
            .map_or(version, |(_epoch, rest)| rest);
        format!("{}_{version}_{}.deb", self.name(), self.architecture())
    }

    /// The control paragraph, as it stands in the package and in the index; ends with a line break.
    pub fn control(&self) -> String {
        let installed: usize = self
            .items
            .values()
            .map(|item| match item {
                Item::File { content, .. } => content.len().div_ceil(1024),
                Item::Folder | Item::Link(_) => 1,
            })
            .sum();
        let mut text = String::new();
        for (key, value) in &self.fields {
            writeln!(text, "{key}: {value}").unwrap();
        }
        writeln!(text, "Installed-Size: {installed}").unwrap();
        text
    }

    /// The bytes of the `.deb`.
    pub fn bytes(&self) -> Vec<u8> {
        let suffix = self.compression.suffix();
        let mut out = b"!<arch>\n".to_vec();
        member(&mut out, "debian-binary", b"2.0\n");
        let control = self.compression.compress(&self.control_tar());
        member(&mut out, &format!("control.tar{suffix}"), &control);
        let data = self.compression.compress(&self.data_tar());
        member(&mut out, &format!("data.tar{suffix}"), &data);
        out
    }

    fn control_tar(&self) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        append(&mut tar, "", &Item::Folder);
        let plain = |text: String| Item::File {
            content: text.into_bytes(),
            mode: 0o644,
        };
        if !self.conffiles.is_empty() {
            append(
                &mut tar,
                "conffiles",
                &plain(self.conffiles.join("\n") + "\n"),
            );
        }
        append(&mut tar, "control", &plain(self.control()));
        append(&mut tar, "md5sums", &plain(self.md5sums()));
        for (name, body) in &self.scripts {
            let script = Item::File {
                content: body.clone().into_bytes(),
                mode: 0o755,
            };
            append(&mut tar, name, &script);
        }
        tar.into_inner().unwrap()
    }

    fn md5sums(&self) -> String {
        let mut text = String::new();
        for (path, item) in &self.items {
            if let Item::File { content, .. } = item
                && !self.conffiles.contains(&format!("/{path}"))
            {
                let sum = data_encoding::HEXLOWER.encode(&md5::Md5::digest(content));
                writeln!(text, "{sum}  {path}").unwrap();
            }
        }
        text
    }

    fn data_tar(&self) -> Vec<u8> {
        let mut all = self.items.clone();
        all.insert(String::new(), Item::Folder);
        for path in self.items.keys() {
            for (slash, _) in path.match_indices('/') {
                all.entry(path[..slash].into()).or_insert(Item::Folder);
            }
        }
        let mut tar = tar::Builder::new(Vec::new());
        for (path, item) in &all {
            append(&mut tar, path, item);
        }
        tar.into_inner().unwrap()
    }
}

/// Appends one entry under `./path`, owned by root, at [`FILE_TIME`].
fn append(tar: &mut tar::Builder<Vec<u8>>, path: &str, item: &Item) {
    let mut header = tar::Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root").unwrap();
    header.set_groupname("root").unwrap();
    header.set_mtime(FILE_TIME);
    let (kind, mode, content, end): (_, _, &[u8], _) = match item {
        Item::Folder if path.is_empty() => (tar::EntryType::Directory, 0o755, &[], ""),
        Item::Folder => (tar::EntryType::Directory, 0o755, &[], "/"),
        Item::File { content, mode } => (tar::EntryType::Regular, *mode, content, ""),
        Item::Link(_) => (tar::EntryType::Symlink, 0o777, &[], ""),
    };
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    if let Item::Link(target) = item {
        header.set_link_name_literal(target).unwrap();
    }
    let name = format!("./{path}{end}");
    assert!(name.len() < 100, "`{name}` is too long for a test's tar");
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

/// Appends one member of the `ar` format.
fn member(out: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    let size = bytes.len();
    writeln!(
        out,
        "{name:<16}{FILE_TIME:<12}{:<6}{:<6}{:<8}{size:<10}`",
        0, 0, 100_644
    )
    .unwrap();
    out.extend_from_slice(bytes);
    if size % 2 == 1 {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn dpkg_deb(arguments: &[&str], deb: &Deb) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(deb.file_name());
        std::fs::write(&path, deb.bytes()).unwrap();
        let (first, rest) = arguments.split_first().unwrap();
        let output = Command::new("dpkg-deb")
            .arg(first)
            .arg(&path)
            .args(rest)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn sample() -> Deb {
        Deb::new("hello", "2:1.0-1")
            .depends("libc6 (>= 2.36)")
            .executable("/usr/bin/hello", "#!/bin/sh\necho hello\n")
            .conffile("/etc/hello.conf", "greeting=hello\n")
            .link("/usr/bin/hi", "hello")
            .postinst("echo configured")
    }

    #[test]
    fn dpkg_reads_the_packages_in_every_compression() {
        for compression in [
            Compression::Xz,
            Compression::Gzip,
            Compression::Zstd,
            Compression::None,
        ] {
            let deb = sample().compression(compression);
            let contents = dpkg_deb(&["--contents"], &deb);
            assert!(contents.contains("./usr/bin/hi -> hello"), "{contents}");
            assert!(
                contents.contains("-rwxr-xr-x root/root"),
                "{compression:?}: {contents}"
            );
            let depends = dpkg_deb(&["--field", "Depends"], &deb);
            assert_eq!(depends.trim(), "libc6 (>= 2.36)");
            assert_eq!(
                dpkg_deb(&["--info", "conffiles"], &deb),
                "/etc/hello.conf\n"
            );
        }
    }

    #[test]
    fn the_same_description_gives_the_same_bytes() {
        assert_eq!(sample().bytes(), sample().bytes());
        assert_ne!(sample().bytes(), sample().file("/x", "x").bytes());
    }

    #[test]
    fn leaves_the_epoch_out_of_the_file_name() {
        assert_eq!(sample().file_name(), "hello_1.0-1_amd64.deb");
    }
}
