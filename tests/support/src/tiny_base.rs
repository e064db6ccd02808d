//! One essential package that is a whole userland: the host's own shell, dpkg and file tools.
//!
//! In: the host's programs. Out: [`tiny_base`], a package that a root can be built from without any real archive:
//! dpkg and maintainer scripts run in it. The same for the same host. Needs `ldd` (libc-bin).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::deb::{Compression, Deb};

/// What dpkg, maintainer scripts and the root's builder call.
const PROGRAMS: &[&str] = &[
    "/usr/bin/dash",
    "/usr/bin/dpkg",
    "/usr/bin/dpkg-deb",
    "/usr/bin/dpkg-divert",
    "/usr/bin/dpkg-query",
    "/usr/bin/dpkg-split",
    "/usr/bin/dpkg-statoverride",
    "/usr/bin/dpkg-trigger",
    "/usr/bin/update-alternatives",
    "/usr/bin/tar",
    "/usr/bin/diff",
    "/usr/bin/sed",
    "/usr/bin/grep",
    "/usr/bin/find",
    "/usr/bin/basename",
    "/usr/bin/cat",
    "/usr/bin/chmod",
    "/usr/bin/chown",
    "/usr/bin/cp",
    "/usr/bin/cut",
    "/usr/bin/date",
    "/usr/bin/dirname",
    "/usr/bin/echo",
    "/usr/bin/env",
    "/usr/bin/false",
    "/usr/bin/head",
    "/usr/bin/id",
    "/usr/bin/install",
    "/usr/bin/ln",
    "/usr/bin/ls",
    "/usr/bin/mkdir",
    "/usr/bin/mktemp",
    "/usr/bin/mv",
    "/usr/bin/readlink",
    "/usr/bin/rm",
    "/usr/bin/rmdir",
    "/usr/bin/sleep",
    "/usr/bin/sort",
    "/usr/bin/stat",
    "/usr/bin/test",
    "/usr/bin/touch",
    "/usr/bin/tr",
    "/usr/bin/true",
    "/usr/bin/uname",
    "/usr/bin/wc",
    "/usr/sbin/ldconfig",
    "/usr/sbin/start-stop-daemon",
];

const PASSWD: &str = "\
root:*:0:0:root:/root:/bin/sh
daemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
";
const GROUP: &str = "\
root:*:0:
daemon:*:1:
adm:*:4:
tty:*:5:
disk:*:6:
shadow:*:42:
utmp:*:43:
sudo:*:27:
users:*:100:
nogroup:*:65534:
";

/// The package; made once in a process, because compressing it takes a while.
pub fn tiny_base() -> Deb {
    static MADE: OnceLock<Deb> = OnceLock::new();
    MADE.get_or_init(make).clone()
}

fn make() -> Deb {
    let mut deb = Deb::new("tiny-base", "1.0")
        .essential()
        .provides(
            "base-files, base-passwd, dash, dpkg (= 1.22.0), libc6 (= 2.41), libc-bin, coreutils",
        )
        .compression(Compression::Gzip)
        .field(
            "Description",
            "the host's shell, dpkg and file tools as one package",
        );
    for (link, target) in [
        ("/bin", "usr/bin"),
        ("/sbin", "usr/sbin"),
        ("/lib", "usr/lib"),
        ("/lib64", "usr/lib64"),
    ] {
        deb = deb.link(link, target);
    }
    for folder in [
        "/boot",
        "/dev",
        "/etc",
        "/home",
        "/proc",
        "/root",
        "/run",
        "/sys",
        "/tmp",
        "/var/cache",
        "/var/lib",
        "/var/log",
        "/usr/share",
    ] {
        deb = deb.folder(folder);
    }
    let mut libraries = BTreeMap::new();
    for program in PROGRAMS {
        let path = Path::new(program);
        assert!(path.exists(), "this host has no {program}");
        libraries.extend(libraries_of(path));
        deb = deb.executable(program, std::fs::read(path).unwrap());
    }
    for (path, from) in libraries {
        deb = deb.executable(&path, std::fs::read(from).unwrap());
    }
    deb.link("/usr/bin/sh", "dash")
        .file("/usr/share/base-passwd/passwd.master", PASSWD)
        .file("/usr/share/base-passwd/group.master", GROUP)
        .file(
            "/usr/lib/os-release",
            "PRETTY_NAME=\"Tiny test system\"\nNAME=\"Tiny\"\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\nID=debian\n",
        )
        .link("/etc/os-release", "../usr/lib/os-release")
        .file("/etc/ld.so.conf", "/usr/lib/x86_64-linux-gnu\n")
        .postinst(
            "for table in passwd group; do\n\
             [ -e /etc/$table ] || cp /usr/share/base-passwd/$table.master /etc/$table\n\
             done\n\
             ldconfig",
        )
}

/// Adds a program of the host and those of its libraries that [`tiny_base`] lacks.
pub fn with_program(deb: Deb, program: &str) -> Deb {
    let path = Path::new(program);
    let base = tiny_base();
    let mut deb = deb.executable(program, std::fs::read(path).expect(program));
    for (library, from) in libraries_of(path) {
        if !base.has(&library) {
            deb = deb.executable(&library, std::fs::read(from).unwrap());
        }
    }
    deb
}

/// The shared libraries of a program, its interpreter too: path in the package → file of the host.
fn libraries_of(program: &Path) -> BTreeMap<String, PathBuf> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let paths = text
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(|word| word.trim_end_matches(':'));
    paths
        .filter(|path| Path::new(path) != program)
        .map(|path| {
            let below_usr = if path.starts_with("/usr/") {
                path.into()
            } else {
                format!("/usr{path}")
            };
            (below_usr, PathBuf::from(path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_shell_and_dpkg_run_in_a_root_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (deb, root) = (folder.path().join("a.deb"), folder.path().join("root"));
        std::fs::write(&deb, tiny_base().bytes()).unwrap();
        let unpacked = Command::new("dpkg-deb")
            .arg("--extract")
            .args([&deb, &root])
            .status()
            .unwrap();
        assert!(unpacked.success());
        let output = Command::new("unshare")
            .args(["--user", "--map-root-user", "--root"])
            .arg(&root)
            .args([
                "/bin/sh",
                "-c",
                "for p in /usr/bin/* /usr/sbin/*; do [ -x $p ] || exit 3; done; dpkg --version",
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("package management"), "{output:?}");
    }
}
