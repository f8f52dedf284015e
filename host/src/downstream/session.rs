//! What one request may ask of the services: its grants, its budget of calls and bytes, its deadline, and the fields
//! that the host adds to each call. Also the record of what was asked, which the access log and `call` show.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::call::Answer;
use super::error::{DownstreamError, InvalidCall, Phase, kind_name};
use super::outbound::{Outbound, cut};
use super::select::{PickError, Selection};
use super::service::Service;
use crate::contract::{Call, Failure, Payload, Reply, Source};

/// Milliseconds that the caller will still wait, as sent with each call: a service may stop work that nobody waits for.
const TIME_LEFT: HeaderName = HeaderName::from_static("tailor-time-left-ms");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("tailor/", env!("CARGO_PKG_VERSION")));

/// Calls of one request that are kept for logs.
const MAX_RECORDS: usize = 128;

/// The services that a BFF may call, in the order of their names.
pub type Grants = Arc<[Arc<Service>]>;

/// What one request may ask of the services. Shared by the calls that are under way.
pub struct Session {
    settings: SessionSettings,
    calls_left: AtomicU32,
    bytes_left: AtomicUsize,
    permits: Semaphore,
    records: Mutex<Vec<CallRecord>>,
}

/// What a [`Session`] is made of.
pub struct SessionSettings {
    /// The services that may be called.
    pub grants: Grants,
    /// The worker whose connections are used.
    pub worker: usize,
    /// When the request must be answered.
    pub deadline: Instant,
    /// Time that is kept back from calls, so that a BFF whose services hang can still answer with what it has.
    pub reserve: Duration,
    /// Calls that the request may make.
    pub calls: u32,
    /// Calls that may be under way at once.
    pub concurrent_calls: usize,
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
}

/// One call as it went, for logs. Holds no path and no header: these can be personal.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// The service that was asked.
    pub service: String,
    /// The status of the reply, or the kind of failure.
    pub outcome: Result<u16, &'static str>,
    /// From the guest's call to its result.
    pub took: Duration,
    /// Bytes of the answer's body.
    pub bytes: usize,
}

impl Session {
    /// A session with its whole budget.
    pub fn new(settings: SessionSettings) -> Self {
        Self {
            calls_left: AtomicU32::new(settings.calls),
            bytes_left: AtomicUsize::new(settings.bytes),
            permits: Semaphore::new(settings.concurrent_calls),
            records: Mutex::default(),
            settings,
        }
    }

    /// Time left until the deadline.
    pub fn time_left(&self) -> Duration {
        self.settings
            .deadline
            .saturating_duration_since(Instant::now())
    }

    /// The calls made so far, in the order in which they ended.
    pub fn take_records(&self) -> Vec<CallRecord> {
        std::mem::take(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes one call of the guest.
    ///
    /// # Errors
    ///
    /// Why there is no reply, as the guest sees it.
    pub async fn fetch(&self, call: Call) -> Result<Reply, Failure> {
        let started = Instant::now();
        let mut bytes = 0;
        let service = self.granted(&call.service);
        // A name that is not granted is a guest's text: it stays out of metrics, and enters logs cut.
        let name = service.map_or_else(|| cut(&call.service), |service| service.name().to_owned());
        let result = match service {
            Some(service) => self.call(service, call, &mut bytes).await,
            None => Err(self.denied(&call.service)),
        };
        let took = started.elapsed();
        let outcome = match &result {
            Ok(reply) => Ok(reply.status),
            Err(error) => Err(kind_name(error.kind())),
        };
        if let Some(service) = service {
            service.metrics().call(outcome, took);
        }
        let record = CallRecord {
            service: name,
            outcome,
            took,
            bytes,
        };
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        // Calls past the budget are many and all alike when a guest is hostile.
        if records.len() < MAX_RECORDS {
            records.push(record);
        }
        drop(records);
        result.map_err(|error| Failure::from(&error))
    }

    /// Makes several calls of the guest side by side.
    pub async fn fetch_all(&self, mut calls: Vec<Call>) -> Vec<Result<Reply, Failure>> {
        // Calls past the budget cost neither a future nor a place in the record: a guest may ask for very many.
        let left = self.calls_left.load(Ordering::Relaxed) as usize;
        let refused = calls.split_off(left.min(calls.len()));
        let mut results = join_all(calls.into_iter().map(|call| self.fetch(call))).await;
        results.extend(refused.into_iter().map(|call| {
            let error = self.exhausted(&call.service);
            if let Some(service) = self.granted(&call.service) {
                let outcome = Err(kind_name(error.kind()));
                service.metrics().call(outcome, Duration::ZERO);
            }
            Err(Failure::from(&error))
        }));
        results
    }

    fn exhausted(&self, service: &str) -> DownstreamError {
        DownstreamError::Exhausted {
            service: cut(service),
            limit: self.settings.calls,
        }
    }

    fn granted(&self, name: &str) -> Option<&Arc<Service>> {
        self.settings
            .grants
            .iter()
            .find(|service| service.name() == name)
    }

    fn denied(&self, name: &str) -> DownstreamError {
        let granted: Vec<&str> = self
            .settings
            .grants
            .iter()
            .map(|service| service.name())
            .collect();
        DownstreamError::Denied {
            service: cut(name),
            granted: if granted.is_empty() {
                "none".to_owned()
            } else {
                granted.join(", ")
            },
        }
    }

    async fn call(
        &self,
        service: &Service,
        mut call: Call,
        bytes: &mut usize,
    ) -> Result<Reply, DownstreamError> {
        self.spend_call(service)?;
        let invalid = |source: InvalidCall| DownstreamError::Invalid {
            service: service.name().to_owned(),
            source,
        };
        let selection = match call.select.len() {
            0 => None,
            _ => Some(Selection::parse(&call.select).map_err(|error| invalid(error.into()))?),
        };
        let timeout = call.timeout_ms.map(|ms| Duration::from_millis(ms.into()));
        call.select = Vec::new();
        let mut outbound =
            Outbound::new(call, &service.settings().shape.path_prefix).map_err(invalid)?;
        self.spend_bytes(service, outbound.body.len())?;
        let started = Instant::now();
        let end = self.end_of_call(service, timeout, started);
        let late = || DownstreamError::Timeout {
            service: service.name().to_owned(),
            phase: Phase::Queue,
            after: started.elapsed(),
        };
        if end <= started {
            // Nothing is sent that nobody would wait for, and no good connection is spent on it.
            return Err(late());
        }
        let _permit = timeout_at(end, self.permits.acquire())
            .await
            .map_err(|_| late())?
            .expect("the semaphore is never closed");
        self.add_headers(service, &mut outbound.headers);
        let left = self.bytes_left.load(Ordering::Relaxed);
        let answer = service
            .call(self.settings.worker, outbound, started, end, left)
            .await?;
        *bytes = answer.body.len();
        self.spend_bytes(service, answer.body.len())?;
        reply(service, answer, selection.as_ref())
    }

    /// The end of a call that begins now: the shortest of its own, the service's and the request's limit.
    fn end_of_call(
        &self,
        service: &Service,
        timeout: Option<Duration>,
        started: Instant,
    ) -> Instant {
        let of_service = service.settings().timeouts.total;
        let timeout = timeout.map_or(of_service, |timeout| timeout.min(of_service));
        (started + timeout).min(self.settings.deadline - self.settings.reserve)
    }

    fn spend_call(&self, service: &Service) -> Result<(), DownstreamError> {
        self.calls_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .map(drop)
            .map_err(|_| self.exhausted(service.name()))
    }

    /// Answers that arrive side by side were each bounded by what was left when they began, so together they may be more.
    fn spend_bytes(&self, service: &Service, bytes: usize) -> Result<(), DownstreamError> {
        self.bytes_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .map(drop)
            .map_err(|left| DownstreamError::TooLarge {
                service: service.name().to_owned(),
                limit: left,
            })
    }

    fn add_headers(&self, service: &Service, headers: &mut HeaderMap) {
        let settings = &self.settings;
        headers.insert(REQUEST_ID, settings.request_id.clone());
        headers.insert(TRACEPARENT, settings.traceparent.clone());
        if let Some(state) = &settings.tracestate {
            headers.insert(TRACESTATE, state.clone());
        }
        let left = self.time_left().saturating_sub(settings.reserve);
        let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        headers.insert(TIME_LEFT, left.into());
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

fn reply(
    service: &Service,
    answer: Answer,
    selection: Option<&Selection>,
) -> Result<Reply, DownstreamError> {
    let status = answer.status.as_u16();
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !connection_specific(name))
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let (body, selected) = match selection {
        None => (Payload::from_bytes(answer.body), Vec::new()),
        Some(selection) if answer.status.is_success() => {
            let picked = selection.pick(&answer.body).map_err(|error| match error {
                PickError::TooLarge { limit } => DownstreamError::TooLarge {
                    service: service.name().to_owned(),
                    limit,
                },
                PickError::NotUtf8 { .. }
                | PickError::Truncated { .. }
                | PickError::NotJson { .. } => DownstreamError::Malformed {
                    service: service.name().to_owned(),
                    what: error.to_string(),
                },
            })?;
            (Payload::None, picked)
        }
        Some(selection) => (
            Payload::from_bytes(answer.body),
            vec![None; selection.len()],
        ),
    };
    Ok(Reply {
        status,
        headers,
        body,
        selected,
        source: Source::Live,
    })
}

/// Fields that speak of the connection to the service, not of the answer.
fn connection_specific(name: &HeaderName) -> bool {
    use http::header;
    matches!(
        *name,
        header::CONNECTION
            | header::TRANSFER_ENCODING
            | header::TRAILER
            | header::UPGRADE
            | header::TE
    ) || name == "keep-alive"
        || name == "proxy-connection"
}
