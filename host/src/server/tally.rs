//! Counts requests and their access records on this thread, for the fuzzing targets.

use std::cell::Cell;

thread_local! {
    static BEGUN: Cell<usize> = const { Cell::new(0) };
    static TOLD: Cell<usize> = const { Cell::new(0) };
}

/// A request is about to be answered.
pub(super) fn begun() {
    BEGUN.set(BEGUN.get() + 1);
}

/// The account of a request was written.
pub(super) fn told() {
    TOLD.set(TOLD.get() + 1);
}

/// Both counts since the last call of this.
pub(super) fn take() -> (usize, usize) {
    (BEGUN.take(), TOLD.take())
}
