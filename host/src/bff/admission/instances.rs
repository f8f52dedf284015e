//! The instances of the host, in fair shares. A released instance goes to the waiting BFF that
//! holds the fewest (ties: least recently served), FIFO within a BFF.
//!
//! While no request waits, taking and releasing an instance cost a few atomic operations. Otherwise
//! they take one short lock. A release returns the instance, then checks for waiting requests; a
//! request registers as waiting, then checks for a free instance. With sequentially consistent
//! operations at least one of the two sees the other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

use crate::sync;

/// The instances of a host.
pub struct Instances {
    free: AtomicUsize,
    /// Requests that wait. Changed only under the lock.
    waiting: AtomicUsize,
    lines: Mutex<Lines>,
}

/// Waiting requests, a line for each BFF that has some. The one that was served last is the last.
#[derive(Default)]
struct Lines {
    all: Vec<Line>,
    last: u64,
}

struct Line {
    held: Arc<AtomicUsize>,
    waiting: VecDeque<(u64, oneshot::Sender<()>)>,
}

/// An instance, released on drop.
pub(super) struct Instance<'a> {
    instances: &'a Instances,
    held: &'a AtomicUsize,
}

impl Instances {
    /// This many, all free.
    pub fn new(count: usize) -> Self {
        Self {
            free: AtomicUsize::new(count),
            waiting: AtomicUsize::new(0),
            lines: Mutex::default(),
        }
    }

    /// Whether a request waits, or the next one would.
    pub(super) fn is_busy(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0 || self.free.load(Ordering::Relaxed) == 0
    }

    /// An instance without a wait, where one is free and no request waits for it. `held` counts
    /// those of its BFF.
    pub(super) fn try_take<'a>(&'a self, held: &'a AtomicUsize) -> Option<Instance<'a>> {
        if self.waiting.load(Ordering::SeqCst) > 0 || !self.take_free() {
            return None;
        }
        held.fetch_add(1, Ordering::Relaxed);
        Some(Instance {
            instances: self,
            held,
        })
    }

    /// Waits for an instance, for as long as the future is polled.
    pub(super) async fn take<'a>(&'a self, held: &'a Arc<AtomicUsize>) -> Instance<'a> {
        self.wait(held).await;
        Instance {
            instances: self,
            held,
        }
    }

    fn take_free(&self) -> bool {
        self.free
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |free| {
                free.checked_sub(1)
            })
            .is_ok()
    }

    /// Returns when an instance was taken for the caller.
    async fn wait(&self, held: &Arc<AtomicUsize>) {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = Waiting {
            instances: self,
            held,
            number: Some(self.join(held, sender)),
        };
        // The other end is dropped only by this one.
        let _ = receiver.await;
        waiting.number = None;
    }

    /// Joins the line, and gets a number.
    fn join(&self, held: &Arc<AtomicUsize>, sender: oneshot::Sender<()>) -> u64 {
        let mut lines = self.lines();
        let number = lines.join(held, sender);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.serve(&mut lines);
        number
    }

    /// Gives free instances to waiting requests.
    fn serve(&self, lines: &mut Lines) {
        while !lines.all.is_empty() && self.take_free() {
            if let Some(sender) = lines.next() {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                // A request that is dropped meanwhile finds that it was served, and releases the
                // instance.
                let _ = sender.send(());
            }
        }
    }

    /// Releases an instance that was [forgotten](Instance::forget).
    pub(super) fn give_back(&self, held: &AtomicUsize) {
        held.fetch_sub(1, Ordering::Relaxed);
        self.free.fetch_add(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.serve(&mut self.lines());
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        sync::lock(&self.lines)
    }
}

impl Lines {
    /// Joins the end of its BFF's line, and gets a number.
    fn join(&mut self, held: &Arc<AtomicUsize>, sender: oneshot::Sender<()>) -> u64 {
        self.last += 1;
        let number = self.last;
        let line = self
            .all
            .iter_mut()
            .find(|line| Arc::ptr_eq(&line.held, held));
        match line {
            Some(line) => line.waiting.push_back((number, sender)),
            None => self.all.push(Line {
                held: held.clone(),
                waiting: VecDeque::from([(number, sender)]),
            }),
        }
        number
    }

    /// Takes the next one out of the lines, and counts an instance as its BFF's.
    fn next(&mut self) -> Option<oneshot::Sender<()>> {
        let lines = self.all.iter().enumerate();
        let (index, _) = lines.min_by_key(|(_, line)| line.held.load(Ordering::Relaxed))?;
        let mut line = self.all.remove(index);
        let next = line.waiting.pop_front();
        if next.is_some() {
            line.held.fetch_add(1, Ordering::Relaxed);
        }
        if !line.waiting.is_empty() {
            self.all.push(line);
        }
        next.map(|(_, sender)| sender)
    }

    /// Leaves a line; `false` when it was served meanwhile.
    fn leave(&mut self, held: &Arc<AtomicUsize>, number: u64) -> bool {
        let mut lines = self.all.iter_mut();
        let Some(line) = lines.find(|line| Arc::ptr_eq(&line.held, held)) else {
            return false;
        };
        let before = line.waiting.len();
        line.waiting.retain(|(other, _)| *other != number);
        let left = line.waiting.len() < before;
        self.all.retain(|line| !line.waiting.is_empty());
        left
    }
}

impl Instance<'_> {
    /// Keeps the instance taken, for someone else to release.
    pub(super) fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Instance<'_> {
    fn drop(&mut self) {
        self.instances.give_back(self.held);
    }
}

/// A waiting request. Dropped before it was served, it leaves its line; dropped after, it releases
/// the instance.
struct Waiting<'a> {
    instances: &'a Instances,
    held: &'a Arc<AtomicUsize>,
    number: Option<u64>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else {
            return;
        };
        let mut lines = self.instances.lines();
        if lines.leave(self.held, number) {
            self.instances.waiting.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        drop(lines);
        self.instances.give_back(self.held);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn what_becomes_free_goes_to_the_bff_that_holds_the_fewest() {
        let instances = Instances::new(3);
        let [greedy, modest, other] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(instances.take(&greedy).await);
        }
        // The greedy one is first in time, twice.
        let waits = [&greedy, &greedy, &modest, &modest, &other];
        let mut waits = waits.map(|bff| Some(Box::pin(instances.take(bff))));
        let mut served = async |held: &mut Vec<_>| {
            for (index, wait) in waits.iter_mut().enumerate() {
                let done = wait.as_mut().and_then(|wait| wait.now_or_never());
                if let Some(instance) = done {
                    *wait = None;
                    held.push(instance);
                    return Some(index);
                }
            }
            None
        };
        assert_eq!(served(&mut held).await, None);
        let mut order = Vec::new();
        for _ in 0..5 {
            drop(held.remove(0));
            order.push(served(&mut held).await.unwrap());
            assert_eq!(served(&mut held).await, None, "one for one");
        }
        // After the first two, greedy holds one, the others one each, and modest came first.
        assert_eq!(order[..2], [2, 4]);
        assert_eq!(order.len(), 5);
        drop(held);
        assert_eq!(instances.free.load(Ordering::SeqCst), 3);
        assert_eq!(instances.waiting.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn one_that_goes_while_it_waits_takes_nothing_with_it() {
        let instances = Instances::new(1);
        let bff = Arc::new(AtomicUsize::new(0));
        let held = instances.take(&bff).await;
        let (mut gone, mut unaware) = (
            Box::pin(instances.take(&bff)),
            Box::pin(instances.take(&bff)),
        );
        assert!(gone.as_mut().now_or_never().is_none());
        assert!(unaware.as_mut().now_or_never().is_none());
        drop(gone);
        assert_eq!(instances.waiting.load(Ordering::SeqCst), 1);
        drop(held);
        // It was served, and goes before it learns that.
        assert_eq!(bff.load(Ordering::SeqCst), 1);
        drop(unaware);
        assert_eq!(bff.load(Ordering::SeqCst), 0);
        assert!(instances.take(&bff).now_or_never().is_some());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_request_waits_for_ever_beside_a_free_one() {
        let instances = Arc::new(Instances::new(2));
        let tasks = (0..4).map(|_| {
            let (instances, bff) = (instances.clone(), Arc::new(AtomicUsize::new(0)));
            async move {
                for round in 0..500 {
                    let mut take = Box::pin(instances.take(&bff));
                    if round % 3 == 0 && take.as_mut().now_or_never().is_none() {
                        continue;
                    }
                    if round % 3 != 0 {
                        let _held = take.await;
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
        let tasks: tokio::task::JoinSet<()> = tasks.collect();
        tasks.join_all().await;
        assert_eq!(instances.free.load(Ordering::SeqCst), 2);
    }
}
