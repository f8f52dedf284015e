//! A request's position in the queue of its worker.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::{CpuShare, Scheduler, Status, Ticket};

/// One request's place in the order of its worker.
#[derive(Debug)]
pub(in crate::bff) struct Turn<'a> {
    scheduler: Option<&'a Arc<Scheduler>>,
    share: &'a Arc<CpuShare>,
    place: Option<Place>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Time that the request may wait in all.
    max_wait: Duration,
    waited: Duration,
}

/// The request waited for its turn for longer than it may.
#[derive(Debug)]
pub(in crate::bff) struct WaitedTooLong;

impl<'a> Turn<'a> {
    /// Without a scheduler a guest never waits.
    pub(in crate::bff) fn new(
        scheduler: Option<&'a Arc<Scheduler>>,
        share: &'a Arc<CpuShare>,
        max_wait: Duration,
    ) -> Self {
        Self {
            scheduler,
            share,
            place: None,
            timer: None,
            max_wait,
            waited: Duration::ZERO,
        }
    }

    /// Time that the request has waited for its turns.
    pub(in crate::bff) fn waited(&self) -> Duration {
        self.waited
    }

    /// Ready when the guest may run in this poll, which ends with [`end`](Self::end).
    pub(in crate::bff) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), WaitedTooLong>> {
        let Some(scheduler) = self.scheduler else {
            return Poll::Ready(Ok(()));
        };
        let Some(place) = &self.place else {
            if scheduler.is_free_for(self.share) {
                return Poll::Ready(Ok(()));
            }
            return match self.wait(context) {
                Ok(()) => Poll::Pending,
                Err(late) => Poll::Ready(Err(late)),
            };
        };
        let mut status = place.ticket.status();
        if let Status::Waiting(waker) = &mut *status {
            waker.clone_from(context.waker());
            drop(status);
            if let Some(timer) = &mut self.timer
                && timer.as_mut().poll(context).is_ready()
            {
                self.place = None;
                return Poll::Ready(Err(WaitedTooLong));
            }
            return Poll::Pending;
        }
        drop(status);
        self.waited += place.since.elapsed();
        Poll::Ready(Ok(()))
    }

    /// Queues for the next turn. The task is woken for it.
    pub(in crate::bff) fn wait(&mut self, context: &mut Context<'_>) -> Result<(), WaitedTooLong> {
        let Some(scheduler) = self.scheduler else {
            let mut pause = std::pin::pin!(tokio::task::yield_now());
            // It leaves its waker with the event loop, which wakes it after a look at the sockets.
            let _ = pause.as_mut().poll(context);
            return Ok(());
        };
        let left = self.max_wait.saturating_sub(self.waited);
        if left.is_zero() {
            return Err(WaitedTooLong);
        }
        let since = Instant::now();
        let end = since + left;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        timer.as_mut().reset(end);
        let _ = timer.as_mut().poll(context);
        self.place = Some(Place {
            ticket: scheduler.enter(self.share, context.waker()),
            scheduler: scheduler.clone(),
            since,
        });
        Ok(())
    }

    /// The poll is over. `took` is its time on the thread, nanoseconds.
    pub(in crate::bff) fn end(&mut self, took: u64) {
        let Some(scheduler) = self.scheduler else {
            return;
        };
        scheduler.charge(self.share, took);
        let waits = |place: &Place| matches!(*place.ticket.status(), Status::Waiting(_));
        if self.place.as_ref().is_some_and(|place| !waits(place)) {
            self.place = None;
        }
    }
}

/// A place in the queue, left when it is dropped.
#[derive(Debug)]
struct Place {
    scheduler: Arc<Scheduler>,
    ticket: Arc<Ticket>,
    since: Instant,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.scheduler.leave(&self.ticket);
    }
}
