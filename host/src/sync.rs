//! Locks, threads and counts, handled in one way.
//!
//! The locks are those of the standard library, which a panic can poison: [`lock`] ignores the
//! poison.

use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::{Builder, JoinHandle};

/// Locks a mutex, also one that a panic poisoned: what this host guards is whole after each
/// statement, so that a panic under the lock leaves nothing half done.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading, as [`lock`] does.
pub fn read<T: ?Sized>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing, as [`lock`] does.
pub fn write<T: ?Sized>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a thread, named so that the tools of the system show what it is for.
///
/// # Errors
///
/// When the system has no more threads.
pub fn thread<T: Send + 'static>(
    name: impl Into<String>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.into()).spawn(work)
}

/// A number of this thread: 0 for the first thread that asks, 1 for the second. What each request
/// writes is kept apart by it, so that no core waits for another core's cache line.
pub fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    // A thread that is ending may ask in the destructor of another value.
    OWN.try_with(|own| *own).unwrap_or(0)
}

/// Counts for as long as it lives: one more when it is made, one less when it is dropped.
#[must_use]
pub struct Counted<C: Deref<Target = AtomicUsize>>(C);

impl<C: Deref<Target = AtomicUsize>> Counted<C> {
    /// Counts one more, in an order with what its thread does before and after.
    pub fn new(count: C) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl<C: Deref<Target = AtomicUsize>> Drop for Counted<C> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_a_panic_poisoned_still_opens() {
        let (mutex, shared) = (Mutex::new(1), RwLock::new(2));
        let poisoned = std::thread::scope(|scope| {
            let work = || {
                let _guards = (lock(&mutex), write(&shared));
                std::panic::resume_unwind(Box::new("poison"));
            };
            scope.spawn(work).join()
        });
        assert!(poisoned.is_err() && mutex.is_poisoned() && shared.is_poisoned());
        assert_eq!((*lock(&mutex), *read(&shared)), (1, 2));
        assert_eq!(*write(&shared), 2);
    }

    #[test]
    fn a_count_ends_with_what_is_counted() {
        let count = AtomicUsize::new(0);
        let (one, two) = (Counted::new(&count), Counted::new(&count));
        assert_eq!(count.load(Ordering::SeqCst), 2);
        drop((one, two));
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_thread_has_its_name() {
        let name = || std::thread::current().name().map(str::to_owned);
        let found = thread("tailor-test", name).unwrap().join().unwrap();
        assert_eq!(found.as_deref(), Some("tailor-test"));
    }
}
