//! A call that a guest has started, and may give up.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Granted, Session};
use crate::calls::error::{CANCELLED, CallError, CallLimit, Fault, kind_name};
use crate::calls::record::{CallRecord, Target};
use crate::contract::{Call, Failure, Reply};
use crate::downstream::{Cause, Phase, TimeLimit, Trace};

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

    /// The same, for a guest that still writes the call's body: what it asks is known already.
    #[must_use]
    pub fn of(mut self, call: &Call) -> Self {
        self.target = self.session.target(call);
        self
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

    /// Ends it before anything is sent: the guest did not say what to send.
    pub fn refuse(&mut self, fault: Fault) -> Failure {
        self.record(kind_name(fault.kind()));
        let service = self.service().clone();
        CallError { service, fault }.into()
    }

    /// Ends it before anything is sent: the guest did not say in time what to send.
    pub fn expire(&mut self) -> Failure {
        let cause = Cause::Timeout {
            phase: Phase::Queue,
            after: self.started.elapsed(),
            limit: TimeLimit::Caller,
        };
        self.refuse(Fault::Service {
            cause: Arc::new(cause),
            limit: Some(CallLimit::Deadline),
            attempts: 0,
        })
    }

    fn service(&self) -> &Arc<str> {
        let grants = &self.session.settings.grants;
        grants.at(self.granted.grant).service.name()
    }

    /// Records an end at which nothing was sent.
    fn record(&mut self, outcome: &'static str) {
        self.ended = true;
        let grants = &self.session.settings.grants;
        let service = &grants.at(self.granted.grant).service;
        let (outcome, took) = (Err(outcome), self.started.elapsed());
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

impl Drop for StartedCall {
    fn drop(&mut self) {
        if !self.ended {
            self.record(CANCELLED);
        }
    }
}
