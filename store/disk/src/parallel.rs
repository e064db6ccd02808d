//! Work on many items with the threads that the machine has; small work stays on one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Below this many items threads cost more than they bring.
const WORTH_THREADS: usize = 512;
/// Items that a thread takes at a time.
const BATCH: usize = 32;
/// The same where an item may be large.
const LARGE_BATCH: usize = 4;

/// Does `work` for each item; the results are in the items' order. Stops at the first error and returns it.
///
/// The threads end before this returns, so that a later `fork` finds none.
pub(crate) fn try_map<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    run(items, work, WORTH_THREADS, BATCH)
}

/// As [`try_map`], for items that may each be large: threads from the second item on, and few items at a time.
pub(crate) fn try_map_large<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    run(items, work, 2, LARGE_BATCH)
}

fn run<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
    worth_threads: usize,
    batch: usize,
) -> Result<Vec<R>, E> {
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8);
    if items.len() < worth_threads || threads == 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let run = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let start = next.fetch_add(batch, Ordering::Relaxed);
            if start >= items.len() {
                break;
            }
            for (index, item) in items.iter().enumerate().skip(start).take(batch) {
                match work(item) {
                    Ok(result) => done.push((index, result)),
                    Err(error) => {
                        failed.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                }
            }
        }
        Ok(done)
    };
    let parts = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let join = |handle: thread::ScopedJoinHandle<'_, _>| {
            handle
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        handles.into_iter().map(join).collect::<Vec<_>>()
    });
    let mut all = Vec::with_capacity(items.len());
    for part in parts {
        all.extend(part?);
    }
    all.sort_unstable_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::try_map;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<u32> = (0..5000).collect();
        let doubled = try_map(&items, |item| Ok::<_, ()>(item * 2)).unwrap();
        assert_eq!(
            doubled,
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_error_of_one_item_is_returned() {
        let items: Vec<u32> = (0..5000).collect();
        assert_eq!(
            try_map(&items, |item| if *item == 4321 {
                Err(*item)
            } else {
                Ok(())
            }),
            Err(4321)
        );
    }
}
