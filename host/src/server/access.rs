//! One line in the access log and one set of metrics per request, however it ends. Lines about
//! requests that the host refused, and about clients that left, are limited per second.
//!
//! The line is written when the [`Access`] is dropped, so that a request whose client hung up,
//! which ends by being dropped, has one too. It holds no path, no query and no header value of the
//! client but the request id: these can be personal.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Version as Protocol};
use tokio::time::Instant;

use super::inbound::{RequestId, TraceContext};
use super::trial;
use super::worker::Worker;
use crate::bff::guest_log::GuestLog;
use crate::bff::meter::Usage;
use crate::bff::trial::Turn;
use crate::bff::version::Version;
use crate::calls::{Session, parts};
use crate::degraded;
use crate::development::{EndedRequest, GuestUsage, Observer};
use crate::downstream::{Source, Trace};
use crate::snapshot::Target;
use crate::telemetry::access_log;
use crate::telemetry::metrics::{Outcome, VersionMetrics};
use crate::telemetry::sample::Sample;
use crate::text::shorten;
use crate::time::micros;

/// Longest method in a line, bytes. Served methods are shorter.
const MAX_METHOD: usize = 16;

/// The access record of one request.
pub(super) struct Access {
    worker: Arc<Worker>,
    log: bool,
    refused_lines: u32,
    started: Instant,
    method: Method,
    /// Path and query, for an observer: no log has them.
    target: Option<Box<str>>,
    protocol: Protocol,
    pub(super) id: RequestId,
    pub(super) trace: TraceContext,
    pub(super) bytes_in: usize,
    route: Option<Routed>,
    run: Option<Run>,
    ended: Option<(Outcome, u16, usize)>,
    is_cut: bool,
}

/// Where a request goes. A BFF may have no version.
struct Routed {
    target: Arc<Target>,
    version: Option<Arc<Version>>,
    /// Its place in a trial.
    turn: Option<Turn>,
    is_preview: bool,
}

impl Routed {
    fn bff(&self) -> &str {
        &self.target.bff.settings().name
    }

    fn metrics(&self) -> &VersionMetrics {
        match &self.version {
            Some(version) => version.metrics(),
            None => self.target.bff.unserved(),
        }
    }
}

struct Run {
    session: Arc<Session>,
    usage: Arc<Usage>,
    log: Arc<GuestLog>,
    /// Of a request in a trial: when its guest was about to run. How long its client took to send
    /// it says nothing of the version.
    began: Option<Instant>,
}

impl Access {
    pub(super) fn begin(worker: Arc<Worker>, parts: &http::request::Parts) -> Self {
        let snapshot = worker.shared.snapshot.load();
        let settings = &snapshot.config.log;
        let (log, refused_lines) = (settings.access, settings.refused_lines);
        drop(snapshot);
        let target = worker.shared.observer.as_ref().and_then(|_| {
            let target = parts.uri.path_and_query()?;
            Some(target.as_str().into())
        });
        Self {
            target,
            log,
            refused_lines,
            worker,
            started: Instant::now(),
            method: parts.method.clone(),
            protocol: parts.version,
            id: RequestId::of(&parts.headers),
            trace: TraceContext::of(&parts.headers),
            bytes_in: 0,
            route: None,
            run: None,
            ended: None,
            is_cut: false,
        }
    }

    /// The BFF was chosen.
    pub(super) fn routed(
        &mut self,
        target: Arc<Target>,
        version: Option<Arc<Version>>,
        turn: Option<Turn>,
    ) {
        self.route = Some(Routed {
            target,
            version,
            turn,
            is_preview: false,
        });
    }

    /// A version was chosen that is not live.
    pub(super) fn routed_to_preview(&mut self, target: Arc<Target>, version: Arc<Version>) {
        self.route = Some(Routed {
            target,
            version: Some(version),
            turn: None,
            is_preview: true,
        });
    }

    /// The guest is about to run.
    pub(super) fn runs(&mut self, session: Arc<Session>, usage: Arc<Usage>, log: Arc<GuestLog>) {
        let in_trial = self.route.as_ref().is_some_and(|it| it.turn.is_some());
        self.run = Some(Run {
            session,
            usage,
            log,
            began: in_trial.then(Instant::now),
        });
    }

    /// The BFF that was chosen.
    pub(super) fn bff(&self) -> Option<&str> {
        self.route.as_ref().map(Routed::bff)
    }

    /// The version that was chosen.
    pub(super) fn version(&self) -> Option<&Arc<Version>> {
        self.route.as_ref()?.version.as_ref()
    }

    /// Tells an observer of the end.
    fn observe(
        &self,
        observer: &dyn Observer,
        outcome: &str,
        status: u16,
        took: Duration,
        bytes_out: usize,
    ) {
        let limits = self.version().map(|version| &version.settings().limits);
        let used = self.run.as_ref().zip(limits);
        let calls = self.run.as_ref().map(|run| run.session.records());
        observer.ended(&EndedRequest {
            id: self.id.as_str(),
            method: self.method.as_str(),
            target: self.target.as_deref().unwrap_or_default(),
            bff: self.bff().map(|bff| {
                let version = self.version().map(|version| &**version.name());
                let version = version.unwrap_or_default();
                (bff, version)
            }),
            status,
            outcome,
            started: self.started,
            took,
            bytes_in: self.bytes_in,
            bytes_out,
            usage: used.map(|(run, limits)| GuestUsage {
                cpu: run.usage.cpu(),
                memory: run.usage.memory(),
                cpu_limit: limits.cpu,
                memory_limit: limits.memory,
                calls_limit: limits.calls,
                bytes_limit: limits.downstream_bytes,
            }),
            log_dropped: self.run.as_ref().map_or(0, |run| run.log.dropped()),
            calls: calls.as_deref().map_or(&[], Vec::as_slice),
        });
    }

    /// There is an answer.
    pub(super) fn end(&mut self, outcome: Outcome, status: u16, bytes_out: usize) {
        self.ended = Some((outcome, status, bytes_out));
    }

    /// An answer ends that is not whole, after its head was sent.
    pub(super) fn cut(&mut self, outcome: Outcome, status: u16, bytes_out: usize) {
        self.end(outcome, status, bytes_out);
        self.is_cut = true;
    }

    /// Whether it is known how the request ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        #[cfg(any(test, feature = "fuzzing"))]
        super::tally::told();
        let took = self.started.elapsed();
        // 499 is nginx's status for a client that disconnected; it is never sent.
        let (outcome, status, bytes_out) = self.ended.unwrap_or((Outcome::ClientGone, 499, 0));
        match &self.route {
            Some(route) => {
                let metrics = route.metrics();
                metrics.request(outcome, took);
                if let Some(run) = &self.run {
                    run.log.finish();
                    metrics.guest(run.usage.cpu(), run.usage.memory());
                }
                // Without a run, it says nothing of the version.
                if let (Some(turn), Some(run)) = (&route.turn, &self.run) {
                    let took = run.began.map_or(took, |began| began.elapsed());
                    let cpu = run.usage.cpu();
                    trial::record(turn, outcome, took, cpu, self.id.as_str());
                }
            }
            None => self.worker.shared.metrics.unrouted(outcome.name()),
        }
        if let Some(observer) = &self.worker.shared.observer {
            self.observe(&**observer, outcome.name(), status, took, bytes_out);
        }
        if !self.log {
            return;
        }
        let Some(left_out) = self.sampled(outcome) else {
            return;
        };
        access_log::write(|line| {
            self.fields(line, outcome.name(), status, took, bytes_out);
            if left_out > 0 {
                line.number("left_out", left_out);
            }
        });
    }
}

/// Which lines about requests that came to no BFF are written.
static UNROUTED: Sample = Sample::new();

impl Access {
    /// Whether a request with this end is logged, and how many lines were left out before it.
    /// Requests that a BFF answered are; refused ones are sampled, because clients could fill the
    /// disk with them.
    fn sampled(&self, outcome: Outcome) -> Option<u64> {
        let sample = match (outcome, &self.route) {
            (Outcome::Answered(_), Some(_)) => return Some(0),
            (_, Some(route)) => route.metrics().bff().refused_lines(),
            (_, None) => &UNROUTED,
        };
        sample.take(1, self.refused_lines.into())
    }
}

impl Access {
    fn fields(
        &self,
        line: &mut access_log::Line<'_>,
        outcome: &str,
        status: u16,
        took: Duration,
        bytes_out: usize,
    ) {
        line.text("request_id", self.id.as_str());
        line.word("trace_id", self.trace.trace_id());
        line.text("method", shorten(self.method.as_str(), MAX_METHOD));
        line.word("protocol", format_args!("{:?}", self.protocol));
        if let Some(route) = &self.route {
            line.text("client", &route.target.client);
            line.text("route", &route.target.prefix);
            line.text("bff", route.bff());
            if let Some(version) = &route.version {
                line.text("version", version.name());
            }
            if route.is_preview {
                line.truth("preview", true);
            }
        }
        line.number("status", status.into());
        line.text("outcome", outcome);
        line.number("duration_us", micros(took));
        line.number("bytes_in", self.bytes_in as u64);
        line.number("bytes_out", bytes_out as u64);
        if self.is_cut {
            line.truth("cut_off", true);
        }
        let Some(run) = &self.run else {
            line.number("calls", 0);
            return;
        };
        line.number("guest_cpu_us", micros(run.usage.cpu()));
        if !run.usage.waited().is_zero() {
            line.number("cpu_wait_us", micros(run.usage.waited()));
        }
        line.number("guest_memory", run.usage.memory() as u64);
        let calls = run.session.records();
        let all = calls.iter().map(|call| u64::from(call.calls));
        line.number("calls", all.sum());
        let failed: Vec<String> = calls
            .iter()
            .filter_map(|call| {
                let kind = call.outcome.err()?;
                Some(match call.calls {
                    1 => format!("{}:{kind}", call.service),
                    calls => format!("{}:{kind};n={calls}", call.service),
                })
            })
            .collect();
        if !failed.is_empty() {
            line.text("calls_failed", &failed.join(","));
        }
        if let Some(degraded) = degraded::header(&parts(&calls)) {
            line.text("degraded", degraded.to_str().unwrap_or_default());
        }
        let count = |which: fn(&Trace) -> bool| {
            let calls = calls.iter().filter(|call| which(&call.trace));
            calls.map(|call| u64::from(call.calls)).sum::<u64>()
        };
        for (name, number) in [
            (
                "calls_cached",
                count(|trace| trace.source == Source::Cached),
            ),
            ("calls_coalesced", count(|trace| trace.coalesced)),
            ("calls_hedged", count(|trace| trace.hedged)),
            (
                "calls_retried",
                count(|trace| trace.attempts > 1 + u32::from(trace.hedged)),
            ),
        ] {
            if number > 0 {
                line.number(name, number);
            }
        }
        let queued = calls.iter().map(|call| call.trace.queued).max();
        if let Some(queued) = queued.filter(|queued| !queued.is_zero()) {
            line.number("calls_queued_us", micros(queued));
        }
        match run.log.dropped() {
            0 => {}
            dropped => line.number("log_lines_dropped", dropped.into()),
        }
    }
}
