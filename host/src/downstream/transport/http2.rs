//! HTTP/2 to a service: a connection that several calls share, and what is known of it.
//!
//! h2 is used without hyper here, because hyper exposes neither how many streams the service lets
//! us open nor whether it processed a stream, and sends no ping when it is asked to.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, Builder};
use h2::{Ping, PingPong, Reason, RecvStream};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::changed::Changed;
use super::error::WireError;
use super::head;
use crate::config;

/// Bytes that a service may send on a stream, and on a connection, before the host has read them.
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 5 << 20;

/// The stream limit of h2 until the service has sent its own. The service's has 32 bits;
/// [`usize::MAX`] means no limit.
const UNKNOWN: usize = usize::MAX - 1;

/// The factor over the limit up to which h2 reads a head. For a larger one, h2 only reports a
/// protocol error.
const HEAD_FACTOR: usize = 4;

/// Streams that h2 resets because the service violates the protocol on them, before it closes the
/// connection.
const MAX_RESETS: usize = 1024;

/// A handle on a connection. It is closed when no handle and no stream is left.
#[derive(Clone)]
pub struct Handle {
    sender: client::SendRequest<Bytes>,
    status: Arc<ConnectionStatus>,
}

/// A stream for one call on a connection.
pub struct Stream {
    handle: Handle,
    /// The number of heads received on the connection before.
    heads: u32,
}

/// The shared state of a connection.
#[derive(Debug)]
struct ConnectionStatus {
    /// Calls that have a stream on it.
    calls: AtomicUsize,
    /// The service's limit of streams; [`UNKNOWN`] until it sent one.
    max_calls: AtomicUsize,
    /// The number of heads received.
    heads: AtomicU32,
    /// A call on it timed out, without a ping's answer since.
    doubtful: AtomicBool,
    /// Requests a ping.
    doubt: Notify,
    /// No ping was answered, so it was closed.
    silent: AtomicBool,
    /// It has ended.
    closed: AtomicBool,
    /// Calls that were on it when it broke; recorded by the first that sees it.
    broke_under: OnceLock<usize>,
    /// Notified of changes.
    changed: Arc<Changed>,
    ping_timeout: Duration,
}

/// Begins HTTP/2 on a connection. Also returns the future that drives it until it ends.
///
/// # Errors
///
/// When the connection breaks.
pub async fn handshake<T>(
    io: T,
    settings: &config::Downstream,
    changed: Arc<Changed>,
) -> Result<(impl Future<Output = ()> + Send + use<T>, Stream), WireError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let max_head = settings.max_header_size.saturating_mul(HEAD_FACTOR);
    let (sender, mut connection) = Builder::new()
        .initial_max_send_streams(UNKNOWN)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(max_head).unwrap_or(u32::MAX))
        .max_local_error_reset_streams(Some(MAX_RESETS))
        .enable_push(false)
        .handshake(io)
        .await?;
    let pings = connection.ping_pong();
    let status = Arc::new(ConnectionStatus {
        calls: AtomicUsize::new(0),
        max_calls: AtomicUsize::new(UNKNOWN),
        heads: AtomicU32::new(0),
        doubtful: AtomicBool::new(false),
        doubt: Notify::new(),
        silent: AtomicBool::new(false),
        closed: AtomicBool::new(false),
        broke_under: OnceLock::new(),
        changed,
        ping_timeout: settings.connections.ping_timeout,
    });
    let handle = Handle {
        sender,
        status: status.clone(),
    };
    let interval = settings.connections.ping_interval;
    Ok((drive(connection, pings, status, interval), handle.stream()))
}

/// Drives a connection until it ends, or a ping is not answered in time.
async fn drive<T>(
    mut connection: client::Connection<T, Bytes>,
    pings: Option<PingPong>,
    status: Arc<ConnectionStatus>,
    interval: Duration,
) where
    T: AsyncRead + AsyncWrite + Unpin,
{
    // Below the connection, so that it is marked before its calls learn that it ended.
    let closed = Closed(status);
    let status = &closed.0;
    let mut watch = pin!(watch(pings, status, interval));
    poll_fn(|context| {
        let ended = Pin::new(&mut connection).poll(context).is_ready();
        status.learn(connection.max_concurrent_send_streams());
        match ended {
            true => Poll::Ready(()),
            false => watch.as_mut().poll(context),
        }
    })
    .await;
}

/// Pings when a call doubts that the service is there, and now and then while calls are under way.
/// Ends when a ping is not answered in time, or the service does not even read the end of a
/// connection without a handle.
async fn watch(pings: Option<PingPong>, status: &Arc<ConnectionStatus>, interval: Duration) {
    let Some(mut pings) = pings else {
        return std::future::pending().await;
    };
    loop {
        let doubted = timeout(interval, status.doubt.notified()).await.is_ok();
        if Arc::strong_count(status) == 1 {
            return;
        }
        if !doubted && status.calls.load(Ordering::Relaxed) == 0 {
            continue;
        }
        match timeout(status.ping_timeout, pings.ping(Ping::opaque())).await {
            Ok(Ok(_)) => status.trust(),
            // The connection is ending by itself.
            Ok(Err(_)) => return std::future::pending().await,
            Err(_) => return status.silent.store(true, Ordering::SeqCst),
        }
    }
}

/// Marks a connection as closed.
struct Closed(Arc<ConnectionStatus>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::SeqCst);
        self.0.changed.notify_all();
    }
}

impl ConnectionStatus {
    /// Records the service's limit of streams.
    fn learn(&self, max: usize) {
        if self.max_calls.load(Ordering::Relaxed) != max {
            self.max_calls.store(max, Ordering::SeqCst);
            self.changed.notify_all();
        }
    }

    fn trust(&self) {
        if self.doubtful.swap(false, Ordering::SeqCst) {
            self.changed.notify_all();
        }
    }
}

impl Handle {
    /// A stream for one more call, even above the limit.
    pub fn stream(&self) -> Stream {
        self.status.calls.fetch_add(1, Ordering::SeqCst);
        Stream {
            handle: self.clone(),
            heads: self.status.heads.load(Ordering::Relaxed),
        }
    }

    /// Whether it may get calls: it is not closed, and no ping is overdue.
    pub fn is_usable(&self) -> bool {
        !self.is_closed() && !self.status.doubtful.load(Ordering::SeqCst)
    }

    /// Whether it has ended.
    pub fn is_closed(&self) -> bool {
        self.status.closed.load(Ordering::SeqCst)
    }

    /// Calls that have a stream on it.
    pub fn calls(&self) -> usize {
        self.status.calls.load(Ordering::SeqCst)
    }

    /// The service's limit of streams; `None` until it sent one.
    pub fn max_calls(&self) -> Option<usize> {
        let max = self.status.max_calls.load(Ordering::SeqCst);
        (max != UNKNOWN).then_some(max)
    }
}

impl Stream {
    /// A handle on its connection.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The call timed out. Unless something came on the connection meanwhile, it gets no more calls
    /// until a ping is answered.
    pub fn doubt(&self) {
        let status = &self.handle.status;
        if status.heads.load(Ordering::Relaxed) == self.heads {
            status.doubtful.store(true, Ordering::SeqCst);
            status.doubt.notify_one();
            status.changed.notify_all();
        }
    }

    /// Sends a request and waits for the head of its response, of which no more than `max_head`
    /// bytes are taken.
    ///
    /// # Errors
    ///
    /// When the stream or the connection breaks.
    pub async fn send(
        &mut self,
        mut request: Request<()>,
        body: Bytes,
        max_head: usize,
    ) -> Result<Response<RecvStream>, WireError> {
        announce(&mut request, body.len());
        let ends_here = body.is_empty();
        let sender = &mut self.handle.sender;
        let (response, mut sending) = sender
            .send_request(request, ends_here)
            .map_err(WireError::NotSent)?;
        if !ends_here {
            let queued = sending.send_data(body, true);
            queued.map_err(|error| self.explain(error))?;
        }
        let response = response.await;
        // Its own head is among the earlier ones when its body is missing.
        self.heads = self
            .handle
            .status
            .heads
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        match response {
            Ok(response) if head::size(response.headers()) > max_head => {
                Err(WireError::HeadTooLarge)
            }
            Ok(response) => Ok(response),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// The meaning of a stream's error for its call.
    pub fn explain(&self, error: h2::Error) -> WireError {
        let status = &self.handle.status;
        if status.silent.load(Ordering::SeqCst) {
            return WireError::Silent {
                after: status.ping_timeout,
            };
        }
        if error.is_go_away() && error.is_library() {
            // All calls learn of it at once, and the first that gets to run finds the places of all
            // still taken. Which of them it was, only h2 knows.
            let calls = *status.broke_under.get_or_init(|| self.handle.calls());
            if calls > 1 {
                return WireError::Bystander(error);
            }
            if is_of_head_size(&error) {
                return WireError::HeadTooLarge;
            }
        }
        WireError::Http2(error)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let status = &self.handle.status;
        status.calls.fetch_sub(1, Ordering::SeqCst);
        status.changed.notify_one();
    }
}

/// Sets the length of the body, as hyper does: with a body, and for methods that have one.
fn announce(request: &mut Request<()>, length: usize) {
    let has_body = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    if has_body || length > 0 {
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// Whether h2 closed the connection because a head was far larger than allowed. It reports in these
/// words only.
fn is_of_head_size(error: &h2::Error) -> bool {
    const WORDS: [&str; 2] = ["header_list_way_too_large", "too_many_continuations"];
    let text = error.to_string();
    error.reason() == Some(Reason::COMPRESSION_ERROR)
        || WORDS.iter().any(|words| text.contains(words))
}
