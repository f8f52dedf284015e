//! The connections of one worker to one service, HTTP/1.1 or HTTP/2.
//!
//! A permit is the right to have one call under way; its number bounds the open connections, because a connection is
//! opened only by a permit's holder who finds none idle. Connections of one pool are equal in all that matters (address,
//! protocol), and one that had an error, or whose answer was not read to its end, is never used again.
//!
//! A pool belongs to one worker thread. Its locks are there for the compiler: nobody else takes them.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::config::{self, Protocol};

/// The connections of one worker to one service.
pub struct Pool {
    permits: Semaphore,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Idle>>,
    shared: Mutex<Option<Shared>>,
    connecting: tokio::sync::Mutex<()>,
    open: std::sync::Arc<AtomicUsize>,
}

struct Idle {
    sender: http1::SendRequest<Full<Bytes>>,
    since: Instant,
}

/// The one HTTP/2 connection.
struct Shared {
    sender: http2::SendRequest<Full<Bytes>>,
    used: Instant,
}

/// A connection to send one request on.
pub struct Connection {
    /// To send on.
    pub sender: Sender,
    /// Whether it served another call before, and so may have been closed by the service without our knowing.
    pub reused: bool,
}

/// The two protocols.
pub enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// A handle on the one connection that all calls share.
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// Too many calls wait for a permit.
pub struct QueueFull {
    /// How many wait.
    pub waiting: usize,
}

impl Pool {
    /// A pool without connections.
    pub fn new(settings: &config::Downstream) -> Self {
        Self {
            permits: Semaphore::new(settings.bulkhead.max_calls),
            waiting: AtomicUsize::new(0),
            idle: Mutex::new(Vec::new()),
            shared: Mutex::new(None),
            connecting: tokio::sync::Mutex::new(()),
            open: std::sync::Arc::default(),
        }
    }

    /// Open connections, for metrics.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Calls that wait for a permit, for metrics.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The right to have one call under way. Waits in turn; the caller bounds the time.
    ///
    /// # Errors
    ///
    /// When as many calls wait already as the service's settings allow.
    pub async fn permit(&self, max_waiting: usize) -> Result<SemaphorePermit<'_>, QueueFull> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting >= max_waiting {
            return Err(QueueFull { waiting });
        }
        let _counted = Counted::new(&self.waiting);
        Ok(self
            .permits
            .acquire()
            .await
            .expect("the semaphore is never closed"))
    }

    /// An idle connection, if there is one that is still good.
    pub fn reuse(&self, settings: &config::Downstream) -> Option<Connection> {
        match settings.protocol {
            Protocol::Http1 => {
                let mut idle = lock(&self.idle);
                let now = Instant::now();
                // The one used last is the one most likely alive; what lies below an expired one is older still.
                while let Some(Idle { sender, since }) = idle.pop() {
                    if now.duration_since(since) > settings.connections.idle_timeout {
                        idle.clear();
                        break;
                    }
                    if !sender.is_closed() {
                        return Some(Connection {
                            sender: Sender::Http1(sender),
                            reused: true,
                        });
                    }
                }
                None
            }
            Protocol::Http2 => {
                let mut shared = lock(&self.shared);
                let shared = shared
                    .as_mut()
                    .filter(|shared| !shared.sender.is_closed())?;
                shared.used = Instant::now();
                Some(Connection {
                    sender: Sender::Http2(shared.sender.clone()),
                    reused: true,
                })
            }
        }
    }

    /// Opens a connection. The caller holds a permit and bounds the time.
    ///
    /// # Errors
    ///
    /// When the name does not resolve, no address accepts, or the HTTP/2 handshake fails.
    pub async fn connect(&self, settings: &config::Downstream) -> io::Result<Connection> {
        match settings.protocol {
            Protocol::Http1 => {
                let io = TokioIo::new(dial(settings).await?);
                let (sender, connection) = http1::handshake(io).await.map_err(io::Error::other)?;
                let counted = CountedConnection::new(&self.open);
                spawn(async move {
                    let _counted = counted;
                    // How it ended is told to whoever waits for an answer on it.
                    let _ = connection.await;
                });
                Ok(Connection {
                    sender: Sender::Http1(sender),
                    reused: false,
                })
            }
            Protocol::Http2 => {
                // All callers that find no connection wait for one of them to open it.
                let _connecting = self.connecting.lock().await;
                if let Some(connection) = self.reuse(settings) {
                    return Ok(connection);
                }
                let io = TokioIo::new(dial(settings).await?);
                let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .keep_alive_interval(settings.connections.idle_timeout)
                    .handshake(io)
                    .await
                    .map_err(io::Error::other)?;
                let counted = CountedConnection::new(&self.open);
                spawn(async move {
                    let _counted = counted;
                    let _ = connection.await;
                });
                *lock(&self.shared) = Some(Shared {
                    sender: sender.clone(),
                    used: Instant::now(),
                });
                Ok(Connection {
                    sender: Sender::Http2(sender),
                    reused: false,
                })
            }
        }
    }

    /// Takes back a connection whose answer was read to its end.
    pub fn give_back(&self, connection: Connection) {
        if let Sender::Http1(sender) = connection.sender
            && !sender.is_closed()
        {
            lock(&self.idle).push(Idle {
                sender,
                since: Instant::now(),
            });
        }
    }

    /// Closes connections that were not used for the service's `idle-timeout`.
    pub fn close_idle(&self, settings: &config::Downstream) {
        let now = Instant::now();
        let idle = |since: Instant| now.duration_since(since) > settings.connections.idle_timeout;
        lock(&self.idle).retain(|kept| !kept.sender.is_closed() && !idle(kept.since));
        // A connection ends with the last handle on it, so calls that are still under way keep theirs.
        lock(&self.shared).take_if(|shared| shared.sender.is_closed() || idle(shared.used));
    }
}

/// Tries the addresses of the name in turn.
async fn dial(settings: &config::Downstream) -> io::Result<TcpStream> {
    let mut last = None;
    for address in tokio::net::lookup_host((
        settings.endpoints[0].host.as_str(),
        settings.endpoints[0].port,
    ))
    .await?
    {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // A call is one small write; waiting for more to send would only delay it.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a connection outlives the call that opened it and carries no span"
)]
fn spawn(connection: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(connection);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while holding one of these locks leaves a list that is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a call that waits for as long as it does, a dropped one included.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts an open connection for as long as its task lives.
struct CountedConnection(std::sync::Arc<AtomicUsize>);

impl CountedConnection {
    fn new(count: &std::sync::Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
