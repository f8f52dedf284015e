//! What one request may ask of the services: its grants, its budget of calls and bytes, its
//! deadline, and the fields that the host adds to each call. Also the record of its calls, which
//! the access log and `call` show.

mod admit;
mod advice;
mod passed_on;
mod replayed;
mod seen;
mod started;

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::join_all;
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::check::{LegalPath, check};
use super::error::{CallError, CallLimit, Fault, InvalidCall, kind_name};
use super::grant::{Grant, Grants};
use super::record::{CallRecord, Target};
use super::repeats::Repeats;
use super::reply::{is_readable, reply};
use super::select::Selection;
use super::unreadable::ResponseSample;
use crate::contract::{Call, Failure, Reply};
use crate::downstream::{
    CallClass, CallRequest, Cause, Limits, Phase, Readable, Service, ServiceResponse, TIME_LEFT,
    TimeLimit,
};
use crate::sync;
use crate::tape::Tap;
use advice::{note_malformed, note_repeats};
use replayed::replayed;
use seen::Seen;

pub use started::StartedCall;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("tailor/", env!("CARGO_PKG_VERSION")));

/// Calls of one list that are checked before the thread yields.
const REFUSED_AT_ONCE: usize = 256;

/// A call that is within the budget of its request, with the index of its grant.
#[derive(Clone, Copy, Debug)]
pub struct Granted {
    grant: usize,
    /// The call's number on a tape.
    number: u32,
}

/// The calls of one request to services, with their limits. Shared by the calls that are under way.
pub struct Session {
    settings: SessionSettings,
    calls_left: AtomicU32,
    bytes_left: AtomicUsize,
    permits: Semaphore,
    records: Mutex<Vec<CallRecord>>,
    repeats: Mutex<Repeats>,
}

/// What a [`Session`] is made of.
pub struct SessionSettings {
    /// The services that may be called.
    pub grants: Arc<Grants>,
    /// The worker whose connections are used.
    pub worker: usize,
    /// When the request must be answered.
    pub deadline: Instant,
    /// Time that calls may not use, so that a BFF whose services hang can still answer.
    pub reserve: Duration,
    /// Calls that the request may make.
    pub calls: u32,
    /// Calls that may be under way at once.
    pub concurrent_calls: usize,
    /// Calls of one path pattern from which on the log suggests to batch them.
    pub repeated_calls: u32,
    /// Bytes of the bodies of all calls and answers together.
    pub bytes: usize,
    /// The request's id, for the services' logs.
    pub request_id: HeaderValue,
    /// The trace context to pass on.
    pub traceparent: HeaderValue,
    /// The vendor part of it.
    pub tracestate: Option<HeaderValue>,
    /// The client's own fields, from which a service's `pass-headers` are taken.
    pub client_headers: HeaderMap,
    /// Whether the record of a call has its method, path and query.
    pub keeps_targets: bool,
    /// Keeps the calls with their results, or has results for them.
    pub tap: Option<Arc<Tap>>,
}

impl Session {
    /// A session with its whole budget.
    pub fn new(settings: SessionSettings) -> Self {
        Self {
            calls_left: AtomicU32::new(settings.calls),
            bytes_left: AtomicUsize::new(settings.bytes),
            permits: Semaphore::new(settings.concurrent_calls),
            records: Mutex::default(),
            repeats: Mutex::new(Repeats::new(settings.repeated_calls)),
            settings,
        }
    }

    /// Time left until the deadline.
    pub fn time_left(&self) -> Duration {
        self.settings
            .deadline
            .saturating_duration_since(Instant::now())
    }

    /// When calls end at the latest, so that time is left to answer.
    pub fn end_of_calls(&self) -> Instant {
        self.settings.deadline - self.settings.reserve
    }

    /// What keeps what the guest learns, or has it from another run.
    pub fn tap(&self) -> Option<&Tap> {
        self.settings.tap.as_deref()
    }

    /// Whether a service of this name may be called.
    pub fn is_granted(&self, service: &str) -> bool {
        self.settings.grants.find(service).is_some()
    }

    /// The calls made so far, in the order in which they ended.
    pub fn records(&self) -> MutexGuard<'_, Vec<CallRecord>> {
        sync::lock(&self.records)
    }

    /// Makes one call of the guest.
    ///
    /// # Errors
    ///
    /// Why there is no reply, as the guest sees it.
    pub async fn fetch(&self, call: Call) -> Result<Reply, Failure> {
        let granted = self.admit(&call)?;
        self.make(granted, call).await
    }

    /// Makes several calls of the guest side by side.
    pub async fn fetch_all(&self, calls: Vec<Call>) -> Vec<Result<Reply, Failure>> {
        let mut admitted = Vec::with_capacity(calls.len().min(self.settings.calls as usize));
        let mut refused = Vec::new();
        for (index, call) in calls.into_iter().enumerate() {
            match self.admit(&call) {
                // Not yet its future, which is large and would be moved once more.
                Ok(granted) => admitted.push((granted, call)),
                Err(failure) => refused.push((index, Err(failure))),
            }
            if index % REFUSED_AT_ONCE == REFUSED_AT_ONCE - 1 {
                // A guest may make very many calls: yield the thread.
                tokio::task::yield_now().await;
            }
        }
        let made = admitted.into_iter();
        let made = made.map(|(granted, call)| self.make(granted, call));
        let mut results = join_all(made).await;
        if !refused.is_empty() {
            results = merge(results, refused);
        }
        results
    }

    /// Makes a call that was admitted.
    ///
    /// # Errors
    ///
    /// Why there is no reply, as the guest sees it.
    pub async fn make(&self, granted: Granted, call: Call) -> Result<Reply, Failure> {
        let started = Instant::now();
        let mut seen = Seen {
            target: self.target(&call),
            ..Seen::default()
        };
        let grant = self.settings.grants.at(granted.grant);
        let service = grant.service.name().clone();
        let result = match self.tap().and_then(Tap::player) {
            Some(player) => replayed(player, granted.number, &call, &mut seen).await,
            None => {
                let called = self.call(granted.grant, grant, call, started, &mut seen);
                let named = |fault| {
                    Failure::from(CallError {
                        service: service.clone(),
                        fault,
                    })
                };
                called.await.map_err(named)
            }
        };
        if let Some(recorder) = self.tap().and_then(Tap::recorder) {
            recorder.end(granted.number, seen.result_of(&result));
        }
        let took = started.elapsed();
        let outcome = match &result {
            Ok(reply) => Ok(reply.status),
            Err(failure) => Err(kind_name(failure.kind)),
        };
        grant.service.metrics().call(outcome, took);
        let record = CallRecord {
            service,
            target: seen.target,
            started,
            outcome,
            took,
            bytes: seen.bytes,
            sent: seen.sent,
            calls: 1,
            trace: seen.trace,
        };
        record.add_to(&mut self.records());
        result
    }

    async fn call(
        &self,
        index: usize,
        grant: &Grant,
        mut call: Call,
        started: Instant,
        seen: &mut Seen,
    ) -> Result<Reply, Fault> {
        let service = &grant.service;
        let selection = match call.select.len() {
            0 => None,
            _ => Some(Arc::new(
                Selection::parse(&call.select).map_err(InvalidCall::from)?,
            )),
        };
        call.select = Vec::new();
        let profile = self.settings.grants.profile(call.profile.as_deref())?;
        let path = LegalPath::new(std::mem::take(&mut call.path))?;
        let (method, body) = (call.method.into(), call.body.as_bytes());
        let class = CallClass::of(service.settings(), &method, &path, body);
        let policy = class.policy(service.settings());
        let limits = Limits::of(policy, profile, call.timeout_ms);
        let given_by = match (call.timeout_ms, profile.and_then(|profile| profile.timeout)) {
            (Some(ms), _) if limits.total == Duration::from_millis(ms.into()) => CallLimit::Call,
            (_, Some(_)) => CallLimit::Profile,
            (_, None) => CallLimit::Service,
        };
        grant.check(call.method, &path)?;
        let grants = &self.settings.grants;
        note_repeats(grants, &self.repeats, (index, service), &path);
        let prefix = &service.settings().shape.path_prefix;
        let mut request = check(call, &path, prefix, &grant.shape)?;
        if let Some(target) = &mut seen.target {
            target.path = request.target.to_string();
        }
        self.spend_bytes(request.body.len())?;
        seen.sent = request.body.len();
        let end = (started + limits.total).min(self.end_of_calls());
        let ended_by = match () {
            () if end < started + limits.total => CallLimit::Deadline,
            () => given_by,
        };
        let late = || Cause::Timeout {
            phase: Phase::Queue,
            after: started.elapsed(),
            limit: TimeLimit::Caller,
        };
        let _permit = self.permit(end).await.ok_or_else(late)?;
        self.add_headers(service, &mut request.headers);
        let stores = policy.cache.is_some() && class.effect.is_read();
        let readable = selection.clone().filter(|_| stores).map(|selection| {
            let readable = move |response: &ServiceResponse| is_readable(response, &selection);
            Arc::new(readable) as Readable
        });
        let call = Box::new(CallRequest {
            request,
            class,
            member: grant.member.clone(),
            gate: self.settings.grants.gate().clone(),
            worker: self.settings.worker,
            started,
            end,
            limits,
            readable,
            counts: self.settings.grants.counts(),
        });
        let read = |response: ServiceResponse, source| {
            seen.bytes = response.body.len();
            seen.body = self.settings.tap.is_some().then(|| response.body.clone());
            match self.spend_bytes(seen.bytes) {
                Ok(()) => {
                    let sample = selection.is_some().then(|| ResponseSample::of(&response));
                    let reply = reply(&grant.shape, response, selection.as_deref(), source);
                    if let Err(cause) = &reply {
                        note_malformed(service, cause, sample.as_ref());
                    }
                    reply.map(Ok)
                }
                // Not a fault of the service: there is no fallback.
                Err(fault) => Ok(Err(fault)),
            }
        };
        let outcome = service.call(call, read).await;
        seen.trace = outcome.trace;
        let attempts = seen.trace.attempts;
        outcome.result.unwrap_or_else(|cause| {
            note_malformed(service, &cause, None);
            let limit = match &*cause {
                Cause::Timeout {
                    limit: TimeLimit::Caller,
                    ..
                } => Some(ended_by),
                _ => None,
            };
            Err(Fault::Service {
                cause,
                limit,
                attempts,
            })
        })
    }

    /// What a call asks, where that is kept.
    fn target(&self, call: &Call) -> Option<Box<Target>> {
        let keeps = self.settings.keeps_targets;
        keeps.then(|| Box::new(Target::of(call)))
    }

    /// The right to have one more call under way in this request.
    async fn permit(&self, end: Instant) -> Option<SemaphorePermit<'_>> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Some(permit);
        }
        timeout_at(end, self.permits.acquire()).await.ok()?.ok()
    }

    /// Concurrent answers were each bounded by the rest at their begin, so together they may exceed
    /// it.
    fn spend_bytes(&self, bytes: usize) -> Result<(), Fault> {
        self.bytes_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .map(drop)
            .map_err(|left| Fault::Bytes { left })
    }

    fn add_headers(&self, service: &Service, headers: &mut HeaderMap) {
        let settings = &self.settings;
        // The transport decodes bodies and sets the field itself. Here, it would only prevent
        // coalescing.
        headers.remove(ACCEPT_ENCODING);
        headers.insert(REQUEST_ID, settings.request_id.clone());
        headers.insert(TRACEPARENT, settings.traceparent.clone());
        if let Some(state) = &settings.tracestate {
            headers.insert(TRACESTATE, state.clone());
        }
        // Each attempt fills in what it has when it is sent.
        headers.insert(TIME_LEFT, HeaderValue::from_static("0"));
        headers.entry(USER_AGENT).or_insert(AGENT);
        for name in &service.settings().shape.pass_headers {
            let mut values = settings.client_headers.get_all(name).iter();
            if let Some(first) = values.next() {
                headers.insert(name, first.clone());
                for value in values {
                    headers.append(name, value.clone());
                }
            }
        }
    }
}

/// Inserts results that were known at once, at their indices.
fn merge<T>(others: Vec<T>, known: Vec<(usize, T)>) -> Vec<T> {
    let mut all = Vec::with_capacity(others.len() + known.len());
    let mut others = others.into_iter();
    for (index, result) in known {
        let before = index - all.len();
        all.extend(others.by_ref().take(before));
        all.push(result);
    }
    all.extend(others);
    all
}
