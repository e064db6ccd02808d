//! What an evaluation may use: memory, and steps; and whether it may go on.
//!
//! In: two numbers and perhaps a flag, handed in with the [`Arena`](crate::Arena). Out: errors `eval::memory` and `eval::steps` where
//! a number is reached, `eval::interrupted` where the flag is set. Refuses to look at a clock or at the machine: what is allowed
//! is its caller's to say.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cairn_syntax::Diagnostic;
use cairn_syntax::span::Span;

use crate::depth;
use crate::evaluator::{Error, Evaluator, Result, too_deep};

/// How many steps pass between two looks at the limits.
const STRIDE: i64 = 1024;
/// What a step that copies is taken for: one more for so many bytes.
const BYTES_PER_STEP: usize = 64;
/// How deep a value may be nested where it is walked whole. A value that holds itself has no end: so it is found before the
/// stack is, and long before that is filled.
const DEEPEST_VALUE: usize = 50_000;

/// What an evaluation may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes that values may take together, those counted that are no longer needed.
    pub memory_bytes: usize,
    /// Most steps: expressions, calls and checks. As many as it takes without this.
    pub steps: Option<u64>,
}

impl Default for Limits {
    /// Four GiB, and no limit of steps.
    fn default() -> Self {
        Self {
            memory_bytes: 4 << 30,
            steps: None,
        }
    }
}

impl Limits {
    fn first_stride(self) -> i64 {
        self.steps.map_or(STRIDE, |most| {
            STRIDE.min(i64::try_from(most).unwrap_or(STRIDE))
        })
    }
}

/// How much of the limits is used.
pub(crate) struct Meter {
    limits: Limits,
    /// Steps until the next look; below zero where copying used more.
    left: i64,
    /// What `left` was after the last look.
    granted: i64,
    /// Steps before the last look.
    passed: u64,
    /// Bytes outside the arena: names, plain data.
    outside_bytes: usize,
    /// Bytes of the arena that were counted as steps.
    counted_bytes: usize,
    /// The first limit that was reached. Everything after it fails alike.
    reached: Option<Error>,
    /// Whether somebody asked for the end.
    stop: Option<Arc<AtomicBool>>,
}

impl Meter {
    pub(crate) fn new(limits: Limits, stop: Option<Arc<AtomicBool>>) -> Self {
        Self {
            limits,
            left: limits.first_stride(),
            granted: limits.first_stride(),
            passed: 0,
            outside_bytes: 0,
            counted_bytes: 0,
            reached: None,
            stop,
        }
    }
}

impl Evaluator<'_> {
    /// Counts a step; ends recursion that is too deep for the stack, and what goes beyond the limits.
    #[inline]
    pub(crate) fn guard(&mut self, span: Span) -> Result<()> {
        self.meter.left -= 1;
        if self.meter.left < 0 || depth::here() < self.floor {
            self.look(span)
        } else {
            Ok(())
        }
    }

    /// Counts what was made since the last time as steps: copying takes time too.
    #[inline]
    pub(crate) fn count_made(&mut self) {
        let used = self.arena.used_bytes();
        let made = used.saturating_sub(self.meter.counted_bytes);
        self.meter.counted_bytes = used;
        self.meter.left -= (made / BYTES_PER_STEP) as i64;
    }

    /// Counts memory outside the arena that lives as long as the evaluation, in bytes.
    pub fn took(&mut self, bytes: usize) {
        self.meter.outside_bytes = self.meter.outside_bytes.saturating_add(bytes);
    }

    /// Asks for memory before it is taken. Errors: `eval::memory`, where so many bytes would be too many.
    #[inline]
    pub fn room(&mut self, bytes: usize, span: Span) -> Result<()> {
        let used = self.arena.used_bytes() + self.meter.outside_bytes;
        if used.saturating_add(bytes) > self.meter.limits.memory_bytes {
            Err(self.too_large(span))
        } else {
            Ok(())
        }
    }

    #[cold]
    fn look(&mut self, span: Span) -> Result<()> {
        if let Some(error) = &self.meter.reached {
            return Err(error.clone());
        }
        if self.meter.left < 0 {
            self.count_made();
            self.meter.passed += (self.meter.granted - self.meter.left) as u64;
            let stop = self.meter.stop.as_ref();
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(self.interrupted(span));
            }
            let mut stride = STRIDE;
            if let Some(most) = self.meter.limits.steps {
                if self.meter.passed > most {
                    return Err(self.too_long(span, most));
                }
                stride = stride.min(i64::try_from(most - self.meter.passed).unwrap_or(STRIDE));
            }
            (self.meter.left, self.meter.granted) = (stride, stride);
            self.room(0, span)?;
        }
        if depth::here() < self.floor {
            return Err(too_deep(span));
        }
        Ok(())
    }

    /// Begins to count anew: the next line of a REPL. Memory that is taken stays taken.
    pub fn renew(&mut self) {
        let stride = self.meter.limits.first_stride();
        (self.meter.left, self.meter.granted) = (stride, stride);
        (self.meter.passed, self.meter.reached) = (0, None);
    }

    #[cold]
    fn too_large(&mut self, span: Span) -> Error {
        let megabytes = self.meter.limits.memory_bytes >> 20;
        let message =
            format!("this evaluation needs more memory than the {megabytes} MiB that it may use");
        self.end(
            Diagnostic::error("eval::memory", span, message)
                .help("check that lists and strings do not grow without end; `--max-memory 8G` or CAIRN_MAX_MEMORY allow more"),
        )
    }

    #[cold]
    fn too_long(&mut self, span: Span, most: u64) -> Error {
        let message = format!("this evaluation takes more than the {most} steps that it may take");
        self.end(
            Diagnostic::error("eval::steps", span, message)
                .help("check that it comes to an end; a higher `--max-steps` allows more"),
        )
    }

    #[cold]
    fn interrupted(&mut self, span: Span) -> Error {
        let message = "this evaluation was interrupted";
        self.end(Diagnostic::error("eval::interrupted", span, message))
    }

    fn end(&mut self, error: Diagnostic) -> Error {
        // What is forced from here on ends at its first look.
        self.meter.left = -1;
        let first = self.meter.reached.get_or_insert_with(|| Box::new(error));
        first.clone()
    }
}

/// Whether a value may be walked at a level; what stands in no bracket has level 0. Errors: `eval::too_deep`.
#[inline]
pub(crate) fn level(level: usize, span: Span) -> Result<()> {
    if level > DEEPEST_VALUE {
        return Err(nested_too_deeply(span));
    }
    Ok(())
}

#[cold]
fn nested_too_deeply(span: Span) -> Error {
    let message = format!("this value is nested more than {DEEPEST_VALUE} levels deep");
    Box::new(
        Diagnostic::error("eval::too_deep", span, message)
            .help("a record or list that holds itself has no end; say which part of it is needed"),
    )
}

/// Whether an error says nothing about the value itself: with more room it would be another.
pub(crate) fn is_of_limits(error: &Diagnostic) -> bool {
    matches!(
        error.code,
        "eval::too_deep" | "eval::memory" | "eval::steps" | "eval::interrupted"
    )
}
