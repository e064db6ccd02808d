//! Many transfers at once.
//!
//! In: items and what to do with one. Out: done, or the first error. Stops when it is cancelled.

use crate::error::{Error, Result};
use cairn_fetch::Cancel;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Does `work` for each item, so many at once; the items are begun in order. The threads end before this returns.
pub(crate) fn each<T: Sync>(
    lanes: usize,
    items: &[T],
    cancel: &Cancel,
    work: impl Fn(usize, &T) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let first: Mutex<Option<Error>> = Mutex::new(None);
    let run = || {
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return;
            };
            let done = if cancel.is_cancelled() {
                Err(Error::Cancelled)
            } else {
                work(index, item)
            };
            if let Err(error) = done {
                stop.store(true, Ordering::Relaxed);
                let mut first = first
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                first.get_or_insert(error);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..lanes.min(items.len()) {
            scope.spawn(run);
        }
        run();
    });
    let first = first
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    first.map_or(Ok(()), Err)
}

/// What `work` gives for each item, all at once, in the items' order.
pub(crate) fn all<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if let [one] = items {
        return vec![work(one)];
    }
    thread::scope(|scope| {
        let work = &work;
        let handles: Vec<_> = items
            .iter()
            .map(|item| scope.spawn(move || work(item)))
            .collect();
        let join = |handle: thread::ScopedJoinHandle<'_, R>| {
            handle
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        handles.into_iter().map(join).collect()
    })
}
