//! The small system: everything that the library asks for by name, with next to nothing in it.
//!
//! In: nothing. Out: packages from which a whole root can be configured in a second, and two to play with: `hello` and
//! `greeter`. Nothing in them boots; what only booting can prove is in `tests/vm`.

use std::fmt::Write as _;

use crate::archive::{Archive, ArchiveBuilder};
use crate::deb::{Compression, Deb};
use crate::tiny_base::{tiny_base, with_program};

/// The kernel's release in [`small`].
pub const KERNEL_RELEASE: &str = "6.12.0-tiny-amd64";

/// A configuration that [`small`] can build.
pub const CONFIG: &str = "\
host.name = \"tiny\"
packages  = [\"hello\"]
";

/// An archive of the small system.
pub fn small() -> ArchiveBuilder {
    Archive::builder().packages(packages())
}

/// The packages of the small system.
pub fn packages() -> Vec<Deb> {
    let mut debs = vec![
        tiny_base(),
        systemd(),
        hello("1.0"),
        greeter(),
        kernel(),
        kernel_metapackage(),
    ];
    debs.push(
        Deb::new("tzdata", "2025a")
            .arch_all()
            .file("/usr/share/zoneinfo/Etc/UTC", "TZif2")
            .file("/usr/share/zoneinfo/Europe/Berlin", "TZif2"),
    );
    debs.push(e2fsprogs());
    debs.push(Deb::new("systemd-boot-efi", "257").file(
        "/usr/lib/systemd/boot/efi/systemd-bootx64.efi",
        "MZ no loader\n",
    ));
    debs.extend(
        [
            "dbus",
            "init",
            "iproute2",
            "kmod",
            "libpam-systemd",
            "login",
            "netbase",
            "passwd",
            "procps",
            "systemd-boot",
            "systemd-sysv",
            "systemd-resolved",
            "udev",
        ]
        .map(|name| {
            let doc = format!("/usr/share/doc/{name}/copyright");
            Deb::new(name, "1.0").file(&doc, "none\n")
        }),
    );
    debs
}

/// The host's own `mke2fs`, for disk images.
fn e2fsprogs() -> Deb {
    with_program(
        Deb::new("e2fsprogs", "1.47").depends("tiny-base"),
        "/usr/sbin/mke2fs",
    )
    .link("/usr/sbin/mkfs.ext4", "mke2fs")
    .file(
        "/etc/mke2fs.conf",
        std::fs::read("/etc/mke2fs.conf").unwrap_or_default(),
    )
    .compression(Compression::Gzip)
}

/// A program with a configuration file and a script.
pub fn hello(version: &str) -> Deb {
    Deb::new("hello", version)
        .executable(
            "/usr/bin/hello",
            format!("#!/bin/sh\necho hello {version}\n"),
        )
        .conffile("/etc/hello.conf", "greeting = hello\n")
        .postinst("mkdir -p /var/lib/hello && echo configured > /var/lib/hello/state")
}

/// A service that needs `hello`.
fn greeter() -> Deb {
    Deb::new("greeter", "2.0-1")
        .depends("hello (>= 1.0)")
        .file("/usr/lib/systemd/system/greeter.service", unit("greeter"))
}

fn systemd() -> Deb {
    let mut deb = Deb::new("systemd", "257")
        .executable("/usr/lib/systemd/systemd", "#!/bin/sh\n")
        .file(
            "/usr/lib/systemd/system/multi-user.target",
            "[Unit]\nDescription=Multi-User System\n",
        );
    for name in [
        "systemd-networkd",
        "systemd-networkd-wait-online",
        "systemd-resolved",
    ] {
        deb = deb.file(
            &format!("/usr/lib/systemd/system/{name}.service"),
            unit(name),
        );
    }
    deb
}

fn unit(name: &str) -> String {
    format!(
        "[Unit]\nDescription={name}\n[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n"
    )
}

fn kernel_metapackage() -> Deb {
    Deb::new("linux-image-amd64", "6.12.0-1").depends(&format!("linux-image-{KERNEL_RELEASE}"))
}

/// A kernel that has all of its modules built in.
fn kernel() -> Deb {
    let mut built_in = String::new();
    for module in [
        "drivers/virtio/virtio_pci",
        "drivers/block/virtio_blk",
        "drivers/scsi/virtio_scsi",
        "drivers/nvme/host/nvme",
        "drivers/ata/ahci",
        "drivers/scsi/sd_mod",
        "fs/erofs/erofs",
        "fs/ext4/ext4",
        "fs/overlayfs/overlay",
        "drivers/block/loop",
        "fs/fat/vfat",
        "fs/nls/nls_ascii",
        "fs/nls/nls_cp437",
    ] {
        let _ = writeln!(built_in, "kernel/{module}.ko");
    }
    let folder = format!("/usr/lib/modules/{KERNEL_RELEASE}");
    Deb::new(&format!("linux-image-{KERNEL_RELEASE}"), "6.12.0-1")
        .file(&format!("/boot/vmlinuz-{KERNEL_RELEASE}"), "MZ no kernel\n")
        .file(&format!("{folder}/modules.builtin"), built_in)
        .file(&format!("{folder}/modules.dep"), "")
        .file(&format!("{folder}/modules.order"), "")
        .file(&format!("{folder}/modules.alias"), "")
        .file(&format!("{folder}/modules.softdep"), "")
}
