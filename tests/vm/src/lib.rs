//! Drives virtual machines: what only booting can prove.
//!
//! In: a disk image. Out: a running [`Vm`] with its console, its boot menu and a root shell. Every wait has a limit, and a
//! failure shows the end of the console. Refuses to know what a correct machine looks like: claims stand in `tests/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

mod channel;
mod disk;
mod menu;
mod shell;
mod vm;

pub use channel::Channel;
pub use disk::{GREETING, PAGES, TestDisk, config};
pub use shell::{Output, Shell, UNIT};
pub use vm::{Vm, http_get, running};
