//! The clock of a connection: the time limits that hyper lacks.
//!
//! A connection is closed when its first head is not whole `header-timeout` after it was accepted,
//! when a later one is not whole `header-timeout` after its first byte, and when it is idle for
//! `idle-timeout`. A client that does not take its answer counts as idle, and so does one that only
//! keeps its connection alive. The clock is set once and checked again when it runs out, not reset
//! with each request.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;

use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;
use crate::config;

/// What happens to a connection next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionAction {
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

    /// The connection must end: from now on it has `header-timeout`.
    pub(super) fn closing(&mut self) {
        self.closing = true;
        self.activity.touch();
    }

    /// Decides about the connection, and wakes its task when it must decide again.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> ConnectionAction {
        self.activity.register(context.waker());
        loop {
            let due = self.activity.due(&self.settings, self.closing);
            if due < self.clock.deadline() {
                self.clock.as_mut().reset(due);
            }
            if self.clock.as_mut().poll(context).is_pending() {
                return ConnectionAction::Keep;
            }
            if due > Instant::now() {
                self.clock.as_mut().reset(due);
                continue;
            }
            if self.closing || self.activity.stuck_in_a_head() {
                // It did not end in time, or its request did not arrive in time.
                return ConnectionAction::Cut;
            }
            self.closing();
            return ConnectionAction::Drain;
        }
    }
}
