//! The one arena of an evaluation: everything that it makes lives until the arena is dropped.
//!
//! In: values of any `Copy`-like shape. Out: references that live as long as the arena.
//! Refuses to free anything early: no reference counts, no collector; memory is the price.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bumpalo::Bump;

use crate::limits::Limits;

/// Owns all values, thunks and code of one evaluation.
#[derive(Default)]
pub struct Arena {
    bump: Bump,
    limits: Limits,
    stop: Option<Arc<AtomicBool>>,
}

impl Arena {
    /// An empty arena.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty arena for an evaluation within limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// The same for an evaluation that ends with `eval::interrupted` soon after a flag is set.
    #[must_use]
    pub fn stopped_by(self, flag: Arc<AtomicBool>) -> Self {
        Self {
            stop: Some(flag),
            ..self
        }
    }

    /// The flag that ends the evaluation, where there is one.
    pub(crate) fn stop(&self) -> Option<Arc<AtomicBool>> {
        self.stop.clone()
    }

    /// What the evaluation may use.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Moves a value in; its destructor never runs, so it must own nothing outside the arena.
    pub fn alloc<T>(&self, value: T) -> &T {
        self.bump.alloc(value)
    }

    /// Copies a text in.
    pub fn text(&self, text: &str) -> &str {
        self.bump.alloc_str(text)
    }

    /// Moves in what a function makes, where it may be made in its place at once.
    #[inline]
    pub(crate) fn make<T>(&self, value: impl FnOnce() -> T) -> &T {
        self.bump.alloc_with(value)
    }

    /// Copies a slice in.
    pub fn slice<T: Copy>(&self, items: &[T]) -> &[T] {
        if items.is_empty() {
            return &[];
        }
        self.bump.alloc_slice_copy(items)
    }

    /// Moves the items of an iterator in; the iterator may not allocate in this arena for long.
    pub fn collect<T, I>(&self, items: I) -> &[T]
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: ExactSizeIterator,
    {
        let items = items.into_iter();
        if items.len() == 0 {
            return &[];
        }
        self.bump.alloc_slice_fill_iter(items)
    }

    /// Moves as many values in as a function makes; it may allocate here too.
    pub(crate) fn each<T>(&self, count: usize, make: impl FnMut(usize) -> T) -> &[T] {
        if count == 0 {
            return &[];
        }
        self.bump.alloc_slice_fill_with(count, make)
    }

    /// Moves as many values in as a function makes; it may allocate here too. Errors: the function's first.
    pub(crate) fn fill<T, E>(
        &self,
        count: usize,
        make: impl FnMut(usize) -> Result<T, E>,
    ) -> Result<&[T], E> {
        self.bump
            .alloc_slice_try_fill_with(count, make)
            .map(|slice| &*slice)
    }

    /// What values take so far, in bytes.
    #[inline]
    pub fn used_bytes(&self) -> usize {
        self.bump.allocated_bytes() - self.bump.chunk_capacity()
    }

    /// What has been taken from the system so far, in bytes.
    pub fn allocated_bytes(&self) -> usize {
        self.bump.allocated_bytes()
    }
}
