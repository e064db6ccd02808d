//! Ctrl-C: the first one asks everything to stop in order, the second one stops at once.
//!
//! In: SIGINT, SIGTERM and SIGHUP. Out: a flag that long work looks at. A stopped command leaves only what the next one
//! goes on from: commits are single renames.

use cairn_fetch::Cancel;

use crate::exit::Exit;

/// Begins to listen for signals; the flag turns with the first one. With `at_once`, for a command that leaves nothing half done, the
/// first one ends the program.
///
/// Errors: the handler can't be set, which happens only when one is set already.
pub fn listen(at_once: bool) -> Result<Cancel, ctrlc::Error> {
    let stop = Cancel::default();
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if at_once || flag.is_cancelled() {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        flag.cancel();
        anstream::eprintln!("\nstopping; once more stops at once");
    })?;
    Ok(stop)
}
