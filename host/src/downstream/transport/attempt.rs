//! One attempt of a call on the wire: connection, request, head, body, each inside its time limit.
//!
//! This module repeats a call in two cases only: a kept connection turns out to be closed before
//! anything was written on it (hyper then returns the request), or an HTTP/2 service says that it
//! did not process the call (RFC 9113 section 8.7). Then the call is sent once more on another
//! connection, whatever its method. In all other cases the service may have processed what was
//! written (RFC 9110 section 9.2.2): a broken connection ends the attempt, and a further attempt is
//! counted and paid for as any retry.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use http::header::CONTENT_ENCODING;
use tokio::time::{Instant, Sleep, sleep_until};

use super::bounds::{Bounds, Timing};
use super::charge::Charge;
use super::connection::Connection;
use super::connector::Connector;
use super::course::Course;
use super::decode::{DecodeError, decoded, read_limit};
use super::endpoint::Endpoint;
use super::error::{WireError, refusal};
use super::exchange::{Body, request, send};
use super::head::check_head;
use super::host_failures::of_host;
use super::parts::Parts;
use super::pool::Pools;
use crate::config::Protocol;
use crate::downstream::error::{Cause, Phase, TimeLimit};
use crate::downstream::request::ServiceRequest;
use crate::downstream::response::ServiceResponse;

/// One attempt.
pub struct Attempt<'a> {
    /// Its transport.
    pub connector: &'a Connector,
    /// The worker that makes it.
    pub worker: usize,
    /// The endpoints of the service.
    pub endpoints: &'a [Arc<Endpoint>],
    /// The request.
    pub request: &'a ServiceRequest,
    /// Its limits.
    pub bounds: Bounds<'a>,
    /// Where it records how far it came.
    pub course: &'a Course,
}

impl<'a> Attempt<'a> {
    /// Makes it, on the endpoint that `charge` names, or on another one of its name. `now` is the
    /// time at which it begins; `timing` is filled in as far as it comes.
    ///
    /// # Errors
    ///
    /// What went wrong, and whether anything was sent.
    pub async fn run(
        &self,
        charge: &mut Charge<'a>,
        mut now: Instant,
        timing: &mut Timing,
    ) -> Result<ServiceResponse, Cause> {
        if self.bounds.end.passed(now) {
            return Err(self.late(Phase::Connect, now));
        }
        // After a kept connection that was dead, the others are likely dead too, and a repetition
        // must not meet a second one.
        let fresh = self.course.wants_fresh();
        let mut kept = match fresh {
            true => None,
            false => self.kept(&charge.endpoint.pools, now),
        };
        let mut broken = None;
        loop {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                // Boxed, because it is rare and large: a future is as large as all that it may ever
                // do, and is moved about.
                None => {
                    let queued = &mut timing.queued;
                    let connecting = self.connect(charge, now, broken, fresh, queued);
                    let connected = Box::pin(connecting).await;
                    let connected_at = Instant::now();
                    timing.connect = (connected_at - now).saturating_sub(timing.queued);
                    now = connected_at;
                    connected?
                }
            };
            let endpoint = charge.endpoint;
            // One timer serves the whole exchange. It is set when there is something to wait for.
            let limit = now + self.bounds.first_byte;
            let until = self.bounds.end.latest().min(limit);
            let mut timer = pin!(sleep_until(until));
            self.course.set_sent(true);
            let request = request(
                &self.connector.settings,
                endpoint,
                self.request,
                until.saturating_duration_since(now),
            );
            let sent = {
                let max_head = self.connector.settings.max_header_size;
                let mut sending = pin!(send(&mut connection.sender, request, max_head));
                let end = self.bounds.end;
                end.timeout_with(timer.as_mut(), limit, sending.as_mut())
                    .await
            };
            let head = Instant::now();
            timing.first_byte = head - now;
            let Some(sent) = sent else {
                connection.sender.doubt();
                return Err(self.late(Phase::FirstByte, now));
            };
            match sent {
                Ok(response) => {
                    timing.until_close = response.body().ends_with_connection(response.headers());
                    let (answer, end) = self
                        .read(response, (endpoint, &connection), timer, head)
                        .await?;
                    timing.body = end - head;
                    let terms = self.connector.terms();
                    endpoint
                        .pools
                        .give_back(self.worker, connection, end, terms);
                    if !answer.headers.contains_key(CONTENT_ENCODING) {
                        return Ok(answer);
                    }
                    let answer = Box::pin(self.decode(answer, head)).await;
                    timing.body = Instant::now() - head;
                    return answer;
                }
                Err(failure) => {
                    self.course.set_sent(!failure.unsent);
                    let shared = self.connector.settings.protocol == Protocol::Http2;
                    let ended = failure.error.ends_connection();
                    if failure.unsent && (connection.reused || shared) && broken.is_none() {
                        if ended {
                            self.forget(endpoint, &connection);
                        }
                        broken = Some(connection.id);
                        now = head;
                        continue;
                    }
                    if ended && (connection.reused || shared) {
                        self.broke(endpoint, &connection);
                    }
                    let first = !connection.reused;
                    return Err(self.failed(!failure.unsent, first, failure.error));
                }
            }
        }
    }

    /// A connection ended before there was an answer, and must not be used again. This call gets a
    /// new one next: kept ones may be dead as well, and of a shared one, it is unknown whose answer
    /// broke it.
    fn broke(&self, endpoint: &Endpoint, connection: &Connection) {
        self.course.want_fresh();
        self.forget(endpoint, connection);
    }

    /// Keeps other calls from a shared connection. One of HTTP/1.1 has no other call.
    fn forget(&self, endpoint: &Endpoint, connection: &Connection) {
        endpoint.pools.forget(self.worker, connection.id);
    }

    fn kept(&self, pools: &Pools, now: Instant) -> Option<Connection> {
        match self.connector.settings.protocol {
            Protocol::Http1 => pools.take(self.worker, now, self.connector.terms()),
            Protocol::Http2 => {
                let identity = self.connector.identity_number();
                pools.share(self.worker, now, identity, None)
            }
        }
    }

    /// Reads the body to its end, and no further than the cap; says when it ended.
    async fn read(
        &self,
        response: http::Response<Body>,
        (endpoint, connection): (&Endpoint, &Connection),
        mut timer: Pin<&mut Sleep>,
        head: Instant,
    ) -> Result<(ServiceResponse, Instant), Cause> {
        let (mut parts, mut body) = response.into_parts();
        let max_head = self.connector.settings.max_header_size;
        check_head(&parts, !body.is_end(), max_head)?;
        let announced = body.announced(&parts.headers);
        // A length that is announced is refused before the first byte of it is read.
        let size = read_limit(&parts.headers, self.bounds.size);
        if announced > size as u64 {
            return Err(self.too_large());
        }
        let shared = self.connector.settings.protocol == Protocol::Http2;
        let mut read = Parts::default();
        let mut waited = false;
        while !body.is_end() {
            let mut since = None;
            let next = poll_fn(|context| {
                if let Poll::Ready(part) = body.poll_part(context, &mut parts.headers, max_head) {
                    return Poll::Ready(Some(part));
                }
                let between_bytes = self.bounds.timeouts.between_bytes;
                let since = *since.get_or_insert_with(|| {
                    let now = Instant::now();
                    let limit = now + between_bytes;
                    timer.as_mut().reset(self.bounds.end.latest().min(limit));
                    now
                });
                let (end, limit) = (self.bounds.end, since + between_bytes);
                end.poll_passed(timer.as_mut(), limit, context)
                    .map(|()| None)
            });
            let part = next.await;
            waited |= since.is_some();
            let Some(part) = part else {
                connection.sender.doubt();
                return Err(self.late(Phase::Body, since.unwrap_or(head)));
            };
            match part {
                None => break,
                Some(Err(error)) => {
                    let error = connection.sender.explain(error);
                    if shared && error.ends_connection() {
                        self.broke(endpoint, connection);
                    }
                    return Err(self.failed(true, false, error));
                }
                Some(Ok(data)) => {
                    if data.len() > size - read.len() {
                        return Err(self.too_large());
                    }
                    read.push(data, announced);
                }
            }
        }
        let answer = ServiceResponse {
            status: parts.status,
            headers: parts.headers,
            body: read.join(),
        };
        let end = if waited { Instant::now() } else { head };
        Ok((answer, end))
    }

    /// Decodes the body of an answer. `head` is the time of its head.
    async fn decode(
        &self,
        answer: ServiceResponse,
        head: Instant,
    ) -> Result<ServiceResponse, Cause> {
        let over = || self.bounds.end.passed(Instant::now());
        decoded(answer, self.bounds.size, over)
            .await
            .map_err(|error| match error {
                DecodeError::TooLarge => self.too_large(),
                DecodeError::Late => self.late(Phase::Body, head),
                DecodeError::Bad { .. } | DecodeError::Partial => Cause::Malformed {
                    what: error.to_string(),
                },
            })
    }

    /// A wait that began then timed out.
    pub(super) fn late(&self, phase: Phase, since: Instant) -> Cause {
        let timeouts = self.bounds.timeouts;
        let allowed = match phase {
            Phase::Body => timeouts.between_bytes,
            Phase::FirstByte => timeouts.first_byte,
            Phase::Queue => timeouts.queue,
            Phase::Connect | Phase::Credentials => timeouts.connect,
        };
        Cause::Timeout {
            phase,
            after: self.bounds.started.elapsed(),
            limit: TimeLimit::after(since.elapsed(), allowed),
        }
    }

    fn too_large(&self) -> Cause {
        Cause::TooLarge {
            limit: self.bounds.size,
        }
    }

    fn head_too_large(&self) -> Cause {
        Cause::HeadTooLarge {
            limit: self.connector.settings.max_header_size,
        }
    }

    pub(super) fn unreachable(&self, source: io::Error) -> Cause {
        match of_host(&source) {
            true => self.host_failed(false, source.into()),
            false => Cause::Unreachable { source },
        }
    }

    fn host_failed(&self, sent: bool, source: Box<dyn Error + Send + Sync>) -> Cause {
        let connector = self.connector;
        connector
            .host_failures
            .warn(&connector.settings.name, &source);
        Cause::Host { sent, source }
    }

    /// `first`: the failure is that of a connection's first exchange, before its head.
    fn failed(&self, sent: bool, first: bool, error: WireError) -> Cause {
        if first && let Some(refusal) = error.io_error().and_then(refusal) {
            return self.unreachable(refusal.into());
        }
        if error.io_error().is_some_and(of_host) {
            return self.host_failed(sent, error.into());
        }
        if error.is_head_too_large() {
            return self.head_too_large();
        }
        if error.is_not_http() {
            let cause = error.source().map(|cause| format!(": {cause}"));
            let cause = cause.unwrap_or_default();
            Cause::Malformed {
                what: format!("the answer is not HTTP: {error}{cause}"),
            }
        } else {
            let source = match error.io_error() {
                // Only the error below has the reason.
                Some(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
                    error.to_string().into()
                }
                _ => error.into(),
            };
            Cause::Interrupted { sent, source }
        }
    }
}
