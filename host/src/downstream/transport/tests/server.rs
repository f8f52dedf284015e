//! Services for tests: one that speaks HTTP, with or without TLS, and one that follows a script byte by byte.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificates::Signed;

/// A service that runs until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    /// Connections that were accepted.
    pub accepted: Arc<AtomicUsize>,
    /// The most that were open at once.
    pub peak: Arc<AtomicUsize>,
    task: JoinSet<()>,
}

impl Server {
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Ends it with all its connections; its port is free then.
    pub async fn stop(mut self) {
        self.task.shutdown().await;
    }

    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }
}

/// What is told of a request to the one who answers it.
pub struct Asked {
    /// Which connection it came on, from 0.
    pub connection: usize,
    pub sni: Option<String>,
    pub request: Request<Incoming>,
}

pub type Reply = Response<Full<Bytes>>;

/// Accepts connections and does with each what is said; all end with the server.
pub async fn accept<F>(
    at: SocketAddr,
    connection: impl Fn(TcpStream, usize) -> F + Send + 'static,
) -> Server
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let peak = Arc::new(AtomicUsize::new(0));
    let (count, most) = (accepted.clone(), peak.clone());
    let mut task = JoinSet::new();
    task.spawn(async move {
        let open = Arc::new(());
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let one = open.clone();
            most.fetch_max(Arc::strong_count(&open) - 1, Ordering::SeqCst);
            let running = connection(stream, count.fetch_add(1, Ordering::SeqCst));
            connections.spawn(async move {
                running.await;
                drop(one);
            });
        }
    });
    Server {
        address,
        accepted,
        peak,
        task,
    }
}

pub fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// A service that speaks HTTP/1.1 and HTTP/2.
pub async fn http<F>(
    tls: Option<TlsAcceptor>,
    answer: impl Fn(Asked) -> F + Send + Sync + 'static,
) -> Server
where
    F: Future<Output = Reply> + Send + 'static,
{
    http_at(anywhere(), tls, answer).await
}

pub async fn http_at<F>(
    at: SocketAddr,
    tls: Option<TlsAcceptor>,
    answer: impl Fn(Asked) -> F + Send + Sync + 'static,
) -> Server
where
    F: Future<Output = Reply> + Send + 'static,
{
    let answer = Arc::new(answer);
    accept(at, move |stream, number| {
        let (answer, tls) = (answer.clone(), tls.clone());
        async move {
            match tls {
                None => speak(stream, number, None, answer).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        let sni = stream.get_ref().1.server_name().map(str::to_owned);
                        speak(stream, number, sni, answer).await;
                    }
                }
            }
        }
    })
    .await
}

async fn speak<T, A, F>(io: T, connection: usize, sni: Option<String>, answer: Arc<A>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Asked) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let service = service_fn(move |request| {
        let asked = Asked {
            connection,
            sni: sni.clone(),
            request,
        };
        let answer = answer(asked);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(io), service).await;
}

pub fn text(text: impl Into<String>) -> Reply {
    Response::new(Full::new(Bytes::from(text.into())))
}

pub fn status(status: u16) -> Reply {
    let mut reply = text("");
    *reply.status_mut() = status.try_into().unwrap();
    reply
}

/// Reads to the end of a head; false when the connection ended instead.
pub async fn read_head(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => read.push(byte),
            Err(_) => return false,
        }
    }
    true
}

/// Answers each request with the number of its connection, counted from 0.
pub async fn names_connections() -> Server {
    http(None, async |asked: Asked| {
        text(asked.connection.to_string())
    })
    .await
}

/// TLS of a server. `clients` are the authorities of client certificates, which are then wanted.
pub fn acceptor(identity: &Signed, alpn: &[&str], clients: Option<&str>) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
            roots.add(authority).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}
