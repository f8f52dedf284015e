//! The threads of the workers: their start, their end and their orders.
//!
//! [`life`] ends a worker, and restarts it after a fault of the host.

use std::future::Future;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::budget::{Budget, give_back};
use super::connection;
use super::faults::{Faults, vital};
use super::life::{self, Alive};
use super::worker::{Open, Order, Orders, Peers, Post, Worker};
use crate::bff::scheduler::Scheduler;
use crate::config;
use crate::snapshot::SharedState;
use crate::sync;

/// Time limit for the end of all workers: each only drops what it holds.
const END: Duration = Duration::from_secs(5);

/// Interval of a worker's service maintenance: old connections, name lookups, health checks.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// All workers, as the listener sees them.
pub(super) struct Crew {
    pub(super) peers: Arc<Peers>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    end: watch::Sender<bool>,
}

/// The thread of a worker.
struct Thread {
    worker: Arc<Worker>,
    faults: Arc<Faults>,
}

impl Crew {
    /// Starts all workers.
    pub(super) fn start(
        shared: &Arc<SharedState>,
        settings: &config::Server,
        stopped: &watch::Receiver<bool>,
        faults: Arc<Faults>,
    ) -> io::Result<Self> {
        let settings = Arc::new(settings.clone());
        let used = shared.metrics.bytes_in_flight.clone();
        let budget = Arc::new(Budget::new(settings.max_bytes_in_flight, used));
        let (end, ended) = watch::channel(false);
        let (peers, queues) = Peers::new(settings.workers.get());
        let peers = Arc::new(peers);
        let mut threads = Vec::new();
        for (index, orders) in queues.into_iter().enumerate() {
            let worker = Arc::new(Worker {
                index,
                scheduler: Arc::new(Scheduler::new(index)),
                shared: shared.clone(),
                settings: settings.clone(),
                budget: budget.clone(),
                stopped: stopped.clone(),
                peers: peers.clone(),
            });
            let faults = faults.clone();
            threads.push(Thread { worker, faults }.start(orders, ended.clone())?);
        }
        Ok(Self {
            peers,
            threads: Mutex::new(threads),
            end,
        })
    }

    /// Hands a connection to the worker that has the fewest.
    pub(super) fn take_connection(
        &self,
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
        open: &Gauge,
    ) {
        let post = self.peers.posts.iter().min_by_key(|post| {
            let down = post.down.load(Ordering::Relaxed);
            (down, post.connections.load(Ordering::Relaxed))
        });
        // The stream is moved from this event loop to the worker's.
        let (Some(post), Ok(stream)) = (post, stream.into_std()) else {
            return;
        };
        let open = Open::new(&post.connections, open);
        // A worker that has ended takes no orders: the host is stopping, and the connection closes
        // here.
        let _ = post.orders.send(Order::Connection(stream, open, permit));
    }

    /// Has a worker fail outside of a request, for a test.
    #[cfg(debug_assertions)]
    pub(super) fn fail(&self, index: usize) {
        if let Some(post) = self.peers.posts.get(index) {
            let _ = post.orders.send(Order::Fail);
        }
    }

    /// Orders all workers to end, with all running requests.
    pub(super) fn dismiss(&self) {
        let _ = self.end.send(true);
    }

    /// Ends all workers, and waits until they have, but not for long.
    pub(super) async fn end(&self) {
        self.dismiss();
        let threads = std::mem::take(&mut *sync::lock(&self.threads));
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _ = thread.join();
            }
        });
        // A worker that does not end in that time ends with the process.
        let _ = tokio::time::timeout(END, joined).await;
    }
}

impl Thread {
    fn start(self, mut orders: Orders, ended: watch::Receiver<bool>) -> io::Result<JoinHandle<()>> {
        let event_loop = self.event_loop()?;
        let name = format!("tailor-worker-{}", self.worker.index);
        sync::thread(name, move || {
            wasmtime::Engine::tls_eager_initialize();
            let work = async || self.work(&mut orders, ended.clone()).await;
            life::live(&self, event_loop, &ended, work);
        })
    }

    fn post(&self) -> &Post {
        &self.worker.peers.posts[self.worker.index]
    }

    /// Executes orders until the host ends.
    async fn work(&self, orders: &mut Orders, mut ended: watch::Receiver<bool>) {
        let worker = &self.worker;
        let scheduler = worker.scheduler.clone();
        let order = async move { scheduler.run().await };
        spawn(vital(self.faults.clone(), "scheduler", order));
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Connection(stream, open, permit)) => {
                        let worker = worker.clone();
                        spawn(async move {
                            let place = connection::serve(&worker, stream).await;
                            drop((open, permit));
                            drop(place);
                        });
                    }
                    Some(Order::Job(job)) => spawn(job(worker.clone())),
                    #[cfg(debug_assertions)]
                    Some(Order::Fail) => std::panic::resume_unwind(Box::new("a test wants it")),
                    None => return,
                },
                _ = housekeeping.tick() => {
                    give_back();
                    for service in worker.shared.snapshot.load().services.iter() {
                        service.tick(worker.index);
                    }
                }
                _ = ended.wait_for(|ended| *ended) => return,
            }
        }
    }
}

impl Alive for Thread {
    fn event_loop(&self) -> io::Result<Runtime> {
        let rest = self.post().rest.clone();
        let (sleeps, wakes) = (rest.clone(), rest);
        let scheduler = self.worker.scheduler.clone();
        Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || sleeps.begin())
            .on_thread_unpark(move || {
                wakes.end();
                scheduler.woke_up();
            })
            .build()
    }

    fn index(&self) -> usize {
        self.worker.index
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn set_down(&self, down: bool) {
        self.post().down.store(down, Ordering::Relaxed);
        let gauge = &self.worker.shared.metrics.workers_down;
        if down {
            gauge.inc();
        } else {
            gauge.dec();
        }
    }

    fn restarted(&self) {
        self.worker.shared.metrics.worker_restarts.inc();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "one of the few places that start a task: a connection, a stream's request, the order of guests"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
