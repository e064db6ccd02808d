//! The stack that evaluation may use: deep recursion ends in an error, never in a crash.
//!
//! In: a closure to run on a deep stack. Out: the address below which evaluation must not go.
//! Refuses to count calls: it measures the stack itself, so that any mixture of frames is safe.

use std::cell::Cell;

/// The stack of [`with_deep_stack`], in bytes; only what is touched takes memory.
const DEEP_STACK_BYTES: usize = 1 << 30;
/// What is assumed of a thread's stack otherwise, in bytes; tests run on 2 MiB.
const SHALLOW_STACK_BYTES: usize = 1 << 20;
/// What is left for the code around evaluation, in bytes.
const MARGIN_BYTES: usize = 1 << 18;

thread_local! {
    static FLOOR: Cell<usize> = const { Cell::new(0) };
}

/// Runs a closure on a thread whose stack is deep enough for any sensible configuration.
///
/// Errors: the operating system's, when no thread can be made. A panic in the closure goes on here.
pub fn with_deep_stack<R: Send>(run: impl FnOnce() -> R + Send) -> std::io::Result<R> {
    std::thread::scope(|scope| {
        let handle = std::thread::Builder::new()
            .name("evaluation".to_owned())
            .stack_size(DEEP_STACK_BYTES)
            .spawn_scoped(scope, || {
                FLOOR.set(here() - (DEEP_STACK_BYTES - MARGIN_BYTES));
                run()
            })?;
        match handle.join() {
            Ok(result) => Ok(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
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
