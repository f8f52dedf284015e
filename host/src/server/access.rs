//! The account of one request: exactly one line in the log and one set of metrics, however it ends.
//!
//! It is written when the account is dropped, so that a request whose client hung up, which ends by being dropped, has
//! its line too. It holds no path, no query and no header value of the client but the request id: these can be personal.

use std::fmt::Write as _;
use std::sync::Arc;

use http::{Method, Version as Protocol};
use tokio::time::Instant;

use super::inbound::{RequestId, TraceContext};
use crate::bff::guest_log::GuestLog;
use crate::bff::meter::Usage;
use crate::bff::version::Version;
use crate::downstream::Session;
use crate::snapshot::Shared;
use crate::telemetry::metrics::Outcome;

/// The account of one request.
pub(super) struct Access {
    shared: Arc<Shared>,
    log: bool,
    started: Instant,
    method: Method,
    protocol: Protocol,
    pub(super) id: RequestId,
    pub(super) trace: TraceContext,
    pub(super) bytes_in: usize,
    route: Option<Routed>,
    run: Option<Run>,
    ended: Option<(Outcome, u16, usize)>,
}

struct Routed {
    client: Arc<str>,
    prefix: Arc<str>,
    version: Arc<Version>,
}

struct Run {
    session: Arc<Session>,
    usage: Arc<Usage>,
    log: Arc<GuestLog>,
}

impl Access {
    pub(super) fn begin(shared: Arc<Shared>, parts: &http::request::Parts) -> Self {
        Self {
            log: shared.snapshot.load().config.log.access,
            shared,
            started: Instant::now(),
            method: parts.method.clone(),
            protocol: parts.version,
            id: RequestId::of(&parts.headers),
            trace: TraceContext::of(&parts.headers),
            bytes_in: 0,
            route: None,
            run: None,
            ended: None,
        }
    }

    /// The BFF was chosen.
    pub(super) fn routed(&mut self, client: Arc<str>, prefix: Arc<str>, version: Arc<Version>) {
        self.route = Some(Routed {
            client,
            prefix,
            version,
        });
    }

    /// The guest is about to run.
    pub(super) fn runs(&mut self, session: Arc<Session>, usage: Arc<Usage>, log: Arc<GuestLog>) {
        self.run = Some(Run {
            session,
            usage,
            log,
        });
    }

    /// The version that was chosen.
    pub(super) fn version(&self) -> Option<&Arc<Version>> {
        self.route.as_ref().map(|route| &route.version)
    }

    /// There is an answer.
    pub(super) fn end(&mut self, outcome: Outcome, status: u16, bytes_out: usize) {
        self.ended = Some((outcome, status, bytes_out));
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        // 499 is what nginx writes for a client that went; it is never sent.
        let (outcome, status, bytes_out) = self.ended.unwrap_or((Outcome::ClientGone, 499, 0));
        match &self.route {
            Some(route) => {
                route.version.metrics().request(outcome, took);
                if let Some(run) = &self.run {
                    route
                        .version
                        .metrics()
                        .guest(run.usage.cpu(), run.usage.memory());
                }
            }
            None => self.shared.metrics.unrouted(outcome.name()),
        }
        if !self.log {
            return;
        }
        let calls = self
            .run
            .as_ref()
            .map(|run| run.session.take_records())
            .unwrap_or_default();
        let mut failed = String::new();
        for call in &calls {
            if let Err(kind) = call.outcome {
                let comma = if failed.is_empty() { "" } else { "," };
                // Writing to a string does not fail.
                let _ = write!(failed, "{comma}{}:{kind}", call.service);
            }
        }
        tracing::info!(
            target: "access",
            request_id = self.id.as_str(),
            trace_id = %self.trace.trace_id(),
            method = self.method.as_str(),
            protocol = ?self.protocol,
            client = self.route.as_ref().map(|route| &*route.client),
            route = self.route.as_ref().map(|route| &*route.prefix),
            bff = self.route.as_ref().map(|route| &**route.version.bff()),
            version = self.route.as_ref().map(|route| &**route.version.name()),
            status,
            outcome = outcome.name(),
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            bytes_in = self.bytes_in,
            bytes_out,
            guest_cpu_us = self.run.as_ref().map(|run| u64::try_from(run.usage.cpu().as_micros()).unwrap_or(u64::MAX)),
            guest_memory = self.run.as_ref().map(|run| run.usage.memory()),
            calls = calls.len(),
            calls_failed = (!failed.is_empty()).then_some(failed.as_str()),
            log_lines_dropped = self.run.as_ref().map(|run| run.log.dropped()).filter(|dropped| *dropped > 0),
        );
    }
}
