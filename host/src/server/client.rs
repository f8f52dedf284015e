//! What the requests of one connection have in common, and the tasks that serve them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use hyper::rt::Executor;
use prometheus_client::metrics::counter::Counter;
use tokio::time::sleep;

use super::budget::{Full, HeldBytes, Share};
use super::flow::{Flow, Pace, Watch};
use crate::config;
use crate::sync;

/// Time for a stream that was given up to be reset. A connection that does not even accept the few
/// bytes of the reset is cut.
const RESET: Duration = Duration::from_secs(2);

/// The context of a request: its client, the flow of its answer, and the bytes that it holds.
pub(super) struct Admitted {
    pub(super) client: Arc<Client>,
    pub(super) flow: Arc<Flow>,
    pub(super) held: Result<HeldBytes, Full>,
}

/// One client's connection.
pub(super) struct Client {
    /// The bytes that its requests hold.
    pub(super) share: Share,
    /// Whether the client may still send an unread body.
    pub(super) unread: Arc<AtomicBool>,
    pace: Pace,
    given_up: Counter,
    /// Its answers over HTTP/1.1, one after another.
    only: Arc<Flow>,
    /// The flow of the stream that begins: the library calls the service, and then spawns what it
    /// returned.
    next: Mutex<Option<Arc<Flow>>>,
    cut: AtomicBool,
    waker: AtomicWaker,
}

impl Client {
    /// `given_up` counts the answers that a client does not read.
    pub(super) fn new(settings: &config::Server, given_up: Counter) -> Arc<Self> {
        Arc::new(Self {
            share: Share::default(),
            unread: Arc::default(),
            pace: Pace::new(settings.flush_timeout, settings.min_rate),
            given_up,
            only: Arc::default(),
            next: Mutex::default(),
            cut: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        })
    }

    /// The flow of a request's answer. To be called before the library gets the service's future.
    pub(super) fn flow(&self, http2: bool) -> Arc<Flow> {
        if !http2 {
            return self.only.clone();
        }
        let flow = Arc::<Flow>::default();
        *sync::lock(&self.next) = Some(flow.clone());
        flow
    }

    fn take_next(&self) -> Option<Arc<Flow>> {
        sync::lock(&self.next).take()
    }

    /// Ends the connection.
    fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Waits until the connection has to be cut, because its client does not read its answers.
    pub(super) async fn too_slow(&self) {
        let mut watch = Watch::new(self.pace);
        let mut timer = pin!(None);
        poll_fn(|context| {
            self.waker.register(context.waker());
            if self.cut.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            let slow = watch.poll(&self.only, &mut timer, context);
            if slow.is_ready() {
                self.given_up.inc();
            }
            slow
        })
        .await;
    }

    /// Serves a stream until its answer is sent, or its client is too slow.
    async fn stream(self: Arc<Self>, flow: Arc<Flow>, stream: impl Future<Output = ()>) {
        if self.sent(&flow, stream).await {
            return;
        }
        // The stream was dropped just now, which resets it if its end was not handed over yet, and
        // drops what waits.
        self.given_up.inc();
        tokio::select! {
            () = poll_fn(|context| flow.poll_gone(context)) => {}
            () = sleep(RESET) => self.cut(),
        }
    }

    /// Serves a stream; returns whether its answer was sent.
    async fn sent(&self, flow: &Flow, stream: impl Future<Output = ()>) -> bool {
        let mut stream = pin!(Some(stream));
        let mut watch = Watch::new(self.pace);
        let mut timer = pin!(None);
        poll_fn(|context: &mut Context<'_>| {
            if let Some(running) = stream.as_mut().as_pin_mut()
                && running.poll(context).is_ready()
            {
                // The rest of it would keep the connection's memory.
                stream.set(None);
            }
            if stream.is_none() && flow.poll_gone(context).is_ready() {
                return Poll::Ready(true);
            }
            watch.poll(flow, &mut timer, context).map(|()| false)
        })
        .await
    }
}

/// Spawns the streams of a connection.
#[derive(Clone)]
pub(super) struct Streams(pub(super) Arc<Client>);

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        match self.0.take_next() {
            // Boxed, because a task reserves space for several copies of its future.
            Some(flow) => spawn(self.0.clone().stream(flow, Box::pin(stream))),
            None => spawn(stream),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "one of the few places that start a task: a stream, which a connection has few of"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
