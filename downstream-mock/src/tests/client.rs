//! A plain client: one connection, one version of HTTP, no retries.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::{Service, Services};

/// A reply with as much of its body as came.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) body: Result<Bytes, hyper::Error>,
}

impl Reply {
    async fn read(response: Response<Incoming>) -> Reply {
        let (head, body) = response.into_parts();
        let body = within(body.collect()).await.map(|body| body.to_bytes());
        Reply {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body,
        }
    }
}

/// Waits with a time limit, so that a failing test ends.
pub(super) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .unwrap()
}

pub(super) struct Http1 {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Http1 {
    pub(super) async fn connect(services: &Services, service: Service) -> Http1 {
        Http1::connect_to(&services.addr(service).to_string()).await
    }

    pub(super) async fn connect_to(address: &str) -> Http1 {
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        Http1 {
            sender,
            connection: tokio::spawn(connection),
        }
    }

    pub(super) async fn get(&mut self, target: &str) -> Reply {
        self.send(Method::GET, target, "").await
    }

    pub(super) async fn send(&mut self, method: Method, target: &str, body: &'static str) -> Reply {
        let response = self.start(method, target, body);
        Reply::read(within(response).await.unwrap()).await
    }

    pub(super) fn start(
        &mut self,
        method: Method,
        target: &str,
        body: &'static str,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "mock.test");
        self.sender
            .send_request(request.body(Full::from(body)).unwrap())
    }

    /// Starts a request with these fields.
    pub(super) fn start_with(
        &mut self,
        method: Method,
        target: &str,
        fields: &[(&str, &str)],
        body: &'static str,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in [("host", "mock.test")].iter().chain(fields) {
            request = request.header(*name, *value);
        }
        self.sender
            .send_request(request.body(Full::from(body)).unwrap())
    }

    /// Sends a request with these fields.
    pub(super) async fn send_with(
        &mut self,
        method: Method,
        target: &str,
        fields: &[(&str, &str)],
        body: &'static str,
    ) -> Reply {
        let response = self.start_with(method, target, fields, body);
        Reply::read(within(response).await.unwrap()).await
    }

    /// Resolves when the service has closed the connection.
    pub(super) async fn closed(self) {
        let _ = self.connection.await.unwrap();
    }
}

pub(super) struct Http2 {
    sender: http2::SendRequest<Full<Bytes>>,
    authority: String,
}

impl Http2 {
    pub(super) async fn connect(services: &Services, service: Service) -> Http2 {
        Http2::connect_to(&services.addr(service).to_string()).await
    }

    pub(super) async fn connect_to(authority: &str) -> Http2 {
        let stream = TcpStream::connect(authority).await.unwrap();
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        Http2 {
            sender,
            authority: authority.to_owned(),
        }
    }

    pub(super) async fn get(&mut self, target: &str) -> Reply {
        self.send(Method::GET, target, "").await
    }

    pub(super) async fn send(&mut self, method: Method, target: &str, body: &'static str) -> Reply {
        let response = self.start(method, target, body);
        Reply::read(within(response).await.unwrap()).await
    }

    pub(super) fn start(
        &mut self,
        method: Method,
        target: &str,
        body: &'static str,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{target}", self.authority));
        self.sender
            .send_request(request.body(Full::from(body)).unwrap())
    }
}

/// Sends one request by hand and reads to the end of the connection. Returns what came, and how it
/// ended.
pub(super) async fn read_to_end(
    services: &Services,
    service: Service,
    target: &str,
) -> (String, io::Result<()>) {
    let mut stream = TcpStream::connect(services.addr(service)).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nhost: mock.test\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let end = within(stream.read_to_end(&mut received)).await.map(|_| ());
    (String::from_utf8(received).unwrap(), end)
}
