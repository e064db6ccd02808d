//! Which kernel modules an initrd needs, and in which order.
//!
//! In: the texts of `modules.dep`, `modules.builtin` and `modules.softdep` and the wanted names. Out: paths of modules, each
//! after those that it needs. Source: modules.dep(5). Loads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

/// What the initrd of any machine can use: watchdogs, the file systems of the way to the root and of the boot partition, then
/// disks, virtual ones first. The first program stops loading once it has found the state partition.
///
/// Those that a kernel has built in or lacks are skipped. Some are there to save time only: each of the kernel's own
/// requests for one starts a program, and a virtual network that is there from the start is configured first.
pub const DEFAULT: [&str; 33] = [
    "i6300esb",
    "iTCO_wdt",
    "sp5100_tco",
    "crc32c_intel",
    "crc32c_generic",
    "ext4",
    "erofs",
    "overlay",
    "vfat",
    "nls_cp437",
    "nls_ascii",
    "configfs",
    "efivarfs",
    "efi_pstore",
    "virtio_pci",
    "virtio_net",
    "virtio_blk",
    "virtio_scsi",
    "nvme",
    "ahci",
    "sd_mod",
    "virtio_mmio",
    "ata_piix",
    "xen_blkfront",
    "hv_storvsc",
    "vmw_pvscsi",
    "xhci_pci",
    "ehci_pci",
    "uas",
    "usb_storage",
    "sdhci_pci",
    "sdhci_acpi",
    "mmc_block",
];

/// Without these no machine can boot: missing ones are an error.
pub const REQUIRED: [&str; 3] = ["ext4", "erofs", "overlay"];

/// Why no order can be found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line without a colon.
    #[error("`modules.dep` has the line `{0}`, which is not `module: dependencies`")]
    Line(String),
    /// The kernel has no such module, neither built in nor as a file.
    #[error("the kernel has no module `{0}`")]
    Missing(String),
    /// Modules that need each other.
    #[error("the module `{0}` needs itself")]
    Cycle(String),
    /// A module that can't be decompressed.
    #[error("cannot decompress the module {path}")]
    Decompress {
        /// Its path.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// The modules of one kernel.
#[derive(Debug, Clone, Default)]
pub struct Modules {
    /// Path and dependencies (paths) by name.
    files: BTreeMap<String, (String, Vec<String>)>,
    builtin: BTreeSet<String>,
    /// Names that should be loaded before, by name.
    before: BTreeMap<String, Vec<String>>,
}

impl Modules {
    /// Reads the three texts; `builtin` and `softdep` may be empty.
    ///
    /// Errors: [`Error::Line`].
    pub fn parse(dep: &str, builtin: &str, softdep: &str) -> Result<Self, Error> {
        let mut modules = Self::default();
        for line in dep.lines().filter(|line| !line.trim().is_empty()) {
            let Some((path, needs)) = line.split_once(':') else {
                return Err(Error::Line(line.into()));
            };
            let needs = needs.split_whitespace().map(str::to_owned).collect();
            modules
                .files
                .insert(name_of(path), (path.to_owned(), needs));
        }
        modules.builtin = builtin.lines().map(|line| name_of(line.trim())).collect();
        for line in softdep.lines() {
            let mut words = line.split_whitespace();
            if words.next() != Some("softdep") {
                continue;
            }
            let Some(name) = words.next() else { continue };
            let pre = words
                .skip_while(|word| *word != "pre:")
                .skip(1)
                .take_while(|word| !word.ends_with(':'));
            let pre: Vec<String> = pre.map(normal).collect();
            modules.before.insert(normal(name), pre);
        }
        Ok(modules)
    }

    /// Paths of `optional` (what there is of them) and of `required`, in the order of loading.
    ///
    /// Errors: [`Error::Missing`], [`Error::Cycle`].
    pub fn resolve<'a>(
        &self,
        optional: impl IntoIterator<Item = &'a str>,
        required: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<String>, Error> {
        let mut order = Order {
            modules: self,
            paths: Vec::new(),
            done: BTreeSet::new(),
            open: BTreeSet::new(),
        };
        for name in optional {
            order.visit(&normal(name), false)?;
        }
        for name in required {
            order.visit(&normal(name), true)?;
        }
        Ok(order.paths)
    }
}

struct Order<'a> {
    modules: &'a Modules,
    paths: Vec<String>,
    done: BTreeSet<String>,
    open: BTreeSet<String>,
}

impl Order<'_> {
    fn visit(&mut self, name: &str, required: bool) -> Result<(), Error> {
        if self.done.contains(name) {
            return Ok(());
        }
        let Some((path, needs)) = self.modules.files.get(name) else {
            let there = !required || self.modules.builtin.contains(name);
            return if there {
                Ok(())
            } else {
                Err(Error::Missing(name.into()))
            };
        };
        if !self.open.insert(name.to_owned()) {
            return Err(Error::Cycle(name.into()));
        }
        for soft in self.modules.before.get(name).into_iter().flatten() {
            // A soft dependency on one that is being loaded already is no cycle.
            if !self.open.contains(soft) {
                self.visit(soft, false)?;
            }
        }
        for need in needs {
            self.visit(&name_of(need), true)?;
        }
        self.open.remove(name);
        if self.done.insert(name.to_owned()) {
            self.paths.push(path.clone());
        }
        Ok(())
    }
}

/// `kernel/fs/ext4/ext4.ko.xz` → `ext4`.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    normal(file.split(".ko").next().unwrap_or(file))
}

fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// The plain bytes of a module file, which its name says to be compressed or not.
///
/// Errors: [`Error::Decompress`].
pub fn decompress(path: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Decompress {
        path: path.into(),
        source,
    };
    let extension = path.rsplit('.').next();
    match extension {
        Some("xz") => {
            let mut plain = Vec::new();
            let mut reader = liblzma::read::XzDecoder::new_multi_decoder(bytes);
            reader.read_to_end(&mut plain).map_err(failed)?;
            Ok(plain)
        }
        Some("zst") => zstd::decode_all(bytes).map_err(failed),
        _ => Ok(bytes.to_vec()),
    }
}
