//! The stack that evaluation may use: deep recursion ends in an error, never in a crash.
//!
//! In: a closure to run on a deep stack. Out: the address below which evaluation must not go.
//! Refuses to count calls: it measures the stack itself, so that any mixture of frames is safe.

use std::cell::Cell;
use std::io::ErrorKind;
use std::sync::{Mutex, PoisonError};

/// The stack of [`with_deep_stack`], in bytes; only what is touched takes memory.
const DEEP_STACK_BYTES: usize = 1 << 30;
/// The least that is tried where the system grants no more, in bytes: a small machine refuses a stack as large as all its memory.
const LEAST_STACK_BYTES: usize = 16 << 20;
/// What is assumed of a thread's stack otherwise, in bytes; tests run on 2 MiB.
const SHALLOW_STACK_BYTES: usize = 1 << 20;
/// What is left for the code around evaluation, in bytes.
const MARGIN_BYTES: usize = 1 << 18;

thread_local! {
    static FLOOR: Cell<usize> = const { Cell::new(0) };
}

/// Runs a closure on a thread whose stack is deep enough for any sensible configuration: 1 GiB, or a quarter of it, and so on,
/// where the system grants no more; the rest is for everything else.
///
/// Errors: the operating system's, when no thread can be made. A panic in the closure goes on here.
pub fn with_deep_stack<R: Send>(run: impl FnOnce() -> R + Send) -> std::io::Result<R> {
    let run = Mutex::new(Some(run));
    let mut bytes = DEEP_STACK_BYTES;
    loop {
        let ended = std::thread::scope(|scope| {
            let handle = std::thread::Builder::new()
                .name("evaluation".to_owned())
                .stack_size(bytes)
                .spawn_scoped(scope, || {
                    FLOOR.set(here() - (bytes - MARGIN_BYTES));
                    let run = run.lock().unwrap_or_else(PoisonError::into_inner).take();
                    run.map(|run| run())
                })?;
            match handle.join() {
                Ok(result) => Ok(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        match ended {
            Ok(Some(result)) => return Ok(result),
            Ok(None) => return Err(ErrorKind::WouldBlock.into()),
            Err(error) if bytes > LEAST_STACK_BYTES && is_refused(&error) => bytes /= 4,
            Err(error) => return Err(error),
        }
    }
}

/// Whether the system had no room for a stack of this size.
fn is_refused(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::OutOfMemory)
}

/// The lowest address that evaluation on this thread may reach, with at most so many bytes of stack below here.
pub(crate) fn floor(most_bytes: usize) -> usize {
    let floor = match FLOOR.get() {
        0 => here().saturating_sub(SHALLOW_STACK_BYTES - MARGIN_BYTES),
        floor => floor,
    };
    floor.max(here().saturating_sub(most_bytes))
}

/// Roughly the stack pointer.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "its own frame would be measured otherwise"
)]
pub(crate) fn here() -> usize {
    let marker = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&marker)).addr()
}
