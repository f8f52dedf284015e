//! A service of a drill: answers as the test says, with or without TLS, and counts what it is asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, copy, sink};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What a [`Site`] answers.
pub type Answer = Response<Full<Bytes>>;

/// A service that runs until it is dropped. All its connections end with it.
pub struct Site {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    _task: JoinSet<()>,
}

impl Site {
    /// A service that answers each request like this. The number is that of the request, from 1.
    pub async fn start<F>(
        answer: impl Fn(Request<Incoming>, u64) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::over(None, answer).await
    }

    /// The same, over TLS.
    pub async fn secure<F>(
        tls: TlsAcceptor,
        answer: impl Fn(Request<Incoming>, u64) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::over(Some(tls), answer).await
    }

    async fn over<F>(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(Request<Incoming>, u64) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicU64::new(0));
        let (counter, answer) = (requests.clone(), Arc::new(answer));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, counter, answer) = (tls.clone(), counter.clone(), answer.clone());
                connections.spawn(async move {
                    match tls {
                        None => speak(stream, counter, answer).await,
                        Some(tls) => {
                            match tls.accept(stream).into_fallible().await {
                                Ok(stream) => speak(stream, counter, answer).await,
                                // Closed at once, the connection would be reset, and the alert that says why be lost.
                                Err((_, mut stream)) => drop(copy(&mut stream, &mut sink()).await),
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            requests,
            _task: task,
        }
    }

    /// Its URL without TLS.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its URL with TLS.
    pub fn secure_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Requests that reached it.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn speak<T, A, F>(io: T, counter: Arc<AtomicU64>, answer: Arc<A>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>, u64) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request| {
        let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = answer(request, number);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    // That a caller breaks off is part of some drills.
    let _ = builder.serve_connection(TokioIo::new(io), service).await;
}

/// An answer with this status, these fields and this body.
pub fn answer(status: u16, fields: &[(&str, &str)], body: impl Into<String>) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(Full::from(body.into())).unwrap()
}

/// A field as text, empty when it is absent.
pub fn field(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).map(|value| value.to_str().unwrap());
    value.unwrap_or_default().to_owned()
}
