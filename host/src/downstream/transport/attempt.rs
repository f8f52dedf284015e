//! One attempt of a call on the wire: connection, request, head, body, each inside its time limit.
//!
//! Nothing here repeats a call on its own account, with one exception: a kept connection that turns out to be closed
//! before anything was written on it, which hyper tells by giving the request back. Then the call goes out on a fresh
//! connection, once, whatever its method. What was written may have been worked on (RFC 9110 section 9.2.2): there a
//! broken connection is the end of an attempt, kept or not, and another one is counted and paid for as any.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::Version;
use http::header::TRANSFER_ENCODING;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::task::Id;
use tokio::time::{Instant, Sleep, sleep_until};

use super::bounds::{Bounds, Timing};
use super::connector::Connector;
use super::course::Course;
use super::error::{closed_early, io_error, not_http, refusal};
use super::exchange::{request, send};
use super::host_failures::of_host;
use super::pool::{Connection, Slot};
use crate::coding::check_transfer_coding;
use crate::config::Protocol;
use crate::downstream::error::{Cause, Phase, TimeLimit};
use crate::downstream::request::ServiceRequest;
use crate::downstream::response::ServiceResponse;

/// Room made at once for a body that comes in several parts, bytes; more than that is made as it comes.
const FIRST_ROOM: u64 = 64 << 10;

/// Fields of a head. hyper takes no more over HTTP/1.1.
const MAX_FIELDS: usize = 100;

/// One attempt.
pub struct Attempt<'a> {
    /// What it is made on.
    pub connector: &'a Connector,
    /// The worker that makes it.
    pub worker: usize,
    /// Where it goes.
    pub endpoint: usize,
    /// What is asked.
    pub request: &'a ServiceRequest,
    /// Its limits.
    pub bounds: Bounds<'a>,
    /// Where it tells how far it came.
    pub course: &'a Course,
}

impl Attempt<'_> {
    /// Makes it. `now` is the time at which it begins; `timing` is filled in as far as it comes.
    ///
    /// # Errors
    ///
    /// What went wrong, and whether anything was sent.
    pub async fn run(
        &self,
        mut now: Instant,
        timing: &mut Timing,
    ) -> Result<ServiceResponse, Cause> {
        if self.bounds.end.passed(now) {
            return Err(self.late(Phase::Connect, now));
        }
        // After a kept connection that was dead, the others are likely dead too, and a repetition must not meet a second one.
        let mut fresh = self.course.wants_fresh();
        let mut kept = if fresh { None } else { self.kept(now) };
        let mut broken = None;
        loop {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                // Boxed, because it is rare and large: a future is as large as all that it may ever do, and is moved about.
                None => {
                    let connected = Box::pin(self.connect(now, broken, fresh)).await;
                    let connected_at = Instant::now();
                    timing.connect = connected_at - now;
                    now = connected_at;
                    connected?
                }
            };
            // One timer serves the whole exchange. It is set when there is something to wait for.
            let limit = now + self.bounds.first_byte;
            let until = self.bounds.end.latest().min(limit);
            let mut timer = pin!(sleep_until(until));
            self.course.set_sent(true);
            let request = request(
                &self.connector.settings,
                &self.connector.endpoints[self.endpoint],
                self.request,
                until.saturating_duration_since(now),
            );
            let sent = {
                let mut sending = pin!(send(&mut connection.sender, request));
                let end = self.bounds.end;
                end.timeout_with(timer.as_mut(), limit, sending.as_mut())
                    .await
            };
            let head = Instant::now();
            timing.first_byte = head - now;
            match sent.ok_or_else(|| self.late(Phase::FirstByte, now))? {
                Ok(response) => {
                    timing.until_close = ends_with_connection(&response);
                    let (answer, end) = self.read(response, timer, head).await?;
                    timing.body = end - head;
                    self.give_back(connection, end);
                    return Ok(answer);
                }
                Err(failure) => {
                    self.course.set_sent(!failure.unsent);
                    if connection.reused && failure.unsent && broken.is_none() {
                        (broken, fresh) = (Some(connection.id), true);
                        now = head;
                        continue;
                    }
                    if connection.reused && closed_early(&failure.error) {
                        self.broke(&connection);
                    }
                    let first = !connection.reused;
                    return Err(self.failed(!failure.unsent, first, failure.error));
                }
            }
        }
    }

    /// A kept connection ended before there was an answer: neither this call nor another must meet it again.
    fn broke(&self, connection: &Connection) {
        self.course.broke();
        let pools = &self.connector.pools;
        pools.forget(self.worker, self.endpoint, connection.id);
    }

    fn kept(&self, now: Instant) -> Option<Connection> {
        let pools = &self.connector.pools;
        let identity = self.connector.identity_number();
        match self.connector.settings.protocol {
            Protocol::Http1 => pools.take(self.worker, self.endpoint, now, identity),
            Protocol::Http2 => pools.share(self.worker, self.endpoint, now, identity),
        }
    }

    fn give_back(&self, connection: Connection, now: Instant) {
        self.connector.pools.give_back(
            self.worker,
            self.endpoint,
            connection,
            now,
            self.connector.identity_number(),
        );
    }

    /// Opens a connection, or finds that another caller did. `broken` is the kept one that this one is to replace; a `fresh`
    /// one is none that was kept by another worker.
    async fn connect(
        &self,
        now: Instant,
        broken: Option<Id>,
        fresh: bool,
    ) -> Result<Connection, Cause> {
        let limit = now + self.connector.settings.timeouts.connect;
        let until = self.bounds.end.latest().min(limit);
        let opening = async {
            match self.connector.settings.protocol {
                Protocol::Http1 => self.open_http1(until, fresh).await,
                Protocol::Http2 => self.open_http2(until, broken).await,
            }
        };
        self.bounds
            .end
            .timeout(Some(limit), opening)
            .await
            .ok_or_else(|| self.late(Phase::Connect, now))?
            .map_err(|source| self.unreachable(source))
    }

    async fn open_http1(&self, until: Instant, fresh: bool) -> io::Result<Connection> {
        let pools = &self.connector.pools;
        let identity = self.connector.identity_number();
        match pools
            .slot(self.worker, self.endpoint, fresh, identity)
            .await
        {
            Slot::Taken(connection) => Ok(connection),
            Slot::Open(slot) => {
                let (dialed, identity) = self.connector.dial(self.endpoint, until).await?;
                Ok(pools.opened(self.worker, self.endpoint, dialed, slot, identity))
            }
        }
    }

    async fn open_http2(&self, until: Instant, broken: Option<Id>) -> io::Result<Connection> {
        let pools = &self.connector.pools;
        if let Some(broken) = broken {
            pools.forget(self.worker, self.endpoint, broken);
        }
        // All callers that find no connection wait for one of them to open it.
        let pool = pools.of(self.worker, self.endpoint);
        let _connecting = pool.connecting.lock().await;
        if let Some(connection) = self.kept(Instant::now()) {
            return Ok(connection);
        }
        let (dialed, identity) = self.connector.dial(self.endpoint, until).await?;
        Ok(pools.opened(self.worker, self.endpoint, dialed, None, identity))
    }

    /// Reads the body to its end, and no further than the cap; says when it ended.
    async fn read(
        &self,
        response: http::Response<Incoming>,
        mut timer: Pin<&mut Sleep>,
        head: Instant,
    ) -> Result<(ServiceResponse, Instant), Cause> {
        let (parts, mut body) = response.into_parts();
        if parts.headers.len() > MAX_FIELDS {
            return Err(self.head_too_large());
        }
        if parts.status.is_informational() {
            return Err(Cause::Malformed {
                what: "the answer switches protocols, which nobody asked for".to_owned(),
            });
        }
        if !body.is_end_stream() {
            check_transfer_coding(&parts.headers).map_err(|error| Cause::Malformed {
                what: format!("the answer's transfer-encoding {error}"),
            })?;
        }
        let announced = body.size_hint().lower();
        // A length that is announced is refused before the first byte of it is read.
        if announced > self.bounds.size as u64 {
            return Err(self.too_large());
        }
        let mut read = Parts::default();
        let mut waited = false;
        while !body.is_end_stream() {
            let mut since = None;
            let next = poll_fn(|context| {
                if let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(context) {
                    return Poll::Ready(Some(frame));
                }
                let between_bytes = self.connector.settings.timeouts.between_bytes;
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
            let frame = next.await;
            waited |= since.is_some();
            let frame = frame.ok_or_else(|| self.late(Phase::Body, since.unwrap_or(head)))?;
            match frame {
                None => break,
                Some(Err(error)) => return Err(self.failed(true, false, error)),
                Some(Ok(frame)) => {
                    // What is not data is trailers, which nobody asks for.
                    if let Ok(data) = frame.into_data() {
                        if data.len() > self.bounds.size - read.len() {
                            return Err(self.too_large());
                        }
                        read.push(data, announced);
                    }
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

    /// What was waited for since then did not come in time.
    fn late(&self, phase: Phase, since: Instant) -> Cause {
        let timeouts = &self.connector.settings.timeouts;
        let allowed = match phase {
            Phase::Body => timeouts.between_bytes,
            Phase::FirstByte => timeouts.first_byte,
            Phase::Connect | Phase::Queue | Phase::Credentials => timeouts.connect,
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

    fn unreachable(&self, source: io::Error) -> Cause {
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

    /// `first` tells that the failure is that of a connection's first exchange, before its head.
    fn failed(&self, sent: bool, first: bool, source: hyper::Error) -> Cause {
        if first && let Some(refusal) = io_error(&source).and_then(refusal) {
            return self.unreachable(refusal.into());
        }
        if io_error(&source).is_some_and(of_host) {
            return self.host_failed(sent, source.into());
        }
        if source.is_parse_too_large() {
            return self.head_too_large();
        }
        if not_http(&source) {
            let cause = source.source().map(|cause| format!(": {cause}"));
            let cause = cause.unwrap_or_default();
            Cause::Malformed {
                what: format!("the answer is not HTTP: {source}{cause}"),
            }
        } else {
            let source = match io_error(&source) {
                // What ended it is told in the error below only.
                Some(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
                    error.to_string().into()
                }
                _ => source.into(),
            };
            Cause::Interrupted { sent, source }
        }
    }
}

/// Whether nothing but the end of the connection says where the body ends (RFC 9112 section 6.3).
fn ends_with_connection(response: &http::Response<Incoming>) -> bool {
    let body = response.body();
    response.version() < Version::HTTP_2
        && !body.is_end_stream()
        && body.size_hint().exact().is_none()
        && !response.headers().contains_key(TRANSFER_ENCODING)
}

/// The parts of a body. One part, the ordinary case, is not copied.
#[derive(Default)]
struct Parts {
    first: Bytes,
    joined: Option<BytesMut>,
}

impl Parts {
    fn len(&self) -> usize {
        self.joined.as_ref().map_or(self.first.len(), BytesMut::len)
    }

    /// `announced` is the length of all parts, or less.
    fn push(&mut self, data: Bytes, announced: u64) {
        if let Some(joined) = &mut self.joined {
            joined.extend_from_slice(&data);
        } else if self.first.is_empty() {
            self.first = data;
        } else {
            let length = self.first.len() + data.len();
            let room = length.max(announced.min(FIRST_ROOM) as usize);
            let mut joined = BytesMut::with_capacity(room);
            joined.extend_from_slice(&self.first);
            joined.extend_from_slice(&data);
            self.joined = Some(joined);
        }
    }

    fn join(self) -> Bytes {
        self.joined.map_or(self.first, BytesMut::freeze)
    }
}
