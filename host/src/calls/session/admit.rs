//! Admits the calls of a request: to granted services, within its budget.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Granted, Session};
use crate::calls::error::{CallError, Fault, kind_name};
use crate::calls::record::CallRecord;
use crate::contract::{Call, Failure};
use crate::downstream::Trace;
use crate::tape::{CallResult, Tap};
use crate::text::cut;

impl Session {
    /// Takes a call into the request's budget.
    ///
    /// # Errors
    ///
    /// When its service is not granted, or the budget is used up. The refusal is recorded already.
    pub fn admit(&self, call: &Call) -> Result<Granted, Failure> {
        let number = self.tap().map_or(0, |tap| tap.begin(call));
        let found = self.settings.grants.find(&call.service);
        let fault = match found {
            None => self.denied(),
            Some((grant, _)) => match self.spend_call() {
                Ok(()) => return Ok(Granted { grant, number }),
                Err(fault) => fault,
            },
        };
        let outcome = Err(kind_name(fault.kind()));
        // A name that is not granted is a guest's text: it stays out of metrics, and enters logs
        // cut.
        let service: Arc<str> = match found {
            Some((_, grant)) => {
                grant.service.metrics().call(outcome, Duration::ZERO);
                grant.service.name().clone()
            }
            None => cut(&call.service).into(),
        };
        let record = CallRecord {
            service: service.clone(),
            target: self.target(call),
            started: Instant::now(),
            outcome,
            took: Duration::ZERO,
            bytes: 0,
            sent: 0,
            calls: 1,
            trace: Trace::default(),
        };
        record.add_to(&mut self.records());
        Err(self.taped(number, CallError { service, fault }.into()))
    }

    /// A failure that is kept on a tape, or the one that is there in its place.
    fn taped(&self, number: u32, failure: Failure) -> Failure {
        match self.tap() {
            None => failure,
            Some(Tap::Recording(recorder)) => {
                recorder.end(number, CallResult::Failed(failure.clone()));
                failure
            }
            Some(Tap::Playing(player)) => match player.result(number) {
                Some(CallResult::Failed(recorded)) if player.has_calls() => recorded,
                _ => failure,
            },
        }
    }

    fn exhausted(&self) -> Fault {
        Fault::Exhausted {
            limit: self.settings.calls,
        }
    }

    fn denied(&self) -> Fault {
        Fault::Denied(format!(
            "not granted to this BFF; granted are: {}",
            self.settings.grants.names()
        ))
    }

    fn spend_call(&self) -> Result<(), Fault> {
        self.calls_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .map(drop)
            .map_err(|_| self.exhausted())
    }
}
