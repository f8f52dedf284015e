//! A worker: one thread with its own event loop, and the crew of all of them.
//!
//! A worker serves the connections it was given. A request that comes while it is busy may be run
//! by another worker that has nothing to do: otherwise it would wait beside an idle core. Those of
//! an HTTP/2 connection are run by the worker that runs the fewest: one busy client of that
//! protocol would have one core and no more.
//!
//! What ends a worker, and how it goes on after a fault of the host's own, is in [`life`].

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::budget::{Budget, give_back};
use super::connection;
use super::faults::{Faults, vital};
use super::life::{self, Alive};
use super::rest::Rest;
use super::room::Room;
use crate::bff::scheduler::Scheduler;
use crate::config;
use crate::snapshot::Shared;

/// How long the end of all workers is waited for: each has only to drop what it held.
const END: Duration = Duration::from_secs(5);

#[cfg(any(test, feature = "fuzzing"))]
mod alone;

/// How often a worker looks after the services: connections that are too old, names to look up
/// again, health to ask for.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// One worker, as its connections and requests see it.
pub(super) struct Worker {
    /// Which of the pools of each service is this worker's.
    pub(super) index: usize,
    /// Whose guest runs next on this worker.
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Arc<config::Server>,
    /// The bytes in flight of all workers.
    pub(super) budget: Arc<Budget>,
    pub(super) stopped: watch::Receiver<bool>,
    crew: Arc<Crew>,
}

/// All workers.
pub(super) struct Crew {
    posts: Vec<Post>,
    faults: Arc<Faults>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    end: watch::Sender<bool>,
    pub(super) room: Room,
}

/// How to reach a worker, and how busy it is.
struct Post {
    orders: mpsc::UnboundedSender<Order>,
    connections: Arc<AtomicUsize>,
    running: AtomicUsize,
    rest: Arc<Rest>,
    /// Whether it has no event loop now.
    down: AtomicBool,
}

/// What a worker is to do next.
type Orders = mpsc::UnboundedReceiver<Order>;

/// What a worker is asked to do. The queue is unbounded, and still finite: a connection comes with
/// its permit, and a job belongs to a stream of a connection, which are limited.
enum Order {
    Connection(std::net::TcpStream, Counted, OwnedSemaphorePermit),
    Job(Job),
    /// Fail, for a test. No other build has it.
    #[cfg(debug_assertions)]
    Fail,
}

/// A request of a shared connection, for whichever worker takes it.
type Job = Box<dyn FnOnce(Arc<Worker>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl Worker {
    pub(super) fn start_all(
        shared: &Arc<Shared>,
        settings: &config::Server,
        stopped: &watch::Receiver<bool>,
        faults: Arc<Faults>,
    ) -> io::Result<Arc<Crew>> {
        let settings = Arc::new(settings.clone());
        let used = shared.metrics.bytes_in_flight.clone();
        let budget = Arc::new(Budget::new(settings.max_bytes_in_flight, used));
        let (end, ended) = watch::channel(false);
        let (posts, queues): (Vec<_>, Vec<_>) = (0..settings.workers.get())
            .map(|_| {
                let (orders, queue) = mpsc::unbounded_channel();
                (
                    Post {
                        orders,
                        connections: Arc::default(),
                        running: AtomicUsize::new(0),
                        rest: Arc::default(),
                        down: AtomicBool::new(false),
                    },
                    queue,
                )
            })
            .unzip();
        let crew = Arc::new(Crew {
            posts,
            faults,
            threads: Mutex::default(),
            end,
            room: Room::default(),
        });
        for (index, mut queue) in queues.into_iter().enumerate() {
            let worker = Arc::new(Self {
                index,
                scheduler: Arc::new(Scheduler::new(index)),
                shared: shared.clone(),
                settings: settings.clone(),
                budget: budget.clone(),
                stopped: stopped.clone(),
                crew: crew.clone(),
            });
            let event_loop = worker.event_loop()?;
            let ended = ended.clone();
            let thread = std::thread::Builder::new()
                .name(format!("tailor-worker-{index}"))
                .spawn(move || {
                    wasmtime::Engine::tls_eager_initialize();
                    let work = async || worker.clone().work(&mut queue, ended.clone()).await;
                    life::live(&*worker, event_loop, &ended, work);
                })?;
            crew.threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(thread);
        }
        Ok(crew)
    }

    /// Does what it is told until the host ends.
    async fn work(self: Arc<Self>, orders: &mut Orders, mut ended: watch::Receiver<bool>) {
        let scheduler = self.scheduler.clone();
        let order = async move { scheduler.run().await };
        spawn(vital(self.crew.faults.clone(), "scheduler", order));
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Connection(stream, counted, permit)) => {
                        let worker = self.clone();
                        spawn(async move {
                            connection::serve(worker, stream).await;
                            drop((counted, permit));
                        });
                    }
                    Some(Order::Job(job)) => spawn(job(self.clone())),
                    #[cfg(debug_assertions)]
                    Some(Order::Fail) => std::panic::resume_unwind(Box::new("a test wants it")),
                    None => return,
                },
                _ = housekeeping.tick() => {
                    give_back();
                    for service in self.shared.snapshot.load().services.iter() {
                        service.tick(self.index);
                    }
                }
                _ = ended.wait_for(|ended| *ended) => return,
            }
        }
    }

    /// Where open connections are known.
    pub(super) fn room(&self) -> &Room {
        &self.crew.room
    }

    /// Runs `job` here, or, where this worker is busy, on one that has nothing to do. When the
    /// returned future is dropped, the job ends.
    pub(super) async fn near<T, J, F>(self: &Arc<Self>, job: J) -> Option<T>
    where
        T: Send + 'static,
        J: FnOnce(Arc<Self>) -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let mut index = self.index;
        if self.crew.posts[index].rest.is_due() {
            let mut posts = self.crew.posts.iter();
            let free = |post: &Post| !post.down.load(Ordering::Relaxed) && post.rest.claim();
            index = posts.position(free).unwrap_or(index);
        }
        self.run_on(index, job).await
    }

    /// Runs `job` on the worker that runs the fewest requests, which may be this one. When the
    /// returned future is dropped, the job ends.
    pub(super) async fn spread<T, J, F>(self: &Arc<Self>, job: J) -> Option<T>
    where
        T: Send + 'static,
        J: FnOnce(Arc<Self>) -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let posts = self.crew.posts.iter().enumerate();
        // Of equals, this one: a request that stays costs no hop.
        let (index, _) = posts.min_by_key(|(index, post)| {
            let down = post.down.load(Ordering::Relaxed);
            (
                down,
                post.running.load(Ordering::Relaxed),
                *index != self.index,
            )
        })?;
        self.run_on(index, job).await
    }

    async fn run_on<T, J, F>(self: &Arc<Self>, index: usize, job: J) -> Option<T>
    where
        T: Send + 'static,
        J: FnOnce(Arc<Self>) -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let post = &self.crew.posts[index];
        let _running = Running::start(&post.running);
        if index == self.index {
            return Some(job(self.clone()).await);
        }
        let (mut done, result) = oneshot::channel();
        let job: Job = Box::new(move |worker| {
            let job = job(worker);
            Box::pin(async move {
                tokio::select! {
                    output = job => drop(done.send(output)),
                    // The client is gone, so nobody waits.
                    () = done.closed() => {}
                }
            })
        });
        post.orders.send(Order::Job(job)).ok()?;
        result.await.ok()
    }
}

impl Alive for Worker {
    fn event_loop(&self) -> io::Result<Runtime> {
        let rest = self.crew.posts[self.index].rest.clone();
        let (sleeps, wakes) = (rest.clone(), rest);
        Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || sleeps.begin())
            .on_thread_unpark(move || wakes.end())
            .build()
    }

    fn index(&self) -> usize {
        self.index
    }

    fn faults(&self) -> &Faults {
        &self.crew.faults
    }

    fn set_down(&self, down: bool) {
        self.crew.posts[self.index]
            .down
            .store(down, Ordering::Relaxed);
        let gauge = &self.shared.metrics.workers_down;
        if down {
            gauge.inc();
        } else {
            gauge.dec();
        }
    }

    fn restarted(&self) {
        self.shared.metrics.worker_restarts.inc();
    }
}

impl Crew {
    /// Hands a connection to the worker that has the fewest.
    pub(super) fn take_connection(
        &self,
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
        open: &Gauge,
    ) {
        let post = self.posts.iter().min_by_key(|post| {
            let down = post.down.load(Ordering::Relaxed);
            (down, post.connections.load(Ordering::Relaxed))
        });
        // The stream leaves this event loop here and enters the worker's there.
        let (Some(post), Ok(stream)) = (post, stream.into_std()) else {
            return;
        };
        let counted = Counted::new(&post.connections, open);
        // A worker that is gone takes no orders: then the host is stopping, and the connection
        // closes here.
        let _ = post.orders.send(Order::Connection(stream, counted, permit));
    }

    /// Has a worker fail outside of a request, for a test.
    #[cfg(debug_assertions)]
    pub(super) fn fail(&self, index: usize) {
        if let Some(post) = self.posts.get(index) {
            let _ = post.orders.send(Order::Fail);
        }
    }

    /// Tells all workers to end, with whatever they still do.
    pub(super) fn dismiss(&self) {
        let _ = self.end.send(true);
    }

    /// Ends all workers, and waits until they have, but not for long.
    pub(super) async fn end(&self) {
        self.dismiss();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _ = thread.join();
            }
        });
        // A worker that does not come to its end in that time goes with the process.
        let _ = tokio::time::timeout(END, joined).await;
    }
}

/// A connection, counted for as long as it is open: among those of its worker, and of all.
struct Counted(Arc<AtomicUsize>, Gauge);

impl Counted {
    fn new(count: &Arc<AtomicUsize>, open: &Gauge) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        open.inc();
        Self(count.clone(), open.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        self.1.dec();
    }
}

/// A request of a shared connection, counted for as long as it runs.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn start(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "one of the few places that start a task: a connection, a stream's request, the order of guests"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
