//! A scripted service that runs.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::record::{Record, Request};
use super::response::{Answering, Response};
use super::stream::Stream;
use super::{http1, http2};
use crate::listener;

type Serving = dyn Fn(Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// A running service. Dropped, it stops soon after, with all its connections;
/// [`ScriptedService::stop`] waits for it.
pub struct ScriptedService {
    address: SocketAddr,
    secure: bool,
    record: Arc<Record>,
    task: JoinSet<()>,
}

/// The options of a service.
pub struct Builder {
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    max_streams: Option<u32>,
}

/// How connections are served.
#[derive(Clone)]
enum Script {
    Requests {
        answer: Arc<Answering>,
        max_streams: Option<u32>,
    },
    Connections(Arc<Serving>),
}

impl ScriptedService {
    /// Starts a service that answers each request with the response of `answer`, on a free port of
    /// 127.0.0.1. It accepts connections when this returns.
    ///
    /// # Errors
    ///
    /// When there is no port.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(
        answer: impl Fn(Request) -> Response + Send + Sync + 'static,
    ) -> io::Result<ScriptedService> {
        Self::builder().start(answer)
    }

    /// Starts a service whose connections are served by `serve`, byte by byte.
    ///
    /// # Errors
    ///
    /// When there is no port.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn connections<F>(
        serve: impl Fn(Connection) -> F + Send + Sync + 'static,
    ) -> io::Result<ScriptedService>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::builder().connections(serve)
    }

    /// A service that is not started yet: on a free port of 127.0.0.1, without TLS.
    pub fn builder() -> Builder {
        Builder {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            tls: None,
            max_streams: None,
        }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, which begins with `https` where it has TLS.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.record.requests()
    }

    /// Requests so far.
    pub fn count(&self) -> usize {
        self.record.count()
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.record.accepted()
    }

    /// Connections that this side has not closed.
    pub fn open(&self) -> usize {
        self.record.open()
    }

    /// Most connections that were open at once.
    pub fn most_open(&self) -> usize {
        self.record.most_open()
    }

    /// Waits until this many requests have come, and returns all. It never gives up: the
    /// caller sets the time limit.
    pub async fn wait_for(&self, requests: usize) -> Vec<Request> {
        self.record
            .wait_until(|record| record.count() >= requests)
            .await;
        self.requests()
    }

    /// Waits until this many connections are open. It never gives up either.
    pub async fn wait_open(&self, connections: usize) {
        self.record
            .wait_until(|record| record.open() == connections)
            .await;
    }

    /// Ends it with all its connections. Its port is free then.
    pub async fn stop(mut self) {
        self.task.shutdown().await;
    }
}

impl Builder {
    /// Listens here instead.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Builder {
        self.address = address;
        self
    }

    /// With TLS.
    #[must_use]
    pub fn tls(mut self, acceptor: TlsAcceptor) -> Builder {
        self.tls = Some(acceptor);
        self
    }

    /// The most streams that a connection of HTTP/2 may have open.
    #[must_use]
    pub fn max_streams(mut self, streams: u32) -> Builder {
        self.max_streams = Some(streams);
        self
    }

    /// See [`ScriptedService::start`].
    ///
    /// # Errors
    ///
    /// When the address is taken.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(
        self,
        answer: impl Fn(Request) -> Response + Send + Sync + 'static,
    ) -> io::Result<ScriptedService> {
        let max_streams = self.max_streams;
        let answer = Arc::new(answer);
        self.run(Script::Requests {
            answer,
            max_streams,
        })
    }

    /// See [`ScriptedService::connections`].
    ///
    /// # Errors
    ///
    /// When the address is taken.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn connections<F>(
        self,
        serve: impl Fn(Connection) -> F + Send + Sync + 'static,
    ) -> io::Result<ScriptedService>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.run(Script::Connections(Arc::new(move |connection| {
            Box::pin(serve(connection))
        })))
    }

    fn run(self, script: Script) -> io::Result<ScriptedService> {
        let listener = listener::listen(self.address)?;
        let address = listener.local_addr()?;
        let record = Arc::new(Record::default());
        let secure = self.tls.is_some();
        let mut task = JoinSet::new();
        task.spawn(accept(listener, self.tls, record.clone(), script));
        Ok(ScriptedService {
            address,
            secure,
            record,
            task,
        })
    }
}

/// Accepts connections; all end with this.
async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    record: Arc<Record>,
    script: Script,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (tls, record, script) = (tls.clone(), record.clone(), script.clone());
                    connections.spawn(serve(stream, tls, record, script));
                }
                Err(_) => tokio::time::sleep(listener::ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, record: Arc<Record>, script: Script) {
    let (number, open) = record.connected();
    // Without this, a small answer may wait 40 ms for an acknowledgement. A failure means that the
    // client is gone.
    let _ = stream.set_nodelay(true);
    let stream = match tls {
        None => Stream::Plain(stream),
        Some(tls) => match tls.accept(stream).into_fallible().await {
            Ok(stream) => Stream::Tls(Box::new(stream)),
            // Closed at once, the connection would be reset, and the alert that says why be lost.
            Err((_, mut stream)) => return drop(copy(&mut stream, &mut sink()).await),
        },
    };
    let mut connection = Connection {
        number,
        turns: 0,
        stream,
        unread: Vec::new(),
        record,
        open,
    };
    match script {
        Script::Connections(serve) => serve(connection).await,
        Script::Requests {
            answer,
            max_streams,
        } => {
            if connection.is_http2().await {
                http2::serve(connection, &answer, max_streams).await;
            } else {
                http1::serve(connection, &*answer).await;
            }
        }
    }
}
