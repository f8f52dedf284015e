//! A call that a guest has started, and may give up.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Granted, Session};
use crate::calls::error::CANCELLED;
use crate::calls::record::{CallRecord, Target};
use crate::contract::{Call, Failure, Reply};
use crate::downstream::Trace;

/// A call that was admitted. Where it is dropped before its end, nobody has its result: then the
/// record of its request says that it was cancelled, as an answer without it is degraded.
pub struct StartedCall {
    session: Arc<Session>,
    granted: Granted,
    started: Instant,
    target: Option<Box<Target>>,
    ended: bool,
}

impl StartedCall {
    /// A call that begins.
    pub fn new(session: Arc<Session>, granted: Granted) -> Self {
        Self {
            session,
            granted,
            started: Instant::now(),
            target: None,
            ended: false,
        }
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// Why there is no reply, as the guest sees it.
    pub async fn make(&mut self, call: Call) -> Result<Reply, Failure> {
        self.target = self.session.target(&call);
        let result = self.session.make(self.granted, call).await;
        self.ended = true;
        result
    }
}

impl Drop for StartedCall {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let grants = &self.session.settings.grants;
        let service = &grants.at(self.granted.grant).service;
        let (outcome, took) = (Err(CANCELLED), self.started.elapsed());
        service.metrics().call(outcome, took);
        let record = CallRecord {
            service: service.name().clone(),
            target: self.target.take(),
            started: self.started,
            outcome,
            took,
            bytes: 0,
            sent: 0,
            calls: 1,
            trace: Trace::default(),
        };
        record.add_to(&mut self.session.records());
    }
}
