//! Ctrl-C: what it ends, and how.
//!
//! In: SIGINT, SIGTERM and SIGHUP. Out: a flag that long work looks at, or the end of the program. A stopped command leaves only what
//! the next one goes on from: commits are single renames.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cairn_fetch::Cancel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::CommandError;
use crate::exit::Exit;

/// What a signal does to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSignal {
    /// The first one asks everything to stop in order, the second one stops at once.
    StopsInOrder,
    /// The first one ends the program: nothing is left half done.
    EndsAtOnce,
    /// The command listens itself, with [`Computing`]; all signals but SIGINT do what they do by themselves.
    ListensItself,
}

/// Begins to listen for signals; the flag turns with the first one.
///
/// Errors: a handler can't be set.
pub fn listen(on_signal: OnSignal) -> Result<Cancel, CommandError> {
    let stop = Cancel::default();
    let code = i32::from(Exit::Interrupted.code());
    match on_signal {
        OnSignal::StopsInOrder => {
            let flag = stop.clone();
            ctrlc::set_handler(move || {
                if flag.is_cancelled() {
                    std::process::exit(code);
                }
                flag.cancel();
                anstream::eprintln!("\nstopping; once more stops at once");
            })?;
        }
        OnSignal::EndsAtOnce => {
            let always = Arc::new(AtomicBool::new(true));
            for signal in [SIGINT, SIGTERM, SIGHUP] {
                flag::register_conditional_shutdown(signal, code, always.clone())
                    .map_err(CommandError::Terminal)?;
            }
        }
        OnSignal::ListensItself => {}
    }
    Ok(stop)
}

/// Says to Ctrl-C whether something is computed that it should end; where nothing is, it ends the program.
#[derive(Debug, Clone)]
pub struct Computing {
    /// Set where nothing is to be computed.
    idle: Arc<AtomicBool>,
}

impl Computing {
    /// Begins to listen for Ctrl-C. Nothing is computed yet.
    ///
    /// Errors: the handler can't be set.
    pub fn listen() -> Result<Self, CommandError> {
        let idle = Arc::new(AtomicBool::new(true));
        let code = i32::from(Exit::Interrupted.code());
        // In this order: the signal that sets the flag does not end the program, the next one does.
        flag::register_conditional_shutdown(SIGINT, code, idle.clone())
            .and_then(|_| flag::register(SIGINT, idle.clone()))
            .map_err(CommandError::Terminal)?;
        Ok(Self { idle })
    }

    /// The flag that an evaluation looks at.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.idle.clone()
    }

    /// Does something that Ctrl-C ends.
    pub fn during<T>(&self, compute: impl FnOnce() -> T) -> T {
        self.idle.store(false, Ordering::SeqCst);
        let result = compute();
        self.idle.store(true, Ordering::SeqCst);
        result
    }
}
