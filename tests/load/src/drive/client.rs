//! One client connection.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// An answer that takes longer than this is a failure of the run.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The protocol of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// One request at a time on each connection.
    Http1,
    /// Up to 32 requests at a time on each connection.
    Http2,
}

impl Protocol {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }

    /// How many connections carry this number of requests at a time.
    pub fn connections(self, at_a_time: usize) -> usize {
        match self {
            Self::Http1 => at_a_time,
            Self::Http2 => at_a_time.div_ceil(32),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Protocol {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "h1" => Ok(Self::Http1),
            "h2" => Ok(Self::Http2),
            _ => bail!("no such protocol; there are h1 and h2"),
        }
    }
}

/// A request, and the body that must come back.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Path and query.
    pub path: String,
    /// The whole body.
    pub body: Bytes,
}

/// The parts of a response that are compared between systems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientResponse {
    /// The status code.
    pub status: StatusCode,
    /// The content type.
    pub content_type: Option<HeaderValue>,
    /// The body.
    pub body: Bytes,
}

enum Sender {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

/// A connection to a system, or with HTTP/2 a handle on one.
pub struct Client {
    sender: Sender,
    address: SocketAddr,
    host: HeaderValue,
    /// Drives the connection; shared by all who use it.
    task: Arc<JoinSet<()>>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When the system does not accept, or does not speak the protocol.
    pub async fn connect(address: SocketAddr, protocol: Protocol) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("{address}: cannot connect"))?;
        stream.set_nodelay(true)?;
        let io = TokioIo::new(stream);
        let mut task = JoinSet::new();
        // A connection that breaks shows in the request that was on it.
        let sender = match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(io).await?;
                task.spawn(async move { drop(connection.await) });
                Sender::Http1(sender)
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
                task.spawn(async move { drop(connection.await) });
                Sender::Http2(sender)
            }
        };
        Ok(Self {
            sender,
            address,
            host: HeaderValue::try_from(address.to_string())?,
            task: Arc::new(task),
        })
    }

    /// Another user of the same HTTP/2 connection; `None` for HTTP/1.1, where a connection has one.
    pub fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                address: self.address,
                host: self.host.clone(),
                task: self.task.clone(),
            }),
        }
    }

    /// The form in which this connection sends a path.
    ///
    /// # Errors
    ///
    /// When it is no path.
    pub fn uri(&self, path: &str) -> anyhow::Result<Uri> {
        let uri = match &self.sender {
            Sender::Http1(_) => path.parse(),
            Sender::Http2(_) => format!("http://{}{path}", self.address).parse(),
        };
        uri.with_context(|| path.to_owned())
    }

    async fn send(&mut self, uri: Uri) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                headers.insert(HOST, self.host.clone());
                *request.headers_mut() = headers;
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                *request.headers_mut() = headers;
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        Ok(response)
    }

    /// Sends a request, and reads the whole answer.
    ///
    /// # Errors
    ///
    /// When none comes.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<ClientResponse> {
        let uri = self.uri(path)?;
        let ask = async {
            let response = self.send(uri).await?;
            let (head, body) = response.into_parts();
            Ok::<_, anyhow::Error>(ClientResponse {
                status: head.status,
                content_type: head.headers.get(CONTENT_TYPE).cloned(),
                body: body.collect().await?.to_bytes(),
            })
        };
        let asked = tokio::time::timeout(TIMEOUT, ask).await;
        asked
            .map_err(anyhow::Error::from)
            .flatten()
            .with_context(|| format!("{} {path}", self.address))
    }

    /// Sends a request, and compares the answer with the expected one as it arrives.
    ///
    /// # Errors
    ///
    /// When it is another one, or none.
    pub async fn check(&mut self, uri: Uri, expected: &[u8]) -> anyhow::Result<()> {
        let response = self.send(uri).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut rest = expected;
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                let same = rest.strip_prefix(data.as_ref());
                rest = same.with_context(|| {
                    format!("{status}, another body: {}", String::from_utf8_lossy(&data))
                })?;
            }
        }
        ensure!(status == StatusCode::OK, "{status}");
        ensure!(rest.is_empty(), "the body ends too early");
        Ok(())
    }
}
