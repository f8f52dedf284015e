//! The requests of a running host that are recorded: which ones, what is kept of them, and the
//! texts that are taken away.
//!
//! A request that may be recorded has a recorder while it runs. When it ends, it is dropped, kept
//! for a while (so that it can be asked for by its id), or queued. One task makes the texts of those
//! that are queued, one by one. All of it is bounded, and what has no room is counted.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use thiserror::Error;
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::queue::{
    Capture, Ended, Kept, LEASE, MAX_WAITING, Order, Queued, Ready, State, Taken, room,
};
use crate::bff::runtime::Runtime;
use crate::config;
use crate::contract::Request;
use crate::sync;
use crate::tape::{Recorder, Tap};

/// Why an order is not taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RecordError {
    /// The operator does not want it.
    #[error("nothing is recorded: set record.enabled = true, and what is taken out")]
    Disabled,
    /// Someone else samples.
    #[error(
        "requests are being sampled for somebody else; try again when that has ended, or ask for one \
         by its id"
    )]
    Taken,
    /// No such request is kept.
    #[error(
        "request {id:?} is not kept: its BFF did not fail (record.keep-all keeps all), or it is too \
         long ago (record.keep), or too large (record.max-size)"
    )]
    NotKept {
        /// Its id.
        id: String,
    },
}

/// The requests of a host that are recorded.
#[derive(Default)]
pub struct Recordings {
    state: Arc<Mutex<State>>,
    /// Whether samples are wanted, so that requests need not look.
    sampling: AtomicBool,
    work: Notify,
}

impl Recordings {
    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    /// A request is about to run. `None` when it will not be recorded.
    pub fn begin(&self, settings: &Arc<config::Record>, request: &Request) -> Option<Capture> {
        let is_sampled = self.sampling.load(Ordering::Relaxed);
        if !settings.enabled || !(settings.keep > 0 || is_sampled) {
            return None;
        }
        let limit = settings.max_total;
        let mut state = self.state();
        let held = state.hold(Capture::size_of(request), limit);
        let Some((held, learned)) = held.zip(state.hold(0, limit)) else {
            if is_sampled {
                state.drop_one();
            }
            return None;
        };
        drop(state);
        let room = room(&self.state, learned, limit);
        Some(Capture {
            tap: Arc::new(Tap::Recording(Recorder::new(settings.max_size, room))),
            request: request.clone(),
            settings: settings.clone(),
            _held: held,
        })
    }

    /// It has ended.
    pub fn ended(&self, capture: Capture, ended: Ended) {
        let had_room = capture.had_room();
        let mut state = self.state();
        if !state.is_leased() {
            self.sampling.store(false, Ordering::Relaxed);
        }
        let session = state.wants(&ended);
        let keeps = capture.settings.keep > 0 && (ended.failed || capture.settings.keep_all);
        if session.is_none() && !keeps {
            return;
        }
        if !had_room {
            state.drop_one();
            return;
        }
        let most = capture.settings.keep;
        let kept = Arc::new(Kept::new(capture, ended));
        if keeps {
            state.keep(kept.clone(), most);
        }
        if let Some(session) = session {
            if state.queue.len() >= MAX_WAITING {
                state.drop_one();
                return;
            }
            state.queue.push_back(Queued { kept, session });
            drop(state);
            self.work.notify_one();
        }
    }

    /// Samples requests for someone who asks again within [`LEASE`], and gives what was made since.
    ///
    /// # Errors
    ///
    /// When nothing is recorded, or for somebody else.
    pub fn sample(
        &self,
        settings: &config::Record,
        order: Order,
    ) -> Result<(Vec<Taken>, u64), RecordError> {
        if !settings.enabled {
            return Err(RecordError::Disabled);
        }
        let mut state = self.state();
        let session = order.session.clone();
        if order.one_in > 0 {
            if state.is_leased()
                && let Some((other, _)) = &state.order
                && other.session != order.session
            {
                return Err(RecordError::Taken);
            }
            self.sampling.store(true, Ordering::Relaxed);
            state.order = Some((order, Instant::now() + LEASE));
        }
        Ok(state.take_ready(&session))
    }

    /// Ends what [`sample`](Self::sample) began, and gives what is left.
    pub fn end(&self, session: &str) -> (Vec<Taken>, u64) {
        let mut state = self.state();
        let left = state.take_ready(session);
        let is_own = |(order, _): &(Order, Instant)| order.session == session;
        if state.order.as_ref().is_some_and(is_own) {
            state.end_order();
            self.sampling.store(false, Ordering::Relaxed);
        }
        left
    }

    /// Makes the text of a request that is kept, for someone who takes it by
    /// [`sample`](Self::sample) within [`LEASE`]. It stays kept.
    ///
    /// # Errors
    ///
    /// When nothing is recorded, or when it is not kept.
    pub fn ask(
        &self,
        settings: &config::Record,
        session: &str,
        id: &str,
    ) -> Result<(), RecordError> {
        if !settings.enabled {
            return Err(RecordError::Disabled);
        }
        let mut state = self.state();
        let kept = state.find(id);
        let kept = kept.filter(|_| state.queue.len() < MAX_WAITING);
        let kept = kept.ok_or_else(|| RecordError::NotKept { id: id.to_owned() })?;
        state.queue.push_back(Queued {
            kept,
            session: session.to_owned(),
        });
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Makes the texts of requests that were queued, for ever, with what is taken out at that time.
    /// What needs a processor runs on a thread that may block.
    pub async fn work(
        &self,
        runtime: &Arc<Runtime>,
        settings: impl Fn() -> Arc<config::Record>,
    ) -> Infallible {
        loop {
            let next = self.state().queue.pop_front();
            let Some(Queued { kept, session }) = next else {
                self.work.notified().await;
                continue;
            };
            let settings = settings();
            let limit = settings.max_total;
            let (runtime, making) = (runtime.clone(), settings.clone());
            let made = spawn_blocking(move || {
                // That of changes may end before it.
                let event_loop = Builder::new_current_thread().enable_time().build()?;
                io::Result::Ok(event_loop.block_on(kept.text(&runtime, &making)))
            });
            let made = made.await;
            let mut state = self.state();
            state.forget_old();
            let Ok(Ok(taken)) = made else {
                state.drop_one();
                continue;
            };
            let has_place = settings.enabled && state.ready.len() < MAX_WAITING;
            let held = has_place.then(|| state.hold(taken.size(), limit)).flatten();
            match held {
                Some(held) => state.ready.push_back(Ready {
                    taken,
                    session,
                    until: Instant::now() + LEASE,
                    _held: held,
                }),
                None => state.drop_one(),
            }
        }
    }

    /// Settings are in force. What was kept is dropped where nothing is recorded any more.
    pub fn apply(&self, settings: &config::Record) {
        if !settings.enabled {
            self.state().clear();
            self.sampling.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
