//! The cap on the calls of one service, with a bounded queue that is shared fairly between BFFs: one BFF's storm takes neither
//! all permits nor all of the queue from another.
//!
//! A call that finds nobody waiting, and a permit free within the share of its BFF, takes it with a few atomic operations. All else
//! happens under one lock that is held for moments: a freed permit goes to the waiting BFF that holds the fewest, among equals
//! to the one that was served from the queue longest ago, and within a BFF to the call that has waited longest.
//!
//! No permit lies idle while somebody who may have it waits. Whoever frees something first gives it back and then looks whether
//! anybody waits; whoever waits first says so and then looks whether something is free. With sequentially consistent
//! operations at least one of them sees the other.

mod queue;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use self::queue::{Line, Outcome, Queue};
use super::budget::Budget;
use crate::config;
use crate::downstream::deadline::SharedDeadline;

/// The permits of one service.
pub struct Bulkhead {
    max_calls: AtomicUsize,
    max_queued: AtomicUsize,
    queue_timeout: Duration,
    /// Permits that one of several BFFs may hold.
    share: AtomicUsize,
    in_flight: AtomicUsize,
    /// Calls in the queue. Changed only under the lock.
    queued: AtomicUsize,
    /// Members that are alive. Changed only under the lock.
    alive: AtomicUsize,
    /// The next number of a member or of a waiting call.
    next: AtomicU64,
    queue: Mutex<Queue<Member>>,
}

/// One BFF that calls the service. It counts towards the shares as long as it is held.
pub struct Member {
    bulkhead: Arc<Bulkhead>,
    id: u64,
    number: usize,
    /// Permits it holds. Shared with its line in the queue.
    held: Arc<AtomicUsize>,
    budget: Budget,
}

/// The right to make one call. Dropping it frees it.
#[must_use]
pub struct Permit {
    member: Arc<Member>,
    /// How long it was waited for; zero without waiting.
    pub queued: Duration,
}

/// A call got no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Too many wait already, of this BFF or altogether.
    Full {
        /// Calls in the queue.
        queued: usize,
    },
    /// It waited for as long as it may.
    Late {
        /// How long that was.
        after: Duration,
    },
}

impl Bulkhead {
    /// A bulkhead with all permits free.
    pub fn new(settings: &config::Bulkhead, queue_timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            max_calls: AtomicUsize::new(settings.max_calls),
            max_queued: AtomicUsize::new(settings.max_queued),
            queue_timeout,
            share: AtomicUsize::new(share(settings)),
            in_flight: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            next: AtomicU64::new(0),
            queue: Mutex::new(Queue::new()),
        })
    }

    /// The BFF of this name. While anybody holds it, the same name is the same member.
    pub fn member(self: &Arc<Self>, bff: &str) -> Arc<Member> {
        let mut queue = self.lock();
        if let Some(member) = queue.member(bff) {
            return member;
        }
        let number = queue.free_number();
        let member = Arc::new(Member {
            bulkhead: Arc::clone(self),
            id: self.number(),
            number,
            held: Arc::default(),
            budget: Budget::new(Instant::now()),
        });
        queue.add(Line::new(bff, &member, member.id, number, &member.held));
        self.alive.fetch_add(1, Ordering::SeqCst);
        member
    }

    /// Puts other limits in force. Calls that are under way keep their permits, also where there are more
    /// than the new limit; those that wait keep their place.
    pub fn set_limits(&self, settings: &config::Bulkhead) {
        self.max_calls.store(settings.max_calls, Ordering::Relaxed);
        self.max_queued
            .store(settings.max_queued, Ordering::Relaxed);
        self.share.store(share(settings), Ordering::Relaxed);
        // There may be more permits than before.
        self.serve(&mut self.lock());
    }

    fn max_calls(&self) -> usize {
        self.max_calls.load(Ordering::Relaxed)
    }

    /// Calls under way, and calls in the queue.
    pub fn load(&self) -> (usize, usize) {
        (
            self.in_flight.load(Ordering::Relaxed),
            self.queued.load(Ordering::Relaxed),
        )
    }

    /// Permits that a member may hold now.
    fn limit(&self) -> usize {
        let max_calls = self.max_calls();
        if self.alive.load(Ordering::SeqCst) > 1 {
            self.share.load(Ordering::Relaxed).min(max_calls)
        } else {
            max_calls
        }
    }

    /// Takes a permit for a member that has so many. A failure may for a moment have kept a free permit from others: whoever
    /// sees one must call `serve` after it.
    fn reserve(&self, held: &AtomicUsize) -> bool {
        if !below(held, self.limit()) {
            return false;
        }
        let reserved = below(&self.in_flight, self.max_calls());
        if !reserved {
            held.fetch_sub(1, Ordering::SeqCst);
        }
        reserved
    }

    fn release(&self, held: &AtomicUsize) {
        held.fetch_sub(1, Ordering::SeqCst);
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        if self.anybody_waits() {
            self.serve(&mut self.lock());
        }
    }

    /// Gives what is free to those who wait.
    fn serve(&self, queue: &mut Queue<Member>) {
        while self.anybody_waits() && self.in_flight.load(Ordering::SeqCst) < self.max_calls() {
            let Some(line) = queue.next(self.limit()) else {
                return;
            };
            // Between the look and this, calls that saw no queue may have been faster.
            if !self.reserve(&line.held) {
                continue;
            }
            let member = line.id;
            let granted = line.waiting.pop_front().is_some_and(|waiting| {
                self.queued.fetch_sub(1, Ordering::SeqCst);
                waiting.told.send(Outcome::Granted).is_ok()
            });
            if granted {
                queue.served(member);
            } else {
                // The call was dropped a moment ago.
                line.held.fetch_sub(1, Ordering::SeqCst);
                self.in_flight.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    fn anybody_waits(&self) -> bool {
        self.queued.load(Ordering::SeqCst) > 0
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Queue<Member>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// A number that no other BFF of the service has at the same time; they are as low as can be.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Waits for a permit, but no longer than until then, nor longer than the service's queue timeout.
    ///
    /// # Errors
    ///
    /// The queue is full, or the time is over.
    pub async fn acquire(self: &Arc<Self>, until: &SharedDeadline) -> Result<Permit, Rejected> {
        let bulkhead = &*self.bulkhead;
        if !bulkhead.anybody_waits() && bulkhead.reserve(&self.held) {
            return Ok(self.permit(Duration::ZERO));
        }
        let started = Instant::now();
        if until.passed(started) {
            // It would take a place in the queue from another for nothing.
            return Err(Rejected::Late {
                after: Duration::ZERO,
            });
        }
        let Some(mut waiting) = self.enqueue()? else {
            return Ok(self.permit(Duration::ZERO));
        };
        let limit = started.checked_add(bulkhead.queue_timeout);
        match until.timeout(limit, &mut waiting.told).await {
            Some(Ok(Outcome::Granted)) => {
                waiting.settled = true;
                Ok(self.permit(Instant::now() - started))
            }
            Some(Ok(Outcome::Displaced { queued })) => Err(Rejected::Full { queued }),
            // The queue tells before it forgets, so the sender is never dropped without a word.
            Some(Err(_)) | None => Err(Rejected::Late {
                after: Instant::now() - started,
            }),
        }
    }

    /// Tells it from all others of the service.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Takes a permit if one is free for this BFF and nobody waits.
    pub fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let bulkhead = &*self.bulkhead;
        if bulkhead.anybody_waits() {
            return None;
        }
        if bulkhead.reserve(&self.held) {
            return Some(self.permit(Duration::ZERO));
        }
        if bulkhead.anybody_waits() {
            bulkhead.serve(&mut bulkhead.lock());
        }
        None
    }

    /// Joins the queue. `None` when there was a permit after all.
    fn enqueue(&self) -> Result<Option<Waiting<'_>>, Rejected> {
        let bulkhead = &*self.bulkhead;
        let mut queue = bulkhead.lock();
        // Those who wait come first; what is then still free, none of them may have.
        bulkhead.serve(&mut queue);
        if bulkhead.reserve(&self.held) {
            return Ok(None);
        }
        let queued = bulkhead.queued.load(Ordering::SeqCst);
        if queued >= bulkhead.max_queued.load(Ordering::Relaxed) {
            let Some(displaced) = queue.displace(self.id) else {
                return Err(Rejected::Full { queued });
            };
            bulkhead.queued.fetch_sub(1, Ordering::SeqCst);
            // One that was dropped a moment ago needs no word.
            let _ = displaced.told.send(Outcome::Displaced { queued });
        }
        let (tell, told) = oneshot::channel();
        let id = bulkhead.number();
        queue.push(self.id, id, tell);
        bulkhead.queued.fetch_add(1, Ordering::SeqCst);
        // What was freed since the last look was freed by somebody who saw no queue.
        bulkhead.serve(&mut queue);
        Ok(Some(Waiting {
            member: self,
            id,
            told,
            settled: false,
        }))
    }

    fn permit(self: &Arc<Self>, queued: Duration) -> Permit {
        Permit {
            member: Arc::clone(self),
            queued,
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut queue = self.bulkhead.lock();
        queue.remove(self.id);
        self.bulkhead.alive.fetch_sub(1, Ordering::SeqCst);
        // The others may have larger shares now.
        self.bulkhead.serve(&mut queue);
    }
}

impl Permit {
    /// A permit for an attempt beside the one that this is for, if one is free for the same BFF and nobody waits.
    pub fn another(&self) -> Option<Self> {
        self.member.try_acquire()
    }

    /// What further attempts at the service are paid from: the budget of the BFF whose permit this is.
    pub fn budget(&self) -> &Budget {
        &self.member.budget
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.member.bulkhead.release(&self.member.held);
    }
}

/// A call in the queue. Dropping it takes it out.
struct Waiting<'a> {
    member: &'a Member,
    id: u64,
    told: oneshot::Receiver<Outcome>,
    /// The permit is in the caller's hands.
    settled: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        // From here on a permit can't be sent any more; one that was sent before is here.
        self.told.close();
        let bulkhead = &*self.member.bulkhead;
        match self.told.try_recv() {
            Ok(Outcome::Granted) => bulkhead.release(&self.member.held),
            Ok(Outcome::Displaced { .. }) => {}
            Err(_) => {
                let mut queue = bulkhead.lock();
                if queue.take_out(self.member.id, self.id) {
                    bulkhead.queued.fetch_sub(1, Ordering::SeqCst);
                }
            }
        }
    }
}

/// Permits that one of several BFFs may hold: one at least.
fn share(settings: &config::Bulkhead) -> usize {
    let share = settings.max_calls as u128 * u128::from(settings.bff_share) / 100;
    usize::try_from(share).unwrap_or(usize::MAX).max(1)
}

/// Adds one if the number is below the limit.
fn below(number: &AtomicUsize, limit: usize) -> bool {
    number
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |number| {
            (number < limit).then_some(number + 1)
        })
        .is_ok()
}
