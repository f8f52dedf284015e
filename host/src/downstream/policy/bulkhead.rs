//! Per-service limits on concurrency and rate, with a bounded, fair queue: no BFF can take all
//! permits or the whole queue from another.
//!
//! Fast path: the queue is empty and the BFF is under its share. It costs a few atomic operations.
//! Slow path: one short lock. A released permit goes to the queued BFF that holds the fewest
//! permits (ties: least recently served), FIFO within a BFF.
//!
//! With a rate, or a hold that the service requested ([`pace`]), a permit also takes a token, and
//! so does each further request of a call that has a permit: it queues ahead of its BFF's other
//! calls. These always take the slow path. [`waiting`] handles what only time releases.
//!
//! No permit stays idle while a call that may have it is queued. A release returns the permit, then
//! checks the queue; a call enters the queue, then checks for permits. With sequentially consistent
//! operations at least one of the two sees the other.

mod member;
mod pace;
mod permit;
mod queue;
mod waiting;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub use self::pace::HoldStart;

use self::pace::{Pace, Token};
use self::queue::{Needs, Outcome, Queue};
use super::budget::Budget;
use crate::config;
use crate::sync;

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
    /// Whether a rate or a hold applies. Changed only under the lock.
    paced: AtomicBool,
    state: Mutex<BulkheadState>,
    /// The lock of the timekeeper for all waiting calls.
    timekeeper: tokio::sync::Mutex<()>,
    /// Notifies the timekeeper that the next token may be due earlier than it knows.
    earlier: Notify,
    /// Notifies all waiting calls that their turn may come later than they know.
    changed: Notify,
}

/// The state under the lock.
struct BulkheadState {
    queue: Queue<Member>,
    pace: Pace,
    /// When the timekeeper looks next, if it knows.
    armed: Option<Instant>,
}

/// One BFF that calls the service. It counts towards the shares as long as it is held.
pub struct Member {
    bulkhead: Arc<Bulkhead>,
    bff: Box<str>,
    id: u64,
    number: usize,
    /// Permits it holds. Shared with its line in the queue.
    held: Arc<AtomicUsize>,
    budget: Budget,
}

/// The right to make one call, with its first request. Dropping it frees it.
#[must_use]
pub struct Permit {
    member: Arc<Member>,
    /// The token of the request, until it is sent.
    token: Token,
    /// The wait for it; zero without one.
    pub queued: Duration,
    /// Whether the wait was because of the rate or a hold.
    pub braked: bool,
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
    /// The rate lets no further call through in its time.
    OverRate {
        /// The rate in force.
        rate: config::Rate,
    },
    /// The service requested a pause longer than the call's time.
    Held {
        /// For how long.
        left: Duration,
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
            paced: AtomicBool::new(settings.rate.is_some()),
            state: Mutex::new(BulkheadState {
                queue: Queue::new(),
                pace: Pace::new(settings, Instant::now()),
                armed: None,
            }),
            timekeeper: tokio::sync::Mutex::default(),
            earlier: Notify::new(),
            changed: Notify::new(),
        })
    }

    /// Applies new limits. Calls under way keep their permits, even above the new limit; waiting
    /// calls keep their place.
    pub fn set_limits(&self, settings: &config::Bulkhead) {
        self.max_calls.store(settings.max_calls, Ordering::Relaxed);
        self.max_queued
            .store(settings.max_queued, Ordering::Relaxed);
        self.share.store(share(settings), Ordering::Relaxed);
        let now = Instant::now();
        let mut state = self.lock();
        state.pace.set(settings, now);
        let paced = !state.pace.is_free(now);
        self.paced.store(paced, Ordering::SeqCst);
        // There may be more permits than before, and tokens sooner or later.
        self.serve(&mut state);
        drop(state);
        self.earlier.notify_one();
        self.changed.notify_waiters();
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

    /// The rate in force with its tokens, and the rest of a hold.
    pub fn pace(&self) -> (Option<(config::Rate, u32)>, Option<Duration>) {
        let (state, now) = (self.lock(), Instant::now());
        (state.pace.rate(now), state.pace.held(now))
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

    /// Takes a permit for a member with this number of permits. A failure may for a moment have
    /// kept a free permit from others: a caller that sees one must call `serve` after it.
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

    /// Admits a call that needs no wait. To be called after the queue was served.
    fn admit(&self, state: &mut BulkheadState, held: &AtomicUsize, wants: Needs) -> Option<Token> {
        let now = self.is_paced().then(Instant::now);
        if now.is_some_and(|now| state.pace.wait(0, now).is_some()) {
            return None;
        }
        if wants == Needs::Permit && !self.reserve(held) {
            return None;
        }
        Some(now.map_or(Token::Free, |now| state.pace.take(now)))
    }

    /// Takes back the permit and token of a call.
    fn release(&self, held: &AtomicUsize, had: Needs, token: Token) {
        if had == Needs::Permit {
            held.fetch_sub(1, Ordering::SeqCst);
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
        }
        if token == Token::Taken {
            let mut state = self.lock();
            state.pace.give_back();
            self.serve(&mut state);
        } else if self.anybody_waits() {
            self.serve(&mut self.lock());
        }
    }

    /// Gives free permits to the queue, and has a waiting call look again when the next token is
    /// due.
    fn serve(&self, state: &mut BulkheadState) {
        if let Some(due) = self.hand_out(state)
            && state.armed.is_none_or(|armed| due < armed)
        {
            self.earlier.notify_one();
        }
    }

    /// Gives free permits to the queue. Returns when the next token is due, if tokens are lacking.
    fn hand_out(&self, state: &mut BulkheadState) -> Option<Instant> {
        let now = self.is_paced().then(Instant::now);
        if now.is_some_and(|now| state.pace.is_free(now)) {
            self.paced.store(false, Ordering::SeqCst);
        }
        while self.anybody_waits() {
            if let Some((due, _)) = now.and_then(|now| state.pace.wait(0, now)) {
                return Some(due);
            }
            let room = self.in_flight.load(Ordering::SeqCst) < self.max_calls();
            let limit = if room { self.limit() } else { 0 };
            let line = state.queue.next(limit)?;
            let wants = line.waiting.front()?.wants;
            // Meanwhile, calls that saw no queue may have taken it.
            if wants == Needs::Permit && !self.reserve(&line.held) {
                continue;
            }
            let token = now.map_or(Token::Free, |now| state.pace.take(now));
            let member = line.id;
            let granted = line.waiting.pop_front().is_some_and(|waiting| {
                self.queued.fetch_sub(1, Ordering::SeqCst);
                waiting.outcome.send(Outcome::Granted(token)).is_ok()
            });
            if granted {
                state.queue.served(member);
                continue;
            }
            // The call was dropped a moment ago.
            if wants == Needs::Permit {
                line.held.fetch_sub(1, Ordering::SeqCst);
                self.in_flight.fetch_sub(1, Ordering::SeqCst);
            }
            if token == Token::Taken {
                state.pace.give_back();
            }
        }
        None
    }

    /// Whether a rate or a hold applies.
    fn is_paced(&self) -> bool {
        self.paced.load(Ordering::SeqCst)
    }

    /// Holds all calls back for as long as the service requests and the operator allows; `None`
    /// where that is no longer than before.
    fn hold_back(&self, asked: Duration) -> Option<HoldStart> {
        let now = Instant::now();
        let mut state = self.lock();
        let held = state.pace.hold(asked, now)?;
        self.paced.store(true, Ordering::SeqCst);
        drop(state);
        // Waiting calls check whether they still have the time.
        self.changed.notify_waiters();
        Some(held)
    }

    fn anybody_waits(&self) -> bool {
        self.queued.load(Ordering::SeqCst) > 0
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, BulkheadState> {
        sync::lock(&self.state)
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
