//! How a call waits: until the queue serves it, until its timeout, or until it is certain that its
//! turn cannot come in time.
//!
//! The call that frees a permit hands it out, but no call frees tokens: they come with time. One of
//! the waiting calls keeps the time for all of them, and hands out due tokens. It holds the
//! timekeeper's lock; when it is served or gives up, the next one takes it. So a service has at
//! most one timer, and none outlives the calls.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::pace::{Brake, Token};
use super::queue::{Needs, Outcome};
use super::{Bulkhead, BulkheadState, Member, Rejected};
use crate::downstream::deadline::SharedDeadline;

/// The result of a successful wait.
pub(super) struct Waited {
    pub(super) token: Token,
    /// For how long it was.
    pub(super) queued: Duration,
    /// Whether a rate or a hold delayed it.
    pub(super) braked: bool,
}

/// The result of joining the queue.
enum Joined<'a> {
    /// It was served at once.
    Served(Token),
    Waits(Waiting<'a>),
}

/// A call in the queue. Dropping it takes it out.
struct Waiting<'a> {
    member: &'a Member,
    id: u64,
    wants: Needs,
    /// When the service's queue timeout is over.
    limit: Option<Instant>,
    outcome: oneshot::Receiver<Outcome>,
    /// Whether a rate or a hold delayed it when it joined.
    braked: bool,
    /// The caller holds what it waited for.
    settled: bool,
}

impl Member {
    /// Waits, but no longer than until then, nor longer than the service's queue timeout.
    ///
    /// # Errors
    ///
    /// The queue is full, the time is over, or the turn cannot come before it is.
    pub(super) async fn wait(
        &self,
        wants: Needs,
        until: &SharedDeadline,
    ) -> Result<Waited, Rejected> {
        let started = Instant::now();
        if until.passed(started) {
            // It would take another call's place in the queue without use.
            return Err(Rejected::Late {
                after: Duration::ZERO,
            });
        }
        let mut waiting = match self.join(wants, until, started)? {
            Joined::Waits(waiting) => waiting,
            Joined::Served(token) => {
                return Ok(Waited {
                    token,
                    queued: Duration::ZERO,
                    braked: false,
                });
            }
        };
        match until.timeout(waiting.limit, waiting.served(until)).await {
            Some(token) => Ok(Waited {
                token: token?,
                queued: started.elapsed(),
                braked: waiting.braked,
            }),
            None => Err(Rejected::Late {
                after: started.elapsed(),
            }),
        }
    }

    /// Joins the queue, unless it can be served at once.
    fn join(
        &self,
        wants: Needs,
        until: &SharedDeadline,
        now: Instant,
    ) -> Result<Joined<'_>, Rejected> {
        let bulkhead = &*self.bulkhead;
        let mut state = bulkhead.lock();
        // Waiting calls come first; what is still free after them, none of them may have.
        bulkhead.serve(&mut state);
        if let Some(token) = bulkhead.admit(&mut state, &self.held, wants) {
            return Ok(Joined::Served(token));
        }
        let limit = now.checked_add(bulkhead.queue_timeout);
        let ahead = state.queue.ahead(self.id, wants);
        bulkhead.check_in_time(&state, ahead, end(until, limit), now)?;
        let queued = bulkhead.queued.load(Ordering::SeqCst);
        if queued >= bulkhead.max_queued.load(Ordering::Relaxed) {
            let Some(displaced) = state.queue.displace(self.id) else {
                return Err(Rejected::Full { queued });
            };
            bulkhead.queued.fetch_sub(1, Ordering::SeqCst);
            // A dropped call needs no notification.
            let _ = displaced.outcome.send(Outcome::Displaced { queued });
        }
        let (sender, outcome) = oneshot::channel();
        let id = bulkhead.number();
        let braked = bulkhead.is_paced() && state.pace.wait(0, now).is_some();
        state.queue.push(self.id, id, wants, sender);
        bulkhead.queued.fetch_add(1, Ordering::SeqCst);
        // What was freed since the last look was freed by a call that saw no queue.
        bulkhead.serve(&mut state);
        Ok(Joined::Waits(Waiting {
            member: self,
            id,
            wants,
            limit,
            outcome,
            braked,
            settled: false,
        }))
    }
}

impl Bulkhead {
    /// Whether a call with `ahead` others before it may be sent before `end` as far as rate and
    /// hold allow, with only these calls in the queue.
    fn check_in_time(
        &self,
        state: &BulkheadState,
        ahead: usize,
        end: Instant,
        now: Instant,
    ) -> Result<(), Rejected> {
        if !self.is_paced() {
            return Ok(());
        }
        match state.pace.wait(ahead, now) {
            Some((due, brake)) if due >= end => Err(match (state.pace.held(now), brake) {
                (Some(left), Brake::Hold) => Rejected::Held { left },
                (None, Brake::Hold) => Rejected::Held {
                    left: due.saturating_duration_since(now),
                },
                (_, Brake::Rate(rate)) => Rejected::OverRate { rate },
            }),
            _ => Ok(()),
        }
    }

    /// Hands out tokens when they are due, for as long as it is polled. One of the waiting calls
    /// does so at a time.
    async fn keep_time(&self) -> Infallible {
        let _timekeeper = self.timekeeper.lock().await;
        loop {
            match self.hand_out_what_is_due() {
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.earlier.notified() => {}
                },
                None => self.earlier.notified().await,
            }
        }
    }

    /// When the next token is due that a call waits for; `None` when tokens are not what is
    /// lacking.
    fn hand_out_what_is_due(&self) -> Option<Instant> {
        let mut state = self.lock();
        state.armed = self.hand_out(&mut state);
        state.armed
    }
}

impl Waiting<'_> {
    /// Waits until the queue serves the call, or certainly cannot in time.
    async fn served(&mut self, until: &SharedDeadline) -> Result<Token, Rejected> {
        let member = self.member;
        let bulkhead = &*member.bulkhead;
        let mut keeping = std::pin::pin!(bulkhead.keep_time());
        loop {
            // Before the look, so that no change is missed.
            let changed = bulkhead.changed.notified();
            if bulkhead.is_paced() {
                let state = bulkhead.lock();
                bulkhead.check_in_time(&state, 0, end(until, self.limit), Instant::now())?;
            }
            tokio::select! {
                biased;
                outcome = &mut self.outcome => {
                    return match outcome {
                        Ok(Outcome::Granted(token)) => {
                            self.settled = true;
                            Ok(token)
                        }
                        Ok(Outcome::Displaced { queued }) => Err(Rejected::Full { queued }),
                        // The queue notifies before it forgets, so the sender is never dropped
                        // without a message.
                        Err(_) => Err(Rejected::Late { after: Duration::ZERO }),
                    };
                }
                () = changed => {}
                never = &mut keeping => match never {},
            }
        }
    }
}

/// The end of a wait.
fn end(until: &SharedDeadline, limit: Option<Instant>) -> Instant {
    let latest = until.latest();
    limit.map_or(latest, |limit| limit.min(latest))
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        // From here on nothing can be sent any more; what was sent before is here.
        self.outcome.close();
        let bulkhead = &*self.member.bulkhead;
        match self.outcome.try_recv() {
            Ok(Outcome::Granted(token)) => bulkhead.release(&self.member.held, self.wants, token),
            Ok(Outcome::Displaced { .. }) => {}
            Err(_) => {
                let mut state = bulkhead.lock();
                if state.queue.take_out(self.member.id, self.id) {
                    bulkhead.queued.fetch_sub(1, Ordering::SeqCst);
                }
            }
        }
    }
}
