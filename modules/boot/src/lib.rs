//! Decides and writes what the boot partition holds.
//!
//! In: the generations that shall be bootable and what was observed on the EFI system partition.
//! Out: an [`EspPlan`] (pure, printable), and its application to a mounted partition. The rules and the
//! measurements behind them stand in `docs/` under "boot": no `default` is ever written, the choice is made by
//! sort-key alone, and an entry that never booted carries a counter. Refuses to know the store, packages and units.

mod apply;
mod command_line;
mod counting;
mod entry;
mod error;
mod manifest;
mod observe;
mod plan;

pub use apply::apply;
pub use command_line::{ADDED, CommandLine, StatePartition};
pub use counting::Counter;
pub use entry::{Entry, EntryName};
pub use error::Error;
pub use manifest::Manifest;
pub use observe::{ObservedEsp, ObservedFile, observe};
pub use plan::{Content, EspPlan, Generation, Payload, Request, Step, Unreadable, plan};

/// Where the manifest of owned files lies on the partition.
pub const MANIFEST: &str = "cairn/manifest.json";
/// Where systemd-boot reads its settings.
pub const LOADER_CONF: &str = "loader/loader.conf";
/// The folder of boot entries.
pub const ENTRIES: &str = "loader/entries";
/// The folder of kernels and initrds.
pub const PAYLOADS: &str = "cairn";
/// Where firmware looks for a loader on a disk that it was never told of.
pub const FALLBACK_LOADER: &str = "EFI/BOOT/BOOTX64.EFI";
/// Where `bootctl` expects systemd-boot.
pub const LOADER: &str = "EFI/systemd/systemd-bootx64.efi";
/// How often an entry that was never blessed is tried.
pub const TRIES: u32 = 3;
