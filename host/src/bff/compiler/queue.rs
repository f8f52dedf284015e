//! Who compiles next: a few at a time, in turns by BFF.
//!
//! A BFF has at most one compile that runs and one that waits. It waits behind the BFFs that came
//! before it, so a BFF that comes again and again delays another by one compile of its own at most.
//! A newer file takes the place in the line of the one that waits.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The line in front of the compilers.
pub(super) struct Queue {
    jobs: usize,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    /// The BFFs that compile, each once.
    running: Vec<String>,
    /// The BFFs that wait, each once, with the number of the newest that wants its turn.
    waiting: VecDeque<(String, u64)>,
    last: u64,
}

impl State {
    /// The one whose turn it is, if there is room for one.
    fn next(&self, jobs: usize) -> Option<u64> {
        if self.running.len() >= jobs {
            return None;
        }
        let mut waiting = self.waiting.iter();
        waiting
            .find(|(bff, _)| !self.running.contains(bff))
            .map(|(_, number)| *number)
    }

    /// Comes to stand in the line and gets a number.
    fn join(&mut self, bff: &str) -> u64 {
        self.last += 1;
        match self.waiting.iter_mut().find(|(name, _)| name == bff) {
            Some((_, number)) => *number = self.last,
            None => self.waiting.push_back((bff.to_owned(), self.last)),
        }
        self.last
    }

    fn waits(&self, number: u64) -> bool {
        self.waiting.iter().any(|(_, waiting)| *waiting == number)
    }
}

impl Queue {
    /// A queue with this limit of compiles at a time.
    pub(super) fn new(jobs: usize) -> Self {
        Self {
            jobs: jobs.max(1),
            state: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Waits for a turn of the BFF, which lasts until the value is dropped. `None` when a newer
    /// file of the same BFF took the place.
    pub(super) fn wait(&self, bff: &str) -> Option<Turn<'_>> {
        let mut state = self.lock();
        let number = state.join(bff);
        // The one whose place was taken has to learn it.
        self.moved.notify_all();
        while state.waits(number) {
            if state.next(self.jobs) == Some(number) {
                state.waiting.retain(|(_, waiting)| *waiting != number);
                state.running.push(bff.to_owned());
                // There may be room for a further one.
                self.moved.notify_all();
                return Some(Turn {
                    queue: self,
                    bff: bff.to_owned(),
                });
            }
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of a BFF.
pub(super) struct Turn<'a> {
    queue: &'a Queue,
    bff: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.running.retain(|bff| *bff != self.bff);
        drop(state);
        self.queue.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out turns until nobody waits, as if each compile ended before the next began.
    fn order(state: &mut State) -> Vec<(String, u64)> {
        std::iter::from_fn(|| {
            let number = state.next(1)?;
            let at = state.waiting.iter().position(|(_, it)| *it == number)?;
            state.waiting.remove(at)
        })
        .collect()
    }

    #[test]
    fn the_newest_file_of_a_bff_takes_the_place_of_the_one_that_waits() {
        let mut state = State::default();
        let old = state.join("a");
        state.join("b");
        let new = state.join("a");
        assert!(!state.waits(old));
        assert!(state.waits(new));
        assert_eq!(
            order(&mut state),
            [("a".to_owned(), 3), ("b".to_owned(), 2)]
        );
    }

    #[test]
    fn a_bff_never_compiles_twice_at_once() {
        let mut state = State::default();
        state.running.push("a".to_owned());
        state.join("a");
        assert_eq!(state.next(2), None);
        let b = state.join("b");
        assert_eq!(state.next(2), Some(b));
        assert_eq!(state.next(1), None);
    }

    #[test]
    fn a_bff_that_comes_again_stands_behind_the_others() {
        let queue = Queue::new(1);
        let first = queue.wait("bomb").expect("nobody else is there");
        std::thread::scope(|scope| {
            let (tell, told) = std::sync::mpsc::channel();
            let wait = |bff: &'static str, tell: std::sync::mpsc::Sender<&'static str>| {
                let queue = &queue;
                scope.spawn(move || {
                    let turn = queue.wait(bff);
                    let _ = tell.send(if turn.is_some() { bff } else { "superseded" });
                });
                while !queue.lock().waiting.iter().any(|(name, _)| name == bff) {
                    std::thread::yield_now();
                }
            };
            wait("other", tell.clone());
            wait("bomb", tell.clone());
            let waiting = queue.lock().last;
            let again = tell.clone();
            let queue = &queue;
            scope.spawn(move || {
                let turn = queue.wait("bomb");
                let _ = again.send(if turn.is_some() { "bomb" } else { "superseded" });
            });
            while queue.lock().last == waiting {
                std::thread::yield_now();
            }
            assert_eq!(told.recv(), Ok("superseded"));
            drop(first);
            assert_eq!(told.recv(), Ok("other"));
            assert_eq!(told.recv(), Ok("bomb"));
        });
    }
}
