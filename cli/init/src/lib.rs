//! What runs first: from the kernel's hand-over to Debian's own init.
//!
//! In: the kernel's command line and the partitions of the machine. Out: a mounted root, immutable and checked
//! against its hash, with `/etc`, `/var`, `/home` and the store in place. On any error: a plain line and a reboot, so that the
//! boot loader counts the attempt. Refuses to know configurations, packages and units.
//!
//! ```text
//! kernel file systems → modules, watchdog → state partition → root image (hash) → root → /etc
//!   → /var, /home, /root, /srv → /cairn → the boot partition → the kernel's other file systems → switch root
//! ```

pub mod command_line;
pub mod error;
pub mod gpt;

mod api;
mod console;
mod copy;
mod disks;
mod early;
mod etc;
mod root;
mod state;
mod switch;
mod watchdog;

use error::{Error, act};
use std::convert::Infallible;
use std::path::Path;

/// Where the new root is being put together.
pub(crate) const ROOT: &str = "/root";
/// Where the state partition is mounted until the switch.
pub(crate) const STATE: &str = "/state";
/// Where the root image is mounted until the switch.
pub(crate) const IMAGE: &str = "/image";

/// Boots; comes back only if even the reboot fails.
pub fn run() {
    let Err(error) = boot();
    console::fail(&error);
    if command_line::read().is_ok_and(|line| line.rescue) {
        console::say("cairn.rescue is set: no reboot");
        switch::rescue();
    }
    switch::reboot();
}

fn boot() -> Result<Infallible, Error> {
    early::mount_kernel_file_systems()?;
    let line = act("read the kernel's command line", command_line::read())?;
    let wanted = line.wanted()?;
    console::say(&format!(
        "generation {}, root {:.16}…",
        wanted.generation, wanted.root
    ));
    let mut watchdog = watchdog::Watchdog::new(line.watchdog);
    early::load_modules(&mut watchdog, || disks::look(&wanted.state).is_some());

    let found = disks::wait_for(&wanted.state)?;
    state::mount(&found.device)?;
    watchdog.pet();

    root::check(&wanted.root)?;
    root::mount(&wanted.root)?;
    etc::mount()?;
    watchdog.pet();

    state::fill(&wanted.root)?;
    state::bind()?;
    etc::settle(wanted.etc)?;
    if let Some(esp) = &found.esp {
        disks::add_unit(esp, Path::new(ROOT))?;
    }
    api::mount_all();
    watchdog.pet();
    console::say("starting init");
    switch::root(watchdog)
}
