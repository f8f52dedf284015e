//! The clock of a connection: the time limits that hyper has none of.
//!
//! A connection is closed when its first head is not whole `header-timeout` after it was accepted,
//! when a later one is not whole `header-timeout` after its first byte, and when it is idle for
//! `idle-timeout`. A client that does not take its answer counts as idle, and so does one that only
//! keeps its connection alive. The clock is set once and looked at again when it runs out, not
//! moved with each request.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;

use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;
use crate::config;

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Keep,
    /// It takes no more requests, and ends when those it has are answered.
    Drain,
    /// It ends now.
    Cut,
}

/// The clock of a connection.
pub(super) struct Idle {
    activity: Arc<Activity>,
    settings: Arc<config::Server>,
    clock: Pin<Box<Sleep>>,
    closing: bool,
}

impl Idle {
    pub(super) fn new(activity: Arc<Activity>, settings: Arc<config::Server>) -> Self {
        let clock = Box::pin(sleep_until(activity.due(&settings, false)));
        Self {
            activity,
            settings,
            clock,
            closing: false,
        }
    }

    /// The connection was asked to end: from now on it has `header-timeout`.
    pub(super) fn closing(&mut self) {
        self.closing = true;
        self.activity.touch();
    }

    /// Says what becomes of the connection, and wakes its task when that has to be asked again.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Fate {
        self.activity.register(context.waker());
        loop {
            let due = self.activity.due(&self.settings, self.closing);
            if due < self.clock.deadline() {
                self.clock.as_mut().reset(due);
            }
            if self.clock.as_mut().poll(context).is_pending() {
                return Fate::Keep;
            }
            if due > Instant::now() {
                self.clock.as_mut().reset(due);
                continue;
            }
            if self.closing || self.activity.stuck_in_a_head() {
                // It was asked to end and did not, or it does not get its request out.
                return Fate::Cut;
            }
            self.closing();
            return Fate::Drain;
        }
    }
}
