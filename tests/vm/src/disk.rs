//! The disk that the scenarios boot: two generations of one web server, made by the real `cairn`.
//!
//! In: nothing, or `CAIRN_VM_DISK`, a finished disk. Out: copies of it, one for each test. The disk is made once for each
//! build of `cairn`, which is on it too, from Debian's archive; its store stays in `vm/` of cargo's target folder, so packages are fetched once.

use crate::shell;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// What the older and the newer generation serve.
pub const PAGES: [&str; 2] = ["the older generation", "the newer generation"];

/// What the program says that the generations hold as the result of a build.
pub const GREETING: &str = "built in a sandbox";

/// Where the boot partition ends: 256 MiB after the first.
const ESP_END: u64 = 257 << 20;

/// A copy of the disk that a test may change.
#[derive(Debug)]
pub struct TestDisk {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl TestDisk {
    /// A disk with the two generations; the newer one boots by default.
    pub fn new() -> Self {
        let original = std::env::var_os("CAIRN_VM_DISK").map_or_else(made, PathBuf::from);
        let folder = tempfile::Builder::new()
            .prefix("cairn-disk-")
            .tempdir()
            .unwrap();
        let path = folder.path().join("disk.raw");
        let copy = Command::new("cp")
            .arg("--sparse=always")
            .args([&original, &path])
            .status();
        assert!(
            copy.unwrap().success(),
            "cannot copy {}",
            original.display()
        );
        Self {
            _folder: folder,
            path,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Flips a bit in the root image of the newest generation, as a failing disk would.
    ///
    /// The image is found by its digest, which the boot entry names: this knows nothing of ext4.
    pub fn damage_newest_root(&self) {
        let file = File::options()
            .read(true)
            .write(true)
            .open(&self.path)
            .unwrap();
        let wanted = self.newest_root();
        for (at, length) in Self::root_images(&file) {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, at).unwrap();
            if cairn_graph::Digest::of(&bytes).to_string() == wanted {
                let last = at + length as u64 - 1;
                file.write_all_at(&[!bytes[length - 1]], last).unwrap();
                return;
            }
        }
        panic!(
            "no root image {wanted} lies in one piece on {}",
            self.path.display()
        );
    }

    /// The digest in the boot entry with the highest number; a file of the boot partition begins with a sector.
    fn newest_root(&self) -> String {
        let file = File::open(&self.path).unwrap();
        let entries = (0..ESP_END).step_by(512).filter_map(|at| {
            let mut text = [0; 1024];
            file.read_exact_at(&mut text, at).unwrap();
            if !text.starts_with(b"title Cairn generation ") {
                return None;
            }
            let text = String::from_utf8_lossy(&text).into_owned();
            let (number, rest) = text
                .split_once("cairn.gen=")?
                .1
                .split_once(" cairn.root=")?;
            Some((number.parse::<u32>().ok()?, rest.get(..64)?.to_owned()))
        });
        entries.max().expect("the disk has boot entries").1
    }

    /// Places and lengths of everything that begins like an erofs file system.
    fn root_images(file: &File) -> Vec<(u64, usize)> {
        const MAGIC: [u8; 4] = 0xE0F5_E1E2_u32.to_le_bytes();
        let size = file.metadata().unwrap().len();
        let mut found = Vec::new();
        for at in (0..size).step_by(4096) {
            let mut head = [0; 0x28];
            if file.read_exact_at(&mut head, at + 1024).is_ok() && head.starts_with(&MAGIC) {
                let blocks = u32::from_le_bytes([head[0x24], head[0x25], head[0x26], head[0x27]]);
                found.push((at, blocks as usize * 4096));
            }
        }
        found
    }
}

impl Default for TestDisk {
    fn default() -> Self {
        Self::new()
    }
}

/// The finished disk, made if it is older than `cairn` or of another configuration.
fn made() -> PathBuf {
    let cairn = cairn_support::binary::cairn();
    let folder = target().join("vm");
    fs::create_dir_all(&folder).unwrap();
    // Tests run at the same time, in processes of their own.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let disk = folder.join("disk.raw");
    let written = fs::read_to_string(folder.join("system.cairn")).unwrap_or_default();
    if changed(&disk) > changed(&cairn) && written == config(PAGES[1]) {
        return disk;
    }
    let new = folder.join("new.raw");
    // Another build of `cairn` may read locks in another form; what was fetched stays.
    fs::remove_file(folder.join("cairn.lock")).unwrap_or_default();
    put_without_symbols(&cairn, &folder.join("cairn"));
    for page in PAGES {
        fs::write(folder.join("system.cairn"), config(page)).unwrap();
        run(&cairn, &folder, &["lock", "system.cairn"]);
        run(&cairn, &folder, &["switch", "system.cairn", "--yes"]);
    }
    // Those of earlier builds of `cairn`.
    run(&cairn, &folder, &["gc", "--keep", "2", "--yes"]);
    run(
        &cairn,
        &folder,
        &["image", "system.cairn", "--output", "new.raw"],
    );
    fs::rename(new, &disk).unwrap();
    disk
}

/// The program for inside the machine, a third of its size.
fn put_without_symbols(program: &Path, to: &Path) {
    let mut strip = Command::new("strip");
    let stripped = strip.arg("-o").args([to, program]).status();
    assert!(stripped.expect("strip runs").success());
}

fn run(cairn: &Path, folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(cairn);
    command
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .arg("--root")
        .arg(folder.join("root"));
    let output = command.args(arguments).output().expect("cairn runs");
    assert!(
        output.status.success(),
        "cairn {} failed:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn changed(path: &Path) -> SystemTime {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
    changed.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Cargo's target folder: tests lie in `target/PROFILE/deps/`.
fn target() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.ancestors().nth(3).unwrap().to_owned()
}

/// The configuration of one of the two generations.
pub fn config(page: &str) -> String {
    let unit: Vec<&str> = shell::UNIT.lines().collect();
    let unit = unit.join("\n    ");
    format!(
        r#"# Written by the tests of virtual machines.
host.name = "web1"
services.nginx = {{
  enable = true
  sites."example.org" = {{ page = "{page}\n" }}
}}
kernel.package = "linux-image-amd64"
boot.console = "serial"
let greeting = build({{
  name   = "greeting"
  script = """
    mkdir -p "$out/bin"
    printf '#!/bin/sh\\necho {GREETING}\\n' > "$out/bin/greet"
    chmod +x "$out/bin/greet"
    """
}})
files."/usr/local/bin/greet".source = "${{greeting}}/bin/greet"
units."greet.service" = {{
  enable = true
  text = """
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=${{greeting}}/bin/greet
    [Install]
    WantedBy=multi-user.target
    """
}}
cairn.program = ./cairn
units."cairn-test-shell.service" = {{
  enable = true
  text = """
    {unit}
    """
}}
"#
    )
}
