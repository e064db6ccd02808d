//! The ways out: into the new root, into a shell, into a reboot.

use crate::console;
use crate::error::{Error, act};
use crate::watchdog::Watchdog;
use crate::{IMAGE, ROOT, STATE};
use rustix::mount::{UnmountFlags, mount_move, unmount};
use rustix::process::{chdir, chroot};
use rustix::system::RebootCommand;
use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

const INIT: &str = "/sbin/init";

/// Makes the new root the root, and starts its init in this process.
pub fn root(mut watchdog: Watchdog) -> Result<Infallible, Error> {
    for name in ["proc", "sys", "dev", "run"] {
        let moved = mount_move(&*format!("/{name}"), &*format!("{ROOT}/{name}"));
        act(format!("move /{name} into the root"), moved)?;
    }
    // Overlay and binds hold what they need; these two names would only keep systemd from unmounting at the end.
    for place in [IMAGE, STATE] {
        act(
            format!("let go of {place}"),
            unmount(place, UnmountFlags::DETACH),
        )?;
    }
    act("enter the root", chdir(ROOT))?;
    act("enter the root", mount_move(".", "/"))?;
    act("enter the root", chroot("."))?;
    act("enter the root", chdir("/"))?;
    watchdog.pet();
    // Closed without the letter V, the watchdog goes on running until systemd opens it.
    drop(watchdog);
    let error = Command::new(INIT).env_clear().exec();
    act(format!("start {INIT}"), Err(error))
}

/// Starts the shell of the root, if it got that far; waits otherwise.
pub fn rescue() {
    for place in ["", ROOT] {
        let shell = format!("{place}/bin/sh");
        if std::path::Path::new(&shell).exists() && (place.is_empty() || chroot(place).is_ok()) {
            let ended = Command::new("/bin/sh").arg("-i").status();
            if ended.is_ok() {
                return;
            }
        }
    }
    console::say("there is no shell; switch the machine off");
    loop {
        sleep(Duration::from_hours(1));
    }
}

/// Reboots after a time that is long enough to read why.
pub fn reboot() {
    console::say("rebooting in 5 seconds");
    sleep(Duration::from_secs(5));
    rustix::fs::sync();
    let Err(error) = rustix::system::reboot(RebootCommand::Restart) else {
        return;
    };
    console::say(&format!("cannot reboot: {error}"));
}
