//! A worker, as its connections and requests see it.
//!
//! A worker serves the connections that it was given. When a request comes while its worker is
//! busy, an idle worker may run it: otherwise it would wait beside an idle core. A request of an
//! HTTP/2 connection runs on the worker with the fewest requests: one busy client of that protocol
//! would have only one core otherwise.
//!
//! The threads of the workers are in [`super::crew`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::activity::Activity;
use super::budget::Budget;
use super::rest::Idleness;
use super::room::{OpenConnection, OpenConnections};
use crate::bff::scheduler::Scheduler;
use crate::config;
use crate::snapshot::SharedState;
use crate::sync::Counted;

#[cfg(any(test, feature = "fuzzing"))]
mod alone;

/// One worker.
pub(super) struct Worker {
    /// Which of the pools of each service is this worker's.
    pub(super) index: usize,
    /// Whose guest runs next on this worker.
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) shared: Arc<SharedState>,
    pub(super) settings: Arc<config::Server>,
    /// The bytes in flight of all workers.
    pub(super) budget: Arc<Budget>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) peers: Arc<Peers>,
}

/// The state that all workers see of each other.
pub(super) struct Peers {
    /// In the order of their indices.
    pub(super) posts: Vec<Post>,
    /// The open connections.
    pub(super) room: Arc<OpenConnections>,
}

/// How to reach a worker, and how busy it is. On cache lines of its own: each worker writes its own
/// for each request.
#[repr(align(128))]
pub(super) struct Post {
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) connections: Arc<AtomicUsize>,
    running: AtomicUsize,
    pub(super) rest: Arc<Idleness>,
    /// Whether it has no event loop now.
    pub(super) down: AtomicBool,
}

/// An order to a worker.
pub(super) type Orders = mpsc::UnboundedReceiver<Order>;

/// Orders to a worker. The queue is unbounded, and still finite: a connection comes with its
/// permit, and a job belongs to a stream of a connection, which are limited.
pub(super) enum Order {
    Connection(Accepted),
    Job(Job),
    /// Fail, for a test. No other build has it.
    #[cfg(debug_assertions)]
    Fail,
}

/// A connection that no worker serves yet.
pub(super) struct Accepted {
    pub(super) stream: std::net::TcpStream,
    pub(super) activity: Arc<Activity>,
    pub(super) held: Held,
}

/// What a connection holds until its end. It is given back in the order of these fields: between
/// the place and the permit, a client that waits for a permit would have another connection closed,
/// although this one has made room.
pub(super) struct Held {
    pub(super) _open: Open,
    pub(super) _permit: OwnedSemaphorePermit,
    pub(super) _place: OpenConnection,
}

/// A request of a shared connection, for whichever worker takes it.
pub(super) type Job =
    Box<dyn FnOnce(Arc<Worker>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl Peers {
    /// Workers, each with the queue of its orders.
    pub(super) fn new(workers: usize) -> (Self, Vec<Orders>) {
        let post = |_| {
            let (orders, queue) = mpsc::unbounded_channel();
            let post = Post {
                orders,
                connections: Arc::default(),
                running: AtomicUsize::new(0),
                rest: Arc::default(),
                down: AtomicBool::new(false),
            };
            (post, queue)
        };
        let (posts, queues) = (0..workers).map(post).unzip();
        let room = Arc::default();
        (Self { posts, room }, queues)
    }
}

impl Worker {
    /// The worker that a request of HTTP/1.1 runs on: this one, or, where it is busy, one that has
    /// nothing to do.
    pub(super) fn near(&self) -> usize {
        if !self.post().rest.is_due() {
            return self.index;
        }
        let mut posts = self.peers.posts.iter();
        let free = |post: &Post| !post.down.load(Ordering::Relaxed) && post.rest.claim();
        posts.position(free).unwrap_or(self.index)
    }

    /// The worker that runs the fewest requests, which may be this one.
    pub(super) fn least_busy(&self) -> usize {
        let posts = self.peers.posts.iter().enumerate();
        // Of equals, this one: a request that stays costs no hop.
        let least = posts.min_by_key(|(index, post)| {
            let down = post.down.load(Ordering::Relaxed);
            (
                down,
                post.running.load(Ordering::Relaxed),
                *index != self.index,
            )
        });
        least.map_or(self.index, |(index, _)| index)
    }

    fn post(&self) -> &Post {
        &self.peers.posts[self.index]
    }

    /// Counts a request that runs here, for as long as it does.
    pub(super) fn count_request(&self) -> Counted<&AtomicUsize> {
        Counted::new(&self.post().running)
    }

    /// Runs `job` on another worker; `None` when that is gone. When the returned future is dropped,
    /// the job ends.
    pub(super) async fn run_on<T, J, F>(&self, index: usize, job: J) -> Option<T>
    where
        T: Send + 'static,
        J: FnOnce(Arc<Self>) -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let post = &self.peers.posts[index];
        let _running = Counted::new(&post.running);
        let (mut done, result) = oneshot::channel();
        let job: Job = Box::new(move |worker| {
            let job = job(worker);
            Box::pin(async move {
                tokio::select! {
                    output = job => drop(done.send(output)),
                    // The client is gone, so no one waits.
                    () = done.closed() => {}
                }
            })
        });
        post.orders.send(Order::Job(job)).ok()?;
        result.await.ok()
    }
}

/// A connection, counted for as long as it is open: among those of its worker, and of all.
pub(super) struct Open {
    _of_worker: Counted<Arc<AtomicUsize>>,
    of_all: Gauge,
}

impl Open {
    pub(super) fn new(of_worker: &Arc<AtomicUsize>, of_all: &Gauge) -> Self {
        of_all.inc();
        Self {
            _of_worker: Counted::new(of_worker.clone()),
            of_all: of_all.clone(),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.of_all.dec();
    }
}
