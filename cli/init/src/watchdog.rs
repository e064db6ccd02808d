//! The hardware watchdog: from here until systemd takes it over, a hang ends in a reset.
//!
//! In: whether somebody will take it over. Arms the first watchdog as soon as its driver is there.

use crate::console;
use std::fs::{File, OpenOptions};
use std::io::Write;

/// An armed watchdog, or one that may still turn up.
pub struct Watchdog {
    wanted: bool,
    device: Option<File>,
}

impl Watchdog {
    /// A watchdog that is armed with the next [`Watchdog::pet`] if `wanted`.
    pub fn new(wanted: bool) -> Self {
        Self {
            wanted,
            device: None,
        }
    }

    /// Tells the watchdog that all is well; arms it if it isn't yet.
    pub fn pet(&mut self) {
        if self.wanted && self.device.is_none() {
            self.device = OpenOptions::new().write(true).open("/dev/watchdog").ok();
            if self.device.is_some() {
                console::say("watchdog armed");
            }
        }
        if let Some(device) = &mut self.device {
            // A watchdog that can't be written to resets the machine, which is what it is for.
            let _ = device.write_all(b"\0");
        }
    }
}
