//! One client connection: both protocols, and the time limits that hyper has none of.
//!
//! A connection without a request is closed when it lies idle for `idle-timeout`, or when the head of a request has begun
//! and is not whole after `header-timeout`. A client that does not take its answer counts as idle. The clock of a
//! connection is set once and looked at again when it runs out, not moved with each request.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::handle::handle;
use super::unreadable;
use super::worker::Worker;
use crate::config;

/// Serves a connection to its end.
pub(super) async fn serve(worker: Arc<Worker>, stream: std::net::TcpStream) {
    let Ok(stream) =
        TcpStream::from_std(stream).and_then(|stream| stream.set_nodelay(true).map(|()| stream))
    else {
        // The client is gone already.
        return;
    };
    run(&worker, stream).await;
}

async fn run(worker: &Arc<Worker>, stream: TcpStream) {
    let settings = worker.settings.clone();
    let activity = Arc::new(Activity::new());
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let request_of = activity.clone();
        let worker = worker.clone();
        async move {
            let http2 = request.version() == http::Version::HTTP_2;
            let _running = InFlight::start(&request_of, http2);
            if !http2 {
                return Ok(worker.clone().counted(handle(worker, request)).await);
            }
            if unreadable::is_too_large(&request, &worker.settings) {
                return Ok(unreadable::refuse(&worker.shared, request));
            }
            // `None` ends the stream with an error, which happens only while the host is stopping.
            worker
                .spread(|worker| handle(worker, request))
                .await
                .ok_or(Stopping)
        }
    });
    let io = Watched {
        inner: TokioIo::new(stream),
        activity: activity.clone(),
    };
    let builder = builder(&settings);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut clock = pin!(sleep_until(activity.due(&settings, false)));
    let mut stopped = worker.stopped.clone();
    let mut stopping = pin!(async move { stopped.wait_for(|stopped| *stopped).await.is_ok() });
    let mut told_to_stop = false;
    let mut closing = false;
    poll_fn(|context| {
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(context) {
                if let Err(error) = result {
                    unreadable::note(&worker.shared, &*error);
                    tracing::debug!(error = %error, "client connection ended early");
                }
                return Poll::Ready(());
            }
            if !told_to_stop && stopping.as_mut().poll(context).is_ready() {
                told_to_stop = true;
                closing = true;
                connection.as_mut().graceful_shutdown();
                continue;
            }
            let due = activity.due(&settings, closing);
            if due < clock.deadline() {
                clock.as_mut().reset(due);
            }
            if clock.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if due > Instant::now() {
                clock.as_mut().reset(due);
                continue;
            }
            if closing || activity.head_begun() {
                // It was asked to end and did not, or it does not get its request out: cut.
                return Poll::Ready(());
            }
            closing = true;
            connection.as_mut().graceful_shutdown();
            activity.touch();
            clock.as_mut().reset(activity.due(&settings, closing));
        }
    })
    .await;
}

fn builder(settings: &config::Server) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Ours above covers it, and also tells an idle connection from a slow one.
        .header_read_timeout(None)
        .max_headers(settings.max_headers)
        .max_buf_size(settings.max_header_size.max(MIN_BUFFER));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(unreadable::read_limit(settings))
        .keep_alive_interval(settings.idle_timeout / 2)
        .keep_alive_timeout(settings.header_timeout);
    builder
}

/// The smallest buffer that hyper takes.
const MIN_BUFFER: usize = 8 << 10;

/// The longest of the HTTP/2 frames that carry nothing of an answer: PING, WINDOW_UPDATE, an acknowledgement of SETTINGS.
const SMALL_FRAME: usize = 17;

#[derive(Debug, thiserror::Error)]
#[error("the server is stopping")]
struct Stopping;

/// What happens on a connection. One thread writes and reads it; the atomics are for the compiler.
struct Activity {
    started: Instant,
    running: AtomicUsize,
    http2: AtomicBool,
    /// Milliseconds after `started` of the last bytes of an answer.
    last: AtomicU64,
    /// Milliseconds after `started` of the first byte of a head that is not whole, plus one; 0 for none.
    head: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            running: AtomicUsize::new(0),
            http2: AtomicBool::new(false),
            last: AtomicU64::new(0),
            head: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn touch(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }

    fn bytes_read(&self) {
        // HTTP/2 has frames that belong to no request: there, only idleness is watched.
        let waiting =
            self.running.load(Ordering::Relaxed) == 0 && !self.http2.load(Ordering::Relaxed);
        if waiting && self.head.load(Ordering::Relaxed) == 0 {
            self.head.store(self.now() + 1, Ordering::Relaxed);
        }
    }

    fn bytes_written(&self, count: usize) {
        // A client's library acknowledges each PING by itself, and asks with some of its own: no sign of a use.
        if count > SMALL_FRAME || !self.http2.load(Ordering::Relaxed) {
            self.touch();
        }
    }

    fn head_begun(&self) -> bool {
        self.head.load(Ordering::Relaxed) != 0
    }

    /// When the connection has to be looked at.
    fn due(&self, settings: &config::Server, closing: bool) -> Instant {
        let at = |from: u64, limit: Duration| self.started + Duration::from_millis(from) + limit;
        if self.running.load(Ordering::Relaxed) > 0 {
            // A request has limits of its own.
            return Instant::now() + settings.idle_timeout;
        }
        match self.head.load(Ordering::Relaxed) {
            0 if closing => at(self.last.load(Ordering::Relaxed), settings.header_timeout),
            0 => at(self.last.load(Ordering::Relaxed), settings.idle_timeout),
            begun => at(begun - 1, settings.header_timeout),
        }
    }
}

/// A request, for as long as it runs.
struct InFlight<'a>(&'a Activity);

impl<'a> InFlight<'a> {
    fn start(activity: &'a Activity, http2: bool) -> Self {
        activity.running.fetch_add(1, Ordering::Relaxed);
        activity.head.store(0, Ordering::Relaxed);
        if http2 {
            activity.http2.store(true, Ordering::Relaxed);
        }
        Self(activity)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}

/// A socket that tells when bytes pass.
struct Watched {
    inner: TokioIo<TcpStream>,
    activity: Arc<Activity>,
}

impl Read for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if polled.is_ready() {
            self.activity.bytes_read();
        }
        polled
    }
}

impl Write for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = polled {
            self.activity.bytes_written(count);
        }
        polled
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(count)) = polled {
            self.activity.bytes_written(count);
        }
        polled
    }
}
