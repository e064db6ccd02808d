//! The menu of systemd-boot, by keys on the serial console.

use crate::channel::Channel;
use std::thread::sleep;
use std::time::Duration;

/// `ESC [ B`, as terminals send it.
const DOWN: &str = "\x1b[B";

/// Waits for the menu, moves `down` entries down and starts what stands there.
///
/// Pressing any key stops the countdown, so the first key is what decides.
pub fn pick(console: &mut Channel, title: &str, down: usize, limit: Duration) {
    console.expect(title, limit);
    for _ in 0..down {
        sleep(Duration::from_millis(300));
        console.send(DOWN);
    }
    sleep(Duration::from_millis(500));
    console.send("\r");
}
